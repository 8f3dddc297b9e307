//! The index of an excess: 2^(excess/60), computed with integers only, so that every machine finds the same.
//!
//! The excess is `60·n + rest`. The factor 2^n is a shift. For the rest, `y = ln 2 · rest/60` and
//! e^y = Σ y^k/k!, twenty terms with 62 fractional bits, each cut. y, and so each of the twenty terms, is
//! too small by at most 2 units of 2^-62 and what its predecessor lacks: together by less than 2^-56.
//! Rounding to 32 bits adds at most 2^-33. Both are relative to a number from 1 to 2, and the shift
//! keeps them so:
//!
//! > |index / 2^(excess/60) − 1| < 2^-33 + 2^-56 < 1.2·10^-10
//!
//! Every step is monotone and the shift comes last, so a greater excess never has a smaller index, and 60
//! more double it exactly.

use model::{Excess, PriceIndex};

/// ln 2 with [`SERIES_BITS`] fractional bits, cut.
const LN_2: u64 = 3_196_577_161_300_663_914;

/// Fractional bits of the terms of the series. Their sum is below 2, so it fits 63 bits.
const SERIES_BITS: u32 = 62;

/// The terms after the first. The twentieth is below 2^-70.
const TERMS: u64 = 20;

/// How many epochs of twice the target double the index.
const EPOCHS_PER_DOUBLING: u64 = 60;

/// Fractional bits of an excess and of an index.
const FRACTION_BITS: u32 = 32;

/// The excess that doubles the index.
const DOUBLING: u64 = EPOCHS_PER_DOUBLING << FRACTION_BITS;

/// The index while this is the excess; beyond [`Excess::MAX`] it stays at 8.
///
/// ```
/// use model::{Excess, PriceIndex};
/// use pricing::index_of;
///
/// assert_eq!(index_of(Excess::ZERO), PriceIndex::ONE);
/// assert_eq!(index_of(Excess::MAX), PriceIndex::MAX);
/// assert_eq!(index_of(Excess::STEP).to_string(), "1.0116");
/// ```
pub fn index_of(excess: Excess) -> PriceIndex {
    let bits = excess.min(Excess::MAX).bits();
    PriceIndex::from_bits(power(bits % DOUBLING) << (bits / DOUBLING))
}

/// 2^(rest/60) for a `rest` below 60, in and out with 32 fractional bits.
fn power(rest: u64) -> u64 {
    let numerator = u128::from(rest) * u128::from(LN_2);
    let exponent = (numerator / u128::from(EPOCHS_PER_DOUBLING)) >> FRACTION_BITS;
    let one = 1u64 << SERIES_BITS;
    let (mut term, mut sum) = (one, one);
    for k in 1..=TERMS {
        // The exponent is below 1, so a term never exceeds the one before.
        term = ((u128::from(term) * exponent) >> SERIES_BITS) as u64 / k;
        sum += term;
    }
    let surplus = SERIES_BITS - FRACTION_BITS;
    (sum + (1 << (surplus - 1))) >> surplus
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bits(excess: u64) -> u64 {
        index_of(Excess::from_bits(excess)).bits()
    }

    /// Made with 60 decimal digits: round(2^(x/60)·2^32) for x below 60 epochs, doubled beyond.
    #[test]
    fn indices_are_those_of_arithmetic_with_60_digits() {
        let known = include!("index/known.in");
        for (excess, index) in known {
            assert_eq!(bits(excess), index, "{excess}");
        }
    }

    proptest! {
        #[test]
        fn a_greater_excess_never_has_a_smaller_index(a in 0u64..=181 << 32, more in 0u64..1 << 34) {
            prop_assert!(bits(a) <= bits(a + more));
        }

        #[test]
        fn sixty_more_double_it_exactly(excess in 0u64..=120 << 32) {
            prop_assert_eq!(bits(excess + DOUBLING), 2 * bits(excess));
        }

        #[test]
        fn the_index_is_within_its_bounds(excess: u64) {
            let index = index_of(Excess::from_bits(excess));
            prop_assert!((PriceIndex::ONE..=PriceIndex::MAX).contains(&index));
        }
    }
}
