//! `borg score`: the record as it is now → a published run.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use graph_score::{Budget, Doors, RunSettings, Scored};
use model::ProfileId;
use model::message::ScoreJob;
use serde_json::{Value, json};

use super::bench::use_threads;
use crate::cli::ScoreArgs;
use crate::home::Home;
use crate::import::lines::read_nodes;
use crate::measure::{Meter, Used};
use crate::naming;
use crate::output::Output;

/// Scores, stage after stage, and says what each took.
pub(crate) async fn score(home: &Home, args: &ScoreArgs, output: Output) -> Result<Value> {
    use_threads(args.threads)?;
    let mut settings = RunSettings { memory_bytes: args.memory, ..RunSettings::default() };
    if let Some(file) = &args.trust_seeds {
        settings.trust_seeds = read_seeds(home, file).await?;
    }
    run_stages(home, &settings, output).await
}

/// Starts a run and does all of its stages.
pub(crate) async fn run_stages(
    home: &Home,
    settings: &RunSettings,
    output: Output,
) -> Result<Value> {
    let doors = Doors { pg: &home.pg, objects: &home.objects, clock: &home.clock };
    let whole = Meter::start();
    let mut job = graph_score::start(doors, settings).await?;
    let mut stages = BTreeMap::new();
    loop {
        let (next, used) = do_stage(doors, job, output).await?;
        stages.insert(job.stage.slug(), used);
        match next {
            Some(next) => job = next,
            None => break,
        }
    }
    let summary = graph_score::summary(&home.pg, &home.objects, job.run).await?;
    Ok(json!({
        "run": job.run,
        "snapshot": summary.snapshot,
        "profiles": summary.profiles,
        "people": summary.people,
        "arcs": summary.arcs,
        "levels": summary.levels,
        "leaf": summary.leaf,
        "seconds": whole.used().seconds,
        "cpu_seconds": whole.used().cpu_seconds,
        "stages": stages,
    }))
}

/// Does one stage, waiting while another process has it.
async fn do_stage(
    doors: Doors<'_, store::objects::Folder, store::clock::System>,
    job: ScoreJob,
    output: Output,
) -> Result<(Option<ScoreJob>, Used)> {
    let spinner = output.spinner(job.stage.slug());
    let meter = Meter::start();
    loop {
        let scored = graph_score::handle(doors, job, Budget::ENDLESS).await;
        match scored.with_context(|| format!("stage {} of {}", job.stage.slug(), job.run))? {
            Scored::Next(next) => {
                spinner.finish_and_clear();
                return Ok((Some(next), meter.used()));
            }
            Scored::Published => {
                spinner.finish_and_clear();
                return Ok((None, meter.used()));
            }
            Scored::Later => {}
            Scored::Busy => tokio::time::sleep(Duration::from_secs(1)).await,
            Scored::Failed => bail!("{} was given up by another process", job.run),
            Scored::Ended => bail!("{} was overtaken by a newer run", job.run),
        }
    }
}

/// The profiles that a TSV with the header `node` names, as exports write them.
async fn read_seeds(home: &Home, path: &Path) -> Result<Vec<ProfileId>> {
    let nodes = read_nodes(path).with_context(|| format!("read {}", path.display()))?;
    let found = naming::find(&home.pg, &nodes).await?;
    let missing = nodes.iter().zip(&found).filter(|(_, id)| id.is_none());
    let missing: Vec<&str> = missing.map(|(node, _)| node.as_str()).collect();
    if let Some(first) = missing.first() {
        bail!(
            "{} of {} trust seeds are not in the record, the first is `{}`: name them as \
             `borg export ranks` does",
            missing.len(),
            nodes.len(),
            first.escape_debug()
        );
    }
    Ok(found.into_iter().flatten().collect())
}
