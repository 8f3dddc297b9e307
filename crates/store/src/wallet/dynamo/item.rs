//! Items: their keys, and reading and writing their attributes.
//!
//! No attribute's name is a reserved word of DynamoDB's expressions, so they need no placeholders.

use std::collections::HashMap;
use std::fmt::Display;

use aws_sdk_dynamodb::types::AttributeValue;
use model::port::PortError;
use model::time::Timestamp;
use model::{ChargeId, Day, KeyId, LeaseId, MicroCredits, PayerId, TransferId};

use super::DynamoWallet;
use crate::aws_error::explain;

/// The attributes of an item, by name.
pub(super) type Item = HashMap<String, AttributeValue>;

/// For how long a settled item is kept, in seconds: 400 days.
pub(super) const KEPT_SECONDS: i64 = 400 * 86_400;

/// Where an item is found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ItemKey {
    pub(super) pk: String,
    pub(super) sk: String,
}

impl ItemKey {
    pub(super) fn balance(payer: PayerId) -> ItemKey {
        ItemKey::of(payer, "BAL".to_owned())
    }

    pub(super) fn budget(payer: PayerId, key: KeyId, day: Day) -> ItemKey {
        ItemKey::of(payer, format!("BUD#{}#{}", key.number(), day.0))
    }

    pub(super) fn charge(payer: PayerId, charge: ChargeId) -> ItemKey {
        ItemKey::of(payer, format!("CHG#{charge}"))
    }

    pub(super) fn lease(payer: PayerId, lease: LeaseId) -> ItemKey {
        ItemKey::of(payer, format!("LEASE#{}", lease.number()))
    }

    pub(super) fn adjustment(payer: PayerId, id: &TransferId) -> ItemKey {
        ItemKey::of(payer, format!("ADJ#{id}"))
    }

    fn of(payer: PayerId, sk: String) -> ItemKey {
        ItemKey { pk: partition(payer), sk }
    }

    pub(super) fn item(&self) -> Item {
        let attributes = [("pk", &self.pk), ("sk", &self.sk)];
        attributes.map(|(name, value)| (name.to_owned(), text(value))).into()
    }
}

pub(super) fn partition(payer: PayerId) -> String {
    format!("A#{}", payer.number())
}

pub(super) fn text(value: impl Display) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

pub(super) fn number(value: impl Into<i64>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}

pub(super) fn money(value: MicroCredits) -> AttributeValue {
    number(value.micros())
}

pub(super) fn bytes(value: &[u8]) -> AttributeValue {
    AttributeValue::B(value.to_vec().into())
}

/// A value as JSON.
pub(super) fn json(value: &impl serde::Serialize) -> Result<String, PortError> {
    let refused = |why| PortError::Refused(format!("write an item: {why}"));
    serde_json::to_string(value).map_err(refused)
}

/// When an item is forgotten that was settled at `at`, as the TTL attribute has it.
pub(super) fn forgotten_at(at: Timestamp) -> AttributeValue {
    number(at.as_second() + KEPT_SECONDS)
}

/// Values of an expression, by their placeholders.
pub(super) fn values<const N: usize>(values: [(&str, AttributeValue); N]) -> Item {
    values.map(|(name, value)| (name.to_owned(), value)).into()
}

/// The error of an attribute that cannot have been written by us.
pub(super) fn corrupt(item: &Item, name: &str) -> PortError {
    let (pk, sk) = (item.get("pk"), item.get("sk"));
    PortError::Refused(format!("read {name} of {pk:?} {sk:?} in DynamoDB: the item is corrupt"))
}

/// A number, if there is one.
pub(super) fn optional_number(item: &Item, name: &str) -> Result<Option<i64>, PortError> {
    let Some(value) = item.get(name) else { return Ok(None) };
    let number = value.as_n().ok().and_then(|number| number.parse().ok());
    number.map(Some).ok_or_else(|| corrupt(item, name))
}

/// An amount; zero if there is none.
pub(super) fn amount(item: &Item, name: &str) -> Result<MicroCredits, PortError> {
    optional_number(item, name).map(|micros| micros.map_or(MicroCredits::ZERO, MicroCredits::new))
}

/// A time in milliseconds, if there is one.
pub(super) fn time(item: &Item, name: &str) -> Result<Option<Timestamp>, PortError> {
    let ms = optional_number(item, name)?;
    Ok(ms.map(|ms| Timestamp::from_millisecond(ms).unwrap_or_default()))
}

/// A text.
pub(super) fn string<'a>(item: &'a Item, name: &str) -> Result<&'a str, PortError> {
    let value = item.get(name).and_then(|value| value.as_s().ok());
    value.map(String::as_str).ok_or_else(|| corrupt(item, name))
}

impl DynamoWallet {
    /// An item as it is now.
    pub(super) async fn read(&self, key: &ItemKey) -> Result<Option<Item>, PortError> {
        let request = self.client.get_item().table_name(&self.table).consistent_read(true);
        let answer = request.set_key(Some(key.item())).send().await;
        Ok(answer.map_err(|error| explain("read an item", error))?.item)
    }
}
