//! What a gateway has to tell others, a few at a time: doorbells for the meter, and requests that a limit refused.
//!
//! What a process that dies did not send costs nothing: the sweeper finds charges, and refused requests only
//! move prices.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use billing::{Doorbell as _, QueueDoorbell};
use model::Epoch;
use model::charge::ChargeRef;
use model::port::{CHARGES_MAX, PortError};
use store::Pg;
use store::pg::price::{self, RefusedRequest};
use store::queue::StoredQueue;

use crate::error::Problem;

/// The most different refused requests of an epoch; more are not counted.
const REFUSED_MAX: usize = 1_000;

/// What waits to be sent.
pub(crate) struct Outbox {
    queue: StoredQueue,
    /// Charges are sent when this many wait.
    at_once: usize,
    charges: Mutex<Vec<ChargeRef>>,
    refused: Mutex<RefusedRequests>,
}

/// The requests of one epoch that a limit refused.
#[derive(Default)]
struct RefusedRequests {
    epoch: Epoch,
    seen: HashSet<RefusedRequest>,
    waiting: Vec<RefusedRequest>,
}

impl RefusedRequests {
    /// Takes a request up, once in its epoch.
    fn add(&mut self, request: RefusedRequest) {
        if self.epoch != request.epoch {
            self.epoch = request.epoch;
            self.seen.clear();
        }
        if self.seen.len() < REFUSED_MAX && self.seen.insert(request) {
            self.waiting.push(request);
        }
    }
}

impl Outbox {
    /// An empty one in front of this queue.
    pub(crate) fn new(queue: StoredQueue, at_once: usize) -> Outbox {
        Outbox { queue, at_once, charges: Mutex::default(), refused: Mutex::default() }
    }

    /// Rings for a charge, now or soon. A doorbell that fails is only logged: the charge is made, and the sweeper
    /// finds it.
    pub(crate) async fn ring(&self, charge: ChargeRef) {
        let is_due = {
            let mut waiting = locked(&self.charges);
            waiting.push(charge);
            waiting.len() >= self.at_once
        };
        if is_due && let Err(error) = self.ring_all().await {
            tracing::warn!(%error, "doorbells wait");
        }
    }

    /// Notes a request that a limit refused, once for each epoch: now where the process may be frozen after this
    /// answer, else with the next flush.
    pub(crate) async fn refuse(&self, pg: &Pg, request: RefusedRequest) {
        locked(&self.refused).add(request);
        if self.at_once == 1 && self.note_refused(pg).await.is_err() {
            tracing::warn!("refused requests wait");
        }
    }

    /// Sends all that waits.
    ///
    /// # Errors
    /// That of the queue or the database; what was not sent waits on.
    pub(crate) async fn flush(&self, pg: &Pg) -> Result<(), Problem> {
        let rung = self.ring_all().await;
        self.note_refused(pg).await?;
        rung.map_err(|error| Problem::unavailable("the queue", &error))
    }

    async fn ring_all(&self) -> Result<(), PortError> {
        let due = std::mem::take(&mut *locked(&self.charges));
        if due.is_empty() {
            return Ok(());
        }
        let rung = QueueDoorbell { queue: &self.queue }.ring(&due).await;
        if rung.is_err() {
            let mut waiting = locked(&self.charges);
            // The sweeper finds the others.
            let room = CHARGES_MAX.saturating_sub(waiting.len());
            waiting.extend(due.into_iter().take(room));
        }
        rung
    }

    async fn note_refused(&self, pg: &Pg) -> Result<(), Problem> {
        loop {
            let Some(request) = locked(&self.refused).waiting.pop() else { return Ok(()) };
            if let Err(error) = price::note_refused(pg, &request).await {
                locked(&self.refused).waiting.push(request);
                return Err(error.into());
            }
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
