//! A crawl on one machine: dispatch and fetch, the handlers of the cloud, in one process.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use crawl_dispatch::{Pace, Settings};
use model::Account;
use model::message::FetchJob;
use model::port::{
    Clock, Queue, RECEIVES_MAX, ReceivedMessage, delivery_seconds_max, retry_delay_seconds,
};
use model::time::Timestamp;
use platform_fetch::Hosts;
use platforms::engine::Memory;
use platforms::http::{Client, ClientSettings};
use platforms::{Engine, Origins};
use store::clock::System;
use store::pg::frontier;
use store::queue::PgQueue;

use crate::home::BorgHome;

/// How long a received job is left to its worker, in seconds: longer than it may take.
const VISIBILITY_SECONDS: u32 = 330;

/// How long a claim lasts, in seconds: ten minutes in the queue, and then longer than its job is
/// received again and again.
const CLAIM_SECONDS: u32 = 600 + delivery_seconds_max(VISIBILITY_SECONDS);

/// Jobs fetched at the same time.
const WORKERS: usize = 4;

/// Profiles in a job.
const JOB_PROFILES: u32 = 50;

/// Jobs in the queue: enough that no worker waits, few enough that a limit is kept closely.
const JOBS_MAX: u32 = 16;

/// How long the loops sleep where there is nothing to do.
const IDLE: Duration = Duration::from_millis(40);

/// How long the loops wait for a record that does not answer.
const RECORD_WAIT: Duration = Duration::from_secs(1);

/// Requests of one profile's round, about: its page, follows, followers, posts, likes, lists.
const REQUESTS_A_PROFILE: u32 = 6;

/// Everything that a crawl works with. Shared by its loops.
pub(crate) struct Crawler {
    home: Arc<BorgHome>,
    pub(crate) engine: Engine,
    pub(crate) web: Client,
    pub(crate) memory: Memory,
    hosts: Hosts,
    queue: PgQueue<System>,
    settings: Settings,
    stop: AtomicBool,
    /// Requests sent so far.
    pub(crate) requests: AtomicU64,
    /// Entries that lists gained so far; an arc that both ends show counts twice.
    pub(crate) arc_views: AtomicU64,
}

/// When a crawl ends by itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Until {
    /// After so many profiles.
    pub(crate) profiles: u64,
    /// When nothing will be due for so long. `None` goes on for ever.
    pub(crate) idle: Option<Duration>,
}

impl Crawler {
    /// A crawler of the live web, or of the origins that stand in for it.
    pub(crate) async fn new(
        home: Arc<BorgHome>,
        origins: Origins,
        contact: &str,
    ) -> Result<Crawler> {
        let exempt = origins.exempt();
        if contact.is_empty() && exempt.is_empty() {
            tracing::warn!(
                "give --contact a page or an address where hosts can ask who crawls them"
            );
        }
        let engine = Engine::new(platforms::Settings { origins, ..Default::default() })?;
        let web = Client::new(ClientSettings {
            contact: contact.to_owned(),
            exempt,
            ..ClientSettings::default()
        })?;
        let queue = PgQueue::new(home.pg.clone(), "fetch", RECEIVES_MAX, home.clock);
        let crawler = Crawler {
            settings: settings(&engine),
            home,
            engine,
            web,
            memory: Memory::new(),
            hosts: Hosts::new(),
            queue,
            stop: AtomicBool::new(false),
            requests: AtomicU64::new(0),
            arc_views: AtomicU64::new(0),
        };
        if crawler.home.was_alone() {
            // Whoever had claimed profiles or received jobs is dead: nobody needs to wait for it.
            crawler.begin_anew().await?;
        }
        Ok(crawler)
    }

    /// Gives up what is under way: it is claimed and sent again. Jobs go first, or one that is sent
    /// meanwhile would vanish and its claims stay.
    async fn begin_anew(&self) -> Result<()> {
        self.queue.clear().await?;
        Ok(frontier::release_all(&self.home.pg, self.home.clock.now()).await?)
    }

