//! Spend alerts: what a payer wants to hear of its money.
//!
//! An alert fires once when its threshold is crossed, and is armed again once it no longer is.
//!
//! ```
//! use model::{AlertKind, MicroCredits};
//!
//! let threshold = MicroCredits::new(1_000_000);
//! assert!(AlertKind::BalanceBelow.is_crossed(MicroCredits::new(999_999), threshold));
//! assert!(!AlertKind::SpentAbove.is_crossed(threshold, threshold));
//! ```

use crate::id::{AlertId, PayerId};
use crate::money::MicroCredits;
use crate::time::Timestamp;

/// The most alerts that a payer has.
pub const ALERTS_MAX: u32 = 20;

/// What an alert looks at.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum AlertKind {
    /// What is available in the wallet is less than the threshold.
    BalanceBelow = 1,
    /// What was spent on the UTC day is more than the threshold.
    SpentAbove = 2,
}

impl AlertKind {
    /// Every kind, by number.
    pub const ALL: [AlertKind; 2] = [AlertKind::BalanceBelow, AlertKind::SpentAbove];

    /// The kind with this stored number.
    pub fn from_number(number: u8) -> Option<AlertKind> {
        AlertKind::ALL.into_iter().find(|&kind| kind as u8 == number)
    }

    /// The name in answers.
    pub const fn slug(self) -> &'static str {
        match self {
            AlertKind::BalanceBelow => "balance_below",
            AlertKind::SpentAbove => "spent_above",
        }
    }

    /// Whether the amount that it looks at is beyond the threshold.
    pub fn is_crossed(self, amount: MicroCredits, threshold: MicroCredits) -> bool {
        match self {
            AlertKind::BalanceBelow => amount < threshold,
            AlertKind::SpentAbove => amount > threshold,
        }
    }
}

/// One alert of a payer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpendAlert {
    /// Its id.
    pub id: AlertId,
    /// Whose money it looks at.
    pub payer: PayerId,
    /// What it looks at.
    pub kind: AlertKind,
    /// What must be crossed.
    pub threshold: MicroCredits,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it fired; `None` while it is armed.
    pub fired_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_of_kinds_never_change() {
        let known = AlertKind::ALL.map(|kind| (kind as u8, kind.slug()));
        assert_eq!(known, [(1, "balance_below"), (2, "spent_above")]);
        for kind in AlertKind::ALL {
            assert_eq!(AlertKind::from_number(kind as u8), Some(kind));
        }
        assert_eq!((AlertKind::from_number(0), AlertKind::from_number(3)), (None, None));
    }

    #[test]
    fn a_threshold_itself_is_not_crossed() {
        let amounts = [9, 10, 11].map(MicroCredits::new);
        let crossed =
            |kind: AlertKind| amounts.map(|amount| kind.is_crossed(amount, MicroCredits::new(10)));
        assert_eq!(crossed(AlertKind::BalanceBelow), [true, false, false]);
        assert_eq!(crossed(AlertKind::SpentAbove), [false, false, true]);
    }
}
