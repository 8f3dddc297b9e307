//! A score job to a sealed, served run, stage by stage.
//!
//! Each stage takes what the stages before it sealed under `runs/<run>/`, seals its own result and
//! names the next. A stage that runs twice seals the same bytes, so a job may be delivered twice,
//! or die anywhere and be delivered again: what is sealed is not made again. Before each piece of
//! work (a stage, a level of people, a part of publishing) the worker asks its [`Budget`] whether
//! there is time.
//!
//! | stage | reads | seals |
//! |---|---|---|
//! | snapshot | the served run's snapshot and the record | `snapshots/<id>/`: who has each number, arcs by layer |
//! | communities | snapshot, the last run's communities | `hierarchy`, `names` |
//! | rank | snapshot, hierarchy | `trust`, `global` |
//! | people | all of the above | `people-<level>`, `evidence-<level>`, `support-world`, `evidence-world` |
//! | publish | all of the above, the last run, what people say of themselves | `labels`, `changes`, `ranks.parquet`, `members.parquet`, the served tables |

mod budget;
mod doors;
mod error;
pub mod seal;
mod sealed;
pub mod snapshot;
pub mod stage;

use model::RunId;
use model::message::{ScoreJob, Stage};
use model::port::{Clock, Objects};
use store::pg::run::{self, StageLease};

use budget::Time;
use seal::SealError;

pub use budget::Budget;
pub use doors::{Doors, RunSettings};
pub use error::ScoreError;
pub use sealed::{Sealed, Summary, summary};
pub use stage::names::Names;

/// How long a stage is left to one worker before another may take it over.
pub const STAGE_LEASE_SECONDS: u32 = 900;

/// What became of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scored {
    /// The stage is sealed; this is the next one.
    Next(ScoreJob),
    /// There is no time left for more of the stage: the same job is to be sent again.
    Later,
    /// The run is published.
    Published,
    /// Another worker has the stage: ask again later.
    Busy,
    /// The run was given up, now or before.
    Failed,
    /// The run was retired, or a newer one was served before it was done.
    Ended,
}

/// Begins a run of a snapshot that is still to be sealed: its first job.
pub async fn start<O: Objects, C: Clock>(
    doors: Doors<'_, O, C>,
    settings: &RunSettings,
) -> Result<ScoreJob, ScoreError> {
    let settings = RunSettings { last: last(doors).await?, ..settings.clone() };
    let run = run::create(doors.pg, None, doors.clock.now()).await?;
    seal::seal(doors.objects, &seal::key(run, "settings"), &settings).await?;
    Ok(ScoreJob { run, stage: Stage::Snapshot })
}

/// The run that is served, if it is still there and this version of Borg can read it.
async fn last<O: Objects, C>(doors: Doors<'_, O, C>) -> Result<Option<RunId>, ScoreError> {
    let Some(active) = run::active(doors.pg).await? else { return Ok(None) };
    match seal::open::<RunSettings>(doors.objects, &seal::key(active, "settings")).await {
        Err(error @ (SealError::Format(_) | SealError::Missing(_))) => {
            tracing::warn!(%active, %error, "going on without the last run: communities get new ids");
            Ok(None)
        }
        found => found.map(|_| Some(active)).map_err(ScoreError::from),
    }
}

/// Does one stage, unless it is done, as far as the time allows. A job for a sealed stage names the
/// next one again, since the worker that sealed it may have died before it could. A run that no
/// further try can help is given up.
pub async fn handle<O: Objects, C: Clock>(
    doors: Doors<'_, O, C>,
    job: ScoreJob,
    budget: Budget,
) -> Result<Scored, ScoreError> {
    let (run, stage) = (job.run, job.stage);
    let now = doors.clock.now();
    match run::lease_stage(doors.pg, run, stage, now, STAGE_LEASE_SECONDS).await? {
        StageLease::Busy => return Ok(Scored::Busy),
        StageLease::Failed => return Ok(Scored::Failed),
        StageLease::Ended => return Ok(Scored::Ended),
        StageLease::Sealed => {}
        StageLease::Taken => {
            tracing::info!(%run, stage = stage.slug(), "scoring");
            let done = do_stage(doors, run, stage, budget).await;
            match done {
                Ok(Time::Enough) => {}
                Ok(Time::NextInvocation) => {
                    run::release_stage(doors.pg, run, stage).await?;
                    return Ok(Scored::Later);
                }
                Err(error) => {
                    let_go(doors, (run, stage), &error).await;
                    return Err(error);
                }
            }
            run::finish_stage(doors.pg, run, stage, doors.clock.now()).await?;
        }
    }
    Ok(stage.next().map_or(Scored::Published, |next| Scored::Next(ScoreJob { run, stage: next })))
}

/// After a failure: one that may pass leaves the stage to the next try at once, any other gives up
/// the run. Where the record does not take that, the lease runs out, and the failure is told anyway.
async fn let_go<O: Objects, C: Clock>(
    doors: Doors<'_, O, C>,
    (run, stage): (RunId, Stage),
    error: &ScoreError,
) {
    let done = match error.is_passing() {
        true => run::release_stage(doors.pg, run, stage).await,
        false => run::fail(doors.pg, run, &error.to_string(), doors.clock.now()).await,
    };
    if let Err(unheard) = done {
        tracing::warn!(%run, %error, %unheard, "the record does not know of a failure");
    }
}

async fn do_stage<O: Objects, C: Clock>(
    doors: Doors<'_, O, C>,
    run: RunId,
    stage: Stage,
    budget: Budget,
) -> Result<Time, ScoreError> {
    let in_pieces = matches!(stage, Stage::People | Stage::Publish);
    if !in_pieces {
        let needed = stage::seconds(doors, run, stage).await?;
        if budget.check(needed, doors.clock.now())? == Time::NextInvocation {
            return Ok(Time::NextInvocation);
        }
    }
    match stage {
        Stage::Snapshot => stage::snapshot(doors, run).await?,
        Stage::Communities => stage::communities(doors, run).await?,
        Stage::Rank => stage::rank(doors, run).await?,
        Stage::People => return stage::people(doors, run, budget).await,
        Stage::Publish => return stage::publish(doors, run, budget).await,
    }
    Ok(Time::Enough)
}
