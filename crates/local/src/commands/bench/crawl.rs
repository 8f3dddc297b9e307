//! `borg bench crawl`: the whole fetch path, from a host's answer to the database.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::Result;
use model::port::Clock;
use sample::WorldConfig;
use serde::Serialize;
use store::pg::{frontier, measure, profile};

use super::rounded;
use crate::commands::planted::PlantedWeb;
use crate::config::Config;
use crate::home::BorgHome;
use crate::measure::{CostMeter, thread_cpu_seconds};
use crate::output::{CommandOutput, CommandReport};

/// The seed of the sample web.
const SEED: u64 = 1;

/// Profiles made due at a time.
const PAGE: u32 = 1_000;

/// What a first crawl and a repeated one cost.
#[derive(Debug, Serialize)]
pub(super) struct CrawlBenchReport {
    web: String,
    profiles: u64,
    arcs: u64,
    arc_views: u64,
    requests: u64,
    seconds: f64,
    cpu_seconds: f64,
    profiles_per_cpu_second: f64,
    arcs_per_cpu_second: f64,
    requests_per_cpu_second: f64,
    disk_bytes_per_arc: f64,
    wal_bytes_per_profile: u64,
    recrawl_profiles_per_cpu_second: f64,
    recrawl_arc_views_added: u64,
    recrawl_wal_bytes_per_profile: u64,
    windows_over_limit: u64,
}

impl CommandReport for CrawlBenchReport {}

/// What one crawl cost.
struct CrawlCosts {
    profiles: u64,
    /// Entries added to adjacencies: an arc that both ends show counts twice.
    arc_views: u64,
    requests: u64,
    /// Of this process and of PostgreSQL, without the sample web's threads.
    cpu_seconds: f64,
    seconds: f64,
    wal_bytes: u64,
}

/// Crawls a sample web twice.
pub(super) async fn crawl(
    config: &Config,
    people: u32,
    output: CommandOutput,
) -> Result<CrawlBenchReport> {
    let home = Arc::new(BorgHome::fresh(config, "bench").await?);
    let planted = PlantedWeb::new(&home, &WorldConfig::sized(people, SEED), output).await?;
    let fresh = measured(&home, &planted, planted.crawl(&home, output)).await?;
    let disk = measure::table_bytes(&home.pg, "adjacency").await?;
    let arcs = arcs(&home).await?;
    make_all_due(&home).await?;
    let again = measured(&home, &planted, planted.crawl_due(&home, output)).await?;
    let per = |count: u64, cpu: f64| (count as f64 / cpu.max(0.001)).round();
    Ok(CrawlBenchReport {
        web: format!("sample web, {people} accounts, seed {SEED}"),
        profiles: fresh.profiles,
        arcs,
        arc_views: fresh.arc_views,
        requests: fresh.requests,
        seconds: fresh.seconds,
        cpu_seconds: rounded(fresh.cpu_seconds, 2),
        profiles_per_cpu_second: per(fresh.profiles, fresh.cpu_seconds),
        arcs_per_cpu_second: per(arcs, fresh.cpu_seconds),
        requests_per_cpu_second: per(fresh.requests, fresh.cpu_seconds),
        disk_bytes_per_arc: rounded(disk as f64 / arcs.max(1) as f64, 2),
        wal_bytes_per_profile: fresh.wal_bytes / fresh.profiles.max(1),
        recrawl_profiles_per_cpu_second: per(again.profiles, again.cpu_seconds),
        recrawl_arc_views_added: again.arc_views,
        recrawl_wal_bytes_per_profile: again.wal_bytes / again.profiles.max(1),
        windows_over_limit: planted.web.stats().windows_over_limit(),
    })
}

async fn measured(
    home: &BorgHome,
    planted: &PlantedWeb,
    crawl: impl Future<Output = Result<u64>>,
) -> Result<CrawlCosts> {
    let arc_views = || planted.crawler.arc_views.load(Ordering::Relaxed);
    let requests = || planted.crawler.requests.load(Ordering::Relaxed);
    let (arc_views_before, requests_before) = (arc_views(), requests());
    let wal = measure::wal_bytes(&home.pg).await?;
    let others = || home.server_cpu_seconds() - thread_cpu_seconds("sample-web");
    let (meter, others_before) = (CostMeter::start(), others());
    let profiles = crawl.await?;
    let used = meter.used();
    Ok(CrawlCosts {
        profiles,
        arc_views: arc_views() - arc_views_before,
        requests: requests() - requests_before,
        cpu_seconds: used.cpu_seconds + others() - others_before,
        seconds: used.seconds,
        wal_bytes: measure::wal_bytes(&home.pg).await? - wal,
    })
}

/// The arcs of the database, each layer on its own.
async fn arcs(home: &BorgHome) -> Result<u64> {
    let layers = graph_score::read_database(&home.pg).await?.layers;
    Ok(layers.iter().map(|layer| layer.arcs.arcs() as u64).sum())
}

/// Makes all profiles due, as after some days.
async fn make_all_due(home: &BorgHome) -> Result<()> {
    let now = home.clock.now();
    let mut after = None;
    loop {
        let page = profile::page(&home.pg, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        let present = page.iter().filter(|profile| profile.gone.is_none());
        let ids: Vec<_> = present.map(|profile| profile.id).collect();
        frontier::make_due(&home.pg, &ids, now).await?;
    }
}
