//! What a gateway has to tell others, a few at a time: doorbells for the meter, and requests that a limit refused.
//!
//! What a process that dies did not send costs nothing: the sweeper finds charges, and refused requests only
//! move prices.

use std::sync::{Mutex, PoisonError};

use billing::{Doorbell as _, QueueDoorbell};
use model::charge::ChargeRef;
use store::Pg;
use store::pg::price::{self, RefusedRequest};
use store::queue::StoredQueue;

use crate::error::Problem;

/// The most refused requests that wait; more are not counted.
const REFUSED_MAX: usize = 1_000;

/// What waits to be sent.
pub(crate) struct Outbox {
    queue: StoredQueue,
    /// Charges are sent when this many wait.
    at_once: usize,
    charges: Mutex<Vec<ChargeRef>>,
    refused: Mutex<Vec<RefusedRequest>>,
}

impl Outbox {
    /// An empty one in front of this queue.
    pub(crate) fn new(queue: StoredQueue, at_once: usize) -> Outbox {
        Outbox { queue, at_once, charges: Mutex::default(), refused: Mutex::default() }
    }

    /// Rings for a charge, now or soon. A doorbell that fails is only logged: the charge is made.
    pub(crate) async fn ring(&self, charge: ChargeRef) {
        let due = {
            let mut waiting = self.charges.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.push(charge);
            if waiting.len() >= self.at_once { std::mem::take(&mut *waiting) } else { Vec::new() }
        };
        if let Err(error) = self.send(&due).await {
            tracing::warn!(%error, "a doorbell is left to the sweeper");
        }
    }

    /// Notes a request that a limit refused, once for each epoch.
    pub(crate) fn refuse(&self, request: RefusedRequest) {
        let mut waiting = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < REFUSED_MAX && !waiting.contains(&request) {
            waiting.push(request);
        }
    }

    /// Sends all that waits.
    pub(crate) async fn flush(&self, pg: &Pg) -> Result<(), Problem> {
        let due = std::mem::take(&mut *self.charges.lock().unwrap_or_else(PoisonError::into_inner));
        self.send(&due).await.map_err(|error| Problem::unavailable("the queue", &error))?;
        let refused =
            std::mem::take(&mut *self.refused.lock().unwrap_or_else(PoisonError::into_inner));
        for request in refused {
            price::note_refused(pg, &request).await?;
        }
        Ok(())
    }

    async fn send(&self, charges: &[ChargeRef]) -> Result<(), model::port::PortError> {
        if charges.is_empty() {
            return Ok(());
        }
        QueueDoorbell { queue: &self.queue }.ring(charges).await
    }
}
