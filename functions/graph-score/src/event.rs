//! The two events of the function: a batch of score jobs, or the schedule that begins a run.

use std::time::Duration;

use model::message::ScoreJob;
use model::port::{OutgoingMessage, PortError, Queue};
use runtime::FunctionFailure;
use runtime::batch::{self, MessageOutcome, QueueBatch, QueueMessage, parse};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{JobOutcome, RunSettings, ScoreDependencies, TimeBudget, start, work};

/// The time that is reserved for sending the next job and answering.
const RESERVE: Duration = Duration::from_secs(15);

/// What the function is called with.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum ScoreEvent {
    /// Jobs of the queue.
    Jobs(QueueBatch),
    /// Begin a run.
    Start {
        /// Whether to.
        start: bool,
    },
}

/// Answers one event, within the time that is left.
pub async fn answer(
    dependencies: ScoreDependencies<'_>,
    queue: &impl Queue,
    settings: &RunSettings,
    event: ScoreEvent,
    left: Duration,
) -> Result<Value, FunctionFailure> {
    match event {
        ScoreEvent::Start { start: true } => Ok(json!(begin(dependencies, queue, settings).await?)),
        ScoreEvent::Start { .. } => {
            Err(FunctionFailure::new("there is nothing to do: `start` is false"))
        }
        ScoreEvent::Jobs(jobs) => {
            let budget = TimeBudget::of(left.saturating_sub(RESERVE), dependencies.clock);
            let each = async |message: &QueueMessage| {
                answer_job(dependencies, queue, message, budget).await
            };
            let release = async |receipt: &str, seconds| queue.release(receipt, seconds).await;
            batch::serve("graph-score", jobs, left, each, release).await
        }
    }
}

/// Begins a run and sends its first job.
async fn begin(
    dependencies: ScoreDependencies<'_>,
    queue: &impl Queue,
    settings: &RunSettings,
) -> Result<ScoreJob, FunctionFailure> {
    let job = start(dependencies, settings).await?;
    send(queue, job).await?;
    Ok(job)
}

/// Does the job of one message, then sends the job that follows.
async fn answer_job(
    dependencies: ScoreDependencies<'_>,
    queue: &impl Queue,
    message: &QueueMessage,
    budget: TimeBudget,
) -> MessageOutcome {
    let job: ScoreJob = match parse(message) {
        Ok(job) => job,
        Err(poison) => return poison,
    };
    let retry = |after_seconds: u32, why: String| MessageOutcome::Retry { after_seconds, why };
    match work(dependencies, job, message.receives, budget).await {
        JobOutcome::Next(next) => match send(queue, next).await {
            Ok(()) => MessageOutcome::Done,
            Err(error) => retry(0, error.to_string()),
        },
        JobOutcome::Published | JobOutcome::Ended => MessageOutcome::Done,
        JobOutcome::Busy(seconds) => retry(seconds, "another worker has the stage".to_owned()),
        JobOutcome::Retry(seconds, error) => retry(seconds, error.to_string()),
        // The dead letter reports that a run failed.
        JobOutcome::GivenUp => MessageOutcome::Poison { why: format!("{} was given up", job.run) },
        JobOutcome::Failed(error) => MessageOutcome::Poison { why: error.to_string() },
    }
}

async fn send(queue: &impl Queue, job: ScoreJob) -> Result<(), PortError> {
    let body = serde_json::to_string(&job).expect("a score job is plain data");
    queue.send(&[OutgoingMessage { body, delay_seconds: 0 }]).await
}
