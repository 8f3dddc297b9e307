//! A wallet in PostgreSQL.

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
use crate::Pg;
use crate::pg::wallet;

/// All wallets, in tables of their own.
#[derive(Debug, Clone)]
pub struct PgWallet {
    pg: Pg,
}

impl PgWallet {
    /// The wallets in this database.
    pub const fn new(pg: Pg) -> PgWallet {
        PgWallet { pg }
    }
}

impl Wallet for PgWallet {
    async fn adjust(&self, wanted: &WalletAdjustment) -> Result<AdjustOutcome, PortError> {
        Ok(wallet::adjust(&self.pg, wanted).await?)
    }

    async fn adjusted(
        &self,
        payer: PayerId,
        id: &TransferId,
    ) -> Result<Option<MicroCredits>, PortError> {
        Ok(wallet::adjusted(&self.pg, payer, id).await?)
    }

    async fn commit(
        &self,
        charge: &Charge,
        others: &[ChargeRef],
    ) -> Result<ChargeOutcome, PortError> {
        checked::may_commit(charge, others)?;
        Ok(wallet::commit(&self.pg, charge, others).await?)
    }

    async fn hold(
        &self,
        charge: &Charge,
        others: &[ChargeRef],
    ) -> Result<ChargeOutcome, PortError> {
        checked::may_hold(charge, others)?;
        Ok(wallet::hold(&self.pg, charge, others).await?)
    }

    async fn serve(&self, served: &ServedHold) -> Result<ServeOutcome, PortError> {
        if wallet::serve(&self.pg, served).await? {
            return Ok(ServeOutcome::Served);
        }
        let known = wallet::charges(&self.pg, &[served.charge]).await?;
        checked::not_served(known.first(), served)
    }

    async fn void(&self, charge: ChargeRef, attempt: u32) -> Result<bool, PortError> {
        Ok(wallet::void(&self.pg, charge, attempt).await?)
    }

    async fn replay(
        &self,
        charge: ChargeRef,
        request: &[u8; 32],
    ) -> Result<Option<ExistingCharge>, PortError> {
        if let Some(counted) = wallet::replay(&self.pg, charge, request).await? {
            return Ok(Some(ExistingCharge::Replay(counted)));
        }
        let known = wallet::charges(&self.pg, &[charge]).await?.into_iter().next();
        Ok(known.and_then(|known| checked::uncounted(known, request)))
    }

    async fn charges(&self, charges: &[ChargeRef]) -> Result<Vec<Charge>, PortError> {
        checked::are_few(charges, CHARGES_MAX)?;
        Ok(wallet::charges(&self.pg, charges).await?)
    }

    async fn mark_posted(
        &self,
        charges: &[ChargeRef],
        at: Timestamp,
    ) -> Result<Vec<MarkOutcome>, PortError> {
        checked::are_few(charges, CHARGES_MAX)?;
        Ok(wallet::mark_posted(&self.pg, charges, at).await?)
    }

    async fn open_lease(&self, lease: &CreditLease) -> Result<LeaseOutcome, PortError> {
        Ok(wallet::open_lease(&self.pg, lease).await?)
    }

    async fn close_lease(
        &self,
        payer: PayerId,
        lease: LeaseId,
    ) -> Result<Option<CreditLease>, PortError> {
        Ok(wallet::close_lease(&self.pg, payer, lease).await?)
    }

    async fn leases(
        &self,
        payer: PayerId,
        leases: &[LeaseId],
    ) -> Result<Vec<CreditLease>, PortError> {
        checked::are_few(leases, LEASES_MAX)?;
        Ok(wallet::leases(&self.pg, payer, leases).await?)
    }

    async fn open_leases(&self, payer: PayerId) -> Result<Vec<CreditLease>, PortError> {
        Ok(wallet::open_leases(&self.pg, payer).await?)
    }

    async fn balance(&self, payer: PayerId) -> Result<WalletBalance, PortError> {
        Ok(wallet::balance(&self.pg, payer).await?)
    }

    async fn set_status(&self, payer: PayerId, status: WalletStatus) -> Result<(), PortError> {
        Ok(wallet::set_status(&self.pg, payer, status).await?)
    }

    async fn set_budget(&self, change: &BudgetChange) -> Result<(), PortError> {
        Ok(wallet::set_budget(&self.pg, change).await?)
    }

    async fn budget(
        &self,
        payer: PayerId,
        key: KeyId,
        day: Day,
    ) -> Result<Option<DailyBudget>, PortError> {
        Ok(wallet::budget(&self.pg, payer, key, day).await?)
    }

    async fn view(&self, payer: PayerId) -> Result<WalletView, PortError> {
        Ok(wallet::view(&self.pg, payer).await?)
    }

    async fn unposted(
        &self,
        before: Timestamp,
        after: Option<&str>,
    ) -> Result<Page<ChargeRef>, PortError> {
        Ok(wallet::unposted(&self.pg, before, after).await?)
    }

    async fn expired_holds(
        &self,
        before: Timestamp,
        after: Option<&str>,
    ) -> Result<Page<ExpiredHold>, PortError> {
        Ok(wallet::expired_holds(&self.pg, before, after).await?)
    }

    async fn expired_leases(
        &self,
        before: Timestamp,
        after: Option<&str>,
    ) -> Result<Page<CreditLease>, PortError> {
        Ok(wallet::expired_leases(&self.pg, before, after).await?)
    }
}
