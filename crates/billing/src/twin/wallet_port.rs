//! The port of wallets, through a gate.

use std::future::Future;

use model::charge::ChargeRef;
use model::port::{
    BudgetChange, ExpiredHold, LEASES_MAX, Page, PortError, ServedHold, UNSETTLED_MAX, Wallet,
};
use model::wallet::{
    AdjustOutcome, ChargeOutcome, ExistingCharge, LeaseOutcome, MarkOutcome, ServeOutcome,
    WalletAdjustment, WalletView,
};
use model::{
    Charge, CreditLease, DailyBudget, Day, KeyId, LeaseId, MicroCredits, PayerId, Timestamp,
    TransferId, WalletBalance, WalletStatus,
};

use super::wallet::BudgetPlace;
use super::{Gate, PortAnswer, WalletState};

/// Wallets in memory.
#[derive(Debug, Clone, Default)]
pub struct TwinWallet<G> {
    gate: G,
}

impl<G> TwinWallet<G> {
    /// The wallets behind this gate.
    pub const fn new(gate: G) -> TwinWallet<G> {
        TwinWallet { gate }
    }

    /// The gate.
    pub const fn gate(&self) -> &G {
        &self.gate
    }
}

impl<G: Gate<WalletState>> Wallet for TwinWallet<G> {
    fn adjust(
        &self,
        adjustment: &WalletAdjustment,
    ) -> impl Future<Output = PortAnswer<AdjustOutcome>> + Send {
        self.gate.pass(move |state| state.adjust(adjustment))
    }

    fn adjusted(
        &self,
        payer: PayerId,
        id: &TransferId,
    ) -> impl Future<Output = PortAnswer<Option<MicroCredits>>> + Send {
        self.gate.pass(move |state| Ok(state.adjusted(payer, id)))
    }

    fn commit(
        &self,
        charge: &Charge,
        others: &[ChargeRef],
    ) -> impl Future<Output = PortAnswer<ChargeOutcome>> + Send {
        self.gate.pass(move |state| state.commit(charge, others))
    }

    fn hold(
        &self,
        charge: &Charge,
        others: &[ChargeRef],
    ) -> impl Future<Output = PortAnswer<ChargeOutcome>> + Send {
        self.gate.pass(move |state| state.hold(charge, others))
    }

    fn serve(&self, served: &ServedHold) -> impl Future<Output = PortAnswer<ServeOutcome>> + Send {
        self.gate.pass(move |state| state.serve(served))
    }

    fn void(
        &self,
        charge: ChargeRef,
        attempt: u32,
    ) -> impl Future<Output = PortAnswer<bool>> + Send {
        self.gate.pass(move |state| Ok(state.void(charge, attempt)))
    }

    fn replay(
        &self,
        charge: ChargeRef,
        request: &[u8; 32],
    ) -> impl Future<Output = PortAnswer<Option<ExistingCharge>>> + Send {
        self.gate.pass(move |state| Ok(state.replay(charge, request)))
    }

    fn charges(
        &self,
        charges: &[ChargeRef],
    ) -> impl Future<Output = PortAnswer<Vec<Charge>>> + Send {
        self.gate.pass(move |state| {
            Ok(charges.iter().filter_map(|id| state.charges.get(id)).cloned().collect())
        })
    }

    fn mark_posted(
        &self,
        charges: &[ChargeRef],
        at: Timestamp,
    ) -> impl Future<Output = PortAnswer<Vec<MarkOutcome>>> + Send {
        self.gate.pass(move |state| {
            Ok(charges.iter().map(|&charge| state.mark_posted(charge, at)).collect())
        })
    }

    fn open_lease(
        &self,
        lease: &CreditLease,
    ) -> impl Future<Output = PortAnswer<LeaseOutcome>> + Send {
        self.gate.pass(move |state| Ok(state.open_lease(lease)))
    }

    fn close_lease(
        &self,
        payer: PayerId,
        lease: LeaseId,
    ) -> impl Future<Output = PortAnswer<Option<CreditLease>>> + Send {
        self.gate.pass(move |state| Ok(state.close_lease(payer, lease)))
    }

    fn leases(
        &self,
        payer: PayerId,
        leases: &[LeaseId],
    ) -> impl Future<Output = PortAnswer<Vec<CreditLease>>> + Send {
        self.gate.pass(move |state| match leases.len() > LEASES_MAX {
            true => Err(PortError::Refused(format!("more than {LEASES_MAX} leases at once"))),
            false => Ok(state.leases_of(payer, leases)),
        })
    }

    fn open_leases(
        &self,
        payer: PayerId,
    ) -> impl Future<Output = PortAnswer<Vec<CreditLease>>> + Send {
        self.gate.pass(move |state| Ok(state.view(payer).leases))
    }

    fn balance(&self, payer: PayerId) -> impl Future<Output = PortAnswer<WalletBalance>> + Send {
        self.gate.pass(move |state| Ok(state.balance(payer)))
    }

    fn set_status(
        &self,
        payer: PayerId,
        status: WalletStatus,
    ) -> impl Future<Output = PortAnswer<()>> + Send {
        self.gate.pass(move |state| {
            state.change(payer, |balance| balance.status = status);
            Ok(())
        })
    }

    fn set_budget(&self, change: &BudgetChange) -> impl Future<Output = PortAnswer<()>> + Send {
        self.gate.pass(move |state| {
            state.set_budget(change);
            Ok(())
        })
    }

    fn budget(
        &self,
        payer: PayerId,
        key: KeyId,
        day: Day,
    ) -> impl Future<Output = PortAnswer<Option<DailyBudget>>> + Send {
        let place = BudgetPlace { payer, key, day };
        self.gate.pass(move |state| Ok(state.budgets.get(&place).copied()))
    }

    fn view(&self, payer: PayerId) -> impl Future<Output = PortAnswer<WalletView>> + Send {
        self.gate.pass(move |state| {
            let view = state.view(payer);
            let too_many = || PortError::Retry("too many unsettled charges".to_owned());
            (view.charges.len() <= UNSETTLED_MAX).then_some(view).ok_or_else(too_many)
        })
    }

    fn unposted(
        &self,
        before: Timestamp,
        after: Option<&str>,
    ) -> impl Future<Output = PortAnswer<Page<ChargeRef>>> + Send {
        self.gate.pass(move |state| Ok(state.unposted(before, after)))
    }

    fn expired_holds(
        &self,
        before: Timestamp,
        after: Option<&str>,
    ) -> impl Future<Output = PortAnswer<Page<ExpiredHold>>> + Send {
        self.gate.pass(move |state| Ok(state.expired_holds(before, after)))
    }

    fn expired_leases(
        &self,
        before: Timestamp,
        after: Option<&str>,
    ) -> impl Future<Output = PortAnswer<Page<CreditLease>>> + Send {
        self.gate.pass(move |state| Ok(state.expired_leases(before, after)))
    }
}
