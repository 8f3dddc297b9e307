//! Charges as items.
//!
//! `charge_body` is the charge as it was put. What changes later has attributes of its own, and so has what
//! conditions ask for.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use model::charge::{ChargeRef, ChargeSource};
use model::port::PortError;
use model::{Charge, ChargeState, MicroCredits};

use super::DynamoWallet;
use super::due_list::DueList;
use super::item::{
    Item, ItemKey, amount, bytes, corrupt, json, money, number, optional_number, string, text, time,
};
use super::transaction::pause;
use crate::aws_error::explain;

/// The most items of one call.
const BATCH_MAX: usize = 100;
/// How often a batch is continued that DynamoDB did not finish.
const BATCH_TRIES: u32 = 10;

/// A new charge.
pub(super) fn item(charge: &Charge) -> Result<Item, PortError> {
    let key = ItemKey::charge(charge.payer, charge.id);
    let mut item = key.item();
    let mut set = |name: &str, value: AttributeValue| item.insert(name.to_owned(), value);
    set("charge_body", text(json(charge)?));
    set("charge_state", state(charge.state));
    set("charge_request", bytes(&charge.request));
    set("replay_count", number(0));
    let due_at = match charge.source {
        ChargeSource::Hold { most, attempt, expires_at } => {
            set("charge_attempt", number(attempt));
            set("charge_most", money(most));
            expires_at
        }
        ChargeSource::Balance | ChargeSource::Lease { .. } => {
            charge.served_at.unwrap_or(charge.opened_at)
        }
    };
    let list = match charge.state {
        ChargeState::Pending => DueList::Pending,
        _ => DueList::Served,
    };
    list.enter(&mut item, &key, charge.payer, due_at);
    Ok(item)
}

pub(super) fn state(state: ChargeState) -> AttributeValue {
    number(state as u8)
}

/// A charge as it is now.
pub(super) fn charge(item: &Item) -> Result<Charge, PortError> {
    let body = string(item, "charge_body")?;
    let mut charge: Charge =
        serde_json::from_str(body).map_err(|_| corrupt(item, "charge_body"))?;
    let number = |name: &str| optional_number(item, name)?.ok_or_else(|| corrupt(item, name));
    let known = u8::try_from(number("charge_state")?).ok().and_then(ChargeState::from_number);
    charge.state = known.ok_or_else(|| corrupt(item, "charge_state"))?;
    charge.replays =
        u8::try_from(number("replay_count")?).map_err(|_| corrupt(item, "replay_count"))?;
    if item.contains_key("charge_cost") {
        charge.cost = amount(item, "charge_cost")?;
        let usage = serde_json::from_str(string(item, "charge_usage")?);
        charge.usage = usage.map_err(|_| corrupt(item, "charge_usage"))?;
        charge.served_at = time(item, "served_ms")?;
    }
    charge.posted_at = time(item, "posted_ms")?;
    Ok(charge)
}

/// What a key's budget gets back once the ledger has the charge, or once its hold is void.
pub(super) fn unused(charge: &Charge) -> MicroCredits {
    let unused = charge.kept_back().checked_sub(charge.cost);
    unused.unwrap_or(MicroCredits::ZERO)
}

impl DynamoWallet {
    pub(super) async fn read_charge(&self, id: ChargeRef) -> Result<Option<Charge>, PortError> {
        let item = self.read(&ItemKey::charge(id.payer, id.charge)).await?;
        item.as_ref().map(charge).transpose()
    }

    pub(super) async fn read_charges(&self, ids: &[ChargeRef]) -> Result<Vec<Charge>, PortError> {
        let keys: BTreeSet<ItemKey> =
            ids.iter().map(|id| ItemKey::charge(id.payer, id.charge)).collect();
        let items = self.read_all(keys.into_iter().collect()).await?;
        items.iter().map(charge).collect()
    }

    /// Those of the items that exist, as they are now, in any order.
    pub(super) async fn read_all(&self, keys: Vec<ItemKey>) -> Result<Vec<Item>, PortError> {
        let mut items = Vec::with_capacity(keys.len());
        for some in keys.chunks(BATCH_MAX) {
            let mut wanted: Vec<Item> = some.iter().map(ItemKey::item).collect();
            for tries in 0..BATCH_TRIES {
                wanted = self.read_batch(wanted, &mut items).await?;
                if wanted.is_empty() {
                    break;
                }
                pause(tries).await;
            }
            if !wanted.is_empty() {
                return Err(PortError::Retry("read items: DynamoDB is too busy".to_owned()));
            }
        }
        Ok(items)
    }

    /// Reads what it can; the keys of what is left.
    async fn read_batch(
        &self,
        keys: Vec<Item>,
        items: &mut Vec<Item>,
    ) -> Result<Vec<Item>, PortError> {
        let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
        let wanted = wanted.build().expect("keys are set");
        let request = self.client.batch_get_item().request_items(&self.table, wanted);
        let answer = request.send().await.map_err(|error| explain("read items", error))?;
        items.extend(answer.responses.unwrap_or_default().into_values().flatten());
        let left = answer.unprocessed_keys.unwrap_or_default().into_values();
        Ok(left.flat_map(|left| left.keys).collect())
    }
}
