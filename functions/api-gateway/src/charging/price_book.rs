//! The prices that hold now, as they were published.

use std::sync::{Arc, Mutex, PoisonError};

use model::price::FLOORS_VERSION;
use model::time::Timestamp;
use model::{Epoch, Excess, PriceClass, PriceIndex, PriceVersion, PublishedEpoch};
use pricing::history::holding;
use pricing::{IndexBounds, index_of};
use store::Pg;
use store::pg::price;

use crate::error::Problem;

/// How long it takes until it is looked again whether the next epoch is published.
const LOOK_MS: i64 = 5_000;

/// The published epochs as the database had them lately.
#[derive(Default)]
pub(crate) struct PriceBook(Mutex<Option<ReadBook>>);

#[derive(Clone)]
struct ReadBook {
    read_ms: i64,
    prices: CurrentPrices,
}

/// What holds in one epoch, of every class. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct CurrentPrices {
    /// The epoch.
    pub(crate) epoch: Epoch,
    /// Of each class the last two that are published, in order.
    published: Arc<[PublishedEpoch]>,
}

impl PriceBook {
    /// The prices at `now`.
    pub(crate) async fn at(&self, pg: &Pg, now: Timestamp) -> Result<CurrentPrices, Problem> {
        let epoch = Epoch::of(now);
        if let Some(prices) = self.remembered(epoch, now.as_millisecond()) {
            return Ok(prices);
        }
        let published = price::book(pg, epoch.after(1)).await?.into();
        let prices = CurrentPrices { epoch, published };
        let read = ReadBook { read_ms: now.as_millisecond(), prices: prices.clone() };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(read);
        Ok(prices)
    }

    /// What was read in this epoch, if the next one was published by then, or it was a moment ago.
    fn remembered(&self, epoch: Epoch, now_ms: i64) -> Option<CurrentPrices> {
        let book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let read = book.as_ref().filter(|read| read.prices.epoch == epoch)?;
        let is_fresh = read.prices.has_next() || now_ms < read.read_ms + LOOK_MS;
        is_fresh.then(|| read.prices.clone())
    }
}

impl CurrentPrices {
    /// Their version.
    pub(crate) const fn version(&self) -> PriceVersion {
        PriceVersion { floors: FLOORS_VERSION, epoch: self.epoch }
    }

    /// What holds of a class; `None` while nothing is published: its prices are the floors.
    pub(crate) fn current(&self, class: PriceClass) -> Option<&PublishedEpoch> {
        holding(self.of(class), self.epoch)
    }

    /// What is published of a class for the next epoch.
    pub(crate) fn next(&self, class: PriceClass) -> Option<&PublishedEpoch> {
        self.of(class).last().filter(|last| last.epoch > self.epoch)
    }

    /// The index of a class.
    pub(crate) fn index(&self, class: PriceClass) -> PriceIndex {
        self.current(class).map_or(PriceIndex::ONE, |current| current.index)
    }

    /// The indices of a class until the end of the next epoch. Where that is not published yet, it is at most
    /// one step higher.
    pub(crate) fn bounds(&self, class: PriceClass) -> IndexBounds {
        let excess = self.current(class).map_or(Excess::ZERO, |current| current.excess);
        let most = index_of(Excess::from_bits(excess.bits() + Excess::STEP.bits()));
        let next = self.next(class).map_or(most, |next| next.index);
        IndexBounds { current: self.index(class), next }
    }

    fn of(&self, class: PriceClass) -> &[PublishedEpoch] {
        let from = self.published.partition_point(|one| one.class < class);
        let until = self.published.partition_point(|one| one.class <= class);
        &self.published[from..until]
    }

    fn has_next(&self) -> bool {
        PriceClass::ALL.into_iter().all(|class| self.next(class).is_some())
    }
}
