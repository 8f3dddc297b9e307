//! The part in memory.

use billing::simulation::{SimulationPlan, simulate};

use super::{LedgerChecks, LedgerPart};
use crate::measure::CostMeter;
use crate::output::CommandOutput;

/// Simulates requests over wallets and a ledger in memory.
pub(super) fn simulated(requests: u64, seed: u64, output: CommandOutput) -> LedgerPart {
    let (spinner, meter) = (output.spinner("simulation"), CostMeter::start());
    let report = simulate(&SimulationPlan { requests, seed, ..SimulationPlan::default() });
    spinner.finish_and_clear();
    let used = meter.used();
    let checks = LedgerChecks {
        wallet_minus_ledger: report.wallet_minus_ledger,
        ledger_sum: report.ledger_sum,
        delivered_unbilled: report.delivered_unbilled,
        double_billed: report.double_billed,
        negative_balances: report.negative_balances,
    };
    LedgerPart {
        part: "simulator",
        wallet: "memory",
        requests: report.requests,
        retries: report.retries,
        replays: report.replayed,
        deaths: report.deaths,
        lost_messages: report.lost_messages,
        doubled_messages: report.doubled_messages,
        charged: report.charged,
        checks,
        faults: report.faults() as u64,
        cpu_seconds: used.cpu_seconds,
        charges_per_second: Some((report.charged as f64 / used.seconds).round()),
        posting: None,
    }
}
