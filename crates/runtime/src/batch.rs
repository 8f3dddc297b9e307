//! Batches of an SQS queue: the events, and the one driver of every handler.

mod drive;
mod event;
#[cfg(feature = "lambda")]
mod serve;

pub use drive::{DrivenBatch, MessageOutcome, TimeLeft, drive, parse};
pub use event::{BatchFailures, QueueBatch, QueueMessage};
#[cfg(feature = "lambda")]
pub use serve::serve;
