//! Wallets in DynamoDB: one table, in which a payer is one partition.
//!
//! | `sk` | item |
//! |---|---|
//! | `BAL` | the balance |
//! | `BUD#key#day` | a daily budget |
//! | `CHG#id` | a charge |
//! | `LEASE#id` | a credit lease |
//! | `ADJ#id` | credits that came or went otherwise |
//!
//! `pk` is `A#payer`. What is unsettled (a charge that is pending or served, an open lease) has `due_list`,
//! `due_place` and `due_ms`, and is found by them in the index `due`; what is settled is not in it. What may be
//! forgotten has `expires_at`, the table's TTL attribute. Amounts are micro-credits.
//!
//! A write of several items is one `TransactWriteItems` with conditions. The SDK gives each call a token, so
//! that its own retries happen once; all later repetitions are found out by the items themselves.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use model::charge::ChargeRef;
use model::port::{
    BudgetChange, CHARGES_MAX, ExpiredHold, LEASES_MAX, Page, PortError, ServedHold, Wallet,
};
use model::time::Timestamp;
use model::wallet::{
    AdjustOutcome, ChargeOutcome, ExistingCharge, LeaseOutcome, MarkOutcome, ServeOutcome,
    WalletAdjustment, WalletStatus, WalletView,
};
use model::{
    Charge, CreditLease, DailyBudget, Day, KeyId, LeaseId, MicroCredits, PayerId, TransferId,
    WalletBalance,
};

use super::checked;

mod balance_item;
mod charge_item;
mod commit;
mod due_list;
mod funding;
mod item;
mod lease;
mod page;
mod settle;
mod table;
mod transaction;
mod view;

/// All wallets, in one table.
#[derive(Debug, Clone)]
pub struct DynamoWallet {
    client: Client,
    table: String,
}

impl DynamoWallet {
    /// The wallets in this table.
    pub(crate) fn new(config: &SdkConfig, table: &str) -> DynamoWallet {
        DynamoWallet { client: Client::new(config), table: table.to_owned() }
    }
}

impl Wallet for DynamoWallet {
    async fn adjust(&self, wanted: &WalletAdjustment) -> Result<AdjustOutcome, PortError> {
        self.adjust_once(wanted).await
    }

    async fn adjusted(
        &self,
        payer: PayerId,
        id: &TransferId,
    ) -> Result<Option<MicroCredits>, PortError> {
        self.read_adjustment(payer, id).await
    }

    async fn commit(
        &self,
        charge: &Charge,
        others: &[ChargeRef],
    ) -> Result<ChargeOutcome, PortError> {
        checked::may_commit(charge, others)?;
        self.put_charge(charge, others).await
    }

    async fn hold(
        &self,
        charge: &Charge,
        others: &[ChargeRef],
    ) -> Result<ChargeOutcome, PortError> {
        checked::may_hold(charge, others)?;
        self.put_charge(charge, others).await
    }

    async fn serve(&self, served: &ServedHold) -> Result<ServeOutcome, PortError> {
        self.serve_hold(served).await
    }

    async fn void(&self, charge: ChargeRef, attempt: u32) -> Result<bool, PortError> {
        self.void_hold(charge, attempt).await
    }

    async fn replay(
        &self,
        charge: ChargeRef,
        request: &[u8; 32],
    ) -> Result<Option<ExistingCharge>, PortError> {
        self.count_replay(charge, request).await
    }

    async fn charges(&self, charges: &[ChargeRef]) -> Result<Vec<Charge>, PortError> {
        checked::are_few(charges, CHARGES_MAX)?;
        self.read_charges(charges).await
    }

    async fn mark_posted(
        &self,
        charges: &[ChargeRef],
        at: Timestamp,
    ) -> Result<Vec<MarkOutcome>, PortError> {
        checked::are_few(charges, CHARGES_MAX)?;
        self.mark_charges(charges, at).await
    }

    async fn open_lease(&self, lease: &CreditLease) -> Result<LeaseOutcome, PortError> {
        self.put_lease(lease).await
    }

    async fn close_lease(
        &self,
        payer: PayerId,
        lease: LeaseId,
    ) -> Result<Option<CreditLease>, PortError> {
        self.end_lease(payer, lease).await
    }

    async fn leases(
        &self,
        payer: PayerId,
        leases: &[LeaseId],
    ) -> Result<Vec<CreditLease>, PortError> {
        checked::are_few(leases, LEASES_MAX)?;
        self.read_leases(payer, leases).await
    }

    async fn open_leases(&self, payer: PayerId) -> Result<Vec<CreditLease>, PortError> {
        self.read_open_leases(payer).await
    }

    async fn balance(&self, payer: PayerId) -> Result<WalletBalance, PortError> {
        self.read_balance(payer).await
    }

    async fn set_status(&self, payer: PayerId, status: WalletStatus) -> Result<(), PortError> {
        self.write_status(payer, status).await
    }

    async fn set_budget(&self, change: &BudgetChange) -> Result<(), PortError> {
        self.write_budget(change).await
    }

    async fn budget(
        &self,
        payer: PayerId,
        key: KeyId,
        day: Day,
    ) -> Result<Option<DailyBudget>, PortError> {
        self.read_budget(payer, key, day).await
    }

    async fn view(&self, payer: PayerId) -> Result<WalletView, PortError> {
        self.read_view(payer).await
    }

    async fn unposted(
        &self,
        before: Timestamp,
        after: Option<&str>,
    ) -> Result<Page<ChargeRef>, PortError> {
        self.unposted_page(before, after).await
    }

    async fn expired_holds(
        &self,
        before: Timestamp,
        after: Option<&str>,
    ) -> Result<Page<ExpiredHold>, PortError> {
        self.expired_holds_page(before, after).await
    }

    async fn expired_leases(
        &self,
        before: Timestamp,
        after: Option<&str>,
    ) -> Result<Page<CreditLease>, PortError> {
        self.expired_leases_page(before, after).await
    }
}
