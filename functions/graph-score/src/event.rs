//! The two events of the function: a batch of score jobs, or the schedule that begins a run.

use std::time::Duration;

use graph_score::{Budget, Doors, RunSettings, Scored, handle, start};
use model::message::ScoreJob;
use model::port::{Clock, Objects, OutgoingMessage, PortError, Queue, retry_delay_seconds};
use runtime::FunctionFailure;
use runtime::batch::{self, MessageOutcome, QueueBatch, QueueMessage, parse};
use serde::Deserialize;
use serde_json::{Value, json};

/// What is kept back of the time, to send the next job and to answer.
const RESERVE: Duration = Duration::from_secs(15);

/// How long a job stays away while another worker has its stage, in seconds, times its receives.
/// All of them are longer than any stage, so that waiting alone makes no dead letter.
const BUSY_SECONDS: u32 = 300;

/// What the function is called with.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Event {
    /// Jobs of the queue.
    Jobs(QueueBatch),
    /// Begin a run.
    Start {
        /// Whether to.
        start: bool,
    },
}

/// Answers one event, within the time that is left.
pub(crate) async fn answer<O: Objects, C: Clock>(
    doors: Doors<'_, O, C>,
    queue: &impl Queue,
    settings: &RunSettings,
    event: Event,
    left: Duration,
) -> Result<Value, FunctionFailure> {
    match event {
        Event::Start { start: true } => Ok(json!(begin(doors, queue, settings).await?)),
        Event::Start { .. } => {
            Err(FunctionFailure::new("there is nothing to do: `start` is false"))
        }
        Event::Jobs(jobs) => {
            let budget = Budget::of(left.saturating_sub(RESERVE), doors.clock);
            let each = async |message: &QueueMessage| job(doors, queue, message, budget).await;
            let release = async |receipt: &str, seconds| queue.release(receipt, seconds).await;
            batch::serve("graph-score", jobs, left, each, release).await
        }
    }
}

/// Begins a run and sends its first job.
async fn begin<O: Objects, C: Clock>(
    doors: Doors<'_, O, C>,
    queue: &impl Queue,
    settings: &RunSettings,
) -> Result<ScoreJob, FunctionFailure> {
    let job = start(doors, settings).await?;
    send(queue, job).await?;
    Ok(job)
}

/// Does the stage of one message as far as there is time, then sends the next job, or the same.
async fn job<O: Objects, C: Clock>(
    doors: Doors<'_, O, C>,
    queue: &impl Queue,
    message: &QueueMessage,
    budget: Budget,
) -> MessageOutcome {
    let job: ScoreJob = match parse(message) {
        Ok(job) => job,
        Err(poison) => return poison,
    };
    let retry = |after_seconds: u32, why: String| MessageOutcome::Retry { after_seconds, why };
    match handle(doors, job, budget).await {
        Ok(Scored::Next(next)) => send_on(queue, next).await,
        Ok(Scored::Later) => send_on(queue, job).await,
        Ok(Scored::Published | Scored::Ended) => MessageOutcome::Done,
        // Not done: a dead letter tells that a run failed.
        Ok(Scored::Failed) => MessageOutcome::Poison { why: format!("{} was given up", job.run) },
        Ok(Scored::Busy) => {
            let after_seconds = BUSY_SECONDS.saturating_mul(message.receives);
            retry(after_seconds, "another worker has the stage".to_owned())
        }
        Err(error) if error.is_passing() => {
            retry(retry_delay_seconds(message.receives), error.to_string())
        }
        Err(error) => MessageOutcome::Poison { why: error.to_string() },
    }
}

/// Sends a job, which ends the one that it follows.
async fn send_on(queue: &impl Queue, job: ScoreJob) -> MessageOutcome {
    match send(queue, job).await {
        Ok(()) => MessageOutcome::Done,
        Err(error) => MessageOutcome::Retry { after_seconds: 0, why: error.to_string() },
    }
}

async fn send(queue: &impl Queue, job: ScoreJob) -> Result<(), PortError> {
    let body = serde_json::to_string(&job).expect("a score job is plain data");
    queue.send(&[OutgoingMessage { body, delay_seconds: 0 }]).await
}
