//! What becomes of charges: served, void, posted.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::TransactWriteItem;
use futures::future::try_join_all;
use model::charge::{ChargeRef, ChargeSource, ChargeState};
use model::port::{PortError, ServedHold};
use model::time::Timestamp;
use model::wallet::{MarkOutcome, ServeOutcome};
use model::{Charge, MicroCredits};

use super::DynamoWallet;
use super::charge_item::{charge, state, unused};
use super::due_list::DueList;
use super::item::{Item, ItemKey, forgotten_at, json, money, number, text, values};
use super::transaction::{ItemUpdate, TransactionOutcome, contended};
use crate::wallet::checked;

/// How many charges of a call are marked at the same time.
const MARKS_AT_ONCE: usize = 16;

impl DynamoWallet {
    pub(super) async fn serve_hold(&self, served: &ServedHold) -> Result<ServeOutcome, PortError> {
        let ChargeRef { payer, charge: id } = served.charge;
        if served.cost <= MicroCredits::ZERO {
            let known = self.read_charge(served.charge).await?;
            return checked::not_served(known.as_ref(), served);
        }
        let update = ItemUpdate {
            key: ItemKey::charge(payer, id),
            change: "SET charge_state = :served, charge_cost = :cost, charge_usage = :usage, \
                     served_ms = :at, due_ms = :at, due_list = :list",
            condition: Some(
                "charge_state = :pending AND charge_attempt = :attempt AND charge_most >= :cost",
            ),
            values: values([
                (":served", state(ChargeState::Served)),
                (":pending", state(ChargeState::Pending)),
                (":attempt", number(served.attempt)),
                (":cost", money(served.cost)),
                (":usage", text(json(&served.usage)?)),
                (":at", number(served.served_at.as_millisecond())),
                (":list", text(DueList::Served.name(payer))),
            ]),
        };
        match self.update("serve a charge", update).await? {
            Ok(_) => Ok(ServeOutcome::Served),
            Err(known) => {
                let known = known.as_ref().map(charge).transpose()?;
                checked::not_served(known.as_ref(), served)
            }
        }
    }

    pub(super) async fn void_hold(&self, id: ChargeRef, attempt: u32) -> Result<bool, PortError> {
        let Some(known) = self.read_charge(id).await? else { return Ok(false) };
        let is_held = matches!(known.source, ChargeSource::Hold { .. });
        if !is_held || known.attempt() != attempt || known.state != ChargeState::Pending {
            return Ok(false);
        }
        let update = ItemUpdate {
            key: ItemKey::charge(id.payer, id.charge),
            change: "SET charge_state = :void REMOVE due_list, due_place, due_ms",
            condition: Some("charge_state = :pending AND charge_attempt = :attempt"),
            values: values([
                (":void", state(ChargeState::Void)),
                (":pending", state(ChargeState::Pending)),
                (":attempt", number(attempt)),
            ]),
        };
        match self.transact("void a charge", self.release(update, &known)).await? {
            TransactionOutcome::Done => Ok(true),
            TransactionOutcome::Failed(_) => Ok(false),
            TransactionOutcome::Contended => Err(contended("void a charge")),
        }
    }

    /// A change of a charge with a hold, and the release of what is held beyond its cost.
    fn release(&self, update: ItemUpdate, known: &Charge) -> Vec<TransactWriteItem> {
        let (most, back) = (known.kept_back(), unused(known));
        let balance = ItemUpdate {
            key: ItemKey::balance(known.payer),
            change: "SET held_micros = held_micros - :most, \
                     available_micros = available_micros + :back, \
                     spent_micros = if_not_exists(spent_micros, :zero) + :cost",
            condition: Some("held_micros >= :most"),
            values: values([
                (":most", money(most)),
                (":back", money(back)),
                (":cost", money(known.cost)),
                (":zero", number(0)),
            ]),
        };
        let mut items = vec![self.part(update), self.part(balance)];
        items.extend(known.budget.map(|claim| {
            self.part(ItemUpdate {
                key: ItemKey::budget(known.payer, known.key, claim.day),
                change: "SET budget_left = budget_left + :back, budget_spent = budget_spent - :back",
                condition: None,
                values: values([(":back", money(back))]),
            })
        }));
        items
    }

    pub(super) async fn mark_charges(
        &self,
        ids: &[ChargeRef],
        at: Timestamp,
    ) -> Result<Vec<MarkOutcome>, PortError> {
        let known = self.read_charges(ids).await?;
        let known: HashMap<ChargeRef, Charge> =
            known.into_iter().map(|charge| (charge.reference(), charge)).collect();
        let served: Vec<&Charge> =
            known.values().filter(|charge| charge.state == ChargeState::Served).collect();
        for some in served.chunks(MARKS_AT_ONCE) {
            try_join_all(some.iter().map(|charge| self.mark(charge, at))).await?;
        }
        let outcome = |id| match known.get(id).map(|charge| charge.state) {
            None => MarkOutcome::Unknown,
            Some(ChargeState::Pending | ChargeState::Void) => MarkOutcome::NotServed,
            // What is served becomes nothing but posted: by this call, or by another one meanwhile.
            Some(ChargeState::Served | ChargeState::Posted) => MarkOutcome::Posted,
        };
        Ok(ids.iter().map(outcome).collect())
    }

    async fn mark(&self, known: &Charge, at: Timestamp) -> Result<(), PortError> {
        let update = ItemUpdate {
            key: ItemKey::charge(known.payer, known.id),
            change: "SET charge_state = :posted, posted_ms = :at, expires_at = :forgotten \
                     REMOVE due_list, due_place, due_ms",
            condition: Some("charge_state = :served"),
            values: marks(at),
        };
        if !matches!(known.source, ChargeSource::Hold { .. }) {
            return self.update("mark a charge", update).await.map(|_| ());
        }
        match self.transact("mark a charge", self.release(update, known)).await? {
            TransactionOutcome::Done => Ok(()),
            TransactionOutcome::Contended => Err(contended("mark a charge")),
            TransactionOutcome::Failed(failed) if failed.at(0).is_some() => Ok(()),
            TransactionOutcome::Failed(_) => {
                Err(PortError::Refused(format!("mark {}: less is held than it holds", known.id)))
            }
        }
    }
}

fn marks(at: Timestamp) -> Item {
    values([
        (":posted", state(ChargeState::Posted)),
        (":served", state(ChargeState::Served)),
        (":at", number(at.as_millisecond())),
        (":forgotten", forgotten_at(at)),
    ])
}
