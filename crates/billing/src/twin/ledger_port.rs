//! The port of the ledger, through a gate.

use std::future::Future;

use model::ledger::{
    DrawnTransfer, GrantExpiry, LedgerTotals, PayerLedger, PostVerdict, RecordOutcome, Refund,
};
use model::port::{Ledger, Page, TransferPeriod};
use model::{Charge, Grant, GrantId, Month, PayerId, Statement, Timestamp, Transfer, TransferId};

use super::wallet::page;
use super::{Gate, LedgerState, PortAnswer};

/// A ledger in memory.
#[derive(Debug, Clone, Default)]
pub struct TwinLedger<G> {
    gate: G,
}

impl<G> TwinLedger<G> {
    /// The ledger behind this gate.
    pub const fn new(gate: G) -> TwinLedger<G> {
        TwinLedger { gate }
    }

    /// The gate.
    pub const fn gate(&self) -> &G {
        &self.gate
    }
}

impl<G: Gate<LedgerState>> Ledger for TwinLedger<G> {
    fn post(
        &self,
        charges: &[Charge],
        at: Timestamp,
    ) -> impl Future<Output = PortAnswer<Vec<PostVerdict>>> + Send {
        self.gate.pass(move |state| state.post(charges, at))
    }

    fn record_grant(
        &self,
        grant: &Grant,
        at: Timestamp,
    ) -> impl Future<Output = PortAnswer<RecordOutcome>> + Send {
        self.gate.pass(move |state| Ok(state.record_grant(grant, at)))
    }

    fn mark_in_wallet(&self, grant: &GrantId) -> impl Future<Output = PortAnswer<()>> + Send {
        self.gate.pass(move |state| {
            state.mark_in_wallet(grant);
            Ok(())
        })
    }

    fn expire(
        &self,
        expiry: &GrantExpiry,
    ) -> impl Future<Output = PortAnswer<RecordOutcome>> + Send {
        self.gate.pass(move |state| Ok(state.expire(expiry)))
    }

    fn refund(&self, refund: &Refund) -> impl Future<Output = PortAnswer<RecordOutcome>> + Send {
        self.gate.pass(move |state| Ok(state.refund(refund)))
    }

    fn transfers(
        &self,
        ids: &[TransferId],
    ) -> impl Future<Output = PortAnswer<Vec<DrawnTransfer>>> + Send {
        self.gate.pass(move |state| {
            Ok(ids.iter().filter_map(|id| state.transfer(id)).cloned().collect())
        })
    }

    fn transfers_of(
        &self,
        period: &TransferPeriod,
        after: Option<&str>,
    ) -> impl Future<Output = PortAnswer<Page<Transfer>>> + Send {
        self.gate.pass(move |state| Ok(state.transfers_of(period, after)))
    }

    fn grant(&self, grant: &GrantId) -> impl Future<Output = PortAnswer<Option<Grant>>> + Send {
        self.gate.pass(move |state| Ok(state.grant(grant).cloned()))
    }

    fn grants_not_in_wallet(
        &self,
        before: Timestamp,
        after: Option<&str>,
    ) -> impl Future<Output = PortAnswer<Page<Grant>>> + Send {
        self.gate.pass(move |state| {
            let late = |grant: &&Grant| !grant.in_wallet && state.recorded_at(grant) < before;
            Ok(page(state.grants().filter(late).cloned(), after))
        })
    }

    fn overdue_grants(
        &self,
        before: Timestamp,
        after: Option<&str>,
    ) -> impl Future<Output = PortAnswer<Page<Grant>>> + Send {
        self.gate.pass(move |state| {
            let overdue = |grant: &&Grant| {
                grant.remaining.micros() > 0 && grant.expires_at.is_some_and(|end| end < before)
            };
            Ok(page(state.grants().filter(overdue).cloned(), after))
        })
    }

    fn payer(&self, payer: PayerId) -> impl Future<Output = PortAnswer<PayerLedger>> + Send {
        self.gate.pass(move |state| Ok(state.payer(payer)))
    }

    fn payers(
        &self,
        after: Option<&str>,
    ) -> impl Future<Output = PortAnswer<Page<PayerId>>> + Send {
        self.gate.pass(move |state| Ok(state.payers(after)))
    }

    fn totals(&self) -> impl Future<Output = PortAnswer<LedgerTotals>> + Send {
        self.gate.pass(|state| Ok(state.totals()))
    }

    fn keep_statement(
        &self,
        statement: &Statement,
    ) -> impl Future<Output = PortAnswer<RecordOutcome>> + Send {
        self.gate.pass(move |state| Ok(state.keep_statement(statement)))
    }

    fn last_statement(
        &self,
        payer: PayerId,
        until: Month,
    ) -> impl Future<Output = PortAnswer<Option<Statement>>> + Send {
        self.gate.pass(move |state| Ok(state.last_statement(payer, until)))
    }
}
