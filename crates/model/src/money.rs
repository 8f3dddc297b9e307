//! Money: credits, counted in millionths by integers. A credit costs $0.001.
//!
//! ```
//! use model::MicroCredits;
//!
//! let price: MicroCredits = "0.05".parse().unwrap();
//! assert_eq!(price, MicroCredits::new(50_000));
//! assert_eq!(price.checked_mul(3).unwrap().to_string(), "0.15");
//! assert_eq!(MicroCredits::MAX.checked_add(price), None); // money never wraps
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How many micro-credits a credit is.
pub const MICROS_PER_CREDIT: i64 = 1_000_000;

/// Decimal digits of a credit that are kept.
const DECIMALS: usize = 6;

/// An amount of money, in micro-credits: 10^-6 credits, or $10^-9. Negative amounts are what is owed.
///
/// All arithmetic is checked. In text it is a decimal number of credits, in JSON the micro-credits.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MicroCredits {
    micros: i64,
}

impl MicroCredits {
    /// Nothing.
    pub const ZERO: MicroCredits = MicroCredits { micros: 0 };
    /// The largest amount: 9.2 trillion credits.
    pub const MAX: MicroCredits = MicroCredits { micros: i64::MAX };

    /// This many micro-credits.
    pub const fn new(micros: i64) -> MicroCredits {
        MicroCredits { micros }
    }

    /// This many whole credits; `None` where that is more than 64 bits hold.
    pub const fn of_credits(credits: i64) -> Option<MicroCredits> {
        match credits.checked_mul(MICROS_PER_CREDIT) {
            Some(micros) => Some(MicroCredits { micros }),
            None => None,
        }
    }

    /// The number of micro-credits.
    pub const fn micros(self) -> i64 {
        self.micros
    }

    /// The sum; `None` where it is more than 64 bits hold.
    #[must_use]
    pub fn checked_add(self, other: MicroCredits) -> Option<MicroCredits> {
        self.micros.checked_add(other.micros).map(MicroCredits::new)
    }

    /// The difference; `None` where it is more than 64 bits hold.
    #[must_use]
    pub fn checked_sub(self, other: MicroCredits) -> Option<MicroCredits> {
        self.micros.checked_sub(other.micros).map(MicroCredits::new)
    }

    /// The amount `times` over; `None` where it is more than 64 bits hold.
    #[must_use]
    pub fn checked_mul(self, times: i64) -> Option<MicroCredits> {
        self.micros.checked_mul(times).map(MicroCredits::new)
    }
}

/// Credits, with as many decimals as needed: `0.05`, `-12`.
impl fmt::Display for MicroCredits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.micros.unsigned_abs();
        let (whole, rest) =
            (micros / MICROS_PER_CREDIT.unsigned_abs(), micros % MICROS_PER_CREDIT.unsigned_abs());
        let sign = if self.micros < 0 { "-" } else { "" };
        if rest == 0 {
            return write!(f, "{sign}{whole}");
        }
        let decimals = format!("{rest:0DECIMALS$}");
        write!(f, "{sign}{whole}.{}", decimals.trim_end_matches('0'))
    }
}

/// The same with its unit: `0.05 cr`.
impl fmt::Debug for MicroCredits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} cr")
    }
}

/// The text is no amount of credits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no number of credits with at most six decimals, such as 12 or 0.05")]
pub struct MoneyError(String);

impl FromStr for MicroCredits {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<MicroCredits, MoneyError> {
        parsed(text)
            .map(MicroCredits::new)
            .ok_or_else(|| MoneyError(text.chars().take(80).collect()))
    }
}

fn parsed(text: &str) -> Option<i64> {
    let (sign, number) = text.strip_prefix('-').map_or((1, text), |number| (-1, number));
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || !is_number(decimals) || decimals.len() > DECIMALS {
        return None;
    }
    let whole: i128 = whole.parse::<u64>().ok()?.into();
    let decimals: i128 = format!("{decimals:0<DECIMALS$}").parse::<u32>().ok()?.into();
    // 64 bits of credits times 10^6 stay far below 128 bits.
    i64::try_from(sign * (whole * i128::from(MICROS_PER_CREDIT) + decimals)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_amount_reads_back(micros: i64) {
            let amount = MicroCredits::new(micros);
            prop_assert_eq!(amount.to_string().parse(), Ok(amount));
        }
    }

    #[test]
    fn amounts_are_shown_in_credits() {
        let shown = [0, 50_000, 1_000_000, -12_000_000, -1, i64::MAX, i64::MIN];
        let shown = shown.map(|micros| MicroCredits::new(micros).to_string());
        let expected = ["0", "0.05", "1", "-12", "-0.000001"];
        assert_eq!(shown[..5], expected);
        assert_eq!(shown[5..], ["9223372036854.775807", "-9223372036854.775808"]);
        assert_eq!(format!("{:?}", MicroCredits::new(1_500_000)), "1.5 cr");
        assert_eq!(serde_json::to_string(&MicroCredits::new(7)).unwrap(), "7");
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        let wrong = ["", "-", ".5", "1.", "1.0000001", "+1", "1e3", "1,5", " 1", "0x1", "--1"];
        for text in wrong.into_iter().chain(["9223372036854.775808", "99999999999999999999"]) {
            assert!(text.parse::<MicroCredits>().is_err(), "{text}");
        }
        let error = "1,5".parse::<MicroCredits>().unwrap_err().to_string();
        assert_eq!(
            error,
            "`1,5` is no number of credits with at most six decimals, such as 12 or 0.05"
        );
        assert_eq!("0012.500".parse(), Ok(MicroCredits::new(12_500_000)));
    }

    #[test]
    fn arithmetic_at_the_edges_is_checked() {
        let (one, least) = (MicroCredits::new(1), MicroCredits::new(i64::MIN));
        assert_eq!(MicroCredits::MAX.checked_add(one), None);
        assert_eq!(least.checked_sub(one), None);
        assert_eq!(least.checked_mul(-1), None);
        assert_eq!(MicroCredits::of_credits(i64::MAX), None);
        assert_eq!(MicroCredits::of_credits(3), Some(MicroCredits::new(3_000_000)));
        assert_eq!(one.checked_add(one), one.checked_mul(2));
        assert_eq!(one.checked_sub(one), Some(MicroCredits::ZERO));
        assert_eq!(MicroCredits::MAX.micros(), i64::MAX);
    }
}
