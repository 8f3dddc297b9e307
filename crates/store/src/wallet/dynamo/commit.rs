//! Charging and holding, and replays.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use model::charge::{ChargeRef, ChargeSource, REPLAYS_MAX};
use model::port::PortError;
use model::wallet::{ChargeOutcome, ExistingCharge, WalletRefusal};
use model::{Charge, ChargeState, WalletStatus};

use super::DynamoWallet;
use super::balance_item::{BUDGET_LEFT, taking_refusal};
use super::charge_item::{charge, item, state};
use super::item::{Item, ItemKey, KEPT_SECONDS, amount, bytes, money, number, values};
use super::transaction::{FailedConditions, ItemUpdate, TransactionOutcome, contended, pause};
use crate::wallet::checked;

/// How often a charge is put again that met others under its id.
const TRIES: u32 = 5;
const ABSENT: &str = "attribute_not_exists(pk)";
const ABSENT_OR_VOID: &str = "attribute_not_exists(pk) OR charge_state = :void";
const VOID_ATTEMPT: &str = "charge_state = :void AND charge_attempt = :attempt";

impl DynamoWallet {
    /// Puts a charge as served or pending, with all that belongs to it.
    pub(super) async fn put_charge(
        &self,
        wanted: &Charge,
        others: &[ChargeRef],
    ) -> Result<ChargeOutcome, PortError> {
        // No two parts of a transaction may be of the same item.
        let others: BTreeSet<ChargeRef> = others.iter().copied().collect();
        let others: Vec<ChargeRef> =
            others.into_iter().filter(|other| *other != wanted.reference()).collect();
        let mut void_attempt = None;
        for tries in 0..TRIES {
            let next = with_attempt(wanted, void_attempt);
            let items = self.charge_transaction(&next, &others, void_attempt)?;
            let failed = match self.transact("charge", items).await? {
                TransactionOutcome::Done => {
                    return Ok(ChargeOutcome::Charged { attempt: next.attempt() });
                }
                TransactionOutcome::Contended => return Ok(ChargeOutcome::Contended),
                TransactionOutcome::Failed(failed) => failed,
            };
            let Some(known) = failed.first_of(1 + others.len()) else {
                return refusal(wanted, &failed, 1 + others.len()).map(ChargeOutcome::Refused);
            };
            // An item that is gone by now, or a void one: the next try finds out.
            void_attempt = None;
            if !known.is_empty() {
                let known = charge(known)?;
                if known.state == ChargeState::Void {
                    void_attempt = Some(known.attempt());
                } else if let Some(existing) = self.existing(wanted, &known).await? {
                    return Ok(existing);
                }
            }
            pause(tries).await;
        }
        Err(contended("charge"))
    }

    fn charge_transaction(
        &self,
        wanted: &Charge,
        others: &[ChargeRef],
        void_attempt: Option<u32>,
    ) -> Result<Vec<TransactWriteItem>, PortError> {
        let void = || values([(":void", state(ChargeState::Void))]);
        let put = match void_attempt {
            None => self.new_item(item(wanted)?, ABSENT, None),
            Some(attempt) => {
                let mut values = void();
                values.insert(":attempt".to_owned(), number(attempt));
                self.new_item(item(wanted)?, VOID_ATTEMPT, Some(values))
            }
        };
        let mut items = vec![put];
        items.extend(others.iter().map(|other| {
            self.check(&ItemKey::charge(other.payer, other.charge), ABSENT_OR_VOID, void())
        }));
        items.push(self.part(source_update(wanted)));
        items.extend(budget_update(wanted).map(|update| self.part(update)));
        Ok(items)
    }

    /// What the charge that an id has already means for one that was to be put; `None` if it is void.
    async fn existing(
        &self,
        wanted: &Charge,
        known: &Charge,
    ) -> Result<Option<ChargeOutcome>, PortError> {
        if known.nonce == wanted.nonce {
            return Ok(Some(ChargeOutcome::Charged { attempt: known.attempt() }));
        }
        let existing = self.count_replay(known.reference(), &wanted.request).await?;
        Ok(existing.map(|existing| ChargeOutcome::Existing(Box::new(existing))))
    }

