//! Charges in the wallets, and the conditions on which they change.

use model::charge::{BudgetClaim, ChargeRef, ChargeSource, ChargeState, REPLAYS_MAX};
use model::port::{ExpiredHold, Page, PortError, ServedHold};
use model::wallet::{ChargeOutcome, ExistingCharge, MarkOutcome, ServeOutcome, WalletRefusal};
use model::{Charge, CreditLease, DailyBudget, LeaseId, MicroCredits, Timestamp};

use super::Flaw;
use super::wallet::{BudgetPlace, TimedCharge, WalletState, moved, page};

impl WalletState {
    pub(super) fn commit(
        &mut self,
        charge: &Charge,
        others: &[ChargeRef],
    ) -> Result<ChargeOutcome, PortError> {
        let is_held = matches!(charge.source, ChargeSource::Hold { .. });
        if is_held || charge.state != ChargeState::Served || !charge.is_sound() {
            return Err(PortError::Refused("this charge cannot be committed".to_owned()));
        }
        if let Some(existing) = self.existing(charge, others) {
            return Ok(existing);
        }
        if charge.source == ChargeSource::Balance && self.is_contended(charge.payer) {
            return Ok(ChargeOutcome::Contended);
        }
        if let Some(refusal) = self.uncovered(charge).or_else(|| self.over_budget(charge)) {
            return Ok(ChargeOutcome::Refused(refusal));
        }
        let cost = charge.cost.micros();
        match charge.source {
            ChargeSource::Lease { lease } => {
                if let Some(lease) = self.leases.get_mut(&lease) {
                    lease.left = moved(lease.left, -cost);
                }
            }
            _ => self.change(charge.payer, |balance| {
                balance.available = moved(balance.available, -cost);
                balance.spent = moved(balance.spent, cost);
            }),
        }
        self.claim(charge, cost);
        self.put(charge.clone());
        Ok(ChargeOutcome::Charged { attempt: 1 })
    }

    pub(super) fn hold(
        &mut self,
        charge: &Charge,
        others: &[ChargeRef],
    ) -> Result<ChargeOutcome, PortError> {
        let ChargeSource::Hold { most, expires_at, .. } = charge.source else {
            return Err(PortError::Refused("this charge has no hold".to_owned()));
        };
        if charge.state != ChargeState::Pending || !charge.is_sound() {
            return Err(PortError::Refused("this charge cannot be held".to_owned()));
        }
        if let Some(existing) = self.existing(charge, others) {
            return Ok(existing);
        }
        if self.is_contended(charge.payer) {
            return Ok(ChargeOutcome::Contended);
        }
        if let Some(refusal) = self.uncovered(charge).or_else(|| self.over_budget(charge)) {
            return Ok(ChargeOutcome::Refused(refusal));
        }
        let attempt = self.charges.get(&charge.reference()).map_or(1, |void| void.attempt() + 1);
        self.change(charge.payer, |balance| {
            balance.available = moved(balance.available, -most.micros());
            balance.held = moved(balance.held, most.micros());
        });
        self.claim(charge, most.micros());
        let source = ChargeSource::Hold { most, attempt, expires_at };
        self.put(Charge { source, ..charge.clone() });
        Ok(ChargeOutcome::Charged { attempt })
    }

    /// What became of the charge under one of its ids, if there is one that is not void.
    fn existing(&mut self, charge: &Charge, others: &[ChargeRef]) -> Option<ChargeOutcome> {
        if self.has(Flaw::PutWithoutAbsence) {
            return None;
        }
        for id in std::iter::once(charge.reference()).chain(others.iter().copied()) {
            let known = self.charges.get(&id).filter(|known| known.state != ChargeState::Void);
            if let Some(known) = known
                && known.nonce == charge.nonce
            {
                return Some(ChargeOutcome::Charged { attempt: known.attempt() });
            }
            if let Some(existing) = self.replay(id, &charge.request) {
                return Some(ChargeOutcome::Existing(Box::new(existing)));
            }
        }
        None
    }

