//! The port [`Queue`](model::port::Queue): messages at least once, with dead letters.

use model::port::{OutgoingMessage, PortError};

mod postgres;
#[cfg(feature = "aws")]
mod sqs;
mod stored;

pub use postgres::PgQueue;
#[cfg(feature = "aws")]
pub use sqs::Sqs;
pub use stored::StoredQueue;

/// The longest message, in bytes.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// Refuses messages if one of them is too long for any queue.
fn refuse_too_long(messages: &[OutgoingMessage]) -> Result<(), PortError> {
    let Some(long) = messages.iter().find(|one| one.body.len() > BODY_BYTES_MAX) else {
        return Ok(());
    };
    let bytes = long.body.len();
    let text = format!("send a message of {bytes} bytes: at most {BODY_BYTES_MAX} are allowed");
    Err(PortError::Refused(text))
}
