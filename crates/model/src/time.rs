//! Instants, which come from a [`Clock`](crate::port::Clock), and days.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use jiff::Timestamp;

const DAY_SECONDS: i64 = 86_400;

/// A whole UTC day, counted from 1970-01-01: the unit of time of interactions and charges.
///
/// ```
/// use model::Day;
///
/// let day: Day = "2026-11-22".parse().unwrap();
/// assert_eq!(day, Day(20_779));
/// assert_eq!(day.until("2026-12-01".parse().unwrap()), 9);
/// assert_eq!(Day(0).to_string(), "1970-01-01");
/// ```
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Day(pub u16);

impl Day {
    /// The day of `at`; times outside of 1970 to 2149 are clamped.
    pub fn of(at: Timestamp) -> Day {
        let days = at.as_second().div_euclid(DAY_SECONDS).clamp(0, i64::from(u16::MAX));
        Day(u16::try_from(days).unwrap_or(u16::MAX))
    }

    /// Whole days from `self` to `later`; 0 if `later` is not later.
    pub fn until(self, later: Day) -> u16 {
        later.0.saturating_sub(self.0)
    }
}

/// A date, such as `2026-11-22`.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let midnight = Timestamp::from_second(i64::from(self.0) * DAY_SECONDS).unwrap_or_default();
        write!(f, "{}", midnight.strftime("%Y-%m-%d"))
    }
}

/// The text is no date, or none of 1970 to 2149.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no date from 1970 to 2149, such as 2026-11-22")]
pub struct DayError(String);

impl FromStr for Day {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Day, DayError> {
        let midnight: Option<Timestamp> = format!("{text}T00:00:00Z").parse().ok();
        let day = midnight.map(Day::of).filter(|day| day.to_string() == text);
        day.ok_or_else(|| DayError(text.to_owned()))
    }
}

/// Unix seconds, the form in which times are stored in 32-bit columns (until 2106).
pub fn unix_seconds(at: Timestamp) -> u32 {
    u32::try_from(at.as_second().clamp(0, i64::from(u32::MAX))).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_count_from_1970_and_never_wrap() {
        assert_eq!(Day::of(Timestamp::UNIX_EPOCH), Day(0));
        let at: Timestamp = "2026-11-22T23:59:59Z".parse().unwrap();
        assert_eq!(Day::of(at), Day(20_779));
        assert_eq!(Day::of(Timestamp::MAX), Day(u16::MAX));
        assert_eq!(Day(20_779).to_string(), "2026-11-22");
        assert_eq!("2026-11-22".parse(), Ok(Day(20_779)));
        for wrong in ["", "20779", "2026-11-22T00:00:00Z", "1969-12-31", "2150-01-01"] {
            assert!(wrong.parse::<Day>().is_err(), "{wrong}");
        }
        assert_eq!(Day(3).until(Day(10)), 7);
        assert_eq!(Day(10).until(Day(3)), 0);
    }

    #[test]
    fn seconds_are_clamped_to_32_bits() {
        assert_eq!(unix_seconds("2026-11-22T00:00:01Z".parse().unwrap()), 20_779 * 86_400 + 1);
        assert_eq!(unix_seconds("1969-12-31T23:59:59Z".parse().unwrap()), 0);
        assert_eq!(unix_seconds(Timestamp::MAX), u32::MAX);
        assert_eq!(Day::of("1969-12-31T23:59:59Z".parse().unwrap()), Day(0));
    }
}
