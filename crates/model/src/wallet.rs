//! The wallet: what a payer may spend, and what is set aside of it.
//!
//! ```
//! use model::{MicroCredits, WalletBalance};
//!
//! let credits = MicroCredits::new;
//! let (available, held, leased) = (credits(5), credits(2), credits(1));
//! let balance = WalletBalance { available, held, leased, funded: credits(8), ..WalletBalance::EMPTY };
//! assert!(balance.is_sound());
//! ```

use serde::{Deserialize, Serialize};

use crate::charge::Charge;
use crate::id::{KeyId, LeaseId, PayerId};
use crate::ledger::TransferId;
use crate::money::MicroCredits;
use crate::time::{Day, Timestamp};

/// What a wallet lets happen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum WalletStatus {
    /// Everything.
    #[default]
    Open = 1,
    /// Charges, but no new credits: the auditor found a difference.
    NoFunding = 2,
    /// Neither charges nor new credits.
    Frozen = 3,
}

impl WalletStatus {
    /// Every status, by number.
    pub const ALL: [WalletStatus; 3] =
        [WalletStatus::Open, WalletStatus::NoFunding, WalletStatus::Frozen];

    /// The status with this stored number.
    pub fn from_number(number: u8) -> Option<WalletStatus> {
        WalletStatus::ALL.into_iter().find(|&status| status as u8 == number)
    }
}

/// The credits of a payer. At all times `available + held + leased + spent = funded`, none negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct WalletBalance {
    /// May be spent.
    pub available: MicroCredits,
    /// Set aside by holds of charges that are not posted.
    pub held: MicroCredits,
    /// The sizes of all open leases.
    pub leased: MicroCredits,
    /// Charged: by commits, by holds once they are posted, by leases once they are closed.
    pub spent: MicroCredits,
    /// What was given, without what expired.
    pub funded: MicroCredits,
    /// How many of the open leases are for quotes.
    pub quotes_open: u32,
    /// What the wallet lets happen.
    pub status: WalletStatus,
}

impl WalletBalance {
    /// That of a payer who was never given anything.
    pub const EMPTY: WalletBalance = WalletBalance {
        available: MicroCredits::ZERO,
        held: MicroCredits::ZERO,
        leased: MicroCredits::ZERO,
        spent: MicroCredits::ZERO,
        funded: MicroCredits::ZERO,
        quotes_open: 0,
        status: WalletStatus::Open,
    };

    /// Whether the parts are not negative and add up.
    pub fn is_sound(&self) -> bool {
        let parts = [self.available, self.held, self.leased, self.spent];
        let sum: i128 = parts.iter().map(|part| i128::from(part.micros())).sum();
        parts.iter().all(|&part| part >= MicroCredits::ZERO)
            && sum == i128::from(self.funded.micros())
    }
}

/// What a key may spend on one UTC day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DailyBudget {
    /// Which key.
    pub key: KeyId,
    /// Which day.
    pub day: Day,
    /// The most.
    pub cap: MicroCredits,
    /// What is charged or held of it; more than the cap only where the cap was lowered since.
    pub spent: MicroCredits,
}

/// What a lease is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum LeasePurpose {
    /// One process commits charges of a busy payer on it, so that they do not wait for one another.
    Process = 1,
    /// It pays for answers by one quote.
    Quote = 2,
}

/// How many leases for quotes a payer may have open.
pub const QUOTES_OPEN_MAX: u32 = 3;

/// A part of the balance that was set aside, on which charges are committed without touching the balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CreditLease {
    /// Names it for ever.
    pub id: LeaseId,
    /// Whose it is.
    pub payer: PayerId,
    /// What it is for.
    pub purpose: LeasePurpose,
    /// What was set aside, above zero.
    pub size: MicroCredits,
    /// What is left of it, from zero to the size.
    pub left: MicroCredits,
    /// After this it may be closed. Charges are refused once it *is* closed, whatever a clock says.
    pub expires_at: Timestamp,
    /// Whether charges may be committed on it.
    pub is_open: bool,
}

impl CreditLease {
    /// An open lease of which nothing is used.
    pub const fn new(
        id: LeaseId,
        payer: PayerId,
        purpose: LeasePurpose,
        size: MicroCredits,
        expires_at: Timestamp,
    ) -> CreditLease {
        CreditLease { id, payer, purpose, size, left: size, expires_at, is_open: true }
    }
}

/// Credits that come or go otherwise than by a charge: a grant, or its expiry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalletAdjustment {
    /// Whose wallet.
    pub payer: PayerId,
    /// The transfer of the ledger that it belongs to: it happens once.
    pub id: TransferId,
    /// What comes; below zero what goes.
    pub amount: MicroCredits,
}

