//! The state of the ledger: transfers, grants, statements.

use std::collections::{BTreeMap, BTreeSet};

use model::charge::ChargeState;
use model::grant::{burn_down, burn_up};
use model::ledger::{
    AccountTotal, DrawnTransfer, GrantExpiry, LedgerTotals, PayerLedger, PostVerdict,
    RecordOutcome, Refund,
};
use model::port::{Page, PortError, TransferPeriod};
use model::{
    Charge, ChargeId, Grant, GrantDraw, GrantId, GrantKind, LedgerAccount, MicroCredits, Month,
    PayerId, Statement, Timestamp, Transfer, TransferId,
};

use super::Flaw;
use super::wallet::{moved, page};

/// A transfer by the time of posting.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct PostedTransfer {
    payer: PayerId,
    at: Timestamp,
    id: TransferId,
}

/// A statement's payer and month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct StatementPlace {
    payer: PayerId,
    month: Month,
}

/// What is kept of one payer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct PayerState {
    credited: MicroCredits,
    debited: MicroCredits,
    grants: BTreeMap<GrantId, Grant>,
}

/// The whole ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct LedgerState {
    flaw: Option<Flaw>,
    charges: BTreeMap<ChargeId, DrawnTransfer>,
    others: BTreeMap<TransferId, DrawnTransfer>,
    by_time: BTreeSet<PostedTransfer>,
    /// How many lines were written.
    written: u64,
    payers: BTreeMap<PayerId, PayerState>,
    owners: BTreeMap<GrantId, PayerId>,
    statements: BTreeMap<StatementPlace, Statement>,
}

impl LedgerState {
    /// An empty ledger, with a mistake in how it is kept.
    pub fn with_flaw(flaw: Option<Flaw>) -> LedgerState {
        LedgerState { flaw, ..LedgerState::default() }
    }

    /// Every posted charge, with its draws.
    pub fn charges(&self) -> impl Iterator<Item = &DrawnTransfer> {
        self.charges.values()
    }

    /// What a charge cost, if it is posted.
    pub fn charged(&self, charge: ChargeId) -> Option<MicroCredits> {
        self.charges.get(&charge).map(|line| line.transfer.amount)
    }

