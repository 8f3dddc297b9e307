//! Prices over time: epochs of a minute, the index of each class in each of them, and how it is
//! published.
//!
//! ```
//! use model::{Epoch, PriceIndex};
//!
//! let epoch = Epoch::of("2026-11-22T00:01:59Z".parse().unwrap());
//! assert_eq!(epoch.start().to_string(), "2026-11-22T00:01:00Z");
//! assert_eq!(PriceIndex::from_bits(3 << 31).to_string(), "1.5000");
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::price::PriceClass;
use crate::time::Timestamp;

/// How long an epoch is.
pub const EPOCH_SECONDS: i64 = 60;

/// A whole minute of Unix time, counted from 1970-01-01, in which the prices do not change. A leap
/// second is a part of the minute around it.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Epoch {
    number: u32,
}

impl Epoch {
    /// The epoch with this number.
    pub const fn new(number: u32) -> Epoch {
        Epoch { number }
    }

    /// The epoch that contains `at`; times before 1970 or after the year 9999 are clamped.
    pub fn of(at: Timestamp) -> Epoch {
        let number = at.as_second().div_euclid(EPOCH_SECONDS).clamp(0, i64::from(u32::MAX));
        Epoch::new(u32::try_from(number).unwrap_or(u32::MAX))
    }

    /// The number of minutes since 1970-01-01.
    pub const fn number(self) -> u32 {
        self.number
    }

    /// When it begins; the last representable time for epochs after the year 9999.
    pub fn start(self) -> Timestamp {
        Timestamp::from_second(i64::from(self.number) * EPOCH_SECONDS).unwrap_or(Timestamp::MAX)
    }

    /// The epoch `count` earlier, or the first one.
    #[must_use]
    pub const fn before(self, count: u32) -> Epoch {
        Epoch::new(self.number.saturating_sub(count))
    }

    /// The epoch `count` later, or the last one.
    #[must_use]
    pub const fn after(self, count: u32) -> Epoch {
        Epoch::new(self.number.saturating_add(count))
    }
}

/// Fractional bits of [`PriceIndex`] and [`Excess`].
const FRACTION_BITS: u32 = 32;

/// Writes a number with 32 fractional bits as a decimal, cut after four digits.
fn write_fixed(bits: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let fraction = ((bits & u64::from(u32::MAX)) * 10_000) >> FRACTION_BITS;
    write!(f, "{}.{fraction:04}", bits >> FRACTION_BITS)
}

/// A number with 32 fractional bits.
macro_rules! fixed_point {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name {
            bits: u64,
        }

        impl $name {
            /// The number whose 2^32-fold is `bits`.
            pub const fn from_bits(bits: u64) -> $name {
                $name { bits }
            }

            /// The number's 2^32-fold.
            pub const fn bits(self) -> u64 {
                self.bits
            }
        }

        /// A decimal number, cut after four digits.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_fixed(self.bits, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

fixed_point! {
    /// What the floors of a class are multiplied by in an epoch: from 1 to 8, unsigned 32.32 fixed point.
    PriceIndex
}
fixed_point! {
    /// How much more of a class was used than its target, as of late: in targets of one epoch, from 0
    /// to 180, unsigned 32.32 fixed point. Each 60 of it double the index.
    Excess
}

impl PriceIndex {
    /// No congestion: prices are the floors.
    pub const ONE: PriceIndex = PriceIndex::from_bits(1 << FRACTION_BITS);
    /// The highest index.
    pub const MAX: PriceIndex = PriceIndex::from_bits(8 << FRACTION_BITS);
}

impl Excess {
    /// None.
    pub const ZERO: Excess = Excess::from_bits(0);
    /// One target: the most that an epoch adds or takes away.
    pub const STEP: Excess = Excess::from_bits(1 << FRACTION_BITS);
    /// The most that is remembered, at which the index is 8.
    pub const MAX: Excess = Excess::from_bits(180 << FRACTION_BITS);
}

/// The index of a class in an epoch, as it is published: from what it follows, and a hash that chains it
/// to the one published before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedEpoch {
    /// The class.
    pub class: PriceClass,
    /// The epoch in which the index holds.
    pub epoch: Epoch,
    /// Units of the class's capacity that were used two epochs before.
    pub used: u64,
    /// The target in that epoch, in the same units; not 0.
    pub target: u64,
    /// The excess after that.
    pub excess: Excess,
    /// The index.
    pub index: PriceIndex,
    /// SHA-256 of the previous hash and the fields above.
    pub hash: [u8; 32],
}

