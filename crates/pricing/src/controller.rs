//! How the excess of a class follows its use, epoch by epoch.
//!
//! In each epoch the excess changes by `(used − target) / target`, by at most 1, and it stays between 0
//! and 180. As the change is added, use above the target and as much below it cancel exactly, and nothing
//! is remembered beyond the bounds.
//!
//! Where the target is below 30 units, single requests would move the price by their chance arrival, and
//! the limit of 1 would cut them: three requests at once in one epoch and none in nine would count as
//! one and minus nine. So the use of the last ⌈30/target⌉ epochs is compared with their targets.

use std::num::NonZeroU64;

use model::Excess;

/// Fewer expected units are not decided upon: epochs are summed until there are as many.
pub const UNITS_DECIDED_MIN: u64 = 30;

/// The most epochs that are summed: those of a target of one unit.
pub const EPOCHS_SUMMED_MAX: usize = 30;

/// What was used of a class in an epoch that is over, and what was to be used at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochUse {
    /// Units of the class's capacity.
    pub used: u64,
    /// The target, in the same units.
    pub target: NonZeroU64,
}

/// How many epochs are summed where this is the target.
pub fn epochs_summed(target: NonZeroU64) -> usize {
    usize::try_from(UNITS_DECIDED_MIN.div_ceil(target.get())).unwrap_or(EPOCHS_SUMMED_MAX)
}

/// The excess after one more epoch. `recent` ends with that epoch and begins as many before as are
/// summed, or with the first one there is; what lies before is left out.
///
/// Without a recent epoch the excess stays what it is.
pub fn next_excess(excess: Excess, recent: &[EpochUse]) -> Excess {
    let Some(last) = recent.last() else { return excess };
    let summed = recent.iter().rev().take(epochs_summed(last.target));
    let (mut used, mut target) = (0i128, 0i128);
    for epoch in summed {
        used += i128::from(epoch.used);
        target += i128::from(epoch.target.get());
    }
    let one = i128::from(Excess::STEP.bits());
    // Thirty numbers of 64 bits are below 2^69, so that the product is below 2^102. The quotient is cut
    // towards 0: as much above the target as below it is the same change.
    let change = ((used - target) * one / target).clamp(-one, one);
    let most = i128::from(Excess::MAX.bits());
    let sum = (i128::from(excess.bits()) + change).clamp(0, most);
    // It is between 0 and 180·2^32.
    Excess::from_bits(sum as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(used: u64, target: u64) -> EpochUse {
        EpochUse { used, target: NonZeroU64::new(target).unwrap() }
    }

    fn after(excess: Excess, recent: &[EpochUse]) -> u64 {
        next_excess(excess, recent).bits()
    }

    const TEN: Excess = Excess::from_bits(10 << 32);

    #[test]
    fn the_change_is_the_share_above_or_below_the_target_and_at_most_one() {
        let bits = TEN.bits();
        assert_eq!(after(TEN, &[epoch(100, 100)]), bits);
        assert_eq!(after(TEN, &[epoch(150, 100)]), bits + (1 << 31));
        assert_eq!(after(TEN, &[epoch(25, 100)]), bits - (3 << 30));
        assert_eq!(after(TEN, &[epoch(200, 100)]), bits + (1 << 32));
        assert_eq!(after(TEN, &[epoch(u64::MAX, 100)]), bits + (1 << 32));
        assert_eq!(after(TEN, &[epoch(0, 100)]), bits - (1 << 32));
        assert_eq!(after(TEN, &[]), bits);
    }

    #[test]
    fn the_excess_is_bounded_and_nothing_is_remembered_beyond() {
        assert_eq!(after(Excess::ZERO, &[epoch(0, 100)]), 0);
        assert_eq!(after(Excess::MAX, &[epoch(200, 100)]), Excess::MAX.bits());
        assert_eq!(after(Excess::MAX, &[epoch(0, 100)]), 179 << 32);
        assert_eq!(after(Excess::from_bits(u64::MAX), &[epoch(0, 100)]), Excess::MAX.bits());
        assert_eq!(after(Excess::from_bits(1), &[epoch(99, 100)]), 0);
        let extreme = epoch(u64::MAX, u64::MAX);
        assert_eq!(after(TEN, &[extreme]), TEN.bits());
    }

    #[test]
    fn a_part_of_a_unit_is_cut_towards_the_target() {
        let third = (1u64 << 32) / 3;
        assert_eq!(after(TEN, &[epoch(400, 300)]), TEN.bits() + third);
        assert_eq!(after(TEN, &[epoch(200, 300)]), TEN.bits() - third);
    }

    #[test]
    fn small_targets_are_summed_over_epochs() {
        let summed = [1, 2, 7, 29, 30, 31, u64::MAX]
            .map(|target| epochs_summed(NonZeroU64::new(target).unwrap()));
        assert_eq!(summed, [30, 15, 5, 2, 1, 1, 1]);
        // Two epochs of 15: 40 of 30 is a third more; what lies before counts nothing.
        let recent = [epoch(1_000, 15), epoch(10, 15), epoch(30, 15)];
        assert_eq!(after(TEN, &recent), TEN.bits() + (1u64 << 32) / 3);
        // The last target decides how many; each counts with its own.
        let changed = [epoch(60, 45), epoch(15, 15)];
        assert_eq!(after(TEN, &changed), TEN.bits() + (1u64 << 32) / 4);
        assert_eq!(after(TEN, &[epoch(15, 15), epoch(60, 45)]), TEN.bits() + (1u64 << 32) / 3);
    }

    #[test]
    fn a_burst_of_a_small_class_counts_what_it_was() {
        // A target of one an epoch, met by thirty at once every half an hour: no change in the mean.
        let mut recent: Vec<EpochUse> = (0..29).map(|_| epoch(0, 1)).collect();
        recent.push(epoch(30, 1));
        let mut excess = TEN;
        for at in 0..300 {
            recent.push(epoch(if at % 30 == 29 { 30 } else { 0 }, 1));
            excess = next_excess(excess, &recent);
        }
        assert_eq!(excess, TEN);
    }
}
