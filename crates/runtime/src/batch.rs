//! Batches of an SQS queue: the events, and the drivers of all handlers.

mod drive;
mod event;
#[cfg(feature = "lambda")]
mod serve;

pub use drive::{DrivenBatch, MessageOutcome, TimeLeft, drive, drive_whole, parse};
pub use event::{BatchFailures, QueueBatch, QueueMessage};
#[cfg(feature = "lambda")]
pub use serve::{serve, serve_whole};
