//! A crawl on one machine: dispatch and fetch, the handlers of the cloud, in one process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use crawl_dispatch::{DispatchDependencies, DispatchSettings, paces};
use model::Account;
use model::port::{Clock, Queue, RECEIVES_MAX, ReceivedMessage, delivery_seconds_max};
use model::time::Timestamp;
use platform_fetch::{FetchDependencies, HostCache, JobEnd};
use platforms::engine::FetchMemory;
use platforms::http::{ClientSettings, WebClient};
use platforms::{CrawlEngine, EngineSettings, OriginOverrides};
use store::clock::System;
use store::pg::frontier;
use store::queue::PgQueue;

use crate::home::BorgHome;
use crate::manifests;

/// How long a received job is left to its worker, in seconds: longer than it may take.
const VISIBILITY_SECONDS: u32 = 330;

/// How long a reservation lasts, in seconds: ten minutes in the queue, and then longer than its job may
/// be received again and again.
const RESERVATION_SECONDS: u32 = 600 + delivery_seconds_max(VISIBILITY_SECONDS);

/// Jobs fetched at the same time.
const WORKERS: usize = 4;

/// Profiles in a job.
const JOB_PROFILES: u32 = 50;

/// Jobs in the queue: enough that no worker waits, few enough that a limit is kept closely.
const JOBS_MAX: u32 = 16;

/// How long the loops sleep where there is nothing to do.
const IDLE: Duration = Duration::from_millis(40);

/// How long the loops wait for a database that does not answer.
const DATABASE_WAIT: Duration = Duration::from_secs(1);

/// Everything that a crawl works with. Shared by its loops.
pub(crate) struct LocalCrawler {
    home: Arc<BorgHome>,
    pub(crate) engine: CrawlEngine,
    pub(crate) web: WebClient,
    pub(crate) memory: FetchMemory,
    hosts: HostCache,
    queue: PgQueue<System>,
    settings: DispatchSettings,
    stop: AtomicBool,
    /// Requests sent so far.
    pub(crate) requests: AtomicU64,
    /// Entries that lists gained so far; an arc that both ends show counts twice.
    pub(crate) arc_views: AtomicU64,
}

/// When a crawl ends by itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CrawlEnd {
    /// After this number of profiles.
    pub(crate) profiles: u64,
    /// When nothing will be due for so long. `None` continues for ever.
    pub(crate) idle: Option<Duration>,
}

impl LocalCrawler {
    /// A crawler of the live web, or of the origins that stand in for it.
    pub(crate) async fn new(
        home: Arc<BorgHome>,
        origins: OriginOverrides,
        contact: &str,
    ) -> Result<LocalCrawler> {
        let exempt = origins.exempt();
        if contact.is_empty() && exempt.is_empty() {
            tracing::warn!(
                "give --contact a page or an address where hosts can ask who crawls them"
            );
        }
        let engine = CrawlEngine::new(EngineSettings {
            origins,
            secrets: home.platform_secrets.clone(),
            manifests: manifests::known(&home).await?,
            ..EngineSettings::default()
        })?;
        let web = WebClient::new(ClientSettings {
            contact: contact.to_owned(),
            exempt,
            ..ClientSettings::default()
        })?;
        let queue = PgQueue::new(home.pg.clone(), "fetch", RECEIVES_MAX, home.clock);
        let crawler = LocalCrawler {
            settings: settings(&engine),
            home,
            engine,
            web,
            memory: FetchMemory::new(),
            hosts: HostCache::new(),
            queue,
            stop: AtomicBool::new(false),
            requests: AtomicU64::new(0),
            arc_views: AtomicU64::new(0),
        };
        if crawler.home.was_alone() {
            // The process that had reserved profiles or received jobs is dead: no need to wait for it.
            crawler.release_all().await?;
        }
        Ok(crawler)
    }

    /// Gives up all jobs and reservations, so that the profiles are sent again. Jobs go first, or one
    /// that is sent meanwhile would vanish and its reservations would stay.
    async fn release_all(&self) -> Result<()> {
        self.queue.clear().await?;
        Ok(frontier::release_all(&self.home.pg, self.home.clock.now()).await?)
    }

    /// Makes the loops end after what they are doing.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Crawls until [`stop`](Self::stop) is called or the crawl has come to an end. Returns how many
    /// profiles were sent in jobs.
    pub(crate) async fn run(self: &Arc<Self>, until: CrawlEnd) -> Result<u64> {
        self.stop.store(false, Ordering::Relaxed);
        let workers: Vec<_> = (0..WORKERS)
            .map(|_| {
                let crawler = Arc::clone(self);
                tokio::spawn(async move { crawler.work().await })
            })
            .collect();
        let dispatched = self.dispatch(until).await;
        self.stop();
        for worker in workers {
            worker.await.context("a fetch worker panicked")?;
        }
        dispatched
    }

