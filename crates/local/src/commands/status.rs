//! `borg status`: what the database holds, and which run is served; `borg migrate`.

use anyhow::Result;
use model::RunId;
use model::port::Clock;
use model::time::Timestamp;
use serde::Serialize;
use store::pg::{frontier, run};

use crate::home::BorgHome;
use crate::output::CommandReport;

/// The state of the frontier, and the served run if there is one.
#[derive(Debug, Serialize)]
pub(crate) struct StatusReport {
    profiles_known: u64,
    profiles_crawled: u64,
    profiles_due: u64,
    profiles_claimed: u64,
    profiles_failed: u64,
    next_due_at: Option<Timestamp>,
    run: Option<RunId>,
    people: Option<u64>,
    arcs: Option<u64>,
    levels: Option<Vec<u32>>,
    leaf: Option<usize>,
}

impl CommandReport for StatusReport {}

/// Counts the frontier and sums up the served run.
pub(crate) async fn status(home: &BorgHome) -> Result<StatusReport> {
    let counts = frontier::counts(&home.pg, home.clock.now()).await?;
    let run = run::active(&home.pg).await?;
    let summary = match run {
        Some(run) => Some(graph_score::summary(&home.pg, &home.objects, run).await?),
        None => None,
    };
    Ok(StatusReport {
        profiles_known: counts.known,
        profiles_crawled: counts.crawled,
        profiles_due: counts.due,
        profiles_claimed: counts.claimed,
        profiles_failed: counts.failed,
        next_due_at: counts.next_due_at,
        run,
        people: summary.as_ref().map(|summary| summary.people),
        arcs: summary.as_ref().map(|summary| summary.arcs),
        leaf: summary.as_ref().map(|summary| summary.leaf),
        levels: summary.map(|summary| summary.levels),
    })
}

/// That the schema is up to date.
#[derive(Debug, Serialize)]
pub(crate) struct MigrateReport {
    migrated: bool,
}

impl CommandReport for MigrateReport {}

/// Reports an opened home: opening it ran the migrations.
pub(crate) fn migrate(_home: &BorgHome) -> MigrateReport {
    MigrateReport { migrated: true }
}
