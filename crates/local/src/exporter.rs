//! Exports on one machine: the handlers of `export` in one loop, which does jobs of the queue and keeps the schedule.

use std::time::Duration;

use anyhow::Result;
use export::{
    ExportDependencies, ExportError, WorkEnd, archive, discard, handle_message, resume, rewrite,
};
use model::Timestamp;
use model::port::{Clock as _, PortError, Queue as _};
use snapshot::SharedObjects;
use store::Pg;
use store::clock::System;
use store::queue::StoredQueue;
use store::wallet::StoredWallet;

use crate::background::{BackgroundLoops, DATABASE_WAIT, LoopEnd};
use crate::home::BorgHome;

/// How long a job may take, in seconds; the rest of its export is another job.
const JOB_SECONDS: u32 = 600;

/// How long a received job is left to its worker, in seconds.
const VISIBILITY_SECONDS: u32 = 2 * JOB_SECONDS;

/// How long the loop sleeps where no job waits.
const IDLE: Duration = Duration::from_millis(250);

/// How often exports that stand still, and stretches of the change stream that are complete, are looked for, in seconds.
const RESUMED_SECONDS: i64 = 60;

/// How often the erased are looked for in files, in seconds.
const REWRITTEN_SECONDS: i64 = 600;

/// A loop that runs until [`LocalExporter::end`].
pub(crate) struct LocalExporter(BackgroundLoops);

/// What the loop works with.
struct ExporterParts {
    pg: Pg,
    objects: SharedObjects,
    wallet: StoredWallet,
    queue: StoredQueue,
    usage: StoredQueue,
    clock: System,
}

/// What was last done when.
#[derive(Default)]
struct ExporterSchedule {
    resumed: Timestamp,
    rewritten: Timestamp,
}

impl LocalExporter {
    /// Starts the loop.
    pub(crate) fn start(home: &BorgHome) -> LocalExporter {
        let parts = ExporterParts::of(home);
        let mut loops = BackgroundLoops::new("exports");
        loops.start(|end| work_until(parts, end));
        LocalExporter(loops)
    }

    /// Ends the loop after the part that it is writing: another process goes on there.
    pub(crate) async fn end(self) -> Result<()> {
        self.0.end().await
    }
}

impl ExporterParts {
    fn of(home: &BorgHome) -> ExporterParts {
        ExporterParts {
            pg: home.pg.clone(),
            objects: SharedObjects::new(home.objects.clone()),
            wallet: home.wallet(),
            queue: home.export_queue(),
            usage: home.usage_queue(),
            clock: home.clock,
        }
    }

    fn dependencies(&self) -> ExportDependencies<'_> {
        let ExporterParts { pg, objects, wallet, queue, usage, clock } = self;
        ExportDependencies { pg, objects: objects.store(), wallet, queue, usage, clock }
    }

    /// When work that begins now must end.
    fn deadline(&self) -> Timestamp {
        let end = self.clock.now().as_second() + i64::from(JOB_SECONDS);
        Timestamp::from_second(end).unwrap_or(Timestamp::MAX)
    }

    /// Does one job; whether there was one.
    async fn job(&self) -> Result<bool, PortError> {
        let received = self.queue.receive(1, VISIBILITY_SECONDS).await?;
        let Some(message) = received.first() else { return Ok(false) };
        let (deps, receives) = (self.dependencies(), message.receives);
        match handle_message(deps, &message.body, receives, self.deadline()).await {
            WorkEnd::Ended | WorkEnd::GoesOn => self.queue.finish(&message.receipt).await?,
            WorkEnd::Retry { after_seconds, why } => {
                tracing::warn!(why, after_seconds, "an export goes on later");
                self.queue.release(&message.receipt, after_seconds).await?;
            }
            // It is received until it is a dead letter.
            WorkEnd::Poison { why } => {
                tracing::error!(why, "an export cannot go on");
                self.queue.release(&message.receipt, 0).await?;
            }
        }
        Ok(true)
    }

    /// Does what is due.
    async fn keep(&self, schedule: &mut ExporterSchedule) -> Result<(), ExportError> {
        let (deps, now) = (self.dependencies(), self.clock.now());
        let is_due = |last: Timestamp, every: i64| now.as_second() - last.as_second() >= every;
        if is_due(schedule.resumed, RESUMED_SECONDS) {
            resume(deps).await?;
            discard(deps).await?;
            archive(deps, self.deadline()).await?;
            schedule.resumed = now;
        }
        if is_due(schedule.rewritten, REWRITTEN_SECONDS) {
            rewrite(deps, self.deadline()).await?;
            schedule.rewritten = now;
        }
        Ok(())
    }
}

/// Works until the end is asked for.
async fn work_until(parts: ExporterParts, mut end: LoopEnd) {
    let mut schedule = ExporterSchedule::default();
    while !end.is_asked() {
        let kept = parts.keep(&mut schedule).await;
        let wait = match (kept, parts.job().await) {
            (Ok(()), Ok(true)) => continue,
            (Ok(()), Ok(false)) => IDLE,
            (Err(error), _) => later(&error),
            (_, Err(error)) => later(&error),
        };
        end.sleep(wait).await;
    }
}

fn later(error: &dyn std::fmt::Display) -> Duration {
    tracing::warn!(%error, "exports wait");
    DATABASE_WAIT
}
