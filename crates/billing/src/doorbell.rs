//! Doorbells: messages that say which charge is to be posted, and nothing else.

use std::future::Future;

use model::charge::ChargeRef;
use model::port::{OutgoingMessage, PortError, Queue};

/// How many messages are sent at once.
const MESSAGES: usize = 10;

/// Rings for charges.
pub trait Doorbell: Send + Sync {
    /// Rings once or more for each charge, at some time. One that is lost is rung again by the sweeper.
    fn ring(&self, charges: &[ChargeRef]) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// Doorbells through a queue.
#[derive(Debug, Clone, Copy)]
pub struct QueueDoorbell<'a, Q> {
    /// The queue that the meter reads.
    pub queue: &'a Q,
}

impl<Q: Queue> Doorbell for QueueDoorbell<'_, Q> {
    async fn ring(&self, charges: &[ChargeRef]) -> Result<(), PortError> {
        for charges in charges.chunks(MESSAGES) {
            let mut messages = Vec::with_capacity(charges.len());
            for charge in charges {
                let body = serde_json::to_string(charge);
                let body = body.map_err(|error| PortError::Refused(error.to_string()))?;
                messages.push(OutgoingMessage { body, delay_seconds: 0 });
            }
            self.queue.send(&messages).await?;
        }
        Ok(())
    }
}

/// What a message rings for; `None` if it is no doorbell, and can only be thrown away.
///
/// ```
/// let body = r#"{"payer":"acc_1","charge":"chg_00000000000000000000000000000000"}"#;
/// assert!(billing::parse_doorbell(body).is_some());
/// assert!(billing::parse_doorbell("pay me").is_none());
/// ```
pub fn parse_doorbell(body: &str) -> Option<ChargeRef> {
    serde_json::from_str(body).ok()
}
