//! What is checked of a world at rest.

use std::collections::BTreeMap;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use model::charge::{ChargeSource, ChargeState, REPLAYS_MAX};
use model::{ChargeId, MicroCredits, PayerId};

use super::SimulationReport;
use super::world::World;
use crate::audit::{AuditReport, audit};

impl World {
    /// Charges that are not settled, and payers with something set aside.
    pub(super) fn unsettled(&self) -> u64 {
        self.wallet.gate().open.with(|state| {
            let is_open =
                |state: ChargeState| matches!(state, ChargeState::Pending | ChargeState::Served);
            let charges = state.charges().filter(|charge| is_open(charge.state)).count();
            let zero = MicroCredits::ZERO;
            let aside = state
                .balances()
                .filter(|(_, balance)| balance.held != zero || balance.leased != zero);
            (charges + aside.count()) as u64
        })
    }

    /// What happened and what went wrong.
    pub(super) fn check(&self) -> SimulationReport {
        let audited = self.audit_at_rest();
        let size = |amount: i128| u64::try_from(amount.unsigned_abs()).unwrap_or(u64::MAX);
        let mut report = SimulationReport {
            wallet_minus_ledger: size(audited.wallet_minus_ledger()),
            ledger_sum: size(audited.ledger_sum) + size(audited.customers_less_grants),
            audit_differences: audited.differences.len() as u64,
            stuck: self.unsettled(),
            negative_balances: self.unsound_balances(),
            ..SimulationReport::default()
        };
        self.check_charges(&mut report);
        self.check_answers(&mut report);
        self.note(|notes| {
            report.charged = notes.charged;
            report.replayed = notes.replayed;
            report.refused = notes.refused;
            report.too_late = notes.too_late;
            report.lost_messages = notes.lost_bells;
            report.doubled_messages = notes.doubled_bells;
            report.refunds = notes.refunds;
            report.expiries = notes.expiries;
            report.audits = notes.audits;
            report.audits_moving = notes.audits_moving;
            report.audit_differences += notes.audit_differences;
            report.uncovered = notes.uncovered;
            report.failures = notes.failures + notes.wrong;
        });
        report
    }

    /// The auditor's report. No other process acts.
    fn audit_at_rest(&self) -> AuditReport {
        let mut work = pin!(audit(&self.wallet, &self.ledger));
        let mut context = Context::from_waker(Waker::noop());
        loop {
            if let Poll::Ready(audited) = work.as_mut().poll(&mut context) {
                return audited.unwrap_or_default();
            }
        }
    }

    /// Wallets against the ledger, charge by charge.
    fn check_charges(&self, report: &mut SimulationReport) {
        let mut posted: BTreeMap<ChargeId, i64> = BTreeMap::new();
        let mut by_payer: BTreeMap<PayerId, i64> = BTreeMap::new();
        self.ledger.gate().open.with(|ledger| {
            for line in ledger.charges() {
                let (amount, payer) = (line.transfer.amount.micros(), line.transfer.payer);
                if let model::TransferId::Charge { charge } = line.transfer.id {
                    posted.insert(charge, amount);
                }
                *by_payer.entry(payer).or_default() += amount;
                report.revenue += amount.unsigned_abs();
            }
            report.double_billed += ledger.doubled();
        });
        self.wallet.gate().open.with(|wallet| {
            let mut found = 0;
            for charge in wallet.charges() {
                let is_posted = charge.state == ChargeState::Posted;
                let is_in = posted.get(&charge.id) == Some(&charge.cost.micros());
                found += u64::from(is_posted && is_in);
                report.ghost_postings += u64::from(is_posted && !is_in);
                report.on_leases += u64::from(matches!(charge.source, ChargeSource::Lease { .. }));
            }
            report.ghost_postings += posted.len() as u64 - found;
            for (payer, balance) in wallet.balances() {
                let difference = balance.spent.micros() - by_payer.get(payer).copied().unwrap_or(0);
                report.spent_minus_posted += difference.unsigned_abs();
            }
            let overrun = wallet.budgets().filter(|budget| budget.spent > budget.cap);
            report.budget_overruns += overrun.count() as u64;
            self.check_requests(report, &posted, |id| wallet.is_charged(id));
        });
    }

    /// No request has two charges.
    fn check_requests(
        &self,
        report: &mut SimulationReport,
        posted: &BTreeMap<ChargeId, i64>,
        is_charged: impl Fn(&ChargeId) -> bool,
    ) {
        let mut charges: BTreeMap<u64, u64> = BTreeMap::new();
        self.note(|notes| {
            for (id, &request) in &notes.requests {
                if posted.contains_key(id) || is_charged(id) {
                    *charges.entry(request).or_default() += 1;
                }
            }
        });
        report.double_billed += charges.values().map(|count| count - 1).sum::<u64>();
    }

    /// Every answer that left is paid for.
    fn check_answers(&self, report: &mut SimulationReport) {
        self.note(|notes| {
            self.ledger.gate().open.with(|ledger| {
                for delivered in notes.delivered.values() {
                    let cost = ledger.charged(delivered.charge.charge);
                    report.delivered_unbilled += u64::from(cost != Some(delivered.cost));
                }
                let all = ledger.charges().count() as u64;
                report.charged_undelivered = all.saturating_sub(notes.delivered.len() as u64);
            });
            let too_often = notes.replays.values().filter(|&&count| count > u64::from(REPLAYS_MAX));
            report.replay_overruns += too_often.count() as u64;
        });
    }
}
