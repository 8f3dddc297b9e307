//! The schema, brought up to date from inside the network, as a step of a deployment.
//!
//! Trigger: an invocation with any JSON, or CloudFormation, whose response is put to the URL in the
//! request. Result: how many migrations ran. Failure: the deployment fails and
//! the old code stays. Running it twice changes nothing: what has been applied is in the database.

mod cloudformation;

use serde_json::Value;

pub use cloudformation::{ResourceRequest, ResourceResponse};

/// An event of this function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MigrateEvent {
    /// A direct invocation.
    Plain,
    /// CloudFormation creates, updates or deletes its custom resource.
    CloudFormation(ResourceRequest),
}

impl MigrateEvent {
    /// Reads an event; anything but a request of CloudFormation is a direct invocation.
    pub fn of(event: Value) -> MigrateEvent {
        serde_json::from_value(event).map_or(MigrateEvent::Plain, MigrateEvent::CloudFormation)
    }

    /// Whether migrations are to run: deleting a stack does not touch the schema.
    pub fn needs_migration(&self) -> bool {
        !matches!(self, MigrateEvent::CloudFormation(request) if request.is_removal())
    }
}

/// Runs the migrations that have not run yet; returns how many, or the error's text.
pub async fn handle(event: &MigrateEvent, database_url: &str) -> Result<usize, String> {
    if !event.needs_migration() {
        return Ok(0);
    }
    let applied = store::pg::migrate(database_url).await.map_err(|error| error.to_string())?;
    tracing::info!(applied, "migrated");
    Ok(applied)
}
