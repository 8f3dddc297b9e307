//! The events of the Lambda function: a batch of fetch jobs, or the seeds of a crawl, which an
//! operator sends by invoking the function.

use std::time::Duration;

use model::Account;
use model::port::Queue;
use model::time::Timestamp;
use runtime::FunctionFailure;
use runtime::batch::{self, MessageOutcome, QueueBatch, QueueMessage};
use serde::Deserialize;
use serde_json::{Value, json};
use store::pg::frontier::DEPTH_UNLIMITED;

use crate::{FetchDependencies, JobEnd, handle_message, seed};

/// What the function is invoked with.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum FetchEvent {
    /// Jobs of the queue.
    Jobs(QueueBatch),
    /// Accounts to begin a crawl with.
    Seeds {
        /// Like `bluesky:alice.example`.
        seed: Vec<String>,
        /// How many steps the crawl spreads from them; unlimited if not given.
        depth: Option<i16>,
    },
}

/// Handles one event within the time that is left.
pub async fn answer(
    dependencies: FetchDependencies<'_>,
    queue: &impl Queue,
    event: FetchEvent,
    left: Duration,
) -> Result<Value, FunctionFailure> {
    match event {
        FetchEvent::Seeds { seed: names, depth } => {
            Ok(json!({"seeded": begin(dependencies, &names, depth).await?}))
        }
        FetchEvent::Jobs(jobs) => {
            let time = jiff::SignedDuration::try_from(left).unwrap_or_default();
            let now = dependencies.clock.now();
            let deadline = now.saturating_add(time).unwrap_or(Timestamp::MAX);
            let each = async |message: &QueueMessage| {
                outcome(
                    handle_message(dependencies, &message.body, message.receives, deadline).await,
                )
            };
            let release = async |receipt: &str, seconds| queue.release(receipt, seconds).await;
            batch::serve("platform-fetch", jobs, left, each, release).await
        }
    }
}

fn outcome(end: JobEnd) -> MessageOutcome {
    match end {
        JobEnd::Done(_) => MessageOutcome::Done,
        JobEnd::Retry { after_seconds, why } => MessageOutcome::Retry { after_seconds, why },
        JobEnd::Poison { why } => MessageOutcome::Poison { why },
    }
}

/// Looks the seeds up by name and makes them due; returns how many.
async fn begin(
    dependencies: FetchDependencies<'_>,
    names: &[String],
    depth: Option<i16>,
) -> Result<usize, FunctionFailure> {
    let accounts: Vec<Account> = names.iter().map(|name| name.parse()).collect::<Result<_, _>>()?;
    seed(dependencies, &accounts, depth.unwrap_or(DEPTH_UNLIMITED)).await?;
    Ok(accounts.len())
}
