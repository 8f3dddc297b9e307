//! The port [`Ledger`]: every movement of credits, once and for ever.
//!
//! What writes first locks the rows of its payers, so that a payer's grants are used by one transaction
//! after the other. Draws are computed here, by the rule of `model`; then one statement writes lines,
//! grants and sums.

use model::ledger::{
    DrawnTransfer, GrantExpiry, LedgerTotals, PayerLedger, PostVerdict, RecordOutcome, Refund,
};
use model::port::{CHARGES_MAX, Ledger, Page, PortError, TransferPeriod};
use model::time::Timestamp;
use model::{Charge, ChargeState, Grant, GrantId, Month, PayerId, Statement, Transfer, TransferId};

use super::Pg;
use crate::failpoint::passed;

mod count;
mod grant;
mod grant_row;
mod line;
mod owned;
mod page;
mod post;
mod reconciliation;
mod statement;
mod sums;
mod transfer;

pub use owned::{LINES_MAX, TransferPlace, newest, one, statements};
pub use reconciliation::{Reconciliation, keep_reconciliation, last_reconciliation};
pub use sums::differing_payers;

/// The ledger in this database.
#[derive(Debug, Clone)]
pub struct PgLedger {
    pg: Pg,
}

impl PgLedger {
    /// The ledger in this database.
    pub const fn new(pg: Pg) -> PgLedger {
        PgLedger { pg }
    }
}

impl Ledger for PgLedger {
    async fn post(&self, charges: &[Charge], at: Timestamp) -> Result<Vec<PostVerdict>, PortError> {
        let is_served = |charge: &Charge| {
            matches!(charge.state, ChargeState::Served | ChargeState::Posted)
                && charge.served_at.is_some()
        };
        if charges.len() > CHARGES_MAX || !charges.iter().all(is_served) {
            let text = format!("post charges: at most {CHARGES_MAX}, and each of them served");
            return Err(PortError::Refused(text));
        }
        Ok(passed!("ledger.post", post::post(&self.pg, charges, at).await)?)
    }

    async fn record_grant(&self, grant: &Grant, at: Timestamp) -> Result<RecordOutcome, PortError> {
        Ok(passed!("ledger.record_grant", grant::record(&self.pg, grant, at).await)?)
    }

    async fn mark_in_wallet(&self, grant: &GrantId) -> Result<(), PortError> {
        Ok(passed!("ledger.mark_in_wallet", grant::mark_in_wallet(&self.pg, grant).await)?)
    }

    async fn expire(&self, expiry: &GrantExpiry) -> Result<RecordOutcome, PortError> {
        Ok(passed!("ledger.expire", grant::expire(&self.pg, expiry).await)?)
    }

    async fn refund(&self, refund: &Refund) -> Result<RecordOutcome, PortError> {
        Ok(passed!("ledger.refund", grant::refund(&self.pg, refund).await)?)
    }

    async fn transfers(&self, ids: &[TransferId]) -> Result<Vec<DrawnTransfer>, PortError> {
        Ok(transfer::transfers(&self.pg, ids).await?)
    }

    async fn transfers_of(
        &self,
        period: &TransferPeriod,
        after: Option<&str>,
    ) -> Result<Page<Transfer>, PortError> {
        Ok(transfer::transfers_of(&self.pg, period, after).await?)
    }

    async fn grant(&self, grant: &GrantId) -> Result<Option<Grant>, PortError> {
        Ok(grant_row::grant(&self.pg, grant).await?)
    }

    async fn grants_not_in_wallet(
        &self,
        before: Timestamp,
        after: Option<&str>,
    ) -> Result<Page<Grant>, PortError> {
        Ok(page::grants_not_in_wallet(&self.pg, before, after).await?)
    }

    async fn overdue_grants(
        &self,
        before: Timestamp,
        after: Option<&str>,
    ) -> Result<Page<Grant>, PortError> {
        Ok(page::overdue_grants(&self.pg, before, after).await?)
    }

    async fn payer(&self, payer: PayerId) -> Result<PayerLedger, PortError> {
        Ok(sums::payer(&self.pg, payer).await?)
    }

    async fn payers(&self, after: Option<&str>) -> Result<Page<PayerId>, PortError> {
        Ok(page::payers(&self.pg, after).await?)
    }

    async fn totals(&self) -> Result<LedgerTotals, PortError> {
        Ok(sums::totals(&self.pg).await?)
    }

    async fn keep_statement(&self, statement: &Statement) -> Result<RecordOutcome, PortError> {
        Ok(passed!("ledger.keep_statement", statement::keep(&self.pg, statement).await)?)
    }

    async fn last_statement(
        &self,
        payer: PayerId,
        until: Month,
    ) -> Result<Option<Statement>, PortError> {
        Ok(statement::last(&self.pg, payer, until).await?)
    }
}