    pub(super) fn replay(&mut self, id: ChargeRef, request: &[u8; 32]) -> Option<ExistingCharge> {
        let is_counted = !self.has(Flaw::ReplayWithoutCount);
        let known = self.charges.get_mut(&id)?;
        Some(match known.state {
            ChargeState::Void => return None,
            _ if known.request != *request => ExistingCharge::OtherRequest(known.clone()),
            ChargeState::Pending => ExistingCharge::InProgress(known.clone()),
            _ if known.replays >= REPLAYS_MAX => ExistingCharge::ReplaysExhausted(known.clone()),
            ChargeState::Served | ChargeState::Posted => {
                known.replays += u8::from(is_counted);
                ExistingCharge::Replay(known.clone())
            }
        })
    }

    /// Why the source of a charge does not cover it.
    fn uncovered(&self, charge: &Charge) -> Option<WalletRefusal> {
        match charge.source {
            ChargeSource::Lease { lease } => self.lease_refusal(lease, charge),
            _ => self.refusal(charge.payer, charge.kept_back()),
        }
    }

    fn lease_refusal(&self, id: LeaseId, charge: &Charge) -> Option<WalletRefusal> {
        let is_usable = |lease: &&CreditLease| {
            lease.payer == charge.payer && (lease.is_open || self.has(Flaw::LeaseWithoutCondition))
        };
        let Some(lease) = self.leases.get(&id).filter(is_usable) else {
            return Some(WalletRefusal::LeaseClosed);
        };
        let (needed, left) = (charge.cost, lease.left);
        (left < needed).then_some(WalletRefusal::LeaseSpent { needed, left })
    }

    /// Why the budget of a charge does not cover it.
    fn over_budget(&self, charge: &Charge) -> Option<WalletRefusal> {
        let claim = charge.budget?;
        let budget = self.budget_of(charge, claim);
        let (needed, left) = (charge.kept_back(), moved(budget.cap, -budget.spent.micros()));
        let is_over = left < needed && !self.has(Flaw::ClaimWithoutCap);
        is_over.then_some(WalletRefusal::BudgetExhausted { day: claim.day, needed, left })
    }

    fn budget_of(&self, charge: &Charge, claim: BudgetClaim) -> DailyBudget {
        let BudgetClaim { day, cap } = claim;
        let place = BudgetPlace { payer: charge.payer, key: charge.key, day };
        let new = DailyBudget { key: charge.key, day, cap, spent: MicroCredits::ZERO };
        self.budgets.get(&place).copied().unwrap_or(new)
    }

    /// Counts an amount against the charge's budget.
    fn claim(&mut self, charge: &Charge, micros: i64) {
        let Some(claim) = charge.budget else { return };
        let budget = self.budget_of(charge, claim);
        let place = BudgetPlace { payer: charge.payer, key: charge.key, day: claim.day };
        let spent = moved(budget.spent, micros);
        self.budgets.insert(place, DailyBudget { spent, ..budget });
    }

    pub(super) fn serve(&mut self, served: &ServedHold) -> Result<ServeOutcome, PortError> {
        let known = self.charges.get(&served.charge).cloned();
        let Some(charge) = known else { return Ok(ServeOutcome::TooLate) };
        let ChargeSource::Hold { most, attempt, .. } = charge.source else {
            return Err(PortError::Refused("this charge has no hold".to_owned()));
        };
        if served.cost <= MicroCredits::ZERO || served.cost > most {
            return Err(PortError::Refused("the cost exceeds what is held".to_owned()));
        }
        let is_attempt = attempt == served.attempt
            || self.has(Flaw::ServeWithoutAttempt)
            || self.has(Flaw::ServeWithoutState);
        let is_same = charge.cost == served.cost && charge.served_at == Some(served.served_at);
        let is_pending = match charge.state {
            ChargeState::Pending => true,
            ChargeState::Void => self.has(Flaw::ServeWithoutState),
            ChargeState::Served | ChargeState::Posted => {
                let is_done = is_attempt && is_same;
                return Ok(if is_done { ServeOutcome::Served } else { ServeOutcome::TooLate });
            }
        };
        if !is_attempt || !is_pending {
            return Ok(ServeOutcome::TooLate);
        }
        self.put(Charge {
            state: ChargeState::Served,
            usage: served.usage,
            cost: served.cost,
            served_at: Some(served.served_at),
            ..charge
        });
        Ok(ServeOutcome::Served)
    }

