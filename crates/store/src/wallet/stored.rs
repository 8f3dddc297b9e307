//! The wallet that an installation is set to have.

use model::charge::ChargeRef;
use model::port::{BudgetChange, ExpiredHold, Page, PortError, ServedHold, Wallet};
use model::time::Timestamp;
use model::wallet::{
    AdjustOutcome, ChargeOutcome, ExistingCharge, LeaseOutcome, MarkOutcome, ServeOutcome,
    WalletAdjustment, WalletStatus, WalletView,
};
use model::{
    Charge, CreditLease, DailyBudget, Day, KeyId, LeaseId, MicroCredits, PayerId, TransferId,
    WalletBalance,
};

#[cfg(feature = "aws")]
use super::DynamoWallet;
use super::PgWallet;
use crate::failpoint::passed_on;

/// One of the wallets. Each call passes two places of [`failpoint`](crate::failpoint).
#[derive(Debug, Clone)]
pub enum StoredWallet {
    /// In PostgreSQL.
    Postgres(PgWallet),
    /// In DynamoDB.
    #[cfg(feature = "aws")]
    Dynamo(DynamoWallet),
}

impl StoredWallet {
    /// The name in reports.
    pub const fn name(&self) -> &'static str {
        match self {
            StoredWallet::Postgres(_) => "postgres",
            #[cfg(feature = "aws")]
            StoredWallet::Dynamo(_) => "dynamodb",
        }
    }
}

passed_on! {
    Wallet for StoredWallet or Dynamo
    "wallet.adjust" adjust(wanted: &WalletAdjustment) -> AdjustOutcome;
    "wallet.adjusted" adjusted(payer: PayerId, id: &TransferId) -> Option<MicroCredits>;
    "wallet.commit" commit(charge: &Charge, others: &[ChargeRef]) -> ChargeOutcome;
    "wallet.hold" hold(charge: &Charge, others: &[ChargeRef]) -> ChargeOutcome;
    "wallet.serve" serve(served: &ServedHold) -> ServeOutcome;
    "wallet.void" void(charge: ChargeRef, attempt: u32) -> bool;
    "wallet.replay" replay(charge: ChargeRef, request: &[u8; 32]) -> Option<ExistingCharge>;
    "wallet.charges" charges(charges: &[ChargeRef]) -> Vec<Charge>;
    "wallet.mark_posted" mark_posted(charges: &[ChargeRef], at: Timestamp) -> Vec<MarkOutcome>;
    "wallet.open_lease" open_lease(lease: &CreditLease) -> LeaseOutcome;
    "wallet.close_lease" close_lease(payer: PayerId, lease: LeaseId) -> Option<CreditLease>;
    "wallet.leases" leases(payer: PayerId, leases: &[LeaseId]) -> Vec<CreditLease>;
    "wallet.open_leases" open_leases(payer: PayerId) -> Vec<CreditLease>;
    "wallet.balance" balance(payer: PayerId) -> WalletBalance;
    "wallet.set_status" set_status(payer: PayerId, status: WalletStatus) -> ();
    "wallet.set_budget" set_budget(change: &BudgetChange) -> ();
    "wallet.budget" budget(payer: PayerId, key: KeyId, day: Day) -> Option<DailyBudget>;
    "wallet.view" view(payer: PayerId) -> WalletView;
    "wallet.unposted" unposted(before: Timestamp, after: Option<&str>) -> Page<ChargeRef>;
    "wallet.expired_holds" expired_holds(before: Timestamp, after: Option<&str>) -> Page<ExpiredHold>;
    "wallet.expired_leases" expired_leases(before: Timestamp, after: Option<&str>) -> Page<CreditLease>;
}
