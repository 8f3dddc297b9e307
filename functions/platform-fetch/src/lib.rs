//! A fetch job to observations in the record.
//!
//! A job names profiles of one host. What is still to be fetched of each is read from the record,
//! fetched through the manifest engine within the host's budget, and committed in batches, each
//! one transaction. Whatever interrupts a job, the record says where to go on, so it may run twice,
//! or twice at once: a page that is committed already adds nothing.
//!
//! A job knows when it must have ended. Streams are cut before that, what was seen is committed, and
//! profiles that nobody came to are due again at once.

mod convert;
mod gate;
mod hosts;
mod seed;

use futures::future::BoxFuture;
use futures::stream::{self, StreamExt};
use model::message::FetchJob;
use model::observation::{Observation, SeenProfile};
use model::port::{Clock, Web};
use model::time::Timestamp;
use platforms::engine::{Engine, Memory, StreamRun, Subject, Via};
use store::pg::crawl::{self, CrawlBatch, CrawlOutcome, CrawledProfile, RoundEnd};
use store::pg::frontier;
use store::{Pg, StoreError};

use gate::LeaseGate;

pub use hosts::Hosts;
pub use seed::{SeedError, seed};

/// Profiles of one job that are fetched at the same time.
const ROUNDS_AT_ONCE: usize = 8;

/// Profiles in one transaction.
const COMMIT_PROFILES: usize = 50;

/// What was seen is committed after so long at the latest, in seconds.
const COMMIT_SECONDS: i64 = 20;

/// Kept back of a job's time, in seconds: for the answer to the last request, and for the commit.
const RESERVE_SECONDS: i64 = 50;

/// How long a job may take, in seconds, where nothing else says so: as long as the function's time-out
/// in `template.yaml`.
pub const JOB_SECONDS: i64 = 300;

/// The doors of one job.
#[derive(Debug)]
pub struct Doors<'a, W, C> {
    /// The record.
    pub pg: &'a Pg,
    /// The web.
    pub web: &'a W,
    /// The present.
    pub clock: &'a C,
    /// The manifests at work.
    pub engine: &'a Engine,
    /// What this process has learned of names on the way.
    pub memory: &'a Memory,
    /// What it knows of hosts.
    pub hosts: &'a Hosts,
}

/// What a job did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Requests sent.
    pub requests: u64,
    /// What its commits did, added up.
    pub committed: CrawlOutcome,
}

/// Why a job did not end. What it committed stays; the rest is due again when its claim runs out.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The record failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No manifest describes the platform.
    #[error("there is no manifest for {0}")]
    NoManifest(model::Platform),
}

/// Fetches what is due of a job's profiles, and ends before `deadline`.
pub async fn handle<W: Web, C: Clock>(
    doors: &Doors<'_, W, C>,
    job: &FetchJob,
    deadline: Timestamp,
) -> Result<Fetched, FetchError> {
    if doors.engine.limit(job.platform, &job.host).is_none() {
        return Err(FetchError::NoManifest(job.platform));
    }
    let stored = crawl::subjects(doors.pg, &job.profiles, doors.clock.now()).await?;
    let held = doors.hosts.of(doors.pg, job.platform, &job.host).await?;
    held.leases.lock().await.add(job.lease);
    let gate = gate(doors, job.platform, deadline);
    let mut work = Work { doors, job, gate, fetched: Fetched::default() };
    for batch in stored.chunks(COMMIT_PROFILES) {
        match work.gate.is_closed() {
            true => work.give_back(batch).await?,
            false => work.fetch(batch).await?,
        }
    }
    Ok(work.fetched)
}

/// The gate of a job that must have ended by `deadline`.
fn gate<'a, W, C>(
    doors: &Doors<'a, W, C>,
    platform: model::Platform,
    deadline: Timestamp,
) -> LeaseGate<'a, C> {
    let reserve = jiff::SignedDuration::from_secs(RESERVE_SECONDS);
    let closes = deadline.saturating_sub(reserve).unwrap_or(Timestamp::MIN);
    let Doors { pg, clock, engine, hosts, .. } = *doors;
    LeaseGate { pg, clock, engine, hosts, platform, closes }
}

/// A job under way.
struct Work<'a, W, C> {
    doors: &'a Doors<'a, W, C>,
    job: &'a FetchJob,
    gate: LeaseGate<'a, C>,
    fetched: Fetched,
}

