//! What is checked when all is at rest, from what clients received, wallets and the ledger.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, ensure};
use billing::{AuditDifference, Audited, audit, audit_payer};
use model::ledger::Transfer;
use model::port::{CHARGES_MAX, Clock, Ledger, TransferPeriod, Wallet};
use model::{KeyId, MicroCredits, PayerId, Timestamp, TransferId};
use store::clock::System;

use super::LedgerChecks;
use super::meter::{ALL_PAGES, BenchMeter};
use super::notes::NoteBook;
use super::plan::{LedgerPlan, plan_day};

/// Every grace is over after so long.
const LATER: Duration = Duration::from_secs(7_200);

/// After this many sweeps nothing is left to do.
const SWEEPS_MAX: u32 = 12;

/// What was found.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LedgerProof {
    pub(super) checks: LedgerChecks,
    pub(super) faults: u64,
    /// The charges in the ledger.
    pub(super) charged: u64,
}

/// What was found while everybody acted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LedgerWatch {
    wallet_minus_ledger: u64,
    negative_balances: u64,
    faults: u64,
}

impl LedgerWatch {
    /// Looks at all balances, and audits one payer.
    pub(super) async fn look(&mut self, parts: &BenchMeter, payer: PayerId) -> Result<()> {
        for payer in LedgerPlan::payers() {
            self.negative_balances += u64::from(!parts.wallet.balance(payer).await?.is_sound());
        }
        if let Audited::Differs(difference) =
            audit_payer(&parts.wallet, &parts.ledger, payer).await?
        {
            let money = difference.wallet_minus_ledger;
            self.wallet_minus_ledger += size(money);
            let rest = AuditDifference { wallet_minus_ledger: 0, ..difference };
            self.faults += u64::from(rest != AuditDifference::default());
        }
        Ok(())
    }
}

/// Posts and sweeps, by a clock that is far ahead, until nothing is left to do.
pub(super) async fn settle(parts: &BenchMeter) -> Result<()> {
    for round in 1..=SWEEPS_MAX {
        let swept = parts.sweep(System.now() + LATER * round, ALL_PAGES).await?;
        while parts.post_some().await? > 0 {}
        if swept == billing::SweepReport::default() {
            return Ok(());
        }
    }
    anyhow::bail!("there is something left to sweep after {SWEEPS_MAX} sweeps")
}

/// Proves that what clients received is what was charged, once.
pub(super) async fn prove(
    plan: LedgerPlan,
    parts: &BenchMeter,
    notes: &NoteBook,
    watch: LedgerWatch,
) -> Result<LedgerProof> {
    let answered = notes.answers.len() as u64;
    ensure!(answered == plan.requests, "{answered} of {} requests have an end", plan.requests);
    let mut proof = LedgerProof::default();
    let audited = audit(&parts.wallet, &parts.ledger).await?;
    let checks = &mut proof.checks;
    checks.wallet_minus_ledger = watch.wallet_minus_ledger + size(audited.wallet_minus_ledger());
    checks.ledger_sum = size(audited.ledger_sum) + size(audited.customers_less_grants);
    checks.negative_balances = watch.negative_balances;
    proof.faults = watch.faults + audited.moving + audited.differences.len() as u64;
    check_answers(parts, notes, &mut proof).await?;
    check_payers(plan, parts, &mut proof).await?;
    Ok(proof)
}

/// Every answer that left is in the ledger, with what the client heard.
async fn check_answers(
    parts: &BenchMeter,
    notes: &NoteBook,
    proof: &mut LedgerProof,
) -> Result<()> {
    let delivered: Vec<_> = notes.delivered().into_iter().collect();
    for some in delivered.chunks(CHARGES_MAX) {
        let ids: Vec<TransferId> =
            some.iter().map(|(id, _)| TransferId::Charge { charge: id.charge }).collect();
        let lines = parts.ledger.transfers(&ids).await?;
        let billed: BTreeMap<&TransferId, (PayerId, MicroCredits)> = lines
            .iter()
            .map(|line| (&line.transfer.id, (line.transfer.payer, line.transfer.amount)))
            .collect();
        for ((id, cost), line) in some.iter().zip(&ids) {
            let is_billed = billed.get(line) == Some(&(id.payer, *cost));
            proof.checks.delivered_unbilled += u64::from(!is_billed);
        }
    }
    Ok(())
}

/// No request has two charges, each charge has a request, and nothing is left aside.
async fn check_payers(plan: LedgerPlan, parts: &BenchMeter, proof: &mut LedgerProof) -> Result<()> {
    let requests = plan.all_charges();
    let mut charges_of_request: BTreeMap<u64, u64> = BTreeMap::new();
    for payer in LedgerPlan::payers() {
        let mut spent = 0;
        for line in lines(parts, payer).await? {
            let TransferId::Charge { charge } = line.id else { continue };
            spent += line.amount.micros();
            proof.charged += 1;
            match requests.get(&charge) {
                Some(&request) => *charges_of_request.entry(request).or_default() += 1,
                None => proof.faults += 1,
            }
        }
        let view = parts.wallet.view(payer).await?;
        let balance = view.balance;
        let is_at_rest = view.charges.is_empty()
            && view.leases.is_empty()
            && (balance.held, balance.leased) == (MicroCredits::ZERO, MicroCredits::ZERO);
        proof.checks.negative_balances += u64::from(!balance.is_sound());
        proof.faults += u64::from(!is_at_rest) + u64::from(balance.spent.micros() != spent);
        proof.faults += exceeded_budgets(parts, payer).await?;
    }
    let twice = charges_of_request.values().map(|count| count - 1);
    proof.checks.double_billed += twice.sum::<u64>();
    Ok(())
}

async fn lines(parts: &BenchMeter, payer: PayerId) -> Result<Vec<Transfer>> {
    let period = TransferPeriod { payer, from: Timestamp::MIN, until: Timestamp::MAX };
    let (mut lines, mut after) = (Vec::new(), None);
    loop {
        let page = parts.ledger.transfers_of(&period, after.as_deref()).await?;
        lines.extend(page.items);
        after = page.next;
        if after.is_none() {
            return Ok(lines);
        }
    }
}

async fn exceeded_budgets(parts: &BenchMeter, payer: PayerId) -> Result<u64> {
    let mut exceeded = 0;
    for day in [0, 1].map(plan_day) {
        let budget = parts.wallet.budget(payer, KeyId::new(payer.number()), day).await?;
        exceeded += u64::from(budget.is_some_and(|budget| budget.spent > budget.cap));
    }
    Ok(exceeded)
}

fn size(amount: i128) -> u64 {
    u64::try_from(amount.unsigned_abs()).unwrap_or(u64::MAX)
}