    /// Keeps the queue filled.
    async fn dispatch(&self, until: CrawlEnd) -> Result<u64> {
        let mut sent = 0;
        while !self.is_stopped() {
            match self.tick(until.profiles - sent).await {
                Ok(0) => match self.has_ended(until, sent).await {
                    Ok(true) => break,
                    Ok(false) => tokio::time::sleep(IDLE).await,
                    Err(error) => self.wait_for_database(&error).await,
                },
                Ok(profiles) => sent += profiles,
                Err(error) => self.wait_for_database(&error).await,
            }
        }
        Ok(sent)
    }

    /// Sends jobs for what is due, at most `profiles_max` profiles; returns how many.
    async fn tick(&self, profiles_max: u64) -> Result<u64> {
        let settings = DispatchSettings { profiles_max, ..self.settings.clone() };
        let BorgHome { pg, clock, .. } = &*self.home;
        let dependencies = DispatchDependencies { pg, queue: &self.queue, clock };
        Ok(crawl_dispatch::tick(dependencies, &settings).await?.profiles)
    }

    /// Whether the queue is empty and nothing will be due soon.
    async fn has_ended(&self, until: CrawlEnd, sent: u64) -> Result<bool> {
        if self.queue.depth().await? > 0 {
            return Ok(false);
        }
        if sent >= until.profiles {
            return Ok(true);
        }
        let Some(idle) = until.idle else { return Ok(false) };
        let wake = frontier::next_wake(&self.home.pg).await?;
        let soon = self.home.clock.now().checked_add(idle).unwrap_or(Timestamp::MAX);
        Ok(wake.is_none_or(|wake| wake > soon))
    }

    /// Does one job after the other.
    async fn work(&self) {
        while !self.is_stopped() {
            match self.queue.receive(1, VISIBILITY_SECONDS).await {
                Ok(received) if received.is_empty() => tokio::time::sleep(IDLE).await,
                Ok(received) => {
                    for message in received {
                        if let Err(error) = self.do_job(&message).await {
                            tracing::warn!(%error, "a message could not be ended; it will come again");
                        }
                    }
                }
                Err(error) => self.wait_for_database(&error).await,
            }
        }
    }

    /// Does a job and ends its message; one that fails is received again later.
    async fn do_job(&self, message: &ReceivedMessage) -> Result<()> {
        let time = jiff::SignedDuration::from_secs(platform_fetch::JOB_SECONDS);
        let deadline = self.home.clock.now().saturating_add(time)?;
        let dependencies = self.fetch_dependencies();
        let ReceivedMessage { body, receipt, receives } = message;
        let end = platform_fetch::handle_message(dependencies, body, *receives, deadline).await;
        let (after_seconds, why) = match end {
            JobEnd::Done(summary) => {
                self.requests.fetch_add(summary.requests, Ordering::Relaxed);
                self.arc_views.fetch_add(summary.committed.arcs_added, Ordering::Relaxed);
                return Ok(self.queue.finish(receipt).await?);
            }
            JobEnd::Retry { after_seconds, why } => (after_seconds, why),
            JobEnd::Poison { why } => (0, why),
        };
        tracing::warn!(error = why, "a fetch job failed");
        self.wait_for_database(&why).await;
        Ok(self.queue.release(receipt, after_seconds).await?)
    }

    /// Finds accounts by name and makes them due; the crawl spreads `depth` steps from them.
    pub(crate) async fn seed(&self, accounts: &[Account], depth: i16) -> Result<()> {
        Ok(platform_fetch::seed(self.fetch_dependencies(), accounts, depth).await?)
    }

    fn fetch_dependencies(&self) -> FetchDependencies<'_> {
        FetchDependencies {
            pg: &self.home.pg,
            web: &self.web,
            clock: &self.home.clock,
            engine: &self.engine,
            memory: &self.memory,
            hosts: &self.hosts,
        }
    }

    /// After trouble: starts the private server again if it is gone, and waits a moment.
    async fn wait_for_database(&self, error: &(impl std::fmt::Display + ?Sized)) {
        tracing::warn!(%error, "waiting for the database");
        if let Err(error) = self.revive().await {
            tracing::warn!(%error, "the private PostgreSQL does not start");
        }
        tokio::time::sleep(DATABASE_WAIT).await;
    }

    /// Starts the private server if it is gone. It may have lost its last commits, and with them which
    /// jobs were done: all jobs are given up, or the crawl would wait for some of them in vain.
    async fn revive(&self) -> Result<()> {
        match tokio::task::block_in_place(|| self.home.revive())? {
            true => self.release_all().await,
            false => Ok(()),
        }
    }
}

fn settings(engine: &CrawlEngine) -> DispatchSettings {
    DispatchSettings {
        paces: paces(engine),
        jobs_max: JOBS_MAX,
        job_profiles: JOB_PROFILES,
        reservation_seconds: RESERVATION_SECONDS,
        profiles_max: u64::MAX,
    }
}
