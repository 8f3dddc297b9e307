//! The port of the ledger.

use std::future::Future;

use super::{Page, PortError};
use crate::charge::Charge;
use crate::grant::{Grant, GrantId};
use crate::id::PayerId;
use crate::ledger::{
    DrawnTransfer, GrantExpiry, LedgerTotals, PayerLedger, PostVerdict, RecordOutcome, Refund,
    Transfer, TransferId,
};
use crate::statement::{Month, Statement};
use crate::time::Timestamp;

/// Which transfers of a payer: those that were posted from one time to before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransferPeriod {
    /// Whose.
    pub payer: PayerId,
    /// The first time of posting.
    pub from: Timestamp,
    /// The time of posting before which they end.
    pub until: Timestamp,
}

/// The record of all credits: PostgreSQL.
///
/// Each call that writes is one transaction, and each transfer happens once for ever, by its id: a call
/// may run twice, and the second time says that it was recorded before. A caller that dies before a
/// call has changed nothing, one that dies after it has done all of it. No line is ever changed or
/// deleted.
pub trait Ledger: Send + Sync {
    /// Posts served charges, in one transaction for all, at most 1,000 of them: of each whose id is new,
    /// one line {customer → revenue}, and its draws from the payer's grants by
    /// [`burn_down`](crate::grant::burn_down) as of the time when it was served. Charges of one payer are
    /// drawn in the given order. The verdicts are in the order of the charges; one that appears twice is
    /// posted once. A charge that is uncovered or differs stops no other.
    ///
    /// # Errors
    /// [`PortError::Refused`] if one of them is not served.
    fn post(
        &self,
        charges: &[Charge],
        at: Timestamp,
    ) -> impl Future<Output = Result<Vec<PostVerdict>, PortError>> + Send;

    /// Records a grant of which nothing is used, with its line {cash or promotion → customer}. It is not
    /// yet in the wallet: a caller that dies here leaves one of the [`Ledger::grants_not_in_wallet`].
    fn record_grant(
        &self,
        grant: &Grant,
        at: Timestamp,
    ) -> impl Future<Output = Result<RecordOutcome, PortError>> + Send;

    /// Notes that the wallet has a grant. To be called only after it has.
    fn mark_in_wallet(&self, grant: &GrantId)
    -> impl Future<Output = Result<(), PortError>> + Send;

    /// Takes back a part of a grant, {customer → breakage}, by [`burn_up`](crate::grant::burn_up); the
    /// grant's `expiries` grow by one. To be called only after the wallet let go of the amount. Refused if
    /// the part is not the grant's next one.
    fn expire(
        &self,
        expiry: &GrantExpiry,
    ) -> impl Future<Output = Result<RecordOutcome, PortError>> + Send;

    /// Gives a charge back, {refunds → customer}, once, as new grants that are not yet in the wallet.
    /// Refused if the charge is not posted, is another payer's, or has another amount than the grants.
    fn refund(
        &self,
        refund: &Refund,
    ) -> impl Future<Output = Result<RecordOutcome, PortError>> + Send;

    /// Those of the transfers that exist, with their draws, in any order.
    fn transfers(
        &self,
        ids: &[TransferId],
    ) -> impl Future<Output = Result<Vec<DrawnTransfer>, PortError>> + Send;

    /// The transfers of a period, by time of posting and id.
    fn transfers_of(
        &self,
        period: &TransferPeriod,
        after: Option<&str>,
    ) -> impl Future<Output = Result<Page<Transfer>, PortError>> + Send;

    /// A grant.
    fn grant(
        &self,
        grant: &GrantId,
    ) -> impl Future<Output = Result<Option<Grant>, PortError>> + Send;

    /// For the sweeper: grants that were recorded before `before` and that the wallet may not have.
    fn grants_not_in_wallet(
        &self,
        before: Timestamp,
        after: Option<&str>,
    ) -> impl Future<Output = Result<Page<Grant>, PortError>> + Send;

    /// For the sweeper: grants with something left that should have expired before `before`.
    fn overdue_grants(
        &self,
        before: Timestamp,
        after: Option<&str>,
    ) -> impl Future<Output = Result<Page<Grant>, PortError>> + Send;

    /// What there is of one payer, at one moment; all zero if there is nothing.
    fn payer(&self, payer: PayerId) -> impl Future<Output = Result<PayerLedger, PortError>> + Send;

    /// Every payer who was ever given anything, for the auditor.
    fn payers(
        &self,
        after: Option<&str>,
    ) -> impl Future<Output = Result<Page<PayerId>, PortError>> + Send;

    /// The sums of everything, at one moment.
    fn totals(&self) -> impl Future<Output = Result<LedgerTotals, PortError>> + Send;

    /// Keeps a statement for ever.
    fn keep_statement(
        &self,
        statement: &Statement,
    ) -> impl Future<Output = Result<RecordOutcome, PortError>> + Send;

    /// A payer's last statement for `until` or a month before.
    fn last_statement(
        &self,
        payer: PayerId,
        until: Month,
    ) -> impl Future<Output = Result<Option<Statement>, PortError>> + Send;
}
