//! What an answer costs: ⌈Σ count · floor · index⌉, rounded once.

use model::{MicroCredits, PriceIndex, PriceItem, Usage};

/// Fractional bits of an index.
const FRACTION_BITS: u32 = 32;

/// Why there is no price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// The amount is more than 64 bits of micro-credits hold: 9.2 trillion credits.
    #[error("it costs more than can be counted: ask for less")]
    TooMuch,
    /// The bounds of a usage contradict each other.
    #[error("the least usage exceeds the most")]
    BadBounds,
}

/// A floor for each item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Floors {
    floors: [MicroCredits; PriceItem::ALL.len()],
}

impl Floors {
    /// Those that hold: [`PriceItem::floor`].
    pub fn current() -> Floors {
        Floors::new(PriceItem::floor)
    }

    /// A floor for each item, as the function says.
    pub fn new(floor: impl Fn(PriceItem) -> MicroCredits) -> Floors {
        Floors { floors: PriceItem::ALL.map(floor) }
    }

    /// What `usage` costs at these floors and this index.
    ///
    /// It never falls as a count, a floor or the index grows. What is divided into k usages costs as much
    /// or up to k − 1 micro-credits more, never less.
    ///
    /// # Errors
    /// [`PriceError::TooMuch`] where it is more than 64 bits hold.
    pub fn charge(&self, usage: &Usage, index: PriceIndex) -> Result<MicroCredits, PriceError> {
        let index = i128::from(index.bits());
        let mut sum = 0i128;
        for (item, floor) in PriceItem::ALL.into_iter().zip(self.floors) {
            let cost = i128::from(usage.count(item)).checked_mul(i128::from(floor.micros()));
            let cost = cost.and_then(|cost| cost.checked_mul(index));
            let more = cost.and_then(|cost| sum.checked_add(cost));
            sum = more.ok_or(PriceError::TooMuch)?;
        }
        let whole = sum.checked_add((1 << FRACTION_BITS) - 1).ok_or(PriceError::TooMuch)?;
        let micros = i64::try_from(whole >> FRACTION_BITS).map_err(|_| PriceError::TooMuch)?;
        Ok(MicroCredits::new(micros))
    }
}

/// What `usage` costs at this index and the current floors.
///
/// ```
/// use model::{PriceClass, PriceIndex, PriceItem, Usage};
///
/// let row = Usage::of(PriceClass::Graph).with(PriceItem::RankRow, 1);
/// let index = PriceIndex::from_bits(PriceIndex::ONE.bits() + 1);
/// assert_eq!(pricing::charge(&row, index).unwrap().micros(), 20_001); // any part counts as one
/// ```
///
/// # Errors
/// [`PriceError::TooMuch`] where it is more than 64 bits hold.
pub fn charge(usage: &Usage, index: PriceIndex) -> Result<MicroCredits, PriceError> {
    Floors::current().charge(usage, index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::PriceClass;

    fn rows(count: u64) -> Usage {
        Usage::of(PriceClass::Graph).with(PriceItem::RankRow, count)
    }

    fn all_at(micros: i64) -> Floors {
        Floors::new(|_| MicroCredits::new(micros))
    }

    #[test]
    fn the_sum_is_rounded_once_and_up() {
        let half = PriceIndex::from_bits(3 << 31);
        let usage = rows(1).with(PriceItem::PersonRow, 1);
        // Two times 1.5 are 3, where rounding each would give 4.
        assert_eq!(all_at(1).charge(&usage, half), Ok(MicroCredits::new(3)));
        assert_eq!(all_at(1).charge(&rows(1), half), Ok(MicroCredits::new(2)));
        assert_eq!(all_at(1).charge(&rows(3), half), Ok(MicroCredits::new(5)));
        assert_eq!(charge(&rows(0), PriceIndex::MAX), Ok(MicroCredits::ZERO));
    }

    #[test]
    fn every_item_has_its_floor() {
        for item in PriceItem::ALL {
            let one = Usage::of(PriceClass::Search).with(item, 1);
            assert_eq!(charge(&one, PriceIndex::ONE), Ok(item.floor()), "{item}");
        }
    }

    #[test]
    fn at_the_edges_of_64_bits_there_is_an_error_or_the_exact_amount() {
        let most = i64::MAX.unsigned_abs();
        assert_eq!(all_at(1).charge(&rows(most), PriceIndex::ONE), Ok(MicroCredits::MAX));
        assert_eq!(all_at(1).charge(&rows(most + 1), PriceIndex::ONE), Err(PriceError::TooMuch));
        let above_one = PriceIndex::from_bits(PriceIndex::ONE.bits() + 1);
        assert_eq!(all_at(1).charge(&rows(most), above_one), Err(PriceError::TooMuch));
        let highest = PriceIndex::from_bits(u64::MAX);
        assert_eq!(all_at(i64::MAX).charge(&rows(u64::MAX), highest), Err(PriceError::TooMuch));
        assert_eq!(all_at(0).charge(&rows(u64::MAX), highest), Ok(MicroCredits::ZERO));
        // Sums just below 2^127: where they are added, and where they are rounded.
        let two = rows(1 << 63).with(PriceItem::PersonRow, 1 << 63);
        assert_eq!(all_at(1).charge(&two, highest), Err(PriceError::TooMuch));
        let nearly = Usage::of(PriceClass::Graph)
            .with(PriceItem::ReadCall, u64::MAX)
            .with(PriceItem::RankRow, 1);
        let floors = Floors::new(|item| match item {
            PriceItem::ReadCall => MicroCredits::new(1 << 62),
            _ => MicroCredits::new(1),
        });
        assert_eq!(floors.charge(&nearly, PriceIndex::from_bits(2)), Err(PriceError::TooMuch));
    }

    #[test]
    fn a_trillion_rows_have_a_price() {
        let trillion = charge(&rows(1_000_000_000_000), PriceIndex::MAX).unwrap();
        assert_eq!(trillion.to_string(), "160000000000");
    }
}
