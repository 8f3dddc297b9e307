//! A wallet with all that is unsettled in it.
//!
//! DynamoDB shows no index at the moment of an item. So a wallet is read until two readings are the same, and
//! until what is held and leased is what the balance says.

use model::charge::ChargeSource;
use model::port::{PortError, UNSETTLED_MAX};
use model::wallet::WalletView;
use model::{Charge, ChargeState, CreditLease, PayerId};

use super::DynamoWallet;
use super::charge_item::charge;
use super::due_list::DueList;
use super::lease::lease;
use super::transaction::pause;

/// How often a wallet is read.
const READINGS: u32 = 8;

impl DynamoWallet {
    pub(super) async fn read_view(&self, payer: PayerId) -> Result<WalletView, PortError> {
        let mut last = None;
        for reading in 0..READINGS {
            let view = self.read_once(payer).await?;
            if adds_up(&view) && last.as_ref() == Some(&view) {
                return Ok(view);
            }
            last = Some(view);
            pause(reading).await;
        }
        Err(PortError::Retry(format!("view the wallet of {payer}: it does not hold still")))
    }

    async fn read_once(&self, payer: PayerId) -> Result<WalletView, PortError> {
        let mut charges: Vec<Charge> = Vec::new();
        for list in [DueList::Pending, DueList::Served] {
            let keys = self.due_of(list, payer, UNSETTLED_MAX).await?;
            for item in self.read_all(keys).await? {
                charges.push(charge(&item)?);
            }
            if charges.len() > UNSETTLED_MAX {
                let text = format!("more than {UNSETTLED_MAX} charges of {payer} are unsettled");
                return Err(PortError::Retry(text));
            }
        }
        charges.retain(|one| matches!(one.state, ChargeState::Pending | ChargeState::Served));
        charges.sort_by_key(|one| one.id);
        // A charge that was served between the two lists is in both.
        charges.dedup_by_key(|one| one.id);
        let leases = self.listed_leases(payer).await?;
        Ok(WalletView { balance: self.read_balance(payer).await?, charges, leases })
    }

    /// The open leases, once their sizes are what the balance says.
    pub(super) async fn read_open_leases(
        &self,
        payer: PayerId,
    ) -> Result<Vec<CreditLease>, PortError> {
        for reading in 0..READINGS {
            let leases = self.listed_leases(payer).await?;
            if sizes(&leases) == i128::from(self.read_balance(payer).await?.leased.micros()) {
                return Ok(leases);
            }
            pause(reading).await;
        }
        Err(PortError::Retry(format!("list the leases of {payer}: they do not hold still")))
    }

    /// The open leases that the index has; it is late by a moment.
    async fn listed_leases(&self, payer: PayerId) -> Result<Vec<CreditLease>, PortError> {
        let keys = self.due_of(DueList::Lease, payer, UNSETTLED_MAX).await?;
        let items = self.read_all(keys).await?;
        let leases: Result<Vec<CreditLease>, PortError> = items.iter().map(lease).collect();
        let mut leases = leases?;
        leases.retain(|lease| lease.is_open);
        leases.sort_by_key(|lease| lease.id);
        Ok(leases)
    }
}

fn sizes(leases: &[CreditLease]) -> i128 {
    leases.iter().map(|lease| i128::from(lease.size.micros())).sum()
}

/// Whether what is held and leased is what the charges and leases say.
fn adds_up(view: &WalletView) -> bool {
    let holds = view.charges.iter().filter_map(|charge| match charge.source {
        ChargeSource::Hold { most, .. } => Some(i128::from(most.micros())),
        ChargeSource::Balance | ChargeSource::Lease { .. } => None,
    });
    holds.sum::<i128>() == i128::from(view.balance.held.micros())
        && sizes(&view.leases) == i128::from(view.balance.leased.micros())
}
