//! `borg bench ledger`: that billing is exact to the micro-credit, whichever process dies when.
//!
//! The same protocol runs three times: simulated in memory; by processes on PostgreSQL that kill themselves
//! at random places and are started again; and on DynamoDB.

mod children;
#[cfg(feature = "aws")]
mod dynamodb;
mod gateway;
mod meter;
mod notes;
mod plan;
mod posting;
mod processes;
mod proof;
mod request;
mod simulated;

use anyhow::{Result, ensure};
use serde::Serialize;

use crate::cli::{LedgerBenchArgs, LedgerRole, LedgerWorkerArgs};
use crate::config::Config;
use crate::output::{CommandOutput, CommandReport};

/// What must be zero. Amounts are micro-credits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
struct LedgerChecks {
    /// The sizes of all differences between wallets and ledger.
    wallet_minus_ledger: u64,
    /// Debits less credits of the ledger, and its customers' accounts less its grants.
    ledger_sum: u64,
    /// Answers that left and are not in the ledger with what they cost.
    delivered_unbilled: u64,
    /// Requests that were charged twice, and charges that are twice in the ledger.
    double_billed: u64,
    /// Balances with a part below zero, or whose parts do not add up.
    negative_balances: u64,
}

impl LedgerChecks {
    fn add(&mut self, other: &LedgerChecks) {
        self.wallet_minus_ledger += other.wallet_minus_ledger;
        self.ledger_sum += other.ledger_sum;
        self.delivered_unbilled += other.delivered_unbilled;
        self.double_billed += other.double_billed;
        self.negative_balances += other.negative_balances;
    }
}

/// What happened in one of the parts.
#[derive(Debug, Clone, Copy, Serialize)]
struct LedgerPart {
    part: &'static str,
    wallet: &'static str,
    requests: u64,
    retries: u64,
    /// Answers that were given again for nothing.
    replays: u64,
    deaths: u64,
    lost_messages: u64,
    doubled_messages: u64,
    charged: u64,
    #[serde(flatten)]
    checks: LedgerChecks,
    /// Everything else that must be zero: charges without a request, credits that stay set aside, budgets
    /// that were exceeded.
    faults: u64,
    cpu_seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    charges_per_second: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    posting: Option<posting::PostingFigures>,
}

/// What all parts found.
#[derive(Debug, Serialize)]
pub(super) struct LedgerReport {
    /// Those of the simulation.
    requests: u64,
    #[serde(flatten)]
    checks: LedgerChecks,
    parts: [Option<LedgerPart>; 3],
}

impl CommandReport for LedgerReport {}

impl LedgerReport {
    fn of(parts: [Option<LedgerPart>; 3]) -> LedgerReport {
        let mut checks = LedgerChecks::default();
        parts.iter().flatten().for_each(|part| checks.add(&part.checks));
        LedgerReport { requests: parts[0].map_or(0, |part| part.requests), checks, parts }
    }

    /// Fails if anything is wrong.
    pub(super) fn require_exact(&self) -> Result<()> {
        let faults: u64 = self.parts.iter().flatten().map(|part| part.faults).sum();
        let is_exact = self.checks == LedgerChecks::default() && faults == 0;
        ensure!(is_exact, "billing is not exact: {faults} faults, {:?}", self.checks);
        Ok(())
    }
}

/// Runs all parts.
pub(super) async fn ledger(
    config: &Config,
    args: LedgerBenchArgs,
    output: CommandOutput,
) -> Result<LedgerReport> {
    let simulated = simulated::simulated(args.requests, args.seed, output);
    let processes = processes::processes(config, args, output).await?;
    #[cfg(feature = "aws")]
    let dynamodb = dynamodb::dynamodb(config, args, output).await?;
    #[cfg(not(feature = "aws"))]
    let dynamodb = None;
    Ok(LedgerReport::of([Some(simulated), Some(processes), dynamodb]))
}

/// Is one of the processes.
pub(super) async fn worker(args: &LedgerWorkerArgs) -> Result<()> {
    if let Some(place) = &args.die_at {
        store::failpoint::arm(place)?;
    }
    match args.role {
        LedgerRole::Gateway => gateway::gateway(args).await,
        LedgerRole::Meter => meter::meter(args).await,
    }
}
