//! The meter on one machine: the handlers of `billing-meter` in two loops, one that posts what doorbells
//! ring for, and one that keeps the schedule.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use billing_meter::{
    MeterDependencies, MeterError, PAYERS_AUDITED, PriceTargets, audit, close, post_messages,
    publish_prices, tick, until_settled,
};
use model::epoch::EPOCH_SECONDS;
use model::port::{Clock, PortError, Queue, ReceivedMessage};
use model::{Day, Epoch, Timestamp};
use store::Pg;
use store::clock::System;
use store::queue::StoredQueue;
use store::wallet::StoredWallet;

use crate::background::{BackgroundLoops, DATABASE_WAIT, LoopEnd};
use crate::home::BorgHome;

/// How long a received doorbell is left to its meter, in seconds: far longer than it takes.
const VISIBILITY_SECONDS: u32 = 60;

/// Doorbells received at once, the most that a queue gives.
const RECEIVED: usize = 10;

/// Doorbells that are posted in one call: enough that a transaction is worth it, few enough for an answer
/// in a moment.
const POSTED: usize = 200;

/// How long the poster sleeps where no doorbell rings.
const IDLE: Duration = Duration::from_millis(100);

/// How often wallets and ledger are compared, in epochs.
const AUDIT_EPOCHS: u32 = 60;

/// The most rounds of posting after the end was asked for.
const LAST_ROUNDS: usize = 100;

/// Two loops that run until [`LocalMeter::end`].
pub(crate) struct LocalMeter(BackgroundLoops);

/// What the loops work with.
pub(crate) struct MeterParts {
    pg: Pg,
    wallet: StoredWallet,
    queue: StoredQueue,
    clock: System,
    targets: PriceTargets,
}

/// What was last done when.
#[derive(Default)]
struct MeterSchedule {
    ticked: Option<Epoch>,
    audited: Option<Epoch>,
    closed: Option<Day>,
}

impl LocalMeter {
    /// Publishes prices, without which nothing is quoted, and starts the loops.
    pub(crate) async fn start(home: &BorgHome) -> Result<LocalMeter> {
        let parts = Arc::new(MeterParts::of(home));
        publish_prices(parts.dependencies()).await?;
        let poster = Arc::clone(&parts);
        let mut loops = BackgroundLoops::new("the meter");
        loops.start(|end| post_until(poster, end));
        loops.start(|end| keep_schedule_until(parts, end));
        Ok(LocalMeter(loops))
    }

    /// Ends the loops after what they are doing, and after the doorbells that rang before are answered.
    pub(crate) async fn end(self) -> Result<()> {
        self.0.end().await
    }
}

impl MeterParts {
    /// Those of this machine.
    pub(crate) fn of(home: &BorgHome) -> MeterParts {
        MeterParts {
            pg: home.pg.clone(),
            wallet: home.wallet(),
            queue: home.usage_queue(),
            clock: home.clock,
            targets: home.price_targets.clone(),
        }
    }

    pub(crate) fn dependencies(&self) -> MeterDependencies<'_> {
        let MeterParts { pg, wallet, queue, clock, targets } = self;
        MeterDependencies { pg, wallet, queue, clock, targets }
    }

    /// Answers doorbells that ring now; returns how many.
    pub(crate) async fn post_round(&self) -> Result<usize, PortError> {
        let mut messages: Vec<ReceivedMessage> = Vec::new();
        while messages.len() < POSTED {
            let received = self.queue.receive(RECEIVED, VISIBILITY_SECONDS).await?;
            let is_last = received.len() < RECEIVED;
            messages.extend(received);
            if is_last {
                break;
            }
        }
        if messages.is_empty() {
            return Ok(0);
        }
        let bodies: Vec<&str> = messages.iter().map(|message| message.body.as_str()).collect();
        let posted = post_messages(self.dependencies(), &bodies).await;
        for (message, outcome) in messages.iter().zip(posted.outcomes) {
            match outcome.delay_seconds(message.receives) {
                None => self.queue.finish(&message.receipt).await?,
                Some(seconds) => {
                    tracing::warn!(?outcome, seconds, "a doorbell rings again");
                    self.queue.release(&message.receipt, seconds).await?;
                }
            }
        }
        Ok(messages.len())
    }

    /// Does what is due at `now`. A comparison or a closing that fails is tried again with the next tick.
    async fn keep(&self, schedule: &mut MeterSchedule, now: Timestamp) -> Result<(), MeterError> {
        // A month is sealed an hour after its end.
        let hour_before = Timestamp::from_second(now.as_second() - 3_600).unwrap_or(now);
        let (deps, epoch, day) = (self.dependencies(), Epoch::of(now), Day::of(hour_before));
        if schedule.ticked == Some(epoch) {
            return Ok(());
        }
        tick(deps).await?;
        schedule.ticked = Some(epoch);
        if schedule.audited.is_none_or(|last| epoch >= last.after(AUDIT_EPOCHS)) {
            match audit(deps, PAYERS_AUDITED).await {
                Ok(_) => schedule.audited = Some(epoch),
                Err(error) => tracing::warn!(%error, "wallets and ledger were not compared"),
            }
        }
        if schedule.closed != Some(day) {
            match close(deps).await {
                Ok(_) => schedule.closed = Some(day),
                Err(error) => tracing::warn!(%error, "the month was not closed"),
            }
        }
        Ok(())
    }

    /// How long it is until the next tick is due.
    fn until_next(&self, schedule: &MeterSchedule) -> Duration {
        let now = self.clock.now();
        if schedule.ticked != Some(Epoch::of(now)) {
            return until_settled(now);
        }
        let next = Epoch::of(now).after(1).start();
        let seconds = (next.as_second() - now.as_second()).clamp(0, EPOCH_SECONDS);
        Duration::from_secs(u64::try_from(seconds).unwrap_or(0)) + until_settled(next)
    }
}

/// Posts until the end is asked for, and then what is left.
async fn post_until(parts: Arc<MeterParts>, mut end: LoopEnd) {
    end.rounds("doorbells", IDLE, async || parts.post_round().await).await;
    for _ in 0..LAST_ROUNDS {
        if !matches!(parts.post_round().await, Ok(1..)) {
            break;
        }
    }
}

/// Keeps the schedule until the end is asked for.
async fn keep_schedule_until(parts: Arc<MeterParts>, mut end: LoopEnd) {
    let mut schedule = MeterSchedule::default();
    while !end.is_asked() {
        let wait = match parts.keep(&mut schedule, parts.clock.now()).await {
            Ok(()) => parts.until_next(&schedule),
            Err(error) => {
                tracing::warn!(%error, "the meter's schedule waits");
                DATABASE_WAIT
            }
        };
        end.sleep(wait).await;
    }
}
