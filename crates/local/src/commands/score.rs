//! `borg score`: the database as it is now → a published run.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use graph_score::{JobOutcome, ObjectStore, RunSettings, ScoreDependencies, TimeBudget};
use model::message::ScoreJob;
use model::{ProfileId, RunId, SnapshotId};
use operate::Order;
use serde::Serialize;

use crate::cli::ScoreArgs;
use crate::home::BorgHome;
use crate::import::lines::read_nodes;
use crate::measure::{CostMeter, ResourceUse};
use crate::naming;
use crate::output::{CommandOutput, CommandReport};
use crate::server;
use crate::threads::use_threads;

/// A published run, and what each of its stages used.
#[derive(Debug, Serialize)]
pub(crate) struct ScoreReport {
    run: RunId,
    snapshot: SnapshotId,
    pub(crate) profiles: u64,
    pub(crate) people: u64,
    pub(crate) arcs: u64,
    levels: Vec<u32>,
    leaf: usize,
    pub(crate) seconds: f64,
    cpu_seconds: f64,
    stages: BTreeMap<&'static str, ResourceUse>,
}

impl CommandReport for ScoreReport {}

/// Scores, stage after stage, and reports what each took; then ends what was kept for long enough.
pub(crate) async fn score(
    home: &BorgHome,
    args: &ScoreArgs,
    output: CommandOutput,
) -> Result<ScoreReport> {
    use_threads(args.threads)?;
    let mut settings = RunSettings { memory_bytes: args.memory, ..RunSettings::default() };
    if let Some(file) = &args.trust_seeds {
        settings.trust_seeds = read_seeds(home, file).await?;
    }
    let scored = run_stages(home, &settings, output).await?;
    server::order(home, &Order::Retain {}).await?;
    Ok(scored)
}

/// Starts a run and does all of its stages.
pub(crate) async fn run_stages(
    home: &BorgHome,
    settings: &RunSettings,
    output: CommandOutput,
) -> Result<ScoreReport> {
    let objects = ObjectStore::new(&home.objects);
    let dependencies = ScoreDependencies { pg: &home.pg, objects, clock: &home.clock };
    let whole = CostMeter::start();
    let mut job = graph_score::start(dependencies, settings).await?;
    let mut stages = BTreeMap::new();
    loop {
        let StageEnd { next, used } = do_stage(dependencies, job, output).await?;
        stages.insert(job.stage.slug(), used);
        match next {
            Some(next) => job = next,
            None => break,
        }
    }
    let summary = graph_score::summary(&home.pg, &home.objects, job.run).await?;
    Ok(ScoreReport {
        run: job.run,
        snapshot: summary.snapshot,
        profiles: summary.profiles,
        people: summary.people,
        arcs: summary.arcs,
        levels: summary.levels,
        leaf: summary.leaf,
        seconds: whole.used().seconds,
        cpu_seconds: whole.used().cpu_seconds,
        stages,
    })
}

/// How often a stage that another process has is tried again.
const BUSY_WAIT: Duration = Duration::from_secs(1);

/// A stage that is done.
struct StageEnd {
    /// The next one; `None` after the last.
    next: Option<ScoreJob>,
    used: ResourceUse,
}

/// Does one stage, waiting while another process has it.
async fn do_stage(
    dependencies: ScoreDependencies<'_>,
    job: ScoreJob,
    output: CommandOutput,
) -> Result<StageEnd> {
    let spinner = output.spinner(job.stage.slug());
    let meter = CostMeter::start();
    let end = |next| {
        spinner.finish_and_clear();
        Ok(StageEnd { next, used: meter.used() })
    };
    loop {
        match graph_score::work(dependencies, job, 1, TimeBudget::ENDLESS).await {
            JobOutcome::Next(next) if next == job => {}
            JobOutcome::Next(next) => return end(Some(next)),
            JobOutcome::Published => return end(None),
            JobOutcome::Busy(_) => tokio::time::sleep(BUSY_WAIT).await,
            JobOutcome::GivenUp => bail!("{} was given up by another process", job.run),
            JobOutcome::Ended => bail!("{} was overtaken by a newer run", job.run),
            JobOutcome::Retry(_, error) | JobOutcome::Failed(error) => {
                let context = format!("stage {} of {}", job.stage.slug(), job.run);
                return Err(error).context(context);
            }
        }
    }
}

/// The profiles that a TSV with the header `node` names, as exports write them.
async fn read_seeds(home: &BorgHome, path: &Path) -> Result<Vec<ProfileId>> {
    let nodes = read_nodes(path).with_context(|| format!("read {}", path.display()))?;
    let found = naming::find_profiles(&home.pg, &nodes).await?;
    let missing = nodes.iter().zip(&found).filter(|(_, id)| id.is_none());
    let missing: Vec<&str> = missing.map(|(node, _)| node.as_str()).collect();
    if let Some(first) = missing.first() {
        bail!(
            "{} of {} trust seeds are not in the database, the first is `{}`: name them as \
             `borg export ranks` does",
            missing.len(),
            nodes.len(),
            first.escape_debug()
        );
    }
    Ok(found.into_iter().flatten().collect())
}
