//! Reading what is unsettled.

use aws_sdk_dynamodb::types::AttributeValue;
use model::charge::ChargeRef;
use model::port::{ExpiredHold, Page, PortError};
use model::time::Timestamp;
use model::{CreditLease, PayerId};

use super::DynamoWallet;
use super::due_list::{DueList, PARTS, place};
use super::item::{
    Item, ItemKey, corrupt, number, optional_number, partition, string, text, values,
};
use super::lease::lease;
use crate::aws_error::explain;

/// The index.
pub(super) const INDEX: &str = "due";
/// The most items that are read for a page.
const PAGE_ITEMS: i32 = 100;

/// Where a page ends: a part of a list, and the last item that was read of it, if any.
struct PageEnd {
    part: u64,
    last: Option<ItemKey>,
}

impl PageEnd {
    fn parse(text: Option<&str>) -> Result<PageEnd, PortError> {
        let Some(text) = text else { return Ok(PageEnd { part: 0, last: None }) };
        let wrong = || PortError::Refused(format!("`{text}` is no end of a page"));
        let (part, key) = text.split_once(' ').ok_or_else(wrong)?;
        let part = part.parse().ok().filter(|&part: &u64| part < PARTS).ok_or_else(wrong)?;
        let key = key.split_once(' ');
        let last = key.map(|(pk, sk)| ItemKey { pk: pk.to_owned(), sk: sk.to_owned() });
        Ok(PageEnd { part, last })
    }

    fn text(&self) -> String {
        let last = self.last.as_ref().map(|key| format!("{} {}", key.pk, key.sk));
        format!("{} {}", self.part, last.unwrap_or_default())
    }

    /// The key after which DynamoDB continues.
    fn start(&self, list: DueList) -> Option<Item> {
        let key = self.last.as_ref()?;
        let mut item = key.item();
        item.insert("due_list".to_owned(), text(list.part(self.part)));
        item.insert("due_place".to_owned(), text(place(key)));
        Some(item)
    }
}

fn key(item: &Item) -> Result<ItemKey, PortError> {
    Ok(ItemKey { pk: string(item, "pk")?.to_owned(), sk: string(item, "sk")?.to_owned() })
}

/// Where the charge of an item of the index is found.
fn reference(item: &Item) -> Result<ChargeRef, PortError> {
    let payer = string(item, "pk")?.strip_prefix("A#").and_then(|number| number.parse().ok());
    let charge = string(item, "sk")?.strip_prefix("CHG#").and_then(|id| id.parse().ok());
    match (payer, charge) {
        (Some(payer), Some(charge)) => Ok(ChargeRef { payer: PayerId::new(payer), charge }),
        _ => Err(corrupt(item, "sk")),
    }
}

impl DynamoWallet {
    /// Items of a list that were due before `before`, with what the index has of them.
    async fn due(
        &self,
        list: DueList,
        before: Timestamp,
        after: Option<&str>,
    ) -> Result<Page<Item>, PortError> {
        let mut end = PageEnd::parse(after)?;
        loop {
            let request = self.client.query().table_name(&self.table).index_name(INDEX);
            let request = request.key_condition_expression("due_list = :list");
            let request = request.filter_expression("due_ms < :before").limit(PAGE_ITEMS);
            let request = request.set_expression_attribute_values(Some(values([
                (":list", text(list.part(end.part))),
                (":before", number(before.as_millisecond())),
            ])));
            let answer = request.set_exclusive_start_key(end.start(list)).send().await;
            let answer = answer.map_err(|error| explain("list what is due", error))?;
            end.last = answer.last_evaluated_key.as_ref().map(key).transpose()?;
            end.part += u64::from(end.last.is_none());
            let items = answer.items.unwrap_or_default();
            let next = (end.part < PARTS).then(|| end.text());
            if !items.is_empty() || next.is_none() {
                return Ok(Page { items, next });
            }
        }
    }

    pub(super) async fn unposted_page(
        &self,
        before: Timestamp,
        after: Option<&str>,
    ) -> Result<Page<ChargeRef>, PortError> {
        let Page { items, next } = self.due(DueList::Served, before, after).await?;
        let items: Result<Vec<ChargeRef>, PortError> = items.iter().map(reference).collect();
        Ok(Page { items: items?, next })
    }

    pub(super) async fn expired_holds_page(
        &self,
        before: Timestamp,
        after: Option<&str>,
    ) -> Result<Page<ExpiredHold>, PortError> {
        let Page { items, next } = self.due(DueList::Pending, before, after).await?;
        let hold = |item: &Item| {
            let attempt = optional_number(item, "charge_attempt")?;
            let attempt = attempt.and_then(|attempt| u32::try_from(attempt).ok());
            let attempt = attempt.ok_or_else(|| corrupt(item, "charge_attempt"))?;
            Ok(ExpiredHold { charge: reference(item)?, attempt })
        };
        let items: Result<Vec<ExpiredHold>, PortError> = items.iter().map(hold).collect();
        Ok(Page { items: items?, next })
    }

    pub(super) async fn expired_leases_page(
        &self,
        before: Timestamp,
        after: Option<&str>,
    ) -> Result<Page<CreditLease>, PortError> {
        let Page { items, next } = self.due(DueList::Lease, before, after).await?;
        let keys: Result<Vec<ItemKey>, PortError> = items.iter().map(key).collect();
        let items = self.read_all(keys?).await?;
        let leases: Result<Vec<CreditLease>, PortError> = items.iter().map(lease).collect();
        let items = leases?.into_iter().filter(|lease| lease.is_open).collect();
        Ok(Page { items, next })
    }

    /// Where everything is found that is in a list for one payer.
    pub(super) async fn due_of(
        &self,
        list: DueList,
        payer: PayerId,
        most: usize,
    ) -> Result<Vec<ItemKey>, PortError> {
        let (mut keys, mut start): (Vec<ItemKey>, Option<Item>) = (Vec::new(), None);
        loop {
            let request = self.client.query().table_name(&self.table).index_name(INDEX);
            let condition = "due_list = :list AND begins_with(due_place, :payer)";
            let request = request.key_condition_expression(condition);
            let payer_place = AttributeValue::S(format!("{}|", partition(payer)));
            let request = request.set_expression_attribute_values(Some(values([
                (":list", text(list.name(payer))),
                (":payer", payer_place),
            ])));
            let answer = request.set_exclusive_start_key(start.take()).send().await;
            let answer = answer.map_err(|error| explain("list what is unsettled", error))?;
            for item in answer.items.unwrap_or_default() {
                keys.push(key(&item)?);
            }
            start = answer.last_evaluated_key;
            if start.is_none() || keys.len() > most {
                return Ok(keys);
            }
        }
    }
}