/// Which prices hold: a version of the floors, and the epoch whose indices apply. As text `1.29717000`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PriceVersion {
    /// The version of the floors.
    pub floors: u16,
    /// The epoch.
    pub epoch: Epoch,
}

impl fmt::Display for PriceVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.floors, self.epoch.number())
    }
}

/// The text is no price version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no price version such as 1.29717000")]
pub struct PriceVersionError(String);

impl FromStr for PriceVersion {
    type Err = PriceVersionError;

    fn from_str(text: &str) -> Result<PriceVersion, PriceVersionError> {
        let version = text.split_once('.').and_then(|(floors, epoch)| {
            Some(PriceVersion {
                floors: floors.parse().ok()?,
                epoch: Epoch::new(epoch.parse().ok()?),
            })
        });
        let version = version.filter(|version| version.to_string() == text);
        version.ok_or_else(|| PriceVersionError(text.chars().take(80).collect()))
    }
}

impl TryFrom<String> for PriceVersion {
    type Error = PriceVersionError;

    fn try_from(text: String) -> Result<PriceVersion, PriceVersionError> {
        text.parse()
    }
}

impl From<PriceVersion> for String {
    fn from(version: PriceVersion) -> String {
        version.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch_of(text: &str) -> Epoch {
        Epoch::of(text.parse().unwrap())
    }

    #[test]
    fn an_epoch_is_a_minute_of_unix_time() {
        let midnight = epoch_of("2026-11-22T00:00:00Z");
        assert_eq!(midnight, Epoch::new(20_779 * 1_440));
        assert_eq!(epoch_of("2026-11-21T23:59:59.999Z").after(1), midnight);
        assert_eq!(epoch_of("2026-11-22T00:00:59.999Z"), midnight);
        assert_eq!(epoch_of("2026-11-22T00:01:00Z"), midnight.after(1));
        assert_eq!(midnight.start().to_string(), "2026-11-22T00:00:00Z");
    }

    #[test]
    fn a_leap_second_and_the_end_of_a_month_are_ordinary_minutes() {
        let leap = epoch_of("2016-12-31T23:59:59Z");
        assert_eq!(epoch_of("2016-12-31T23:59:60Z"), leap);
        assert_eq!(epoch_of("2017-01-01T00:00:00Z"), leap.after(1));
        assert_eq!(epoch_of("2028-02-29T23:59:59Z").after(1), epoch_of("2028-03-01T00:00:00Z"));
    }

    #[test]
    fn epochs_never_wrap() {
        assert_eq!(Epoch::of(Timestamp::MIN), Epoch::new(0));
        assert_eq!(Epoch::of(Timestamp::UNIX_EPOCH), Epoch::new(0));
        assert_eq!(Epoch::new(u32::MAX).after(1), Epoch::new(u32::MAX));
        assert_eq!(
            (Epoch::new(0).before(1), Epoch::new(9).before(2)),
            (Epoch::new(0), Epoch::new(7))
        );
        assert_eq!(Epoch::new(u32::MAX).start(), Timestamp::MAX);
    }

    #[test]
    fn fixed_point_numbers_are_shown_as_decimals() {
        assert_eq!(PriceIndex::ONE.to_string(), "1.0000");
        assert_eq!(PriceIndex::MAX.to_string(), "8.0000");
        assert_eq!(format!("{:?}", Excess::from_bits(u64::from(u32::MAX))), "0.9999");
        assert_eq!(Excess::from_bits(u64::MAX).to_string(), "4294967295.9999");
        assert_eq!((Excess::ZERO.bits(), Excess::STEP.bits()), (0, 1 << 32));
    }

    #[test]
    fn a_price_version_reads_back_and_has_one_form() {
        let version = PriceVersion { floors: 1, epoch: Epoch::new(29_717_000) };
        assert_eq!(version.to_string(), "1.29717000");
        assert_eq!(serde_json::to_string(&version).unwrap(), "\"1.29717000\"");
        assert_eq!(serde_json::from_str::<PriceVersion>("\"1.29717000\"").unwrap(), version);
        for wrong in ["", "1", "1.", "01.2", "1.+2", "1.2.3", "65536.1", "1.4294967296"] {
            assert!(wrong.parse::<PriceVersion>().is_err(), "{wrong}");
        }
    }
}
