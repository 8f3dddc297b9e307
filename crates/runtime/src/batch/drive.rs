//! The driver: hands the messages of a batch to a handler one by one, and tells which of them are
//! to come again. One message's trouble never touches another's.

use std::fmt::Display;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use serde::de::DeserializeOwned;

use super::{Batch, Failures, Message};

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is done and leaves the queue.
    Done,
    /// It is to come again, after so many seconds (at most [`Outcome::DELAY_SECONDS_MAX`]).
    Retry {
        /// How long it stays away.
        after_seconds: u32,
        /// Why.
        why: String,
    },
    /// No try can help. It comes again at once until the queue counts enough tries to move it to
    /// the dead letters, where somebody looks at it.
    Poison {
        /// Why.
        why: String,
    },
}

impl Outcome {
    /// The longest that a message may stay away: what SQS allows.
    pub const DELAY_SECONDS_MAX: u32 = 43_200;
}

/// Reads a message's body, which is JSON. What cannot be read is poison.
pub fn parse<T: DeserializeOwned>(message: &Message) -> Result<T, Outcome> {
    serde_json::from_str(&message.body)
        .map_err(|error| Outcome::Poison { why: format!("the body cannot be read: {error}") })
}

/// How long the invocation may still take.
pub trait TimeLeft: Fn() -> Duration {}
impl<F: Fn() -> Duration> TimeLeft for F {}

/// Kept back of the time that is left, to give messages back and to answer.
const RESERVE: Duration = Duration::from_secs(3);

/// A batch that was driven.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Driven {
    /// What to tell Lambda.
    pub failures: Failures,
    /// Messages done.
    pub done: u64,
    /// Messages that come again, those without time included.
    pub retried: u64,
    /// Messages that nothing can help.
    pub poisoned: u64,
}

/// Drives a batch. A handler that panics makes its message poison, one that outlasts the time
/// that is left is dropped where it waits and its message comes again at once. `release` makes a
/// message, by its receipt, visible again after some seconds; where that fails, the message comes
/// again after the queue's own visibility time.
pub async fn drive<E: Display>(
    batch: Batch,
    time_left: impl TimeLeft,
    handle: impl AsyncFn(&Message) -> Outcome,
    release: impl AsyncFn(&str, u32) -> Result<(), E>,
) -> Driven {
    let mut driven = Driven::default();
    for message in &batch.messages {
        let (delay_seconds, why) = match outcome(message, &time_left, &handle).await {
            Outcome::Done => {
                driven.done += 1;
                continue;
            }
            Outcome::Retry { after_seconds, why } => {
                driven.retried += 1;
                tracing::info!(id = message.message_id, after_seconds, why, "comes again");
                (after_seconds.min(Outcome::DELAY_SECONDS_MAX), why)
            }
            Outcome::Poison { why } => {
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
    message: &Message,
    time_left: &impl TimeLeft,
    handle: &impl AsyncFn(&Message) -> Outcome,
) -> Outcome {
    let no_time = || Outcome::Retry { after_seconds: 0, why: "the time is up".to_owned() };
    let time = time_left().saturating_sub(RESERVE);
    if time.is_zero() {
        return no_time();
    }
    // Boxed, or the types of a deep handler outgrow the compiler.
    let handled = AssertUnwindSafe(handle(message).boxed_local()).catch_unwind();
    match tokio::time::timeout(time, handled).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Outcome::Poison { why: "the handler panicked".to_owned() },
        Err(_) => no_time(),
    }
}
