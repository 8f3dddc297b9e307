//! A sample web served by this process, and a crawl of it by the real pipeline.

use std::sync::Arc;

use anyhow::Result;
use model::{Account, Platform};
use platforms::OriginOverrides;
use sample::{RunningWeb, SampleWorld, ServerConfig, WorldConfig};
use store::clock::System;
use store::pg::frontier::DEPTH_UNLIMITED;

use super::crawl::{IDLE, run_with_progress};
use crate::crawler::{CrawlEnd, LocalCrawler};
use crate::home::BorgHome;
use crate::output::CommandOutput;

/// A served sample web, and a crawler whose only hosts it is.
pub(crate) struct PlantedWeb {
    pub(crate) web: RunningWeb,
    pub(crate) crawler: Arc<LocalCrawler>,
}

impl PlantedWeb {
    /// Generates and serves a web.
    pub(crate) async fn new(
        home: &Arc<BorgHome>,
        world: &WorldConfig,
        output: CommandOutput,
    ) -> Result<PlantedWeb> {
        let spinner = output.spinner("generating");
        let world = SampleWorld::generate(world);
        let web = sample::serve(Arc::new(world), ServerConfig::new(Arc::new(System)))?;
        spinner.finish_and_clear();
        let origins = OriginOverrides::parse(&origins(&web))?;
        let crawler = Arc::new(LocalCrawler::new(Arc::clone(home), origins, "").await?);
        Ok(PlantedWeb { web, crawler })
    }

    /// Crawls from the web's own seeds until nothing is due.
    pub(crate) async fn crawl(&self, home: &BorgHome, output: CommandOutput) -> Result<u64> {
        self.crawler.seed(&seeds(&self.web)?, DEPTH_UNLIMITED).await?;
        self.crawl_due(home, output).await
    }

    /// Crawls what is due; returns how many profiles were requested.
    pub(crate) async fn crawl_due(&self, home: &BorgHome, output: CommandOutput) -> Result<u64> {
        let until = CrawlEnd { profiles: u64::MAX, idle: Some(IDLE) };
        run_with_progress(&self.crawler, home, until, output).await
    }
}

fn origins(web: &RunningWeb) -> Vec<String> {
    let bluesky = web.bluesky_url();
    let of_bluesky = ["appview", "pds", "plc"].map(|role| format!("{role}={bluesky}"));
    let of_fediverse = format!("instance={}", web.fediverse_url());
    of_bluesky.into_iter().chain([of_fediverse]).collect()
}

fn seeds(web: &RunningWeb) -> Result<Vec<Account>> {
    let of = |platform| {
        let handles = web.seeds(platform);
        handles.into_iter().map(move |handle| Account::new(platform, handle)).collect::<Vec<_>>()
    };
    let all = [of(Platform::BLUESKY), of(Platform::FEDIVERSE)].concat();
    Ok(all.into_iter().collect::<Result<_, _>>()?)
}