    pub(super) fn void(&mut self, id: ChargeRef, attempt: u32) -> bool {
        let known = self.charges.get(&id).cloned();
        let Some(charge) = known else { return false };
        let is_pending = charge.state == ChargeState::Pending
            || charge.state == ChargeState::Served && self.has(Flaw::VoidWithoutState);
        let ChargeSource::Hold { most, attempt: held, .. } = charge.source else { return false };
        if !is_pending || held != attempt {
            return false;
        }
        self.change(id.payer, |balance| {
            balance.held = moved(balance.held, -most.micros());
            balance.available = moved(balance.available, most.micros());
        });
        self.claim(&charge, -most.micros());
        self.put(Charge { state: ChargeState::Void, ..charge });
        true
    }

    pub(super) fn mark_posted(&mut self, id: ChargeRef, at: Timestamp) -> MarkOutcome {
        let known = self.charges.get(&id).cloned();
        let Some(charge) = known else { return MarkOutcome::Unknown };
        match charge.state {
            ChargeState::Pending | ChargeState::Void => return MarkOutcome::NotServed,
            ChargeState::Posted if !self.has(Flaw::MarkWithoutState) => return MarkOutcome::Posted,
            ChargeState::Served | ChargeState::Posted => {}
        }
        if let ChargeSource::Hold { most, .. } = charge.source {
            let (most, cost) = (most.micros(), charge.cost.micros());
            self.change(id.payer, |balance| {
                balance.held = moved(balance.held, -most);
                balance.available = moved(balance.available, most - cost);
                balance.spent = moved(balance.spent, cost);
            });
            self.claim(&charge, cost - most);
        }
        self.put(Charge { state: ChargeState::Posted, posted_at: Some(at), ..charge });
        MarkOutcome::Posted
    }

    /// Stores a charge, and files it under what is to be done with it.
    fn put(&mut self, charge: Charge) {
        let id = charge.reference();
        if let Some(old) = self.charges.get(&id).cloned() {
            self.file(&old, false);
        }
        self.file(&charge, true);
        if matches!(charge.state, ChargeState::Served | ChargeState::Posted) {
            self.charged.insert(charge.id);
        }
        self.charges.insert(id, charge);
    }

    fn file(&mut self, charge: &Charge, is_in: bool) {
        let id = charge.reference();
        let (set, at) = match (charge.state, charge.source) {
            (ChargeState::Pending, ChargeSource::Hold { expires_at, .. }) => {
                (&mut self.pending, expires_at)
            }
            (ChargeState::Served, _) => {
                (&mut self.unposted, charge.served_at.unwrap_or(charge.opened_at))
            }
            _ => return,
        };
        let timed = TimedCharge { at, charge: id };
        if is_in {
            set.insert(timed);
            self.unsettled.insert(id);
        } else {
            set.remove(&timed);
            self.unsettled.remove(&id);
        }
    }

    pub(super) fn unposted(&self, before: Timestamp, after: Option<&str>) -> Page<ChargeRef> {
        let old = self.unposted.iter().take_while(|timed| timed.at < before);
        page(old.map(|timed| timed.charge), after)
    }

    pub(super) fn expired_holds(
        &self,
        before: Timestamp,
        after: Option<&str>,
    ) -> Page<ExpiredHold> {
        let expired = self.pending.iter().take_while(|timed| timed.at < before);
        let charges = expired.filter_map(|timed| self.charges.get(&timed.charge));
        let holds = charges.map(|charge| {
            let (charge, attempt) = (charge.reference(), charge.attempt());
            ExpiredHold { charge, attempt }
        });
        page(holds, after)
    }
}
