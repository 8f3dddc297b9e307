//! Batches of an SQS queue: the events, and the one driver of every handler.

mod drive;
mod event;
#[cfg(feature = "lambda")]
mod serve;

pub use drive::{Driven, Outcome, TimeLeft, drive, parse};
pub use event::{Batch, Failures, Message};
#[cfg(feature = "lambda")]
pub use serve::serve;