    pub(super) async fn count_replay(
        &self,
        id: ChargeRef,
        request: &[u8; 32],
    ) -> Result<Option<ExistingCharge>, PortError> {
        let update = ItemUpdate {
            key: ItemKey::charge(id.payer, id.charge),
            change: "SET replay_count = replay_count + :one",
            condition: Some(
                "charge_request = :request AND replay_count < :most \
                 AND charge_state IN (:served, :posted)",
            ),
            values: values([
                (":one", number(1)),
                (":request", bytes(request)),
                (":most", number(REPLAYS_MAX)),
                (":served", state(ChargeState::Served)),
                (":posted", state(ChargeState::Posted)),
            ]),
        };
        match self.update("count a replay", update).await? {
            Ok(item) => Ok(Some(ExistingCharge::Replay(charge(&item)?))),
            Err(None) => Ok(None),
            Err(Some(item)) => Ok(checked::uncounted(charge(&item)?, request)),
        }
    }
}

/// The charge, of the attempt after a void one.
fn with_attempt(wanted: &Charge, void_attempt: Option<u32>) -> Charge {
    let mut next = wanted.clone();
    if let ChargeSource::Hold { attempt, .. } = &mut next.source {
        *attempt = void_attempt.unwrap_or(0) + 1;
    }
    next
}

/// Takes what the charge keeps back from what pays for it.
fn source_update(wanted: &Charge) -> ItemUpdate {
    let amount = money(wanted.kept_back());
    if let ChargeSource::Lease { lease } = wanted.source {
        return ItemUpdate {
            key: ItemKey::lease(wanted.payer, lease),
            change: "SET lease_unspent = lease_unspent - :amount",
            condition: Some("lease_open = :true AND lease_unspent >= :amount"),
            values: values([(":amount", amount), (":true", AttributeValue::Bool(true))]),
        };
    }
    let change = match wanted.state {
        ChargeState::Pending => {
            "SET available_micros = available_micros - :amount, \
             held_micros = if_not_exists(held_micros, :zero) + :amount"
        }
        _ => {
            "SET available_micros = available_micros - :amount, \
             spent_micros = if_not_exists(spent_micros, :zero) + :amount"
        }
    };
    ItemUpdate {
        key: ItemKey::balance(wanted.payer),
        change,
        condition: Some(
            "available_micros >= :amount \
             AND (attribute_not_exists(wallet_status) OR wallet_status <> :frozen)",
        ),
        values: values([
            (":amount", amount),
            (":zero", number(0)),
            (":frozen", number(WalletStatus::Frozen as u8)),
        ]),
    }
}

/// Claims a part of the key's daily budget.
fn budget_update(wanted: &Charge) -> Option<ItemUpdate> {
    let claim = wanted.budget?;
    let needed = wanted.kept_back();
    // A condition cannot compare two given values, so this one is compared here.
    let condition = match claim.cap >= needed {
        true => "attribute_not_exists(budget_left) OR budget_left >= :amount",
        false => "budget_left >= :amount",
    };
    let forgotten = i64::from(claim.day.0) * 86_400 + KEPT_SECONDS;
    Some(ItemUpdate {
        key: ItemKey::budget(wanted.payer, wanted.key, claim.day),
        change: "SET budget_left = if_not_exists(budget_left, :cap) - :amount, \
                 budget_spent = if_not_exists(budget_spent, :zero) + :amount, expires_at = :forgotten",
        condition: Some(condition),
        values: values([
            (":cap", money(claim.cap)),
            (":amount", money(needed)),
            (":zero", number(0)),
            (":forgotten", number(forgotten)),
        ]),
    })
}

/// Why a charge was refused: the item at `place` pays, the next one is the budget.
fn refusal(
    wanted: &Charge,
    failed: &FailedConditions,
    place: usize,
) -> Result<WalletRefusal, PortError> {
    let needed = wanted.kept_back();
    let Some(source) = failed.at(place) else {
        let budget = failed.at(place + 1);
        return budget_refusal(wanted, budget.unwrap_or(&Item::new()));
    };
    if !matches!(wanted.source, ChargeSource::Lease { .. }) {
        return taking_refusal(source, needed);
    }
    let is_open = source.get("lease_open").is_some_and(|open| open.as_bool() == Ok(&true));
    Ok(match is_open {
        true => WalletRefusal::LeaseSpent { needed, left: amount(source, "lease_unspent")? },
        false => WalletRefusal::LeaseClosed,
    })
}

fn budget_refusal(wanted: &Charge, budget: &Item) -> Result<WalletRefusal, PortError> {
    let claim = wanted.budget.ok_or_else(|| contended("charge"))?;
    let left = match budget.contains_key(BUDGET_LEFT) {
        true => amount(budget, BUDGET_LEFT)?,
        false => claim.cap,
    };
    Ok(WalletRefusal::BudgetExhausted { day: claim.day, needed: wanted.kept_back(), left })
}