    /// How many lines were written more than once.
    pub fn doubled(&self) -> u64 {
        self.written - (self.charges.len() + self.others.len()) as u64
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    pub(super) fn post(
        &mut self,
        charges: &[Charge],
        at: Timestamp,
    ) -> Result<Vec<PostVerdict>, PortError> {
        let is_served = |charge: &Charge| {
            matches!(charge.state, ChargeState::Served | ChargeState::Posted)
                && charge.served_at.is_some()
        };
        if !charges.iter().all(is_served) {
            return Err(PortError::Refused("a charge is not served".to_owned()));
        }
        Ok(charges.iter().map(|charge| self.post_one(charge, at)).collect())
    }

    fn post_one(&mut self, charge: &Charge, at: Timestamp) -> PostVerdict {
        let known = self.charges.get(&charge.id).map(|known| known.transfer.amount);
        if let Some(posted) = known
            && !self.has(Flaw::PostWithoutKey)
        {
            return match posted == charge.cost {
                true => PostVerdict::PostedBefore,
                false => PostVerdict::Differs { posted },
            };
        }
        let transfer = Transfer::of_charge(charge, at);
        let state = self.payers.entry(charge.payer).or_default();
        match burn_down(state.grants.values(), charge.cost, transfer.event_at) {
            Err(short) => PostVerdict::Uncovered { missing: short.missing },
            Ok(draws) => {
                self.write(transfer, draws);
                PostVerdict::Posted
            }
        }
    }

    /// Writes a line and what follows from it.
    fn write(&mut self, transfer: Transfer, draws: Vec<GrantDraw>) {
        let state = self.payers.entry(transfer.payer).or_default();
        let amount = transfer.amount.micros();
        if transfer.debit == LedgerAccount::Customer {
            state.debited = moved(state.debited, amount);
        } else {
            state.credited = moved(state.credited, amount);
        }
        for draw in &draws {
            if let Some(grant) = state.grants.get_mut(&draw.grant) {
                grant.remaining = moved(grant.remaining, -draw.amount.micros());
            }
        }
        let (payer, at, id) = (transfer.payer, transfer.posted_at, transfer.id.clone());
        self.by_time.insert(PostedTransfer { payer, at, id: id.clone() });
        self.written += 1;
        let line = DrawnTransfer { transfer, draws };
        match id {
            TransferId::Charge { charge } => self.charges.insert(charge, line),
            other => self.others.insert(other, line),
        };
    }

    pub(super) fn transfer(&self, id: &TransferId) -> Option<&DrawnTransfer> {
        match id {
            TransferId::Charge { charge } => self.charges.get(charge),
            other => self.others.get(other),
        }
    }

    fn add_grant(&mut self, grant: &Grant) {
        self.owners.insert(grant.id.clone(), grant.payer);
        let state = self.payers.entry(grant.payer).or_default();
        state
            .grants
            .insert(grant.id.clone(), Grant { in_wallet: false, expiries: 0, ..grant.clone() });
    }

    pub(super) fn record_grant(&mut self, grant: &Grant, at: Timestamp) -> RecordOutcome {
        if let Some(known) = self.grant(&grant.id) {
            let is_same = known.payer == grant.payer && known.amount == grant.amount;
            return if is_same { RecordOutcome::RecordedBefore } else { RecordOutcome::Differs };
        }
        if grant.amount <= MicroCredits::ZERO || grant.remaining != grant.amount {
            return RecordOutcome::Refused;
        }
        self.add_grant(grant);
        let debit = match grant.kind {
            GrantKind::Paid => LedgerAccount::Cash,
            GrantKind::Promotional => LedgerAccount::Promotion,
        };
        let id = TransferId::Grant { grant: grant.id.clone() };
        let line = line(id, grant.payer, grant.amount, at);
        self.write(Transfer { debit, credit: LedgerAccount::Customer, ..line }, Vec::new());
        RecordOutcome::Recorded
    }

    pub(super) fn grant(&self, id: &GrantId) -> Option<&Grant> {
        let owner = self.owners.get(id)?;
        self.payers.get(owner)?.grants.get(id)
    }

    fn grant_mut(&mut self, id: &GrantId) -> Option<&mut Grant> {
        let owner = self.owners.get(id)?;
        self.payers.get_mut(owner)?.grants.get_mut(id)
    }

    pub(super) fn mark_in_wallet(&mut self, id: &GrantId) {
        if let Some(grant) = self.grant_mut(id) {
            grant.in_wallet = true;
        }
    }

    pub(super) fn expire(&mut self, expiry: &GrantExpiry) -> RecordOutcome {
        let id = TransferId::Expiry { grant: expiry.grant.clone(), part: expiry.part };
        if let Some(known) = self.others.get(&id) {
            let is_same = known.transfer.amount == expiry.amount;
            return if is_same { RecordOutcome::RecordedBefore } else { RecordOutcome::Differs };
        }
        let known = self.grant(&expiry.grant);
        let is_next =
            known.is_some_and(|grant| grant.expiries == expiry.part && grant.payer == expiry.payer);
        let grants = self.payers.get(&expiry.payer).map(|state| &state.grants);
        let draws = grants.and_then(|grants| {
            burn_up(grants.values(), &expiry.grant, expiry.amount, expiry.at).ok()
        });
        let (true, Some(draws)) = (is_next && expiry.amount > MicroCredits::ZERO, draws) else {
            return RecordOutcome::Refused;
        };
        self.write(line(id, expiry.payer, expiry.amount, expiry.at), draws);
        if let Some(grant) = self.grant_mut(&expiry.grant) {
            grant.expiries += 1;
        }
        RecordOutcome::Recorded
    }

    pub(super) fn refund(&mut self, refund: &Refund) -> RecordOutcome {
        let id = TransferId::Refund { charge: refund.charge };
        let amount: i64 = refund.grants.iter().map(|grant| grant.amount.micros()).sum();
        let charge = self.charges.get(&refund.charge).map(|line| &line.transfer);
        let is_right = charge
            .is_some_and(|charge| charge.payer == refund.payer && charge.amount.micros() == amount);
        if !is_right {
            return RecordOutcome::Refused;
        }
        if self.others.contains_key(&id) {
            return RecordOutcome::RecordedBefore;
        }
        refund.grants.iter().for_each(|grant| self.add_grant(grant));
        let line = line(id, refund.payer, MicroCredits::new(amount), refund.at);
        let (debit, credit) = (LedgerAccount::Refunds, LedgerAccount::Customer);
        self.write(Transfer { debit, credit, ..line }, Vec::new());
        RecordOutcome::Recorded
    }

    pub(super) fn transfers_of(
        &self,
        period: &TransferPeriod,
        after: Option<&str>,
    ) -> Page<Transfer> {
        let (payer, zeros) = (period.payer, ChargeId::new([0; 20]));
        let first =
            PostedTransfer { payer, at: period.from, id: TransferId::Charge { charge: zeros } };
        let posted = self.by_time.range(first..);
        let posted = posted.take_while(|line| line.payer == payer && line.at < period.until);
        let lines = posted.filter_map(|line| self.transfer(&line.id));
        page(lines.map(|line| line.transfer.clone()), after)
    }

    /// Every grant.
    pub fn grants(&self) -> impl Iterator<Item = &Grant> {
        self.payers.values().flat_map(|state| state.grants.values())
    }

    /// When a grant was recorded.
    pub(super) fn recorded_at(&self, grant: &Grant) -> Timestamp {
        let line = self.others.get(&TransferId::Grant { grant: grant.id.clone() });
        line.map_or(grant.effective_at, |line| line.transfer.posted_at)
    }

    pub(super) fn payer(&self, payer: PayerId) -> PayerLedger {
        let state = self.payers.get(&payer).cloned().unwrap_or_default();
        let grants = state.grants.into_values().collect();
        PayerLedger { credited: state.credited, debited: state.debited, grants }
    }

    pub(super) fn payers(&self, after: Option<&str>) -> Page<PayerId> {
        page(self.payers.keys().copied(), after)
    }

    pub(super) fn totals(&self) -> LedgerTotals {
        let mut accounts = LedgerAccount::ALL
            .map(|account| AccountTotal { account, debits: 0, credits: 0 })
            .to_vec();
        let lines = self.charges.values().chain(self.others.values());
        for line in lines {
            let amount = i128::from(line.transfer.amount.micros());
            for total in &mut accounts {
                total.debits += if total.account == line.transfer.debit { amount } else { 0 };
                total.credits += if total.account == line.transfer.credit { amount } else { 0 };
            }
        }
        let remaining = self.grants().map(|grant| i128::from(grant.remaining.micros())).sum();
        let transfers = (self.charges.len() + self.others.len()) as u64;
        LedgerTotals { accounts, remaining, transfers }
    }

    pub(super) fn keep_statement(&mut self, statement: &Statement) -> RecordOutcome {
        let place = StatementPlace { payer: statement.payer, month: statement.month };
        match self.statements.get(&place) {
            Some(known) if known == statement => RecordOutcome::RecordedBefore,
            Some(_) => RecordOutcome::Differs,
            None => {
                self.statements.insert(place, statement.clone());
                RecordOutcome::Recorded
            }
        }
    }

    pub(super) fn last_statement(&self, payer: PayerId, until: Month) -> Option<Statement> {
        let months = ..=StatementPlace { payer, month: until };
        let last = self.statements.range(months).next_back().map(|(_, statement)| statement);
        last.filter(|statement| statement.payer == payer).cloned()
    }
}

/// A line that takes from a customer what expired.
fn line(id: TransferId, payer: PayerId, amount: MicroCredits, at: Timestamp) -> Transfer {
    let (debit, credit) = (LedgerAccount::Customer, LedgerAccount::Breakage);
    Transfer { id, payer, debit, credit, amount, event_at: at, posted_at: at, detail: None }
}