/// Why nothing was charged or set aside, and what is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WalletRefusal {
    /// The balance does not cover it.
    #[error("{needed} credits are needed, and {available} available")]
    InsufficientCredits {
        /// What was to be taken.
        needed: MicroCredits,
        /// What there is.
        available: MicroCredits,
    },
    /// The key's budget of the day does not cover it.
    #[error("{needed} credits are needed, and the key's budget for {day} has {left} left")]
    BudgetExhausted {
        /// Which day's.
        day: Day,
        /// What was to be taken.
        needed: MicroCredits,
        /// What is left of the budget; below zero if the cap was lowered.
        left: MicroCredits,
    },
    /// The wallet's status forbids it.
    #[error("the account is frozen")]
    Frozen,
    /// The lease is closed, or there never was one.
    #[error("the lease is closed")]
    LeaseClosed,
    /// The lease does not cover it.
    #[error("{needed} credits are needed, and the lease has {left} left")]
    LeaseSpent {
        /// What was to be taken.
        needed: MicroCredits,
        /// What is left of the lease.
        left: MicroCredits,
    },
    /// There are [`QUOTES_OPEN_MAX`] open quotes.
    #[error("there are {QUOTES_OPEN_MAX} open quotes already")]
    TooManyQuotes,
}

/// The charge that an id has already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExistingCharge {
    /// Its answer may be given again for nothing; that is counted.
    Replay(Charge),
    /// Its answer was given again as often as is free.
    ReplaysExhausted(Charge),
    /// It is pending: the answer is still being made.
    InProgress(Charge),
    /// It is for another request.
    OtherRequest(Charge),
}

/// What became of a charge that was to be committed or held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChargeOutcome {
    /// It is charged, or held: the answer may be released, or the work begin.
    Charged {
        /// Which hold it is; 1 where there is none.
        attempt: u32,
    },
    /// The request is charged already; nothing else happened.
    Existing(Box<ExistingCharge>),
    /// It cannot be charged; nothing happened.
    Refused(WalletRefusal),
    /// Others write the same wallet at this moment; nothing happened.
    Contended,
}

/// What became of the answer to a held charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServeOutcome {
    /// It may be released: this call, or the same one before, made the charge served.
    Served,
    /// The hold was released meanwhile, or is another attempt's: the answer must not be released.
    TooLate,
}

/// What became of a posted charge's mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkOutcome {
    /// It is posted now, or was before.
    Posted,
    /// It is not served: the ledger must not have it.
    NotServed,
    /// There is no such charge.
    Unknown,
}

/// What became of an adjustment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdjustOutcome {
    /// It happened now.
    Done,
    /// It happened before.
    DoneBefore {
        /// With this amount, which counts.
        amount: MicroCredits,
    },
    /// It cannot happen; nothing did.
    Refused(WalletRefusal),
}

/// What became of a lease that was to be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseOutcome {
    /// It is open, by this call or by the same one before.
    Opened(CreditLease),
    /// It cannot be opened; nothing happened.
    Refused(WalletRefusal),
    /// Others write the same wallet at this moment; nothing happened.
    Contended,
}

/// A wallet at one moment, with all that is not settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletView {
    /// The balance.
    pub balance: WalletBalance,
    /// Every charge that is pending, or served and not marked as posted, by id.
    pub charges: Vec<Charge>,
    /// Every open lease, by id.
    pub leases: Vec<CreditLease>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_balance_is_sound_if_its_parts_are_and_add_up() {
        let one = MicroCredits::new(1);
        let parts = WalletBalance {
            available: one,
            held: one,
            leased: one,
            spent: one,
            funded: MicroCredits::new(4),
            ..WalletBalance::EMPTY
        };
        assert!(parts.is_sound() && WalletBalance::EMPTY.is_sound());
        assert!(!WalletBalance { spent: MicroCredits::ZERO, ..parts }.is_sound());
        let negative = MicroCredits::new(-1);
        let hidden = WalletBalance { held: negative, spent: MicroCredits::new(3), ..parts };
        assert!(!hidden.is_sound());
        let most = WalletBalance { available: MicroCredits::MAX, ..parts };
        assert!(!most.is_sound(), "the sum does not wrap");
    }

    #[test]
    fn refusals_say_what_is_missing() {
        let (needed, left) = (MicroCredits::new(1_500_000), MicroCredits::new(20_000));
        let refusal = WalletRefusal::BudgetExhausted { day: Day(20_779), needed, left };
        assert_eq!(
            refusal.to_string(),
            "1.5 credits are needed, and the key's budget for 2026-11-22 has 0.02 left"
        );
        assert_eq!(WalletRefusal::TooManyQuotes.to_string(), "there are 3 open quotes already");
        for status in WalletStatus::ALL {
            assert_eq!(WalletStatus::from_number(status as u8), Some(status));
        }
    }
}
