//! Statements: what moved in one payer's account in one month, sealed and chained from month to month.
//!
//! ```
//! use model::Month;
//!
//! let month: Month = "2026-12".parse().unwrap();
//! assert_eq!(month.start().to_string(), "2026-12-01T00:00:00Z");
//! assert_eq!(month.next().to_string(), "2027-01");
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::PayerId;
use crate::money::MicroCredits;
use crate::time::Timestamp;

/// A UTC month from 1970 to 9999, such as `2026-11`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Month(u32);

/// The first year that has months.
const YEAR_MIN: u32 = 1970;
/// The last one.
const YEAR_MAX: u32 = 9999;

impl Month {
    /// The month that contains `at`; times outside of 1970 to 9999 are clamped.
    pub fn of(at: Timestamp) -> Month {
        let at = at.max(Timestamp::UNIX_EPOCH);
        at.strftime("%Y-%m").to_string().parse().unwrap_or(Month(12 * YEAR_MAX + 11))
    }

    /// Its number, as it is stored: 12 · year + month − 1.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The month with this stored number.
    pub fn from_number(number: u32) -> Option<Month> {
        (YEAR_MIN..=YEAR_MAX).contains(&(number / 12)).then_some(Month(number))
    }

    /// Its first instant.
    pub fn start(self) -> Timestamp {
        format!("{self}-01T00:00:00Z").parse().unwrap_or(Timestamp::MAX)
    }

    /// The month after it. The last month is its own next one.
    #[must_use]
    pub fn next(self) -> Month {
        Month::from_number(self.0 + 1).unwrap_or(self)
    }

    /// The month before it. The first month is its own previous one.
    #[must_use]
    pub fn previous(self) -> Month {
        Month::from_number(self.0 - 1).unwrap_or(self)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0 / 12, self.0 % 12 + 1)
    }
}

/// The text is no month.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no month from 1970-01 to 9999-12, such as 2026-11")]
pub struct MonthError(String);

impl FromStr for Month {
    type Err = MonthError;

    fn from_str(text: &str) -> Result<Month, MonthError> {
        let month = text.split_once('-').and_then(|(year, month)| {
            let (year, month): (u32, u32) = (year.parse().ok()?, month.parse().ok()?);
            year.checked_mul(12)?.checked_add(month.checked_sub(1)?)
        });
        let month = month.and_then(Month::from_number).filter(|month| month.to_string() == text);
        month.ok_or_else(|| MonthError(text.chars().take(80).collect()))
    }
}

impl TryFrom<String> for Month {
    type Error = MonthError;

    fn try_from(text: String) -> Result<Month, MonthError> {
        text.parse()
    }
}

impl From<Month> for String {
    fn from(month: Month) -> String {
        month.to_string()
    }
}

/// What moved in one payer's account in one month, by the time of posting. Once made it never changes:
/// a later correction is a line of a later month.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Statement {
    /// Whose account.
    pub payer: PayerId,
    /// Which month.
    pub month: Month,
    /// How many lines.
    pub lines: u64,
    /// What could be used before the first line.
    pub opening: MicroCredits,
    /// The sum of the lines that give.
    pub credited: MicroCredits,
    /// The sum of the lines that take.
    pub debited: MicroCredits,
    /// What can be used after the last line: opening + credited − debited.
    pub closing: MicroCredits,
    /// The root of the previous month's statement; zeros if there is none.
    pub previous_root: [u8; 32],
    /// The Merkle root of the lines, chained to the previous root.
    pub root: [u8; 32],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_follow_each_other_over_the_year() {
        let month: Month = "2026-12".parse().unwrap();
        assert_eq!(
            (month.previous().to_string(), month.next().to_string()),
            ("2026-11".into(), "2027-01".into())
        );
        let at = |text: &str| Month::of(text.parse().unwrap()).to_string();
        assert_eq!(at("2026-11-30T23:59:59.999999999Z"), "2026-11");
        assert_eq!(at("2026-12-01T00:00:00Z"), "2026-12");
        assert_eq!(Month::of(Timestamp::MIN).to_string(), "1970-01");
        assert_eq!(Month::of(Timestamp::MAX).to_string(), "9999-12");
        let (first, last) = (Month::of(Timestamp::MIN), Month::of(Timestamp::MAX));
        assert_eq!((first.previous(), last.next()), (first, last));
        assert_eq!(Month::from_number(month.number()), Some(month));
        assert_eq!(Month::from_number(12 * 1969 + 11), None);
    }

    #[test]
    fn a_month_has_one_form() {
        assert_eq!(
            serde_json::to_string(&Month::of(Timestamp::UNIX_EPOCH)).unwrap(),
            "\"1970-01\""
        );
        for wrong in [
            "", "2026", "2026-0", "2026-1", "2026-13", "2026-00", "1969-12", "10000-01",
            "2026-011", "+2026-01",
        ] {
            assert!(wrong.parse::<Month>().is_err(), "{wrong}");
        }
    }
}
