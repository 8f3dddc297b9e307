//! The message of a fetch job: reading it, running the job, and how the message ends.

use model::message::FetchMessage;
use model::port::retry_delay_seconds;
use model::time::Timestamp;

use crate::{FetchDependencies, FetchError, FetchSummary, handle, proof};

/// How the message of a job ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobEnd {
    /// The job is done: the message leaves the queue.
    Done(FetchSummary),
    /// The trouble may pass: the message is received again later.
    Retry {
        /// How long it stays invisible.
        after_seconds: u32,
        /// What failed.
        why: String,
    },
    /// No further try can succeed.
    Poison {
        /// What is wrong.
        why: String,
    },
}

/// Runs the job in a message's body, which has been received `receives` times. Ends before
/// `deadline`.
pub async fn handle_message(
    dependencies: FetchDependencies<'_>,
    body: &str,
    receives: u32,
    deadline: Timestamp,
) -> JobEnd {
    let done = match FetchMessage::read(body) {
        Ok(FetchMessage::Profiles(job)) => {
            let done = handle(dependencies, &job, deadline).await;
            done.inspect(|summary| {
                tracing::info!(host = job.host, requests = summary.requests, "fetched");
            })
        }
        Ok(FetchMessage::Proof(job)) => proof::handle(dependencies, job, deadline).await,
        Err(error) => {
            return JobEnd::Poison { why: format!("the body cannot be read: {error}") };
        }
    };
    match done {
        Ok(summary) => JobEnd::Done(summary),
        Err(FetchError::Store(error)) if error.is_passing() => {
            JobEnd::Retry { after_seconds: retry_delay_seconds(receives), why: error.to_string() }
        }
        Err(error) => JobEnd::Poison { why: error.to_string() },
    }
}