impl<W: Web, C: Clock> Work<'_, W, C> {
    /// Fetches the rounds of some profiles: their own pages together, then each one's streams. They
    /// are committed as they end, a while's together.
    async fn fetch(&mut self, stored: &[crawl::Subject]) -> Result<(), FetchError> {
        let (subjects, pages) = self.pages(stored).await;
        // Boxed one by one: the compiler cannot see through a lazy map that the whole is `Send`.
        let mut rounds: Vec<BoxFuture<'_, Round>> = Vec::with_capacity(stored.len());
        for ((stored, subject), page) in stored.iter().zip(&subjects).zip(pages) {
            rounds.push(Box::pin(round(self.doors, self.gate, stored, subject, page)));
        }
        let mut rounds = stream::iter(rounds).buffer_unordered(ROUNDS_AT_ONCE);
        let (mut seen, mut since) = (Vec::new(), self.doors.clock.now());
        while let Some(round) = rounds.next().await {
            self.fetched.requests += u64::from(round.requests);
            seen.push(round.profile);
            let now = self.doors.clock.now();
            if now.as_second() - since.as_second() >= COMMIT_SECONDS {
                commit(self.doors, self.job, std::mem::take(&mut seen), &mut self.fetched).await?;
                since = now;
            }
        }
        commit(self.doors, self.job, seen, &mut self.fetched).await
    }

    /// The own pages of some profiles, and the profiles with what those say.
    async fn pages(&mut self, stored: &[crawl::Subject]) -> (Vec<Subject>, Vec<StreamRun>) {
        let subject = |one| convert::subject(self.job.platform, one);
        let mut subjects: Vec<Subject> = stored.iter().map(subject).collect();
        let mut gate = self.gate;
        let mut via = Via::new(self.doors.web, self.doors.clock, &mut gate, self.doors.memory);
        let pages = self.doors.engine.profiles(&mut via, &subjects).await;
        self.fetched.requests += u64::from(via.requests());
        for (subject, page) in subjects.iter_mut().zip(&pages) {
            if let Some(seen) = seen_profile(page) {
                subject.learn(seen);
            }
        }
        (subjects, pages)
    }

    /// Makes profiles that the job has no time for due again at once.
    async fn give_back(&self, stored: &[crawl::Subject]) -> Result<(), FetchError> {
        let ids: Vec<_> = stored.iter().map(|one| one.id).collect();
        Ok(frontier::release(self.doors.pg, &ids, self.doors.clock.now()).await?)
    }
}

/// Writes what was seen into the record, and says whom it gives up.
async fn commit<W, C: Clock>(
    doors: &Doors<'_, W, C>,
    job: &FetchJob,
    profiles: Vec<CrawledProfile>,
    fetched: &mut Fetched,
) -> Result<(), FetchError> {
    for profile in &profiles {
        if let RoundEnd::Failed { why } = &profile.end {
            tracing::warn!(profile = %profile.id, host = job.host, why, "given up for weeks");
        }
    }
    let batch = CrawlBatch {
        platform: job.platform,
        default_host: job.host.clone(),
        now: doors.clock.now(),
        profiles,
    };
    add(&mut fetched.committed, crawl::commit(doors.pg, &batch).await?);
    Ok(())
}

/// What one profile's round brought.
struct Round {
    profile: CrawledProfile,
    requests: u32,
}

/// The streams of one profile, after its own page. A page that says that the profile is gone, or
/// that could not be had, ends the visit.
async fn round<W: Web, C: Clock>(
    doors: &Doors<'_, W, C>,
    mut gate: LeaseGate<'_, C>,
    stored: &crawl::Subject,
    subject: &Subject,
    page: StreamRun,
) -> Round {
    let mut via = Via::new(doors.web, doors.clock, &mut gate, doors.memory);
    let goes_on = page.outcome.is_final() && !is_gone(&page);
    let mut runs = vec![page];
    if goes_on {
        runs.extend(doors.engine.round(&mut via, subject).await);
    }
    let end = convert::round_end(&runs, stored.attempt, doors.clock.now());
    Round {
        requests: via.requests(),
        profile: CrawledProfile {
            id: stored.id,
            streams: runs.into_iter().map(|run| convert::crawled(stored, run)).collect(),
            end,
        },
    }
}

fn seen_profile(page: &StreamRun) -> Option<&SeenProfile> {
    page.observations.iter().find_map(|observation| match observation {
        Observation::Profile(seen) => Some(seen.as_ref()),
        _ => None,
    })
}

fn is_gone(page: &StreamRun) -> bool {
    page.observations.iter().any(|observation| matches!(observation, Observation::Gone(_)))
}

fn add(total: &mut CrawlOutcome, one: CrawlOutcome) {
    total.applied += one.applied;
    total.stale += one.stale;
    total.new_profiles += one.new_profiles;
    total.changed_profiles += one.changed_profiles;
    total.changed_lists += one.changed_lists;
    total.arcs_added += one.arcs_added;
    total.arcs_removed += one.arcs_removed;
    total.erased += one.erased;
}
