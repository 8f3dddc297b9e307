//! The message of a job: reading it, making the attempt, and how the message ends.

use model::message::DeliverJob;
use model::port::retry_delay_seconds;

use crate::job::seconds_until;
use crate::{DeliverDependencies, JobOutcome, handle};

/// How the message of a job ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobEnd {
    /// It leaves the queue.
    Done,
    /// It is received again later.
    Retry {
        /// How long it stays invisible.
        after_seconds: u32,
        /// Why.
        why: String,
    },
    /// No further try can succeed.
    Poison {
        /// What is wrong.
        why: String,
    },
}

/// Makes the attempt that a message's body names; it has been received `receives` times.
pub async fn handle_message(deps: DeliverDependencies<'_>, body: &str, receives: u32) -> JobEnd {
    let job: DeliverJob = match serde_json::from_str(body) {
        Ok(job) => job,
        Err(error) => return JobEnd::Poison { why: format!("the body cannot be read: {error}") },
    };
    match handle(deps, job).await {
        Ok(JobOutcome::NotYet(due_at)) => {
            let after_seconds = seconds_until(due_at, deps.clock.now());
            // The tick sends another message when it is due.
            if after_seconds > DeliverJob::DELAY_SECONDS_MAX {
                return JobEnd::Done;
            }
            JobEnd::Retry { after_seconds, why: "it is not due yet".to_owned() }
        }
        Ok(JobOutcome::Tried(_) | JobOutcome::Over) => JobEnd::Done,
        Err(error) if error.is_passing() => {
            JobEnd::Retry { after_seconds: retry_delay_seconds(receives), why: error.to_string() }
        }
        Err(error) => JobEnd::Poison { why: error.to_string() },
    }
}
