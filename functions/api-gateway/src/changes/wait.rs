//! The page that answers a request: the next one with events or, after its time, an empty one.

use std::time::Duration;

use model::{ChangeFilter, ChangePosition};
use pricing::RequestHash;
use store::Pg;
use store::pg::change::{self, PageStart};
use tokio::time::Instant;

use super::page::{EventPage, EventRequest, read};
use super::params::PageParams;
use super::{StreamCursors, too_old};
use crate::change_watch::WaitingRequest;
use crate::error::{Problem, ProblemCode};
use crate::extract::ApiCall;

/// How far one page looks, so that each answer comes soon.
const SCANNED_MAX: u64 = 10_000;

/// How many such parts one request looks through.
const AT_ONCE_MAX: u32 = 4;

/// When it is worth trying again where too many wait: one of them has ended by then.
const RETRY_SECONDS: u32 = 20;

/// What is asked of the stream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StreamRequest<'a> {
    /// Which events are wanted.
    pub(crate) filter: &'a ChangeFilter,
    /// After this position.
    pub(crate) after: ChangePosition,
    /// Up to this one at most; else up to the end.
    pub(crate) until: Option<ChangePosition>,
    /// The most events, and how long to wait for one.
    pub(crate) page: &'a PageParams,
}

/// The page, and what it is charged as.
#[derive(Debug)]
pub(crate) struct StreamPage {
    pub(crate) page: EventPage,
    /// A hash of the filter and the bounds of the page; `None` if it is empty.
    pub(crate) charged_as: Option<RequestHash>,
    /// Whether it was waited for in vain.
    pub(crate) waited: bool,
}

/// Reads the page that answers a request. No connection is kept while it waits.
pub(crate) async fn read_stream(
    call: &ApiCall,
    request: &StreamRequest<'_>,
) -> Result<StreamPage, Problem> {
    let pg = call.gateway.pg();
    let limit = request.page.limit.unwrap_or_default().rows() as usize;
    let wait = request.page.wait.unwrap_or_default();
    let start = PaidPage::of(call, request);
    let fixed = start.end(pg).await?;
    let (mut waiting, mut at) = (Waiter::new(call, wait), request.after);
    loop {
        let head = change::sequence(pg).await?.head;
        let until = request.until.unwrap_or(head).min(head);
        // What was looked through before is looked through again.
        let until = fixed.unwrap_or_else(|| at.plus(SCANNED_MAX)).min(until);
        let next = EventRequest { filter: request.filter, after: at, until, limit };
        let mut page = read(&pg.session(), next).await?;
        page.range.from = request.after;
        let is_ended = fixed.is_some() || request.until.is_some_and(|end| page.range.to >= end);
        if page.events.is_empty() && !is_ended && waiting.goes_on(page.range.to, head).await? {
            at = page.range.to;
            continue;
        }
        let waited = page.events.is_empty() && waiting.has_waited();
        if let Some(kept) = start.kept_end(pg, &page).await? {
            if page.range.to < kept && page.events.len() < limit {
                // Another request of the same page got further, and is charged for all of it.
                let whole = EventRequest { after: request.after, until: kept, ..next };
                page = read(&pg.session(), whole).await?;
            }
            page.cut(kept);
        }
        let bounds = change::sequence(pg).await?;
        if request.after < bounds.floor {
            // Events were dropped while the page was read.
            return Err(too_old(&StreamCursors::of(call), bounds));
        }
        return Ok(StreamPage { charged_as: start.charged_as(&page), page, waited });
    }
}

/// What names a page: who reads, the filter, and where it begins and ends.
struct PaidPage {
    /// A hash of the filter.
    filter: RequestHash,
    /// `None` for those who pay nothing: their pages may grow.
    start: Option<PageStart>,
}

impl PaidPage {
    fn of(call: &ApiCall, request: &StreamRequest<'_>) -> PaidPage {
        let filter = RequestHash::new(&[b"changes", &request.filter.canonical()]);
        let caller = call.caller();
        let start = filter.bytes().first_chunk().map(|&filter| PageStart {
            payer: caller.payer,
            filter,
            from: request.after,
        });
        PaidPage { filter, start: start.filter(|_| !caller.is_test) }
    }

    /// Where the page ended when it was first read.
    async fn end(&self, pg: &Pg) -> Result<Option<ChangePosition>, Problem> {
        match self.start {
            Some(start) => Ok(change::fixed_end(pg, start).await?),
            None => Ok(None),
        }
    }

    /// Where a page is to end: as when it was first read, which is now if it never was. `None` if it has no events.
    async fn kept_end(&self, pg: &Pg, page: &EventPage) -> Result<Option<ChangePosition>, Problem> {
        match self.start.filter(|_| !page.events.is_empty()) {
            Some(start) => Ok(Some(change::fix_end(pg, start, page.range.to).await?)),
            None => Ok(None),
        }
    }

    /// What a page is charged as; `None` if it has no events.
    fn charged_as(&self, page: &EventPage) -> Option<RequestHash> {
        let ends = [page.range.from, page.range.to].map(|end| end.number().to_be_bytes());
        let hash = || RequestHash::new(&[self.filter.bytes(), &ends[0], &ends[1]]);
        (!page.events.is_empty()).then(hash)
    }
}

/// The time that a request has, and its place among those who wait.
struct Waiter<'a> {
    call: &'a ApiCall,
    ends_at: Option<Instant>,
    waiting: Option<WaitingRequest>,
    /// How often it may still go on at once, because the stream goes on: what no filter wants is not read for free
    /// without end.
    at_once_left: u32,
}

impl<'a> Waiter<'a> {
    fn new(call: &'a ApiCall, wait: Duration) -> Waiter<'a> {
        let ends_at = (!wait.is_zero()).then(|| Instant::now() + wait);
        Waiter { call, ends_at, waiting: None, at_once_left: AT_ONCE_MAX }
    }

    /// Whether to read on after a position, if the stream ends with `head`: at once if there is more, else as soon
    /// as there may be; `false` when the time is over.
    async fn goes_on(&mut self, at: ChangePosition, head: ChangePosition) -> Result<bool, Problem> {
        let Some(ends_at) = self.ends_at else { return Ok(false) };
        let left = ends_at.saturating_duration_since(Instant::now());
        let is_over = left.is_zero() || self.call.gateway.changes().is_ending();
        if is_over {
            return Ok(false);
        }
        if at < head {
            self.at_once_left = self.at_once_left.saturating_sub(1);
            return Ok(self.at_once_left > 0);
        }
        if self.waiting.is_none() {
            self.waiting = Some(self.begin()?);
        }
        if let Some(waiting) = &mut self.waiting {
            waiting.beyond(at, left).await;
        }
        Ok(true)
    }

    /// Whether it came to the end of the stream and waited there.
    const fn has_waited(&self) -> bool {
        self.waiting.is_some()
    }

    fn begin(&self) -> Result<WaitingRequest, Problem> {
        let (gateway, key) = (&self.call.gateway, self.call.caller().key);
        gateway.changes().wait(key, gateway.pg()).ok_or_else(|| {
            let why = "as many requests of this key wait for events as may: read with fewer at a time, or without \
                `wait`";
            Problem::new(ProblemCode::RateLimited, why).retry_after(RETRY_SECONDS)
        })
    }
}
