//! A score job to a sealed, served run, stage by stage.
//!
//! Each stage takes what the stages before it sealed under `runs/<run>/`, seals its own result and
//! names the next. A stage that runs twice seals the same bytes, so a job may be delivered twice,
//! or die anywhere and be delivered again: what is sealed is not made again. Before each piece of
//! work (a stage, a level of people, a part of publishing) the worker checks its [`TimeBudget`].
//!
//! | stage | reads | seals |
//! |---|---|---|
//! | snapshot | the served run's snapshot and the database | `snapshots/<id>/`: who has each number, arcs by layer |
//! | communities | snapshot, the previous run's communities | `hierarchy`, `names` |
//! | rank | snapshot, hierarchy | `trust`, `global` |
//! | people | all of the above | `people-<level>`, `evidence-<level>`, `support-world`, `evidence-world`, `person-rows` |
//! | publish | all of the above, the previous run, what people write of themselves | `labels`, `topics`, `map`, `changes`, `moves`, `steps-<run>`, `ranks.parquet`, `members.parquet`, the served tables |

mod artifacts;
mod budget;
mod build;
mod community_names;
mod dependencies;
mod error;
#[cfg(feature = "lambda")]
pub mod event;
mod job;
mod sealed_run;
mod settings;
pub mod stage;
mod world;

use model::RunId;
use model::message::{ScoreJob, Stage};
use snapshot::SnapshotError;
use snapshot::artifact::ArtifactError;
use store::pg::run::{self, StageLease};

use budget::BudgetCheck;

pub use budget::TimeBudget;
pub use build::{DatabaseGraph, read_database};
pub use community_names::CommunityNames;
pub use dependencies::ScoreDependencies;
pub use error::ScoreError;
pub use job::{JobOutcome, work};
pub use sealed_run::{RunSummary, SealedRun, summary};
pub use settings::RunSettings;
pub use snapshot::{ObjectStore, artifact};

/// How long a stage is left to one worker before another may take it over.
pub const STAGE_LEASE_SECONDS: u32 = 900;

/// What became of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scored {
    /// The stage is sealed; this is the next one.
    Next(ScoreJob),
    /// There is no time for more of the stage: the same job is to be sent again.
    Later,
    /// The run is published.
    Published,
    /// Another worker has the stage: try again later.
    Busy,
    /// The run was given up, now or before.
    Failed,
    /// The run was retired, or a newer one was served before it was done.
    Ended,
}

/// Begins a run of a snapshot that is still to be sealed: its first job.
pub async fn start(
    dependencies: ScoreDependencies<'_>,
    settings: &RunSettings,
) -> Result<ScoreJob, ScoreError> {
    let settings = RunSettings { last: previous_run(dependencies).await?, ..settings.clone() };
    let run = run::create(dependencies.pg, None, dependencies.clock.now()).await?;
    dependencies.artifacts(run).seal_settings(&settings).await?;
    Ok(ScoreJob { run, stage: Stage::Snapshot })
}

/// The run that is served, if it is still there and this version of Borg can read it.
async fn previous_run(dependencies: ScoreDependencies<'_>) -> Result<Option<RunId>, ScoreError> {
    let Some(active) = run::active(dependencies.pg).await? else { return Ok(None) };
    let found = dependencies.artifacts(active).settings().await;
    let Err(ScoreError::Snapshot(SnapshotError::Artifact(error))) = &found else {
        return found.map(|_| Some(active));
    };
    if matches!(error, ArtifactError::Format(_) | ArtifactError::Missing(_)) {
        tracing::warn!(%active, %error, "without the previous run communities get new ids");
        return Ok(None);
    }
    found.map(|_| Some(active))
}

/// Does one stage, unless it is done, as far as the time allows. A job for a sealed stage names the
/// next one again, since the worker that sealed it may have died before it could. A run that cannot
/// succeed is given up.
pub async fn handle(
    dependencies: ScoreDependencies<'_>,
    job: ScoreJob,
    budget: TimeBudget,
) -> Result<Scored, ScoreError> {
    let (run, stage) = (job.run, job.stage);
    let now = dependencies.clock.now();
    match run::lease_stage(dependencies.pg, run, stage, now, STAGE_LEASE_SECONDS).await? {
        StageLease::Busy => return Ok(Scored::Busy),
        StageLease::Failed => return Ok(Scored::Failed),
        StageLease::Ended => return Ok(Scored::Ended),
        StageLease::Sealed => {}
        StageLease::Taken => {
            tracing::info!(%run, stage = stage.slug(), "scoring");
            let done = do_stage(dependencies, run, stage, budget).await;
            match done {
                Ok(BudgetCheck::Enough) => {}
                Ok(BudgetCheck::NextInvocation) => {
                    run::release_stage(dependencies.pg, run, stage).await?;
                    return Ok(Scored::Later);
                }
                Err(error) => {
                    end_failed(dependencies, job, &error).await;
                    return Err(error);
                }
            }
            run::finish_stage(dependencies.pg, run, stage, dependencies.clock.now()).await?;
        }
    }
    Ok(stage.next().map_or(Scored::Published, |next| Scored::Next(ScoreJob { run, stage: next })))
}

/// After a failure: one that may pass releases the stage for the next try, any other ends the run. If the
/// database cannot store that, the lease expires.
async fn end_failed(
    dependencies: ScoreDependencies<'_>,
    ScoreJob { run, stage }: ScoreJob,
    error: &ScoreError,
) {
    let done = match error.is_passing() {
        true => run::release_stage(dependencies.pg, run, stage).await,
        false => {
            run::fail(dependencies.pg, run, &error.to_string(), dependencies.clock.now()).await
        }
    };
    if let Err(unstored) = done {
        tracing::warn!(%run, %error, %unstored, "a failure could not be stored");
    }
}

async fn do_stage(
    dependencies: ScoreDependencies<'_>,
    run: RunId,
    stage: Stage,
    budget: TimeBudget,
) -> Result<BudgetCheck, ScoreError> {
    let in_pieces = matches!(stage, Stage::People | Stage::Publish);
    if !in_pieces {
        let needed = world::expected_seconds(dependencies, run, stage).await?;
        if budget.check(needed, dependencies.clock.now())? == BudgetCheck::NextInvocation {
            return Ok(BudgetCheck::NextInvocation);
        }
    }
    match stage {
        Stage::Snapshot => stage::snapshot(dependencies, run).await?,
        Stage::Communities => stage::communities(dependencies, run).await?,
        Stage::Rank => stage::rank(dependencies, run).await?,
        Stage::People => return stage::people(dependencies, run, budget).await,
        Stage::Publish => return stage::publish(dependencies, run, budget).await,
    }
    Ok(BudgetCheck::Enough)
}
