//! `borg crawl`: live, from seeds.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Result;
use indicatif::ProgressBar;
use model::Account;
use model::account::AccountError;
use model::port::Clock;
use platforms::OriginOverrides;
use serde::Serialize;
use store::pg::frontier::{self, DEPTH_UNLIMITED};

use crate::cli::CrawlArgs;
use crate::crawler::{CrawlEnd, LocalCrawler};
use crate::home::BorgHome;
use crate::interrupt::interrupted;
use crate::manifests;
use crate::measure::CostMeter;
use crate::output::{CommandOutput, CommandReport};

/// A crawl ends when nothing will be due for so long; trouble at a host passes or not by then.
pub(crate) const IDLE: Duration = Duration::from_secs(15);

/// What a crawl fetched and added.
#[derive(Debug, Serialize)]
pub(crate) struct CrawlReport {
    profiles_fetched: u64,
    profiles_crawled: u64,
    profiles_known: u64,
    profiles_failed: u64,
    arc_views_added: u64,
    requests: u64,
    seconds: f64,
    cpu_seconds: f64,
    requests_per_second: f64,
}

impl CommandReport for CrawlReport {}

/// Resolves the seeds, crawls, and says what came of it.
pub(crate) async fn crawl(
    home: Arc<BorgHome>,
    args: &CrawlArgs,
    output: CommandOutput,
) -> Result<CrawlReport> {
    let meter = CostMeter::start();
    manifests::keep(&home, &manifests::read(&args.manifest)?).await?;
    let origins = OriginOverrides::parse(&args.base_url)?;
    let crawler = Arc::new(LocalCrawler::new(Arc::clone(&home), origins, &args.contact).await?);
    let seeds = args.seeds.iter().map(|seed| seed.parse());
    let seeds: Vec<Account> = seeds.collect::<Result<_, AccountError>>()?;
    let depth = args.depth.unwrap_or(DEPTH_UNLIMITED);
    crawler.seed(&seeds, depth).await?;
    let until = CrawlEnd { profiles: args.limit.unwrap_or(u64::MAX), idle: Some(IDLE) };
    let sent = run_with_progress(&crawler, &home, until, output).await?;
    let counts = frontier::counts(&home.pg, home.clock.now()).await?;
    let (used, requests) = (meter.used(), crawler.requests.load(Ordering::Relaxed));
    Ok(CrawlReport {
        profiles_fetched: sent,
        profiles_crawled: counts.crawled,
        profiles_known: counts.known,
        profiles_failed: counts.failed,
        arc_views_added: crawler.arc_views.load(Ordering::Relaxed),
        requests,
        seconds: used.seconds,
        cpu_seconds: used.cpu_seconds,
        requests_per_second: (requests as f64 / used.seconds.max(0.001)).round(),
    })
}

/// Crawls; Ctrl-C ends it in order.
pub(crate) async fn run_with_progress(
    crawler: &Arc<LocalCrawler>,
    home: &BorgHome,
    until: CrawlEnd,
    output: CommandOutput,
) -> Result<u64> {
    let bar = output.progress("crawling", 0);
    let run = crawler.run(until);
    tokio::pin!(run);
    let ended = tokio::select! {
        ended = &mut run => Some(ended),
        () = show(home, &bar) => None,
        () = interrupted() => None,
    };
    crawler.stop();
    let sent = match ended {
        Some(ended) => ended,
        None => run.await,
    };
    bar.finish_and_clear();
    sent
}

/// Shows how far the crawl is, for ever.
async fn show(home: &BorgHome, bar: &ProgressBar) {
    loop {
        if let Ok(counts) = frontier::counts(&home.pg, home.clock.now()).await {
            bar.set_length(counts.known);
            bar.set_position(counts.crawled);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
