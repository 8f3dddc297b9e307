//! The part with real processes, on PostgreSQL.

use std::time::{Duration, Instant};

use anyhow::Result;
use billing::{FundOutcome, fund};
use graph::seed::RandomSeed;
use model::PayerId;
use model::port::Clock;
use store::clock::System;

use super::super::rounded;
use super::children::{ChildCrew, CrewOrders};
use super::meter::BenchMeter;
use super::plan::LedgerPlan;
use super::posting;
use super::proof::{LedgerWatch, prove, settle};
use super::{LedgerBenchArgs, LedgerPart};
use crate::config::Config;
use crate::home::BorgHome;
use crate::measure::{CostMeter, children_cpu_seconds};
use crate::output::CommandOutput;

/// How often it is looked whether a process died, and at all balances.
const LOOK: Duration = Duration::from_millis(5);
const WATCH: Duration = Duration::from_millis(500);

/// The first grant of each payer ends so long after the start.
const FIRST_GRANT: Duration = Duration::from_secs(20);

/// Gives payers what they have at first.
pub(super) async fn give_first(plan: LedgerPlan, parts: &BenchMeter) -> Result<()> {
    let now = System.now();
    for grant in plan.first_grants(now, now + FIRST_GRANT) {
        let given = fund(&parts.wallet, &parts.ledger, &grant, now).await?;
        anyhow::ensure!(given == FundOutcome::Funded, "a first grant is not given: {given:?}");
    }
    Ok(())
}

/// Requests that are answered by processes which die.
pub(super) async fn processes(
    config: &Config,
    args: LedgerBenchArgs,
    output: CommandOutput,
) -> Result<LedgerPart> {
    let home = BorgHome::fresh(config, "bench-ledger").await?;
    let plan = LedgerPlan { seed: args.seed, requests: args.process_requests };
    let parts = BenchMeter::postgres(&home.pg);
    let (cost, children) = (CostMeter::start(), children_cpu_seconds());
    let server = home.server_cpu_seconds();
    give_first(plan, &parts).await?;
    let (spinner, began) = (output.spinner("processes"), Instant::now());
    let (url, folder) = (home.url().to_owned(), home.folder.clone());
    let mut crew = ChildCrew::start(CrewOrders { url, folder, plan })?;
    let watch = watch_over(&mut crew, plan, &parts).await?;
    crew.end();
    let seconds = began.elapsed().as_secs_f64();
    settle(&parts).await?;
    let notes = crew.notes_of_all()?;
    let proof = prove(plan, &parts, &notes, watch).await?;
    spinner.finish_and_clear();
    let cpu_seconds = cost.used_cpu_seconds() + children_cpu_seconds() - children
        + home.server_cpu_seconds()
        - server;
    Ok(LedgerPart {
        part: "processes",
        wallet: parts.wallet.name(),
        requests: plan.requests,
        retries: plan.retries(),
        replays: notes.replays(),
        deaths: crew.deaths(),
        lost_messages: notes.lost,
        doubled_messages: notes.doubled,
        charged: proof.charged,
        checks: proof.checks,
        faults: proof.faults,
        cpu_seconds: rounded(cpu_seconds, 2),
        charges_per_second: Some((proof.charged as f64 / seconds).round()),
        posting: Some(posting::posting(&home, args.process_requests).await?),
    })
}

/// Waits until all requests are answered.
async fn watch_over(
    crew: &mut ChildCrew,
    plan: LedgerPlan,
    parts: &BenchMeter,
) -> Result<LedgerWatch> {
    let (mut watch, mut chance) = (LedgerWatch::default(), RandomSeed(plan.seed ^ 0x11));
    let mut looked = Instant::now();
    while !crew.look_after()? {
        tokio::time::sleep(LOOK).await;
        if looked.elapsed() > WATCH {
            let payers = LedgerPlan::payers().count() as u64;
            watch.look(parts, PayerId::new(1 + chance.below(payers))).await?;
            looked = Instant::now();
        }
    }
    Ok(watch)
}
