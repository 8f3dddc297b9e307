//! The part on DynamoDB: one process, whose requests end anywhere.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::Result;
use billing::LeaseBook;
use graph::seed::RandomSeed;
use store::Aws;
use store::pg::ledger::PgLedger;
use store::wallet::StoredWallet;

use super::super::rounded;
use super::gateway::doorbells;
use super::meter::BenchMeter;
use super::notes::{NoteBook, NoteFile};
use super::plan::LedgerPlan;
use super::processes::give_first;
use super::proof::{LedgerWatch, prove, settle};
use super::request::BareGateway;
use super::{LedgerBenchArgs, LedgerPart};
use crate::config::Config;
use crate::home::BorgHome;
use crate::measure::CostMeter;
use crate::output::CommandOutput;

/// How many requests there are at once.
const AT_ONCE: usize = 8;

/// Of a hundred requests this many end after at most so long, wherever they are.
const DIE: u64 = 5;
const DEATH_MS: u64 = 60;

/// Requests on a table of their own, if the environment names an endpoint that is not AWS.
pub(super) async fn dynamodb(
    config: &Config,
    args: LedgerBenchArgs,
    output: CommandOutput,
) -> Result<Option<LedgerPart>> {
    if config.aws_endpoint.as_ref().is_none_or(|url| url.contains("amazonaws")) {
        return Ok(None);
    }
    let home = BorgHome::fresh(config, "bench-ledger-dynamodb").await?;
    let wallet = Aws::from_env().await.wallet(&format!("bench-ledger-{}", std::process::id()));
    wallet.create_table().await?;
    let parts = BenchMeter {
        wallet: StoredWallet::Dynamo(wallet),
        ledger: PgLedger::new(home.pg.clone()),
        queue: doorbells(&home.pg),
    };
    let plan = LedgerPlan { seed: args.seed, requests: args.dynamodb_requests };
    let cost = CostMeter::start();
    give_first(plan, &parts).await?;
    let (bar, began) = (output.spinner("DynamoDB"), Instant::now());
    let path = home.folder.join("gateway.notes");
    let gateway = gateway(plan, &parts, NoteFile::open(&path)?);
    let deaths = tokio::select! {
        answered = answer_all(gateway) => answered?,
        posted = parts.go_on(RandomSeed(plan.seed ^ 0x3e7)) => return Err(ended(posted)),
    };
    let seconds = began.elapsed().as_secs_f64();
    settle(&parts).await?;
    let mut notes = NoteBook::default();
    notes.read(&path)?;
    let proof = prove(plan, &parts, &notes, LedgerWatch::default()).await?;
    bar.finish_and_clear();
    Ok(Some(LedgerPart {
        part: "dynamodb",
        wallet: parts.wallet.name(),
        requests: plan.requests,
        retries: plan.retries(),
        replays: notes.replays(),
        deaths,
        lost_messages: notes.lost,
        doubled_messages: notes.doubled,
        charged: proof.charged,
        checks: proof.checks,
        faults: proof.faults,
        cpu_seconds: rounded(cost.used_cpu_seconds(), 2),
        charges_per_second: Some((proof.charged as f64 / seconds).round()),
        posting: None,
    }))
}

/// A meter that goes on for ever has ended.
fn ended(posted: Result<()>) -> anyhow::Error {
    posted.err().unwrap_or_else(|| anyhow::anyhow!("the meter ended"))
}

fn gateway(plan: LedgerPlan, parts: &BenchMeter, notes: NoteFile) -> Arc<BareGateway> {
    Arc::new(BareGateway {
        plan,
        wallet: parts.wallet.clone(),
        ledger: parts.ledger.clone(),
        queue: parts.queue.clone(),
        leases: LeaseBook::default(),
        notes,
        chance: Mutex::new(RandomSeed(plan.seed ^ 0x9a7e)),
    })
}

/// Answers all requests; how many ended on their way.
async fn answer_all(gateway: Arc<BareGateway>) -> Result<u64> {
    let next = Arc::new(AtomicU64::new(0));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..AT_ONCE {
        let (gateway, next) = (Arc::clone(&gateway), Arc::clone(&next));
        tasks.spawn(async move { answer_some(&gateway, &next).await });
    }
    let mut deaths = 0;
    while let Some(answered) = tasks.join_next().await {
        deaths += answered??;
    }
    gateway.leases.close(&gateway.wallet).await?;
    Ok(deaths)
}

async fn answer_some(gateway: &BareGateway, next: &AtomicU64) -> Result<u64> {
    let mut deaths = 0;
    loop {
        let place = next.fetch_add(1, Ordering::Relaxed);
        if place >= gateway.plan.requests {
            return Ok(deaths);
        }
        if gateway.below(100) < DIE {
            let life = Duration::from_millis(gateway.below(DEATH_MS));
            if let Ok(answered) = tokio::time::timeout(life, gateway.answer(place)).await {
                answered?;
                continue;
            }
            // Its client asks again.
            deaths += 1;
        }
        gateway.answer(place).await?;
    }
}
