//! What an answer will cost, before it is computed. It never costs more than the estimate's most.

use model::{Epoch, Excess, MicroCredits, PriceIndex, PublishedEpoch, Usage};

use crate::charge::{PriceError, charge};
use crate::index::index_of;

/// What an answer may consist of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsageBounds {
    /// The least: nothing, where the answer may be empty.
    pub least: Usage,
    /// What is likely.
    pub expected: Usage,
    /// The most, by the limits of the request.
    pub most: Usage,
}

/// The indices that may apply: of the epoch that runs, and of the next, which is published already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexBounds {
    /// Now.
    pub current: PriceIndex,
    /// In the next epoch.
    pub next: PriceIndex,
}

/// What an answer will cost if it is asked for by the end of the next epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// Not less than this.
    pub min: MicroCredits,
    /// Probably this.
    pub expected: MicroCredits,
    /// Not more than this.
    pub max: MicroCredits,
}

/// Estimates an answer's cost.
///
/// ```
/// use model::{PriceClass, PriceIndex, PriceItem, Usage};
/// use pricing::{IndexBounds, UsageBounds, estimate};
///
/// let hits = |count| Usage::of(PriceClass::Search).with(PriceItem::ReadCall, 1).with(PriceItem::PersonRow, count);
/// let bounds = UsageBounds { least: Usage::of(PriceClass::Search), expected: hits(3), most: hits(10) };
/// let indices = IndexBounds { current: PriceIndex::ONE, next: PriceIndex::ONE };
/// let estimate = estimate(&bounds, &indices).unwrap();
/// assert_eq!([estimate.min, estimate.expected, estimate.max].map(|cost| cost.to_string()), ["0", "0.65", "2.05"]);
/// ```
///
/// # Errors
/// [`PriceError::BadBounds`] unless least ≤ expected ≤ most, item by item; [`PriceError::TooMuch`].
pub fn estimate(usage: &UsageBounds, indices: &IndexBounds) -> Result<Estimate, PriceError> {
    let UsageBounds { least, expected, most } = usage;
    if !least.is_within(expected) || !expected.is_within(most) {
        return Err(PriceError::BadBounds);
    }
    let IndexBounds { current, next } = *indices;
    Ok(Estimate {
        min: charge(least, current.min(next))?,
        expected: charge(expected, current)?,
        max: charge(most, current.max(next))?,
    })
}

impl Estimate {
    /// What is charged for an answer that turned out to cost `cost`: we bear what exceeds the most.
    pub fn settle(&self, cost: MicroCredits) -> MicroCredits {
        cost.min(self.max)
    }
}

/// The first epoch in which `most` may cost no more than `limit`, if nothing of its class is used until
/// then; `latest` is the last published epoch. `None` if it costs more at the floors.
///
/// # Errors
/// [`PriceError::TooMuch`] where the price at the floors is more than 64 bits hold.
pub fn first_epoch_within(
    most: &Usage,
    limit: MicroCredits,
    latest: &PublishedEpoch,
) -> Result<Option<Epoch>, PriceError> {
    if charge(most, PriceIndex::ONE)? > limit {
        return Ok(None);
    }
    let fits = |epochs: &u32| {
        let fallen = u64::from(*epochs) * Excess::STEP.bits();
        let excess = Excess::from_bits(latest.excess.bits().saturating_sub(fallen));
        charge(most, index_of(excess)).is_ok_and(|cost| cost <= limit)
    };
    // After this many epochs without use, prices are the floors, which fit.
    let epochs = (0..=EPOCHS_TO_FLOOR).find(fits);
    Ok(epochs.map(|epochs| latest.epoch.after(epochs)))
}

/// How many epochs without use lead from the highest prices to the floors.
const EPOCHS_TO_FLOOR: u32 = 180;

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;
    use crate::history::first_epoch;
    use model::{PriceClass, PriceItem};

    fn rows(count: u64) -> Usage {
        Usage::of(PriceClass::Graph).with(PriceItem::RankRow, count)
    }

    const INDICES: IndexBounds = IndexBounds {
        current: PriceIndex::from_bits(2 << 32),
        next: PriceIndex::from_bits(3 << 32),
    };

    #[test]
    fn bounds_take_the_worse_index_and_the_expectation_the_current_one() {
        let bounds = UsageBounds { least: rows(1), expected: rows(2), most: rows(3) };
        let known = |indices: &IndexBounds| {
            let found = estimate(&bounds, indices).unwrap();
            [found.min, found.expected, found.max].map(MicroCredits::micros)
        };
        assert_eq!(known(&INDICES), [40_000, 80_000, 180_000]);
        let falling = IndexBounds { current: INDICES.next, next: INDICES.current };
        assert_eq!(known(&falling), [40_000, 120_000, 180_000]);
    }

    #[test]
    fn we_bear_what_exceeds_the_most() {
        let bounds = UsageBounds { least: rows(0), expected: rows(1), most: rows(1) };
        let estimate = estimate(&bounds, &INDICES).unwrap();
        let settled =
            [59_999, 60_000, 60_001].map(|micros| estimate.settle(MicroCredits::new(micros)));
        assert_eq!(settled.map(MicroCredits::micros), [59_999, 60_000, 60_000]);
    }

    #[test]
    fn bounds_that_contradict_each_other_are_refused() {
        let bounds = |least, expected, most| {
            let bounds =
                UsageBounds { least: rows(least), expected: rows(expected), most: rows(most) };
            estimate(&bounds, &INDICES).err()
        };
        assert_eq!(bounds(2, 1, 3), Some(PriceError::BadBounds));
        assert_eq!(bounds(0, 4, 3), Some(PriceError::BadBounds));
        assert_eq!(bounds(0, 0, u64::MAX), Some(PriceError::TooMuch));
        assert_eq!(bounds(0, 3, 3), None);
    }

    #[test]
    fn the_first_epoch_within_a_limit_is_reached_by_the_steepest_fall() {
        let target = NonZeroU64::new(100).unwrap();
        let first = first_epoch(PriceClass::Graph, Epoch::new(500), target);
        let latest = PublishedEpoch { excess: Excess::MAX, index: PriceIndex::MAX, ..first };
        let within = |micros| {
            let limit = MicroCredits::new(micros);
            first_epoch_within(&rows(1), limit, &latest).unwrap().map(Epoch::number)
        };
        assert_eq!(within(160_000), Some(500));
        assert_eq!(within(159_999), Some(501));
        assert_eq!((within(80_000), within(40_000)), (Some(560), Some(620)));
        assert_eq!((within(20_000), within(19_999)), (Some(680), None));
        let too_much = first_epoch_within(&rows(u64::MAX), MicroCredits::MAX, &latest);
        assert_eq!(too_much, Err(PriceError::TooMuch));
    }
}
