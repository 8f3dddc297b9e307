//! A process that posts charges and sweeps.

use std::time::Duration;

use anyhow::{Result, bail};
use billing::{DoorbellVerdict, QueueDoorbell, parse_doorbell, post, sweep};
use futures::future::try_join_all;
use graph::seed::RandomSeed;
use model::port::{Clock, PortError, Queue, ReceivedMessage};
use model::{ChargeRef, Timestamp};
use store::Pg;
use store::clock::System;
use store::pg::Timeouts;
use store::pg::ledger::PgLedger;
use store::queue::StoredQueue;
use store::wallet::{PgWallet, StoredWallet};

use super::gateway::doorbells;
use crate::cli::LedgerWorkerArgs;

/// How many of these processes there are.
pub(super) const METERS: u64 = 2;

/// The most messages that are posted at once, and of one receive.
const BATCH: usize = 100;
const RECEIVED: usize = 10;

/// How long a message that was received is invisible.
const INVISIBLE_SECONDS: u32 = 3;

/// A sweep comes after this many batches, by a clock that is up to this many seconds ahead: it releases what is
/// in use.
const BATCHES_A_SWEEP: u64 = 15;
const AHEAD_SECONDS: u64 = 900;

/// The most pages of each kind in a sweep while others work, and at the end.
const PAGES: usize = 1;
pub(super) const ALL_PAGES: usize = 1_000;

/// What posts and sweeps.
pub(super) struct BenchMeter {
    pub(super) wallet: StoredWallet,
    pub(super) ledger: PgLedger,
    pub(super) queue: StoredQueue,
}

impl BenchMeter {
    /// On PostgreSQL.
    pub(super) fn postgres(pg: &Pg) -> BenchMeter {
        BenchMeter {
            wallet: StoredWallet::Postgres(PgWallet::new(pg.clone())),
            ledger: PgLedger::new(pg.clone()),
            queue: doorbells(pg),
        }
    }

    /// Posts one batch of what is in the queue; how many messages it had.
    pub(super) async fn post_some(&self) -> Result<usize, PortError> {
        let mut messages: Vec<ReceivedMessage> = Vec::new();
        while messages.len() < BATCH {
            let received = self.queue.receive(RECEIVED, INVISIBLE_SECONDS).await?;
            if received.is_empty() {
                break;
            }
            messages.extend(received);
        }
        let refused = || PortError::Refused("a message is no doorbell".to_owned());
        let bells = messages.iter().map(|message| parse_doorbell(&message.body));
        let bells: Vec<ChargeRef> = bells.collect::<Option<_>>().ok_or_else(refused)?;
        let verdicts = post(&self.wallet, &self.ledger, &bells, System.now()).await?;
        let ends =
            messages.iter().zip(verdicts).map(|(message, verdict)| self.end(message, verdict));
        try_join_all(ends).await?;
        Ok(messages.len())
    }

    async fn end(
        &self,
        message: &ReceivedMessage,
        verdict: DoorbellVerdict,
    ) -> Result<(), PortError> {
        match verdict {
            DoorbellVerdict::Posted | DoorbellVerdict::Nothing => {
                self.queue.finish(&message.receipt).await
            }
            DoorbellVerdict::Later { .. } => self.queue.release(&message.receipt, 1).await,
            DoorbellVerdict::Wrong => Err(PortError::Refused(format!("{} is wrong", message.body))),
        }
    }

    /// Posts and sweeps for ever.
    pub(super) async fn go_on(&self, mut chance: RandomSeed) -> Result<()> {
        let mut batches = chance.below(BATCHES_A_SWEEP);
        loop {
            batches += 1;
            let done = match batches % BATCHES_A_SWEEP {
                0 => {
                    let ahead = Duration::from_secs(chance.below(AHEAD_SECONDS));
                    self.sweep(System.now() + ahead, PAGES).await.map(|_| 1)
                }
                _ => self.post_some().await,
            };
            match done {
                Ok(0) | Err(PortError::Retry(_)) => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Ok(_) => {}
                Err(PortError::Refused(why)) => bail!("{why}"),
            }
        }
    }

    /// Sweeps as of a time.
    pub(super) async fn sweep(
        &self,
        now: Timestamp,
        pages: usize,
    ) -> Result<billing::SweepReport, PortError> {
        let doorbell = QueueDoorbell { queue: &self.queue };
        sweep(&self.wallet, &self.ledger, &doorbell, now, pages).await
    }
}

/// Posts and sweeps until it is killed.
pub(super) async fn meter(args: &LedgerWorkerArgs) -> Result<()> {
    let pg = Pg::connect_for(&args.url, 4, Timeouts::TICK).await?;
    let chance = RandomSeed(args.seed).fork(args.number + 1_000).fork(args.life);
    BenchMeter::postgres(&pg).go_on(chance).await
}
