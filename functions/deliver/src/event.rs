//! The event of the Lambda function: a batch of deliver jobs.

use std::time::Duration;

use model::port::Queue as _;
use runtime::FunctionFailure;
use runtime::batch::{self, MessageOutcome, QueueBatch, QueueMessage};
use serde_json::Value;

use crate::{DeliverDependencies, JobEnd, handle_message};

/// Handles one batch within the time that is left.
pub async fn answer(
    deps: DeliverDependencies<'_>,
    jobs: QueueBatch,
    left: Duration,
) -> Result<Value, FunctionFailure> {
    let each = async |message: &QueueMessage| {
        outcome(handle_message(deps, &message.body, message.receives).await)
    };
    let release = async |receipt: &str, seconds| deps.queue.release(receipt, seconds).await;
    batch::serve("deliver", jobs, left, each, release).await
}

fn outcome(end: JobEnd) -> MessageOutcome {
    match end {
        JobEnd::Done => MessageOutcome::Done,
        JobEnd::Retry { after_seconds, why } => MessageOutcome::Retry { after_seconds, why },
        JobEnd::Poison { why } => MessageOutcome::Poison { why },
    }
}
