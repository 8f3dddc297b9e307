//! The ledger: transfers between accounts, each of which happens once and never changes.
//!
//! ```
//! use model::{ChargeId, TransferId};
//!
//! let id = TransferId::Refund { charge: ChargeId::new([0; 20]) };
//! assert_eq!(id.to_string(), format!("refund:chg_{}", "0".repeat(32)));
//! assert_eq!(id.to_string().parse(), Ok(id));
//! ```

use serde::{Deserialize, Serialize};

use crate::charge::{Charge, ChargeId};
use crate::epoch::PriceVersion;
use crate::grant::{Grant, GrantDraw, GrantId};
use crate::id::{KeyId, PayerId, QuoteId};
use crate::money::MicroCredits;
use crate::price::Usage;
use crate::time::Timestamp;

mod id;

pub use id::{TransferId, TransferIdError};

/// Between what credits move. Debits of an account less its credits are its balance; the balances of all
/// accounts together are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum LedgerAccount {
    /// What was paid in.
    Cash = 1,
    /// What was given away.
    Promotion = 2,
    /// What payers may still use: one account for each payer.
    Customer = 3,
    /// What was charged.
    Revenue = 4,
    /// What expired.
    Breakage = 5,
    /// What was given back.
    Refunds = 6,
}

impl LedgerAccount {
    /// Every account, by number.
    pub const ALL: [LedgerAccount; 6] = [
        LedgerAccount::Cash,
        LedgerAccount::Promotion,
        LedgerAccount::Customer,
        LedgerAccount::Revenue,
        LedgerAccount::Breakage,
        LedgerAccount::Refunds,
    ];

    /// The account with this stored number.
    pub fn from_number(number: u8) -> Option<LedgerAccount> {
        LedgerAccount::ALL.into_iter().find(|&account| account as u8 == number)
    }
}

/// What a charge was for, as a line of the ledger keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChargeDetail {
    /// The key that asked.
    pub key: KeyId,
    /// The route.
    pub route: String,
    /// What the answer consisted of.
    pub usage: Usage,
    /// By which prices.
    pub price_version: PriceVersion,
    /// By which quote, if any.
    pub quote: Option<QuoteId>,
}

/// A line of the ledger: an amount from one account to another. It never changes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Transfer {
    /// Names it for ever.
    pub id: TransferId,
    /// Whose credits.
    pub payer: PayerId,
    /// The account that is debited.
    pub debit: LedgerAccount,
    /// The account that is credited.
    pub credit: LedgerAccount,
    /// How much, above zero.
    pub amount: MicroCredits,
    /// When it came about: a charge when it was served.
    pub event_at: Timestamp,
    /// When the ledger got it.
    pub posted_at: Timestamp,
    /// What a charge was for.
    pub detail: Option<ChargeDetail>,
}

impl Transfer {
    /// The line for a served charge.
    pub fn of_charge(charge: &Charge, posted_at: Timestamp) -> Transfer {
        Transfer {
            id: TransferId::Charge { charge: charge.id },
            payer: charge.payer,
            debit: LedgerAccount::Customer,
            credit: LedgerAccount::Revenue,
            amount: charge.cost,
            event_at: charge.served_at.unwrap_or(charge.opened_at),
            posted_at,
            detail: Some(ChargeDetail {
                key: charge.key,
                route: charge.route.clone(),
                usage: charge.usage,
                price_version: charge.price_version,
                quote: charge.quote,
            }),
        }
    }
}

/// What became of one charge of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostVerdict {
    /// The ledger has it, by this call.
    Posted,
    /// The ledger had it before, with the same amount.
    PostedBefore,
    /// The ledger had it before with another amount, which stays: a person must look.
    Differs {
        /// The amount in the ledger.
        posted: MicroCredits,
    },
    /// The payer's grants do not cover it, so the ledger does not have it: a grant is late.
    Uncovered {
        /// What is missing.
        missing: MicroCredits,
    },
}

/// What became of something that is recorded once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordOutcome {
    /// It is recorded by this call.
    Recorded,
    /// The same was recorded before.
    RecordedBefore,
    /// Something else was recorded before under the same id, and stays.
    Differs,
    /// It cannot be recorded: what it refers to does not exist or does not cover it.
    Refused,
}

/// A part of a grant that is taken back, after the wallet let go of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantExpiry {
    /// Whose it is.
    pub payer: PayerId,
    /// Which grant.
    pub grant: GrantId,
    /// Which part: the grant's `expiries` before.
    pub part: u32,
    /// How much, above zero: what the wallet let go of.
    pub amount: MicroCredits,
    /// When.
    pub at: Timestamp,
}

/// A charge that is given back, as new grants of the kinds that it was paid with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Who paid.
    pub payer: PayerId,
    /// Which charge.
    pub charge: ChargeId,
    /// One grant for each kind. Their amounts add up to that of the charge.
    pub grants: Vec<Grant>,
    /// When.
    pub at: Timestamp,
}

/// A posted transfer with what it took from which grants.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DrawnTransfer {
    /// The transfer.
    pub transfer: Transfer,
    /// What it took, in the order of use.
    pub draws: Vec<GrantDraw>,
}

/// What the ledger has of one payer, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayerLedger {
    /// The sum of the transfers that credit the payer.
    pub credited: MicroCredits,
    /// The sum of the transfers that debit the payer.
    pub debited: MicroCredits,
    /// Every grant, used up or not, by id.
    pub grants: Vec<Grant>,
}

/// The sums of one account over all payers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountTotal {
    /// Which account.
    pub account: LedgerAccount,
    /// The sum of what was debited, in micro-credits.
    pub debits: i128,
    /// The sum of what was credited, in micro-credits.
    pub credits: i128,
}

/// The sums of the whole ledger, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerTotals {
    /// One for each account.
    pub accounts: Vec<AccountTotal>,
    /// What is left of all grants, in micro-credits.
    pub remaining: i128,
    /// How many transfers there are.
    pub transfers: u64,
}

impl LedgerTotals {
    /// The sum of all debits less that of all credits: zero.
    pub fn sum(&self) -> i128 {
        self.accounts.iter().map(|total| total.debits - total.credits).sum()
    }

    /// What payers may still use by the transfers, less what is left of their grants: zero.
    pub fn customers_less_grants(&self) -> i128 {
        let customers =
            self.accounts.iter().filter(|total| total.account == LedgerAccount::Customer);
        customers.map(|total| total.credits - total.debits).sum::<i128>() - self.remaining
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_that_balance_are_zero() {
        let total = |account, debits, credits| AccountTotal { account, debits, credits };
        let accounts = vec![
            total(LedgerAccount::Cash, 10, 0),
            total(LedgerAccount::Customer, 4, 10),
            total(LedgerAccount::Revenue, 0, 4),
        ];
        let totals = LedgerTotals { accounts, remaining: 6, transfers: 2 };
        assert_eq!((totals.sum(), totals.customers_less_grants()), (0, 0));
        let wrong = LedgerTotals { remaining: 5, ..totals };
        assert_eq!(wrong.customers_less_grants(), 1);
        for account in LedgerAccount::ALL {
            assert_eq!(LedgerAccount::from_number(account as u8), Some(account));
        }
    }
}
