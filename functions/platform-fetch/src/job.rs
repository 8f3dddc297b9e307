//! A job: the rounds of its profiles, fetched side by side and committed as they end.

use futures::future::BoxFuture;
use futures::stream::{self, StreamExt};
use model::Platform;
use model::message::FetchJob;
use model::observation::{Observation, SeenProfile};
use model::time::Timestamp;
use platforms::engine::{FetchContext, FetchSubject, StreamRun};
use store::StoreError;
use store::pg::crawl::{self, CrawlBatch, CrawlOutcome, CrawledProfile, RoundEnd};
use store::pg::frontier;

use crate::limiter::LeaseLimiter;
use crate::{FetchDependencies, convert};

/// Profiles of one job that are fetched at the same time.
const ROUNDS_AT_ONCE: usize = 8;

/// Profiles in one transaction.
const COMMIT_PROFILES: usize = 50;

/// What was seen is committed after so long at the latest, in seconds.
const COMMIT_SECONDS: i64 = 20;

/// Kept back of a job's time, in seconds: for the answer to the last request, and for the commit.
const RESERVE_SECONDS: i64 = 50;

/// What a job did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FetchSummary {
    /// Requests sent.
    pub requests: u64,
    /// The sum of what its commits did.
    pub committed: CrawlOutcome,
}

/// Why a job did not end. What it committed stays; the rest is due again when its reservation ends.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No manifest describes the platform.
    #[error("there is no manifest for {0}")]
    NoManifest(Platform),
}

/// Fetches what is due of a job's profiles, and ends before `deadline`.
pub async fn handle(
    dependencies: FetchDependencies<'_>,
    job: &FetchJob,
    deadline: Timestamp,
) -> Result<FetchSummary, FetchError> {
    let FetchDependencies { pg, clock, engine, hosts, .. } = dependencies;
    if engine.limit(job.platform, &job.host).is_none() {
        return Err(FetchError::NoManifest(job.platform));
    }
    let stored = crawl::subjects(pg, &job.profiles, clock.now()).await?;
    let host = hosts.state(pg, job.platform, &job.host).await?;
    host.leases.lock().await.add(job.lease);
    let limiter = limiter(dependencies, job.platform, deadline);
    let mut run = JobRun { dependencies, job, limiter, summary: FetchSummary::default() };
    for batch in stored.chunks(COMMIT_PROFILES) {
        match run.limiter.is_closed() {
            true => run.release(batch).await?,
            false => run.fetch(batch).await?,
        }
    }
    Ok(run.summary)
}

/// The limiter of a job that must have ended by `deadline`.
pub(crate) fn limiter(
    dependencies: FetchDependencies<'_>,
    platform: Platform,
    deadline: Timestamp,
) -> LeaseLimiter<'_> {
    let reserve = jiff::SignedDuration::from_secs(RESERVE_SECONDS);
    let closes = deadline.saturating_sub(reserve).unwrap_or(Timestamp::MIN);
    LeaseLimiter { dependencies, platform, closes }
}

/// A job in progress.
struct JobRun<'a> {
    dependencies: FetchDependencies<'a>,
    job: &'a FetchJob,
    limiter: LeaseLimiter<'a>,
    summary: FetchSummary,
}

impl JobRun<'_> {
    /// Fetches the rounds of some profiles: their own pages together, then the streams of each.
    /// Commits the rounds that ended every [`COMMIT_SECONDS`].
    async fn fetch(&mut self, stored: &[crawl::CrawlSubject]) -> Result<(), FetchError> {
        let (subjects, pages) = self.fetch_profiles(stored).await;
        // Boxed one by one: the compiler cannot prove of a lazy map that the whole is `Send`.
        let mut rounds: Vec<BoxFuture<'_, CrawlRound>> = Vec::with_capacity(stored.len());
        for ((stored, subject), page) in stored.iter().zip(&subjects).zip(pages) {
            rounds.push(Box::pin(fetch_round(self.limiter, stored, subject, page)));
        }
        let clock = self.dependencies.clock;
        let mut rounds = stream::iter(rounds).buffer_unordered(ROUNDS_AT_ONCE);
        let (mut ended, mut since) = (Vec::new(), clock.now());
        while let Some(round) = rounds.next().await {
            self.summary.requests += u64::from(round.requests);
            ended.push(round.profile);
            let now = clock.now();
            if now.as_second() - since.as_second() >= COMMIT_SECONDS {
                let batch = std::mem::take(&mut ended);
                commit(self.dependencies, self.job, batch, &mut self.summary.committed).await?;
                since = now;
            }
        }
        commit(self.dependencies, self.job, ended, &mut self.summary.committed).await
    }

    /// Fetches the own pages of some profiles. Returns the profiles with what those pages say.
    async fn fetch_profiles(
        &mut self,
        stored: &[crawl::CrawlSubject],
    ) -> (Vec<FetchSubject>, Vec<StreamRun>) {
        let subject = |one| convert::subject(self.job.platform, one);
        let mut subjects: Vec<FetchSubject> = stored.iter().map(subject).collect();
        let FetchDependencies { web, clock, engine, memory, .. } = self.dependencies;
        let mut limiter = self.limiter;
        let mut fetch = FetchContext::new(web, clock, &mut limiter, memory);
        let pages = engine.profiles(&mut fetch, &subjects).await;
        self.summary.requests += u64::from(fetch.requests());
        for (subject, page) in subjects.iter_mut().zip(&pages) {
            if let Some(seen) = seen_profile(page) {
                subject.learn(seen);
            }
        }
        (subjects, pages)
    }

    /// Makes profiles due again that the job has no time for.
    async fn release(&self, stored: &[crawl::CrawlSubject]) -> Result<(), FetchError> {
        let ids: Vec<_> = stored.iter().map(|one| one.id).collect();
        let FetchDependencies { pg, clock, .. } = self.dependencies;
        Ok(frontier::release(pg, &ids, clock.now()).await?)
    }
}

/// Writes what was seen into the database, and logs which profiles are given up.
async fn commit(
    dependencies: FetchDependencies<'_>,
    job: &FetchJob,
    profiles: Vec<CrawledProfile>,
    committed: &mut CrawlOutcome,
) -> Result<(), FetchError> {
    for profile in &profiles {
        if let RoundEnd::Failed { why } = &profile.end {
            tracing::warn!(profile = %profile.id, host = job.host, why, "given up for weeks");
        }
    }
    let batch = CrawlBatch {
        platform: job.platform,
        default_host: job.host.clone(),
        now: dependencies.clock.now(),
        profiles,
    };
    add(committed, crawl::commit(dependencies.pg, &batch).await?);
    Ok(())
}

/// What one crawl of all streams of a profile brought.
struct CrawlRound {
    profile: CrawledProfile,
    requests: u32,
}

/// Fetches the streams of one profile after its own page. The round ends early if that page says
/// that the profile is gone, or could not be fetched.
async fn fetch_round(
    mut limiter: LeaseLimiter<'_>,
    stored: &crawl::CrawlSubject,
    subject: &FetchSubject,
    page: StreamRun,
) -> CrawlRound {
    let FetchDependencies { web, clock, engine, memory, .. } = limiter.dependencies;
    let mut fetch = FetchContext::new(web, clock, &mut limiter, memory);
    let has_streams = page.outcome.is_final() && !is_gone(&page);
    let mut runs = vec![page];
    if has_streams {
        runs.extend(engine.round(&mut fetch, subject).await);
    }
    let end = convert::round_end(&runs, stored.attempt, clock.now());
    CrawlRound {
        requests: fetch.requests(),
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
