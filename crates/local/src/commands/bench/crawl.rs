//! `borg bench crawl`: the whole fetch path, from a host's answer to the record.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::Result;
use model::port::Clock;
use serde_json::{Value, json};
use store::pg::{frontier, measure, profile};

use super::rounded;
use crate::config::Config;
use crate::home::Home;
use crate::measure::{Meter, thread_cpu_seconds};
use crate::output::Output;
use crate::planted::Planted;

/// What the sample web is planted from.
const SEED: u64 = 1;

/// Profiles made due at a time.
const PAGE: u32 = 1_000;

/// What one crawl cost.
struct Pass {
    profiles: u64,
    /// Entries that lists gained: an arc that both ends show counts twice.
    arc_views: u64,
    requests: u64,
    /// Of this process and of PostgreSQL, without the sample web's threads.
    cpu_seconds: f64,
    seconds: f64,
    wal_bytes: u64,
}

/// Crawls a sample web of so many accounts twice, and says what each crawl cost.
pub(super) async fn crawl(config: &Config, people: u32, output: Output) -> Result<Value> {
    let home = Arc::new(Home::fresh(config, "bench").await?);
    let planted = Planted::new(&home, (people, SEED), output).await?;
    let fresh = pass(&home, &planted, planted.crawl(&home, output)).await?;
    let disk = measure::table_bytes(&home.pg, "adjacency").await?;
    let arcs = arcs(&home).await?;
    make_all_due(&home).await?;
    let again = pass(&home, &planted, planted.go_on(&home, output)).await?;
    let per = |count: u64, cpu: f64| (count as f64 / cpu.max(0.001)).round();
    Ok(json!({
        "web": format!("sample web, {people} accounts, seed {SEED}"),
        "profiles": fresh.profiles,
        "arcs": arcs,
        "arc_views": fresh.arc_views,
        "requests": fresh.requests,
        "seconds": fresh.seconds,
        "cpu_seconds": rounded(fresh.cpu_seconds, 2),
        "profiles_per_cpu_second": per(fresh.profiles, fresh.cpu_seconds),
        "arcs_per_cpu_second": per(arcs, fresh.cpu_seconds),
        "requests_per_cpu_second": per(fresh.requests, fresh.cpu_seconds),
        "disk_bytes_per_arc": rounded(disk as f64 / arcs.max(1) as f64, 2),
        "wal_bytes_per_profile": fresh.wal_bytes / fresh.profiles.max(1),
        "recrawl_profiles_per_cpu_second": per(again.profiles, again.cpu_seconds),
        "recrawl_arc_views_added": again.arc_views,
        "recrawl_wal_bytes_per_profile": again.wal_bytes / again.profiles.max(1),
        "windows_over_limit": planted.web.stats().windows_over_limit(),
    }))
}

async fn pass(
    home: &Home,
    planted: &Planted,
    crawl: impl Future<Output = Result<u64>>,
) -> Result<Pass> {
    let (views, requests) = counts(planted);
    let wal = measure::wal_bytes(&home.pg).await?;
    let others = || home.server_cpu_seconds() - thread_cpu_seconds("sample-web");
    let (meter, before) = (Meter::start(), others());
    let profiles = crawl.await?;
    let used = meter.used();
    let (views_after, requests_after) = counts(planted);
    Ok(Pass {
        profiles,
        arc_views: views_after - views,
        requests: requests_after - requests,
        cpu_seconds: used.cpu_seconds + others() - before,
        seconds: used.seconds,
        wal_bytes: measure::wal_bytes(&home.pg).await? - wal,
    })
}

fn counts(planted: &Planted) -> (u64, u64) {
    let crawler = &planted.crawler;
    (crawler.arc_views.load(Ordering::Relaxed), crawler.requests.load(Ordering::Relaxed))
}

/// The arcs of the record, each layer on its own.
async fn arcs(home: &Home) -> Result<u64> {
    let (_, layers) = graph_score::snapshot::read_record(&home.pg).await?;
    Ok(layers.iter().map(|layer| layer.arcs.arcs() as u64).sum())
}

/// Makes everybody due, as if their days had passed.
async fn make_all_due(home: &Home) -> Result<()> {
    let now = home.clock.now();
    let mut after = None;
    loop {
        let page = profile::page(&home.pg, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        let there = page.iter().filter(|profile| profile.gone.is_none());
        let ids: Vec<_> = there.map(|profile| profile.id).collect();
        frontier::make_due(&home.pg, &ids, now).await?;
    }
}
