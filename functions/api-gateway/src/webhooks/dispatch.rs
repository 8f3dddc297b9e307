//! A tick to deliveries: what is new in the stream for each webhook, which others were disabled, and messages for what is
//! due.
//!
//! It is here because a webhook must not hear of what its owner may not read: events are looked at as
//! `/v1/changes` shows them. It may run twice, or twice at once: a webhook moves on only from where it was, and
//! a message for an attempt that began does nothing. What fails keeps nothing else from being done, neither of one
//! webhook the others nor of one part of the tick the next.

use std::sync::Arc;
use std::time::Duration;

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
use crate::changes::{EventPage, EventRequest, StreamCursors, read_page};
use crate::cursor::CursorSealer;
use crate::error::{Problem, ProblemCode};
use crate::state::GatewaySecrets;

/// The most events that one delivery announces, and how many there must be before another one is made while one is
/// under way.
const EVENTS_MAX: u32 = 1_000;

/// How many deliveries of changes to one webhook may be under way.
const PENDING_MAX: u32 = 10;

/// How far it is looked for one webhook at a time.
const SCANNED_MAX: u64 = 10_000;

/// How long it is gone on with one webhook while there is nothing for it, so that a filter of little is not behind for
/// ever, and others have their turn.
const LOOKED_ON: Duration = Duration::from_secs(5);

/// How long it may take to look for one webhook.
const LOOK_TIME_MAX: Duration = Duration::from_secs(15);

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
    /// Those of them that could not be looked at, for an error or for lack of time.
    pub failed: u64,
    /// Deliveries that were made.
    pub made: u64,
    /// Deliveries that say that another webhook was disabled.
    pub notices: u64,
    /// Messages that were sent, for the first attempts or others.
    pub sent: u64,
    /// Deliveries that are not kept any more.
    pub forgotten: u64,
}

/// What a tick goes by.
#[derive(Debug, Clone, Copy)]
struct TickBounds {
    /// When it ends.
    until: Instant,
    /// The present.
    now: Timestamp,
    /// Where the stream is.
    stream: StreamBounds,
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

    /// Sends messages for deliveries that are due, makes others for as long as `time` lasts, sends messages for these,
    /// and forgets old ones.
    ///
    /// # Errors
    /// That the database or the queue cannot be reached. The next tick does what this one did not.
    pub async fn tick(&self, time: Duration) -> Result<DispatchReport, Problem> {
        let (until, now) = (Instant::now() + time, self.clock.now());
        let mut report = DispatchReport::default();
        let given_up = due::give_up(&self.pg, now).await.map_err(Problem::from);
        let noticed = self.tell(now, &mut report).await;
        let woken = self.wake(now, &mut report).await;
        let looked = self.look_at_all(until, now, &mut report).await;
        let woken_again = self.wake(now, &mut report).await;
        let forgotten = self.forget(now, &mut report).await;
        given_up
            .and(noticed)
            .and(woken)
            .and(looked)
            .and(woken_again)
            .and(forgotten)
            .map(|()| report)
    }

    /// Tells webhooks which others of their payers were disabled. Of those for which there is no room the next tick tells.
    async fn tell(&self, now: Timestamp, report: &mut DispatchReport) -> Result<(), Problem> {
        for webhook in due::untold(&self.pg).await? {
            report.notices +=
                due::tell(&self.pg, &webhook, &message::disabled(&webhook), now).await?;
        }
        Ok(())
    }

    /// Looks for all webhooks behind which there is something, those first for which it is longest ago.
    async fn look_at_all(
        &self,
        until: Instant,
        now: Timestamp,
        report: &mut DispatchReport,
    ) -> Result<(), Problem> {
        let tick = TickBounds { until, now, stream: change::sequence(&self.pg).await? };
        while Instant::now() < until {
            let taken = due::take(&self.pg, tick.stream.head, now).await?;
            if taken.is_empty() {
                break;
            }
            for webhook in taken.iter().take_while(|_| Instant::now() < until) {
                report.looked += 1;
                match self.look_in_time(webhook, tick).await {
                    Ok(is_made) => report.made += u64::from(is_made),
                    Err(problem) => {
                        report.failed += 1;
                        tracing::warn!(
                            webhook = webhook.id,
                            ?problem,
                            "it waits for the next tick"
                        );
                    }
                }
            }
        }
        Ok(())
    }

