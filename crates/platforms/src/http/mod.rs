//! The two implementations of [`Web`](model::port::Web): the one HTTP client, and recorded answers.

mod address;
mod body;
mod client;
mod recorded;
mod resolver;

pub use address::is_public;
pub use client::{ClientError, ClientSettings, WebClient};
pub use recorded::{RecordedAnswer, RecordedWeb, RecordingError};
