//! A process that answers requests.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Result;
use billing::LeaseBook;
use graph::seed::RandomSeed;
use model::port::{Clock, RECEIVES_MAX};
use store::Pg;
use store::clock::System;
use store::pg::Timeouts;
use store::pg::ledger::PgLedger;
use store::queue::{PgQueue, StoredQueue};
use store::wallet::{PgWallet, StoredWallet};

use super::notes::{Answered, NoteBook, NoteFile};
use super::plan::LedgerPlan;
use super::request::BareGateway;
use crate::cli::LedgerWorkerArgs;

/// How many of these processes there are.
pub(super) const GATEWAYS: u64 = 3;

/// How many requests each has at once.
const AT_ONCE: usize = 4;

/// Who waits so long for a balance that others write goes on with a lease.
const TIMEOUTS: Timeouts = Timeouts {
    statement: Duration::from_secs(10),
    lock: Duration::from_millis(4),
    idle: Duration::from_secs(10),
};

/// The queue of doorbells.
pub(super) fn doorbells(pg: &Pg) -> StoredQueue {
    let clock: Arc<dyn Clock> = Arc::new(System);
    StoredQueue::Postgres(PgQueue::new(pg.clone(), "usage", RECEIVES_MAX, clock))
}

/// Answers each third request. Those that were under way when the process died are asked again, but for
/// those whose clients gave up.
pub(super) async fn gateway(args: &LedgerWorkerArgs) -> Result<()> {
    let pg = Pg::connect_for(&args.url, AT_ONCE, TIMEOUTS).await?;
    let plan = LedgerPlan { seed: args.seed, requests: args.requests };
    let mut before = NoteBook::default();
    before.read(&args.notes)?;
    let chance = RandomSeed(args.seed).fork(args.number).fork(args.life);
    let gateway = Arc::new(BareGateway {
        plan,
        wallet: StoredWallet::Postgres(PgWallet::new(pg.clone())),
        ledger: PgLedger::new(pg.clone()),
        queue: doorbells(&pg),
        leases: LeaseBook::default(),
        notes: NoteFile::open(&args.notes)?,
        chance: Mutex::new(chance),
    });
    give_up(&gateway, &before, args.number)?;
    before.read(&args.notes)?;
    let (before, next) = (Arc::new(before), Arc::new(AtomicU64::new(args.number)));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..AT_ONCE {
        let (gateway, before, next) =
            (Arc::clone(&gateway), Arc::clone(&before), Arc::clone(&next));
        tasks.spawn(async move { answer_all(&gateway, &before, &next).await });
    }
    while let Some(answered) = tasks.join_next().await {
        answered??;
    }
    Ok(gateway.leases.close(&gateway.wallet).await?)
}

/// Some clients of requests without an answer ask no more.
fn give_up(gateway: &BareGateway, before: &NoteBook, number: u64) -> Result<()> {
    let last = before.answers.keys().next_back().copied().unwrap_or(0);
    let mine = (number..last).step_by(GATEWAYS as usize);
    for place in mine.filter(|place| !before.answers.contains_key(place)) {
        if gateway.plan.gives_up(place) {
            gateway.notes.answered(place, &Answered::GaveUp)?;
        }
    }
    Ok(())
}

async fn answer_all(gateway: &BareGateway, before: &NoteBook, next: &AtomicU64) -> Result<()> {
    loop {
        let place = next.fetch_add(GATEWAYS, Ordering::Relaxed);
        if place >= gateway.plan.requests {
            return Ok(());
        }
        if !before.answers.contains_key(&place) {
            gateway.answer(place).await?;
        }
    }
}
