//! The schema, brought up to date from inside the network, as a step of a deployment.
//!
//! Trigger: an invocation with any JSON, or CloudFormation, for which the answer goes to the URL
//! that came with the request. Result: how many migrations ran. Failure: the deployment fails and
//! the old code stays. Running it twice changes nothing: what has been applied is in the database.

mod cloudformation;

use serde_json::Value;

pub use cloudformation::{Answer, Request};

/// What an event asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// Somebody invoked the function.
    Plainly,
    /// CloudFormation makes, changes or removes its custom resource.
    ByCloudFormation(Request),
}

impl Asked {
    /// Reads an event. What looks like no request of CloudFormation was invoked plainly.
    pub fn of(event: Value) -> Asked {
        serde_json::from_value(event).map_or(Asked::Plainly, Asked::ByCloudFormation)
    }

    /// Whether there is anything to do: a stack that is removed leaves its schema alone.
    pub fn is_to_migrate(&self) -> bool {
        !matches!(self, Asked::ByCloudFormation(request) if request.removes())
    }
}

/// Runs the migrations that have not run yet; returns how many, or why not, in words.
pub async fn handle(asked: &Asked, database_url: &str) -> Result<usize, String> {
    if !asked.is_to_migrate() {
        return Ok(0);
    }
    let applied = store::pg::migrate(database_url).await.map_err(|error| error.to_string())?;
    tracing::info!(applied, "migrated");
    Ok(applied)
}
