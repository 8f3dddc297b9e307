//! Credit leases.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use model::port::PortError;
use model::wallet::{LeaseOutcome, LeasePurpose, QUOTES_OPEN_MAX, WalletRefusal, WalletStatus};
use model::{CreditLease, LeaseId, PayerId};

use super::DynamoWallet;
use super::balance_item::balance;
use super::due_list::DueList;
use super::item::{
    Item, ItemKey, amount, corrupt, forgotten_at, json, money, number, string, text, values,
};
use super::transaction::{ItemUpdate, TransactionOutcome, contended, pause};

/// How often a lease is closed again of which something was spent meanwhile.
const TRIES: u32 = 12;

/// A lease as it is now.
pub(super) fn lease(item: &Item) -> Result<CreditLease, PortError> {
    let body = string(item, "lease_body")?;
    let lease: CreditLease = serde_json::from_str(body).map_err(|_| corrupt(item, "lease_body"))?;
    let is_open = item.get("lease_open").and_then(|open| open.as_bool().ok());
    let is_open = *is_open.ok_or_else(|| corrupt(item, "lease_open"))?;
    Ok(CreditLease { left: amount(item, "lease_unspent")?, is_open, ..lease })
}

fn item(lease: &CreditLease) -> Result<Item, PortError> {
    let key = ItemKey::lease(lease.payer, lease.id);
    let mut item = key.item();
    item.insert("lease_body".to_owned(), text(json(lease)?));
    item.insert("lease_unspent".to_owned(), money(lease.left));
    item.insert("lease_open".to_owned(), AttributeValue::Bool(true));
    DueList::Lease.enter(&mut item, &key, lease.payer, lease.expires_at);
    Ok(item)
}

/// How many open quotes the lease is.
fn quotes(lease: &CreditLease) -> AttributeValue {
    number(i64::from(lease.purpose == LeasePurpose::Quote))
}

impl DynamoWallet {
    pub(super) async fn put_lease(&self, wanted: &CreditLease) -> Result<LeaseOutcome, PortError> {
        let put = self.new_item(item(wanted)?, "attribute_not_exists(pk)", None);
        let items = vec![put, self.part(opening(wanted))];
        let failed = match self.transact("open a lease", items).await? {
            TransactionOutcome::Done => return Ok(LeaseOutcome::Opened(*wanted)),
            TransactionOutcome::Contended => return Ok(LeaseOutcome::Contended),
            TransactionOutcome::Failed(failed) => failed,
        };
        if let Some(known) = failed.at(0) {
            let known = lease(known)?;
            return Ok(match known.is_open {
                true => LeaseOutcome::Opened(known),
                false => LeaseOutcome::Refused(WalletRefusal::LeaseClosed),
            });
        }
        let known = balance(failed.at(1).unwrap_or(&Item::new()))?;
        let (needed, available) = (wanted.size, known.available);
        Ok(LeaseOutcome::Refused(match known.status {
            WalletStatus::Frozen => WalletRefusal::Frozen,
            _ if available < needed => WalletRefusal::InsufficientCredits { needed, available },
            _ => WalletRefusal::TooManyQuotes,
        }))
    }

    pub(super) async fn end_lease(
        &self,
        payer: PayerId,
        id: LeaseId,
    ) -> Result<Option<CreditLease>, PortError> {
        for tries in 0..TRIES {
            let Some(item) = self.read(&ItemKey::lease(payer, id)).await? else { return Ok(None) };
            let known = lease(&item)?;
            let closed = CreditLease { is_open: false, ..known };
            if !known.is_open {
                return Ok(Some(closed));
            }
            let done = self.transact("close a lease", self.closing(&known)).await?;
            if matches!(done, TransactionOutcome::Done) {
                return Ok(Some(closed));
            }
            pause(tries).await;
        }
        Err(contended("close a lease"))
    }

    pub(super) async fn read_leases(
        &self,
        payer: PayerId,
        ids: &[LeaseId],
    ) -> Result<Vec<CreditLease>, PortError> {
        // A batch may not have a key twice.
        let keys: BTreeSet<ItemKey> = ids.iter().map(|&id| ItemKey::lease(payer, id)).collect();
        let items = self.read_all(keys.into_iter().collect()).await?;
        items.iter().map(lease).collect()
    }

    /// Closes a lease, if nothing was spent of it since it was read.
    fn closing(&self, known: &CreditLease) -> Vec<TransactWriteItem> {
        let spent = known.size.micros() - known.left.micros();
        let lease = ItemUpdate {
            key: ItemKey::lease(known.payer, known.id),
            change: "SET lease_open = :false, expires_at = :forgotten \
                     REMOVE due_list, due_place, due_ms",
            condition: Some("lease_open = :true AND lease_unspent = :left"),
            values: values([
                (":true", AttributeValue::Bool(true)),
                (":false", AttributeValue::Bool(false)),
                (":left", money(known.left)),
                (":forgotten", forgotten_at(known.expires_at)),
            ]),
        };
        let balance = ItemUpdate {
            key: ItemKey::balance(known.payer),
            change: "SET available_micros = available_micros + :left, \
                     leased_micros = leased_micros - :size, \
                     spent_micros = if_not_exists(spent_micros, :zero) + :spent, \
                     quotes_open = quotes_open - :quotes",
            condition: Some("leased_micros >= :size"),
            values: values([
                (":left", money(known.left)),
                (":size", money(known.size)),
                (":spent", number(spent)),
                (":zero", number(0)),
                (":quotes", quotes(known)),
            ]),
        };
        vec![self.part(lease), self.part(balance)]
    }
}

/// Sets the size of a lease aside.
fn opening(wanted: &CreditLease) -> ItemUpdate {
    let most = match wanted.purpose {
        LeasePurpose::Quote => i64::from(QUOTES_OPEN_MAX) - 1,
        LeasePurpose::Process => i64::from(QUOTES_OPEN_MAX),
    };
    ItemUpdate {
        key: ItemKey::balance(wanted.payer),
        change: "SET available_micros = available_micros - :size, \
                 leased_micros = if_not_exists(leased_micros, :zero) + :size, \
                 quotes_open = if_not_exists(quotes_open, :zero) + :quotes",
        condition: Some(
            "available_micros >= :size \
             AND (attribute_not_exists(wallet_status) OR wallet_status <> :frozen) \
             AND (attribute_not_exists(quotes_open) OR quotes_open <= :most)",
        ),
        values: values([
            (":size", money(wanted.size)),
            (":zero", number(0)),
            (":quotes", quotes(wanted)),
            (":most", number(most)),
            (":frozen", number(WalletStatus::Frozen as u8)),
        ]),
    }
}
