//! The drivers: they pass the messages of a batch to a handler, one by one or all at once, and report
//! which of them are to be delivered again. A failure of one message never affects another.

use std::fmt::Display;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use serde::de::DeserializeOwned;

use super::{BatchFailures, QueueBatch, QueueMessage};

/// How a message was handled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageOutcome {
    /// It is done and leaves the queue.
    Done,
    /// It is to be delivered again, after at most [`MessageOutcome::DELAY_SECONDS_MAX`].
    Retry {
        /// The delay in seconds.
        after_seconds: u32,
        /// Why.
        why: String,
    },
    /// No retry can help. It is delivered again at once until the queue has counted enough tries to
    /// move it to the dead letters, where an operator inspects it.
    Poison {
        /// Why.
        why: String,
    },
}

impl MessageOutcome {
    /// The longest delay that SQS allows.
    pub const DELAY_SECONDS_MAX: u32 = 43_200;
}

/// Reads a message's body, which is JSON. A body that cannot be read is poison.
pub fn parse<T: DeserializeOwned>(message: &QueueMessage) -> Result<T, MessageOutcome> {
    serde_json::from_str(&message.body).map_err(|error| MessageOutcome::Poison {
        why: format!("the body cannot be read: {error}"),
    })
}

/// How long the invocation may still take.
pub trait TimeLeft: Fn() -> Duration {}
impl<F: Fn() -> Duration> TimeLeft for F {}

/// The part of the time left that is reserved for releasing messages and answering.
const RESERVE: Duration = Duration::from_secs(3);

/// The part of it that is reserved for answering.
const ANSWER: Duration = Duration::from_millis(500);

/// A batch that was driven.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DrivenBatch {
    /// The answer to Lambda.
    pub failures: BatchFailures,
    /// Messages done.
    pub done: u64,
    /// Messages to be delivered again, those without time included.
    pub retried: u64,
    /// Poison messages.
    pub poisoned: u64,
}

/// How many messages are released at the same time.
const RELEASED_AT_ONCE: usize = 20;

/// Drives a batch. A handler that panics makes its message poison. One that exceeds the time left is
/// cancelled, and its message is delivered again at once. `release` makes a message, by its receipt,
/// visible again after some seconds; if that fails, it becomes visible after the queue's own
/// visibility timeout.
pub async fn drive<E: Display>(
    batch: QueueBatch,
    time_left: impl TimeLeft,
    handle: impl AsyncFn(&QueueMessage) -> MessageOutcome,
    release: impl AsyncFn(&str, u32) -> Result<(), E>,
) -> DrivenBatch {
    let handle = async |messages: &[QueueMessage]| match messages {
        [message] => vec![handle(message).await],
        _ => Vec::new(),
    };
    let mut driven = DrivenBatch::default();
    for message in &batch.messages {
        let outcome = outcome_alone(message, &time_left, &handle).await;
        if let Some(delay_seconds) = driven.count(message, outcome) {
            released(message, delay_seconds, &release).await;
        }
    }
    driven
}

/// Drives a batch through a handler that is given all of its messages at once, and answers with an
/// outcome for each, in their order. A handler that panics is given the messages one by one, so that only
/// those with which it panics alone are poison. One that exceeds the time left is cancelled, and all
/// messages are delivered again.
pub async fn drive_whole<E: Display>(
    batch: QueueBatch,
    time_left: impl TimeLeft,
    handle: impl AsyncFn(&[QueueMessage]) -> Vec<MessageOutcome>,
    release: impl AsyncFn(&str, u32) -> Result<(), E>,
) -> DrivenBatch {
    let outcomes = match handled(&batch.messages, &time_left, &handle).await {
        Handled::Outcomes(outcomes) => outcomes,
        Handled::NoTime => Vec::new(),
        Handled::Panicked => {
            let mut outcomes = Vec::with_capacity(batch.messages.len());
            for message in &batch.messages {
                outcomes.push(outcome_alone(message, &time_left, &handle).await);
            }
            outcomes
        }
    };
    let (mut driven, mut to_release) = (DrivenBatch::default(), Vec::new());
    let outcomes = outcomes.into_iter().chain(std::iter::repeat_with(no_time));
    for (message, outcome) in batch.messages.iter().zip(outcomes) {
        let delay_seconds = driven.count(message, outcome);
        to_release.extend(delay_seconds.map(|delay_seconds| (message, delay_seconds)));
    }
    let releases = futures::stream::iter(to_release);
    let releases = releases.for_each_concurrent(RELEASED_AT_ONCE, async |(message, seconds)| {
        released(message, seconds, &release).await;
    });
    // What is not released in time comes again after the visibility timeout.
    if tokio::time::timeout(time_left().saturating_sub(ANSWER), releases).await.is_err() {
        tracing::warn!("there was no time to release every message");
    }
    driven
}

/// Makes a message visible again after a delay.
async fn released<E: Display>(
    message: &QueueMessage,
    delay_seconds: u32,
    release: &impl AsyncFn(&str, u32) -> Result<(), E>,
) {
    if let Err(error) = release(&message.receipt_handle, delay_seconds).await {
        tracing::warn!(id = message.message_id, %error, "comes again later than asked");
    }
}

impl DrivenBatch {
    /// Counts the outcome of a message. If it is to come again: after how many seconds.
    fn count(&mut self, message: &QueueMessage, outcome: MessageOutcome) -> Option<u32> {
        let delay_seconds = match outcome {
            MessageOutcome::Done => {
                self.done += 1;
                return None;
            }
            MessageOutcome::Retry { after_seconds, why } => {
                self.retried += 1;
                tracing::info!(id = message.message_id, after_seconds, why, "comes again");
                after_seconds.min(MessageOutcome::DELAY_SECONDS_MAX)
            }
            MessageOutcome::Poison { why } => {
                self.poisoned += 1;
                let receives = message.receives;
                tracing::error!(id = message.message_id, receives, why, "cannot be done");
                0
            }
        };
        self.failures.add(message);
        Some(delay_seconds)
    }
}

/// How a handler ended.
enum Handled {
    Outcomes(Vec<MessageOutcome>),
    Panicked,
    NoTime,
}

/// Passes messages to a handler, within the time left.
async fn handled(
    messages: &[QueueMessage],
    time_left: &impl TimeLeft,
    handle: &impl AsyncFn(&[QueueMessage]) -> Vec<MessageOutcome>,
) -> Handled {
    let time = time_left().saturating_sub(RESERVE);
    if time.is_zero() {
        return Handled::NoTime;
    }
    // Boxed, or the type of a deep handler exceeds the limits of the compiler.
    let outcomes = AssertUnwindSafe(handle(messages).boxed_local()).catch_unwind();
    match tokio::time::timeout(time, outcomes).await {
        Ok(Ok(outcomes)) => Handled::Outcomes(outcomes),
        Ok(Err(_)) => Handled::Panicked,
        Err(_) => Handled::NoTime,
    }
}

/// The outcome of one message.
async fn outcome_alone(
    message: &QueueMessage,
    time_left: &impl TimeLeft,
    handle: &impl AsyncFn(&[QueueMessage]) -> Vec<MessageOutcome>,
) -> MessageOutcome {
    match handled(std::slice::from_ref(message), time_left, handle).await {
        Handled::Outcomes(outcomes) => outcomes.into_iter().next().unwrap_or_else(no_time),
        Handled::Panicked => MessageOutcome::Poison { why: "the handler panicked".to_owned() },
        Handled::NoTime => no_time(),
    }
}

fn no_time() -> MessageOutcome {
    MessageOutcome::Retry { after_seconds: 0, why: "the time is up".to_owned() }
}
