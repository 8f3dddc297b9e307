//! What a request costs: from what its client allows to the release of its answer.
//!
//! [`admit`](mod@admit) decides before the handler runs: limits, the most that the answer can cost, replays. [`release()`]
//! charges the answer that is ready, and only what it says lets a byte leave
//! (decision 28). Everything else is what the two look up: the [list of priced routes](price_list), the
//! [current prices](price_book), and the counters of one process.

mod admit;
mod admitted;
mod answer_counter;
mod client_terms;

mod outbox;
mod payment_due;
mod price_book;
pub(crate) mod price_list;
mod quote_book;
mod release;

use billing::LeaseBook;
use model::KeyId;
use model::time::Timestamp;
use store::Pg;
use store::queue::StoredQueue;
use store::wallet::StoredWallet;

pub(crate) use admit::{BODY_BYTES_MAX, admit, no_free_answer, refused_request};
pub(crate) use admitted::{AdmittedRequest, PricedRequest};
pub(crate) use answer_counter::{AnswerCounter, FreeAnswersLeft};
pub(crate) use client_terms::{DRY_RUN, IDEMPOTENCY_KEY, MAX_COST, QUOTE};
pub(crate) use outbox::Outbox;
pub(crate) use payment_due::unpaid;
use payment_due::withheld;
pub(crate) use price_book::{CurrentPrices, PriceBook};
pub(crate) use price_list::route_price;
pub(crate) use quote_book::{QuoteBook, unknown_quote};
pub(crate) use release::{ReadyAnswer, Receipt, release};

use crate::error::Problem;
use crate::rate_limit::{RateLimiter, RequestLimits};

/// How one gateway charges.
#[derive(Debug, Clone, Copy)]
pub struct ChargingSettings {
    /// How many requests it takes.
    pub limits: RequestLimits,
    /// Doorbells are rung when this many wait, and by [`Gateway::flush`](crate::Gateway::flush). A process that may be
    /// frozen between two requests takes 1.
    pub doorbells_at_once: usize,
}

/// What charging needs: shared by all requests of a gateway.
pub(crate) struct Charging {
    pub(crate) wallet: StoredWallet,
    pub(crate) leases: LeaseBook,
    pub(crate) book: PriceBook,
    pub(crate) quotes: QuoteBook,
    pub(crate) limiter: RateLimiter<KeyId>,
    pub(crate) counter: AnswerCounter,
    pub(crate) outbox: Outbox,
}

impl Charging {
    /// Charging by this wallet, with doorbells in this queue.
    pub(crate) fn new(
        wallet: StoredWallet,
        usage: StoredQueue,
        settings: ChargingSettings,
    ) -> Self {
        Charging {
            wallet,
            leases: LeaseBook::default(),
            book: PriceBook::default(),
            quotes: QuoteBook::default(),
            limiter: RateLimiter::new(settings.limits.of_key()),
            counter: AnswerCounter::new(settings.limits),
            outbox: Outbox::new(usage, settings.doorbells_at_once),
        }
    }

    /// Rings for all charges that wait, and stores what was counted.
    ///
    /// # Errors
    /// That of the queue or the database; what was not sent waits on.
    pub(crate) async fn flush(&self, pg: &Pg) -> Result<(), Problem> {
        self.outbox.flush(pg).await?;
        self.counter.flush(pg).await
    }

    /// The prices at `now`.
    pub(crate) async fn prices(&self, pg: &Pg, now: Timestamp) -> Result<CurrentPrices, Problem> {
        self.book.at(pg, now).await
    }
}
