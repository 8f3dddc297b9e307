//! The driver: passes the messages of a batch to a handler one by one, and reports which of them
//! are to be delivered again. A failure of one message never affects another.

use std::fmt::Display;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
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
    let mut driven = DrivenBatch::default();
    for message in &batch.messages {
        let (delay_seconds, why) = match outcome(message, &time_left, &handle).await {
            MessageOutcome::Done => {
                driven.done += 1;
                continue;
            }
            MessageOutcome::Retry { after_seconds, why } => {
                driven.retried += 1;
                tracing::info!(id = message.message_id, after_seconds, why, "comes again");
                (after_seconds.min(MessageOutcome::DELAY_SECONDS_MAX), why)
            }
            MessageOutcome::Poison { why } => {
                driven.poisoned += 1;
                let receives = message.receives;
                tracing::error!(id = message.message_id, receives, why, "cannot be done");
                (0, why)
            }
        };
        if let Err(error) = release(&message.receipt_handle, delay_seconds).await {
            tracing::warn!(id = message.message_id, why, %error, "comes again later than asked");
        }
        driven.failures.add(message);
    }
    driven
}

async fn outcome(
    message: &QueueMessage,
    time_left: &impl TimeLeft,
    handle: &impl AsyncFn(&QueueMessage) -> MessageOutcome,
) -> MessageOutcome {
    let no_time = || MessageOutcome::Retry { after_seconds: 0, why: "the time is up".to_owned() };
    let time = time_left().saturating_sub(RESERVE);
    if time.is_zero() {
        return no_time();
    }
    // Boxed, or the type of a deep handler exceeds the limits of the compiler.
    let handled = AssertUnwindSafe(handle(message).boxed_local()).catch_unwind();
    match tokio::time::timeout(time, handled).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => MessageOutcome::Poison { why: "the handler panicked".to_owned() },
        Err(_) => no_time(),
    }
}
