//! Balances and budgets.

use model::port::{BudgetChange, PortError};
use model::wallet::{WalletRefusal, WalletStatus};
use model::{DailyBudget, Day, KeyId, MicroCredits, PayerId, WalletBalance};

use super::DynamoWallet;
use super::item::{Item, ItemKey, amount, corrupt, money, number, optional_number, values};
use super::transaction::{ItemUpdate, pause};

/// How often a status is set again that met others' writes.
const STATUS_TRIES: u32 = 12;
/// What is left of a day's budget.
pub(super) const BUDGET_LEFT: &str = "budget_left";

/// The balance of an item; empty if the item is.
pub(super) fn balance(item: &Item) -> Result<WalletBalance, PortError> {
    let quotes = optional_number(item, "quotes_open")?.unwrap_or(0);
    Ok(WalletBalance {
        available: amount(item, "available_micros")?,
        held: amount(item, "held_micros")?,
        leased: amount(item, "leased_micros")?,
        spent: amount(item, "spent_micros")?,
        funded: amount(item, "funded_micros")?,
        quotes_open: u32::try_from(quotes).map_err(|_| corrupt(item, "quotes_open"))?,
        status: status(item)?,
    })
}

fn status(item: &Item) -> Result<WalletStatus, PortError> {
    let Some(number) = optional_number(item, "wallet_status")? else {
        return Ok(WalletStatus::Open);
    };
    let known = u8::try_from(number).ok().and_then(WalletStatus::from_number);
    known.ok_or_else(|| corrupt(item, "wallet_status"))
}

/// Why an amount cannot be taken from a balance.
pub(super) fn taking_refusal(
    item: &Item,
    needed: MicroCredits,
) -> Result<WalletRefusal, PortError> {
    let balance = balance(item)?;
    let available = balance.available;
    Ok(match balance.status {
        WalletStatus::Frozen => WalletRefusal::Frozen,
        _ => WalletRefusal::InsufficientCredits { needed, available },
    })
}

impl DynamoWallet {
    pub(super) async fn read_balance(&self, payer: PayerId) -> Result<WalletBalance, PortError> {
        let item = self.read(&ItemKey::balance(payer)).await?;
        balance(&item.unwrap_or_default())
    }

    pub(super) async fn write_status(
        &self,
        payer: PayerId,
        status: WalletStatus,
    ) -> Result<(), PortError> {
        let mut tries = 0;
        loop {
            let update = ItemUpdate {
                key: ItemKey::balance(payer),
                change: "SET wallet_status = :status",
                condition: None,
                values: values([(":status", number(status as u8))]),
            };
            match self.update("set a status", update).await {
                // A busy balance is in a transaction most of the time, and a freeze must get through.
                Err(PortError::Retry(_)) if tries < STATUS_TRIES => pause(tries).await,
                done => return done.map(|_| ()),
            }
            tries += 1;
        }
    }

    pub(super) async fn write_budget(&self, change: &BudgetChange) -> Result<(), PortError> {
        let update = ItemUpdate {
            key: ItemKey::budget(change.payer, change.key, change.day),
            change: "SET budget_left = :cap - if_not_exists(budget_spent, :zero), \
                     budget_spent = if_not_exists(budget_spent, :zero)",
            condition: None,
            values: values([(":cap", money(change.cap)), (":zero", number(0))]),
        };
        self.update("set a budget", update).await.map(|_| ())
    }

    pub(super) async fn read_budget(
        &self,
        payer: PayerId,
        key: KeyId,
        day: Day,
    ) -> Result<Option<DailyBudget>, PortError> {
        let Some(item) = self.read(&ItemKey::budget(payer, key, day)).await? else {
            return Ok(None);
        };
        let (left, spent) = (amount(&item, BUDGET_LEFT)?, amount(&item, "budget_spent")?);
        let cap = left.checked_add(spent).ok_or_else(|| corrupt(&item, BUDGET_LEFT))?;
        Ok(Some(DailyBudget { key, day, cap, spent }))
    }
}
