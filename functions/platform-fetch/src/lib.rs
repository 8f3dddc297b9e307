//! A fetch job to observations in the record.
//!
//! A job names profiles of one host. What is still to be fetched of each is read from the record,
//! fetched through the manifest engine within the host's budget, and committed in batches, each
//! one transaction. Whatever interrupts a job, the record says where to go on, so it may run twice,
//! or twice at once: a page that is committed already adds nothing.

mod convert;
mod gate;
mod hosts;

use futures::future::BoxFuture;
use futures::stream::{self, StreamExt};
use model::message::FetchJob;
use model::observation::{Observation, SeenProfile};
use model::port::{Clock, Web};
use platforms::engine::{Engine, HostNews, Memory, StreamRun, Subject, Via};
use store::pg::crawl::{self, CrawlBatch, CrawlOutcome, CrawledProfile};
use store::{Pg, StoreError};

use gate::LeaseGate;

pub use hosts::Hosts;

/// Profiles of one job that are fetched at the same time.
const ROUNDS_AT_ONCE: usize = 8;

/// Profiles in one transaction.
const COMMIT_PROFILES: usize = 50;

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

/// Fetches what is due of a job's profiles.
pub async fn handle<W: Web, C: Clock>(
    doors: &Doors<'_, W, C>,
    job: &FetchJob,
) -> Result<Fetched, FetchError> {
    if doors.engine.limit(job.platform, &job.host).is_none() {
        return Err(FetchError::NoManifest(job.platform));
    }
    let stored = crawl::subjects(doors.pg, &job.profiles, doors.clock.now()).await?;
    let gate = LeaseGate::new((doors.pg, doors.clock, doors.engine), doors.hosts, job).await?;
    let mut fetched = Fetched::default();
    for batch in stored.chunks(COMMIT_PROFILES) {
        let (profiles, requests) = fetch_batch(doors, job, &gate, batch).await?;
        let batch = CrawlBatch {
            platform: job.platform,
            default_host: job.host.clone(),
            now: doors.clock.now(),
            profiles,
        };
        add(&mut fetched.committed, crawl::commit(doors.pg, &batch).await?);
        fetched.requests += requests;
    }
    Ok(fetched)
}

/// Fetches the rounds of some profiles: their own pages together, then each one's streams.
async fn fetch_batch<W: Web, C: Clock>(
    doors: &Doors<'_, W, C>,
    job: &FetchJob,
    gate: &LeaseGate<'_, C>,
    stored: &[crawl::Subject],
) -> Result<(Vec<CrawledProfile>, u64), FetchError> {
    let mut subjects: Vec<Subject> =
        stored.iter().map(|one| convert::subject(job.platform, one)).collect();
    let mut own_gate = *gate;
    let mut via = Via::new(doors.web, doors.clock, &mut own_gate, doors.memory);
    let pages = doors.engine.profiles(&mut via, &subjects).await;
    let mut requests = u64::from(via.requests());
    let mut news = via.take_news();
    for (subject, page) in subjects.iter_mut().zip(&pages) {
        if let Some(seen) = seen_profile(page) {
            subject.learn(seen);
        }
    }
    // Boxed one by one: the compiler cannot see through a lazy map that the whole is `Send`.
    let mut rounds: Vec<BoxFuture<'_, Round>> = Vec::with_capacity(stored.len());
    for ((stored, subject), page) in stored.iter().zip(&subjects).zip(pages) {
        rounds.push(Box::pin(round(doors, gate, stored, subject, page)));
    }
    let rounds: Vec<Round> = stream::iter(rounds).buffered(ROUNDS_AT_ONCE).collect().await;
    let mut profiles = Vec::with_capacity(rounds.len());
    for round in rounds {
        requests += u64::from(round.requests);
        news.extend(round.news);
        profiles.push(round.profile);
    }
    doors.hosts.tell(doors.pg, job.platform, &news, doors.clock.now()).await?;
    Ok((profiles, requests))
}

/// What one profile's round brought.
struct Round {
    profile: CrawledProfile,
    requests: u32,
    news: Vec<HostNews>,
}

/// The streams of one profile, after its own page. A page that says that the profile is gone, or
/// that could not be had, ends the visit.
async fn round<W: Web, C: Clock>(
    doors: &Doors<'_, W, C>,
    gate: &LeaseGate<'_, C>,
    stored: &crawl::Subject,
    subject: &Subject,
    page: StreamRun,
) -> Round {
    let mut own_gate = *gate;
    let mut via = Via::new(doors.web, doors.clock, &mut own_gate, doors.memory);
    let goes_on = page.outcome.is_final() && !is_gone(&page);
    let mut runs = vec![page];
    if goes_on {
        runs.extend(doors.engine.round(&mut via, subject).await);
    }
    let end = convert::round_end(&runs, stored.attempt, doors.clock.now());
    Round {
        requests: via.requests(),
        news: via.take_news(),
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
