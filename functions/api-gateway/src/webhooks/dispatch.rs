//! A tick to deliveries: what is new in the stream for each webhook, and messages for what is due.
//!
//! It is here because a webhook must not hear of what its owner may not read: events are looked at as
//! `/v1/changes` shows them. It may run twice, or twice at once: a webhook moves on only from where it was, and
//! a message for an attempt that began does nothing.

use std::sync::Arc;
use std::time::Duration;

use model::ChangePosition;
use model::change::ChangeRange;
use model::message::DeliverJob;
use model::port::{Clock, Queue as _};
use model::time::Timestamp;
use serde::Serialize;
use store::Pg;
use store::pg::change::{self, StreamBounds};
use store::pg::webhook::delivery;
use store::pg::webhook::due::{self, FoundChanges, TakenWebhook, WOKEN_MAX};
use store::queue::StoredQueue;
use tokio::time::Instant;

use super::message;
use crate::changes::{EventRequest, StreamCursors, read_page};
use crate::cursor::CursorSealer;
use crate::error::Problem;
use crate::state::GatewaySecrets;

/// The most events that one delivery announces, and how many there must be before another one is made while one is
/// under way.
const EVENTS_MAX: u32 = 1_000;

/// How many deliveries of changes to one webhook may be under way.
const PENDING_MAX: u32 = 10;

/// How far a tick looks for one webhook.
const SCANNED_MAX: u64 = 10_000;

/// How many deliveries a tick forgets.
const FORGOTTEN_MAX: u32 = 1_000;

/// How long deliveries are kept, in seconds: seven days.
const KEPT_SECONDS: i64 = 7 * 86_400;

/// How many rounds of messages a tick sends.
const ROUNDS_MAX: u32 = 10;

/// Looks for what is new for webhooks.
pub struct WebhookDispatcher {
    pg: Pg,
    queue: StoredQueue,
    clock: Arc<dyn Clock>,
    sealer: CursorSealer,
}

/// What a tick did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct DispatchReport {
    /// Webhooks behind which there was something in the stream.
    pub looked: u64,
    /// Deliveries that were made.
    pub made: u64,
    /// Messages that were sent, for the first attempts or others.
    pub sent: u64,
    /// Deliveries that are not kept any more.
    pub forgotten: u64,
}

impl WebhookDispatcher {
    /// A dispatcher that makes cursors with the secrets of the gateway, and sends messages to this queue.
    pub fn new(
        pg: Pg,
        queue: StoredQueue,
        clock: Arc<dyn Clock>,
        secrets: &GatewaySecrets,
    ) -> WebhookDispatcher {
        WebhookDispatcher { pg, queue, clock, sealer: CursorSealer::new(&secrets.cursors) }
    }

    /// Makes deliveries for as long as `time` lasts, sends messages for those that are due, and forgets old ones.
    ///
    /// # Errors
    /// That the database or the queue cannot be reached. The next tick does what this one did not.
    pub async fn tick(&self, time: Duration) -> Result<DispatchReport, Problem> {
        let (until, now) = (Instant::now() + time, self.clock.now());
        let mut report = DispatchReport::default();
        let bounds = change::sequence(&self.pg).await?;
        while Instant::now() < until {
            let taken = due::take(&self.pg, bounds.head, now).await?;
            if taken.is_empty() {
                break;
            }
            for webhook in taken.iter().take_while(|_| Instant::now() < until) {
                report.looked += 1;
                report.made += u64::from(self.look(webhook, bounds, now).await?);
            }
        }
        report.sent = self.wake(now).await?;
        let kept_from = Timestamp::from_second(now.as_second() - KEPT_SECONDS);
        let kept_from = kept_from.unwrap_or(Timestamp::MIN);
        report.forgotten = delivery::forget(&self.pg, kept_from, FORGOTTEN_MAX).await?;
        Ok(report)
    }

    /// Makes a delivery for a webhook, if there is something for it; whether there is.
    async fn look(
        &self,
        webhook: &TakenWebhook,
        bounds: StreamBounds,
        now: Timestamp,
    ) -> Result<bool, Problem> {
        let after = webhook.position.max(bounds.floor);
        let behind = bounds.head.number().saturating_sub(after.number());
        let is_busy = webhook.pending > 0;
        if webhook.pending >= PENDING_MAX || (is_busy && behind < u64::from(EVENTS_MAX)) {
            return Ok(false);
        }
        let until = after.plus(SCANNED_MAX).min(bounds.head);
        let limit = EVENTS_MAX as usize;
        let request = EventRequest { filter: &webhook.filter, after, until, limit };
        let page = read_page(&self.pg.session(), request).await?;
        match page.events.len() {
            0 => due::skip(&self.pg, webhook, page.range.to).await?,
            events if is_busy && events < limit => {}
            events => {
                return self.announce(webhook, bounds.floor, (page.range.to, events), now).await;
            }
        }
        Ok(false)
    }

    /// Makes the delivery that says that there are events up to a position. Its range begins where that of the
    /// delivery before ended, unless that is not kept any more.
    async fn announce(
        &self,
        webhook: &TakenWebhook,
        floor: ChangePosition,
        (to, events): (ChangePosition, usize),
        now: Timestamp,
    ) -> Result<bool, Problem> {
        let range = ChangeRange { from: webhook.announced.max(floor), to };
        let cursors = StreamCursors::of_account(&self.sealer, &webhook.account);
        let body = message::changes(&webhook.name, range, events, (&cursors, now));
        let events = u32::try_from(events).unwrap_or(u32::MAX);
        let found = FoundChanges { range, events, body: &body };
        Ok(due::announce(&self.pg, webhook, &found, now).await?.is_some())
    }

    /// Sends messages for deliveries that are due. They are noted as sent afterwards: a death sends some twice.
    async fn wake(&self, now: Timestamp) -> Result<u64, Problem> {
        let mut sent = 0;
        for _ in 0..ROUNDS_MAX {
            let jobs = due::waking(&self.pg, now).await?;
            let messages: Vec<_> = jobs.iter().map(|job: &DeliverJob| job.message(0)).collect();
            if messages.is_empty() {
                break;
            }
            let sending = self.queue.send(&messages).await;
            sending.map_err(|error| Problem::unavailable("the queue of deliveries", &error))?;
            due::woken(&self.pg, &jobs, now).await?;
            sent += messages.len() as u64;
            if messages.len() < WOKEN_MAX as usize {
                break;
            }
        }
        Ok(sent)
    }
}