    /// Tells the loops to end after what they are doing.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Crawls until it is told to stop, or has come to an end. Returns how many profiles were sent
    /// for.
    pub(crate) async fn run(self: &Arc<Self>, until: Until) -> Result<u64> {
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
    async fn dispatch(&self, until: Until) -> Result<u64> {
        let mut sent = 0;
        while !self.is_stopped() {
            match self.tick(until.profiles - sent).await {
                Ok(0) => match self.has_ended(until, sent).await {
                    Ok(true) => break,
                    Ok(false) => tokio::time::sleep(IDLE).await,
                    Err(error) => self.wait_for_record(&error).await,
                },
                Ok(profiles) => sent += profiles,
                Err(error) => self.wait_for_record(&error).await,
            }
        }
        Ok(sent)
    }

    /// Sends for what is due, at most so many profiles; returns how many.
    async fn tick(&self, profiles_max: u64) -> Result<u64> {
        let settings = Settings { profiles_max, ..self.settings.clone() };
        let BorgHome { pg, clock, .. } = &*self.home;
        let doors = crawl_dispatch::Doors { pg, queue: &self.queue, clock };
        Ok(crawl_dispatch::tick(&doors, &settings).await?.profiles)
    }

    /// Whether the queue is empty and nothing will be due soon.
    async fn has_ended(&self, until: Until, sent: u64) -> Result<bool> {
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
                        self.do_job(&message).await;
                    }
                }
                Err(error) => self.wait_for_record(&error).await,
            }
        }
    }

    /// Does a job and ends its message; one that fails is received again later.
    async fn do_job(&self, message: &ReceivedMessage) {
        let done = match serde_json::from_str::<FetchJob>(&message.body) {
            Ok(job) => self.fetch(&job).await,
            Err(error) => Err(error.into()),
        };
        let ended = match done {
            Ok(()) => self.queue.finish(&message.receipt).await,
            Err(error) => {
                tracing::warn!(error = %format!("{error:#}"), "a fetch job failed");
                self.wait_for_record(&error).await;
                self.queue.release(&message.receipt, retry_delay_seconds(message.receives)).await
            }
        };
        if let Err(error) = ended {
            tracing::warn!(%error, "a message could not be ended; it will come again");
        }
    }

    /// Finds accounts by name and makes them due, to spread so many steps.
    pub(crate) async fn seed(&self, accounts: &[Account], depth: i16) -> Result<()> {
        Ok(platform_fetch::seed(&self.doors(), accounts, depth).await?)
    }

    fn doors(&self) -> platform_fetch::Doors<'_, Client, System> {
        platform_fetch::Doors {
            pg: &self.home.pg,
            web: &self.web,
            clock: &self.home.clock,
            engine: &self.engine,
            memory: &self.memory,
            hosts: &self.hosts,
        }
    }

    async fn fetch(&self, job: &FetchJob) -> Result<()> {
        let time = jiff::SignedDuration::from_secs(platform_fetch::JOB_SECONDS);
        let deadline = self.home.clock.now().saturating_add(time)?;
        let fetched = platform_fetch::handle(&self.doors(), job, deadline).await?;
        self.requests.fetch_add(fetched.requests, Ordering::Relaxed);
        self.arc_views.fetch_add(fetched.committed.arcs_added, Ordering::Relaxed);
        Ok(())
    }

    /// After trouble: waits a moment, and brings the private server back if it is gone.
    async fn wait_for_record(&self, error: &(impl std::fmt::Display + ?Sized)) {
        tracing::warn!(%error, "waiting for the record");
        if let Err(error) = self.revive().await {
            tracing::warn!(%error, "the private PostgreSQL does not start");
        }
        tokio::time::sleep(RECORD_WAIT).await;
    }

    /// Starts the private server if it is gone. It may have lost its last moments, and with them
    /// which jobs were done: otherwise the crawl would wait for jobs that nobody does.
    async fn revive(&self) -> Result<()> {
        match tokio::task::block_in_place(|| self.home.revive())? {
            true => self.begin_anew().await,
            false => Ok(()),
        }
    }
}

fn settings(engine: &Engine) -> Settings {
    let pace = |platform| {
        let host = engine.default_host(platform).unwrap_or_default();
        let limit = engine.limit(platform, &host)?;
        Some((platform, Pace { limit, requests_a_profile: REQUESTS_A_PROFILE }))
    };
    Settings {
        paces: engine.platforms().into_iter().filter_map(pace).collect::<BTreeMap<_, _>>(),
        jobs_max: JOBS_MAX,
        job_profiles: JOB_PROFILES,
        claim_seconds: CLAIM_SECONDS,
        profiles_max: u64::MAX,
    }
}