    /// Makes a delivery for a webhook, if there is something for it and it is found in time; whether it is.
    async fn look_in_time(
        &self,
        webhook: &TakenWebhook,
        tick: TickBounds,
    ) -> Result<bool, Problem> {
        let until = tick.until.min(Instant::now() + LOOK_TIME_MAX);
        let looked = tokio::time::timeout_at(until, self.look(webhook.clone(), tick)).await;
        let too_slow = || Problem::new(ProblemCode::Timeout, "it took too long to look for it");
        looked.unwrap_or_else(|_| Err(too_slow()))
    }

    /// Makes a delivery for a webhook, if there is something for it; whether there is. While there is nothing, it goes
    /// on for a moment.
    async fn look(&self, mut webhook: TakenWebhook, tick: TickBounds) -> Result<bool, Problem> {
        let until = Instant::now() + LOOKED_ON;
        while let Some(page) = self.page(&webhook, tick.stream).await? {
            let (events, to) = (page.events.len(), page.range.to);
            if events > 0 {
                let is_wanted = webhook.pending == 0 || events >= EVENTS_MAX as usize;
                return match is_wanted {
                    true => self.announce(&webhook, &page, tick).await,
                    false => Ok(false),
                };
            }
            due::skip(&self.pg, &webhook, to).await?;
            webhook.position = to;
            if to >= tick.stream.head || Instant::now() >= until {
                break;
            }
        }
        Ok(false)
    }

    /// What comes next for a webhook; `None` while what is under way says enough.
    async fn page(
        &self,
        webhook: &TakenWebhook,
        stream: StreamBounds,
    ) -> Result<Option<EventPage>, Problem> {
        let after = webhook.position.max(stream.floor);
        let behind = stream.head.number().saturating_sub(after.number());
        let is_busy = webhook.pending > 0;
        if webhook.pending >= PENDING_MAX || (is_busy && behind < u64::from(EVENTS_MAX)) {
            return Ok(None);
        }
        let until = after.plus(SCANNED_MAX).min(stream.head);
        let limit = EVENTS_MAX as usize;
        let request = EventRequest { filter: &webhook.filter, after, until, limit };
        read_page(&self.pg.session(), request).await.map(Some)
    }

    /// Makes the delivery that says that there are the events of a page. Its range begins where that of the delivery
    /// before ended, unless that is not kept any more.
    async fn announce(
        &self,
        webhook: &TakenWebhook,
        page: &EventPage,
        tick: TickBounds,
    ) -> Result<bool, Problem> {
        let from = webhook.announced.max(tick.stream.floor);
        let (range, events) = (ChangeRange { from, to: page.range.to }, page.events.len());
        let cursors = StreamCursors::of_account(&self.sealer, &webhook.account);
        let body = message::changes(&webhook.name, range, events, &cursors, tick.now);
        let events = u32::try_from(events).unwrap_or(u32::MAX);
        let found = FoundChanges { range, events, body: &body };
        Ok(due::announce(&self.pg, webhook, &found, tick.now).await?.is_some())
    }

    /// Sends messages for deliveries that are due. They are noted as sent afterwards: a death sends some twice.
    async fn wake(&self, now: Timestamp, report: &mut DispatchReport) -> Result<(), Problem> {
        for _ in 0..ROUNDS_MAX {
            let jobs = due::waking(&self.pg, now).await?;
            let messages: Vec<_> = jobs.iter().map(|job: &DeliverJob| job.message(0)).collect();
            if messages.is_empty() {
                break;
            }
            let sending = self.queue.send(&messages).await;
            sending.map_err(|error| Problem::unavailable("the queue of deliveries", &error))?;
            due::woken(&self.pg, &jobs, now).await?;
            report.sent += messages.len() as u64;
            if messages.len() < WOKEN_MAX as usize {
                break;
            }
        }
        Ok(())
    }

    /// Deletes deliveries that are not kept any more.
    async fn forget(&self, now: Timestamp, report: &mut DispatchReport) -> Result<(), Problem> {
        let kept_from = Timestamp::from_second(now.as_second() - KEPT_SECONDS);
        let kept_from = kept_from.unwrap_or(Timestamp::MIN);
        report.forgotten = delivery::forget(&self.pg, kept_from, FORGOTTEN_MAX).await?;
        Ok(())
    }
}
