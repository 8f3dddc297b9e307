//! The two events of the function: a batch of fetch jobs, or the seeds of a crawl, which an
//! operator gives by invoking it.

use std::time::Duration;

use model::Account;
use model::message::FetchJob;
use model::port::{Clock, Queue, Web, retry_delay_seconds};
use model::time::Timestamp;
use platform_fetch::{Doors, FetchError, handle, seed};
use runtime::FunctionFailure;
use runtime::batch::{self, MessageOutcome, QueueBatch, QueueMessage, parse};
use serde::Deserialize;
use serde_json::{Value, json};
use store::pg::frontier::DEPTH_UNLIMITED;

/// What the function is called with.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Event {
    /// Jobs of the queue.
    Jobs(QueueBatch),
    /// Accounts to begin a crawl with.
    Seeds {
        /// Like `bluesky:alice.example`.
        seed: Vec<String>,
        /// How many steps away from them; as far as it goes if it is not given.
        depth: Option<i16>,
    },
}

/// Answers one event, within the time that is left.
pub(crate) async fn answer<W: Web, C: Clock>(
    doors: &Doors<'_, W, C>,
    queue: &impl Queue,
    event: Event,
    left: Duration,
) -> Result<Value, FunctionFailure> {
    match event {
        Event::Seeds { seed: names, depth } => {
            // Boxed, or the layout of the whole is too deep for the compiler.
            Ok(json!({"seeded": Box::pin(begin(doors, &names, depth)).await?}))
        }
        Event::Jobs(jobs) => {
            let time = left;
            let left = jiff::SignedDuration::try_from(left).unwrap_or_default();
            let deadline = doors.clock.now().saturating_add(left).unwrap_or(Timestamp::MAX);
            let each = async |message: &QueueMessage| job(doors, message, deadline).await;
            let release = async |receipt: &str, seconds| queue.release(receipt, seconds).await;
            batch::serve("platform-fetch", jobs, time, each, release).await
        }
    }
}

/// Does the job of one message.
async fn job<W: Web, C: Clock>(
    doors: &Doors<'_, W, C>,
    message: &QueueMessage,
    deadline: Timestamp,
) -> MessageOutcome {
    let job: FetchJob = match parse(message) {
        Ok(job) => job,
        Err(poison) => return poison,
    };
    match Box::pin(handle(doors, &job, deadline)).await {
        Ok(fetched) => {
            tracing::info!(host = job.host, requests = fetched.requests, "fetched");
            MessageOutcome::Done
        }
        Err(FetchError::Store(error)) if error.is_passing() => {
            let after_seconds = retry_delay_seconds(message.receives);
            MessageOutcome::Retry { after_seconds, why: error.to_string() }
        }
        Err(error) => MessageOutcome::Poison { why: error.to_string() },
    }
}

/// Finds the seeds by name and makes them due; returns how many.
async fn begin<W: Web, C: Clock>(
    doors: &Doors<'_, W, C>,
    names: &[String],
    depth: Option<i16>,
) -> Result<usize, FunctionFailure> {
    let accounts: Vec<Account> = names.iter().map(|name| name.parse()).collect::<Result<_, _>>()?;
    seed(doors, &accounts, depth.unwrap_or(DEPTH_UNLIMITED)).await?;
    Ok(accounts.len())
}
