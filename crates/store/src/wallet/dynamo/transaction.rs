//! Writes: transactions of several items, and conditional updates of one.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Put, ReturnValue, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update,
};
use model::port::PortError;

use super::DynamoWallet;
use super::item::{Item, ItemKey};
use crate::aws_error::explain;

/// How often a transaction that met another one is tried again.
const RETRIES: u32 = 3;
/// How long to wait before the first retry at most, in milliseconds; twice as long before each further.
const PAUSE_MS: u64 = 20;

/// A change of one item, on a condition.
#[derive(Debug, Clone)]
pub(super) struct ItemUpdate {
    pub(super) key: ItemKey,
    /// Such as `SET a = a + :b`.
    pub(super) change: &'static str,
    /// None: always.
    pub(super) condition: Option<&'static str>,
    pub(super) values: Item,
}

/// What became of a transaction.
#[derive(Debug)]
pub(super) enum TransactionOutcome {
    /// All of it happened.
    Done,
    /// Nothing happened: another transaction wrote the same items.
    Contended,
    /// Nothing happened: conditions failed.
    Failed(FailedConditions),
}

/// Which conditions of a transaction failed, with the items as they are.
#[derive(Debug)]
pub(super) struct FailedConditions {
    /// In the order of the transaction's items; `None` where the condition held.
    items: Vec<Option<Item>>,
}

impl FailedConditions {
    /// The item whose condition failed, by its place in the transaction; empty if there is none.
    pub(super) fn at(&self, place: usize) -> Option<&Item> {
        self.items.get(place).and_then(Option::as_ref)
    }

    /// The first item whose condition failed of the first `count`.
    pub(super) fn first_of(&self, count: usize) -> Option<&Item> {
        self.items.iter().take(count).flatten().next()
    }
}

impl DynamoWallet {
    /// Does all of it or nothing.
    pub(super) async fn transact(
        &self,
        what: &str,
        items: Vec<TransactWriteItem>,
    ) -> Result<TransactionOutcome, PortError> {
        for retry in 0..=RETRIES {
            let request = self.client.transact_write_items();
            let sent = request.set_transact_items(Some(items.clone())).send().await;
            let Err(error) = sent else { return Ok(TransactionOutcome::Done) };
            let Some(reasons) = cancellation(error.as_service_error()) else {
                return Err(explain(what, error));
            };
            if let Some(failed) = failed_conditions(reasons) {
                return Ok(TransactionOutcome::Failed(failed));
            }
            if !reasons.iter().all(is_passing) {
                return Err(explain(what, error));
            }
            if retry < RETRIES {
                pause(retry).await;
            }
        }
        Ok(TransactionOutcome::Contended)
    }

    /// Changes one item; the item as it is then, or, where the condition failed, as it is.
    pub(super) async fn update(
        &self,
        what: &str,
        update: ItemUpdate,
    ) -> Result<Result<Item, Option<Item>>, PortError> {
        let request = self.client.update_item().table_name(&self.table);
        let request = request.set_key(Some(update.key.item()));
        let request = request.update_expression(update.change);
        let request = request.set_condition_expression(update.condition.map(str::to_owned));
        let request = request.set_expression_attribute_values(Some(update.values));
        let request = request.return_values(ReturnValue::AllNew);
        let old = ReturnValuesOnConditionCheckFailure::AllOld;
        let request = request.return_values_on_condition_check_failure(old);
        match request.send().await {
            Ok(answer) => Ok(Ok(answer.attributes.unwrap_or_default())),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    Ok(Err(failed.item.clone().filter(|item| !item.is_empty())))
                }
                _ => Err(explain(what, error)),
            },
        }
    }

    /// An update as a part of a transaction.
    pub(super) fn part(&self, update: ItemUpdate) -> TransactWriteItem {
        let part = Update::builder()
            .table_name(&self.table)
            .set_key(Some(update.key.item()))
            .update_expression(update.change)
            .set_condition_expression(update.condition.map(str::to_owned))
            .set_expression_attribute_values(Some(update.values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .expect("table, key and expression are set");
        TransactWriteItem::builder().update(part).build()
    }

    /// A new item as a part of a transaction.
    pub(super) fn new_item(
        &self,
        item: Item,
        condition: &str,
        values: Option<Item>,
    ) -> TransactWriteItem {
        let part = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression(condition)
            .set_expression_attribute_values(values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .expect("table and item are set");
        TransactWriteItem::builder().put(part).build()
    }

    /// A condition on an item that does not change, as a part of a transaction.
    pub(super) fn check(&self, key: &ItemKey, condition: &str, values: Item) -> TransactWriteItem {
        let part = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(key.item()))
            .condition_expression(condition)
            .set_expression_attribute_values(Some(values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .expect("table, key and condition are set");
        TransactWriteItem::builder().condition_check(part).build()
    }
}

/// Why a transaction was cancelled, item by item.
fn cancellation(error: Option<&TransactWriteItemsError>) -> Option<&[CancellationReason]> {
    match error {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            Some(cancelled.cancellation_reasons())
        }
        _ => None,
    }
}

fn failed_conditions(reasons: &[CancellationReason]) -> Option<FailedConditions> {
    let failed = |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
    let item = |reason: &CancellationReason| {
        failed(reason).then(|| reason.item.clone().unwrap_or_default())
    };
    let is_any = reasons.iter().any(failed);
    is_any.then(|| FailedConditions { items: reasons.iter().map(item).collect() })
}

/// Whether a later try may find it otherwise.
fn is_passing(reason: &CancellationReason) -> bool {
    let passing =
        ["None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];
    reason.code().is_none_or(|code| passing.contains(&code))
}

/// Waits for a random time, longer from retry to retry.
pub(super) async fn pause(retry: u32) {
    let most = PAUSE_MS << retry.min(10);
    // A new random state for each call: this is all the randomness that is needed.
    let random = RandomState::new().hash_one(retry);
    tokio::time::sleep(Duration::from_millis(random % most + 1)).await;
}

/// The error of a write that others were in the way of; nothing happened.
pub(super) fn contended(what: &str) -> PortError {
    PortError::Retry(format!("{what}: others write the same wallet"))
}
