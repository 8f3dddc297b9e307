//! Where a crawl begins: accounts by name, each looked up within its host's budget.

use std::collections::BTreeMap;
use std::time::Duration;

use model::observation::NamedProfile;
use model::time::Timestamp;
use model::{Account, Platform};
use platforms::engine::{FetchContext, ResolveError};
use store::StoreError;
use store::pg::frontier::{self, CrawlSeeds};

use crate::{FetchDependencies, job};

/// How often a seed is looked up before its host's trouble is reported.
const TRIES: u32 = 4;

/// How long to wait after the first trouble, in milliseconds; after the second twice as long, and so on.
const WAIT_MS: u64 = 1_000;

/// The shortest wait, in milliseconds.
const WAIT_MS_MIN: u64 = 100;

/// The longest that one seed may wait for its host, in milliseconds.
const WAITS_MS_MAX: u64 = 120_000;

/// Why a crawl did not begin.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// A seed cannot be found.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Finds accounts by name and makes them due; the crawl spreads `depth` steps from them. None is due unless all are
/// found.
pub async fn seed(
    dependencies: FetchDependencies<'_>,
    accounts: &[Account],
    depth: i16,
) -> Result<(), SeedError> {
    let FetchDependencies { pg, clock, engine, .. } = dependencies;
    let mut by_platform: BTreeMap<Platform, Vec<NamedProfile>> = BTreeMap::new();
    for account in accounts {
        by_platform.entry(account.platform).or_default().push(find(dependencies, account).await?);
    }
    for (platform, names) in by_platform {
        let host = engine.default_host(platform).unwrap_or_default();
        let seeds = CrawlSeeds { platform, names: &names, default_host: &host, depth };
        frontier::seed(pg, seeds, clock.now()).await?;
    }
    Ok(())
}

/// Looks one account up, and waits for its host where it has to.
async fn find(
    dependencies: FetchDependencies<'_>,
    account: &Account,
) -> Result<NamedProfile, ResolveError> {
    let FetchDependencies { web, clock, engine, memory, .. } = dependencies;
    let mut limiter = job::limiter(dependencies, account.platform, Timestamp::MAX);
    let mut fetch = FetchContext::new(web, clock, &mut limiter, memory);
    let mut waits = SeedWaits::default();
    loop {
        let error = match engine.resolve(&mut fetch, account).await {
            Ok(subject) => return Ok(subject.named),
            Err(error) => error,
        };
        let Some(wait_ms) = waits.next(&error) else { return Err(error) };
        tracing::info!(%account, wait_ms, "waiting for the host of a seed");
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
    }
}

/// The waits between the lookups of one seed.
#[derive(Debug, Default)]
struct SeedWaits {
    /// How often the host had trouble and named no wait.
    troubles: u32,
    waited_ms: u64,
}

impl SeedWaits {
    /// How long to wait after an error, in milliseconds; `None` if another try is of no use.
    fn next(&mut self, error: &ResolveError) -> Option<u64> {
        let ResolveError::Retry { after_ms, .. } = error else { return None };
        let wait_ms = match after_ms {
            Some(ms) => *ms,
            None => {
                self.troubles += 1;
                WAIT_MS * u64::from(self.troubles)
            }
        };
        let wait_ms = wait_ms.max(WAIT_MS_MIN);
        self.waited_ms = self.waited_ms.saturating_add(wait_ms);
        (self.troubles < TRIES && self.waited_ms <= WAITS_MS_MAX).then_some(wait_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(after_ms: Option<u64>) -> ResolveError {
        ResolveError::Retry { account: "a".into(), why: "no".into(), after_ms }
    }

    #[test]
    fn waits_grow_and_end() {
        let mut waits = SeedWaits::default();
        let next: Vec<_> = (0..TRIES).map(|_| waits.next(&trouble(None))).collect();
        assert_eq!(next, [Some(1_000), Some(2_000), Some(3_000), None]);
    }

    #[test]
    fn a_host_that_names_its_wait_is_waited_for_but_not_for_ever() {
        let mut waits = SeedWaits::default();
        assert_eq!(waits.next(&trouble(Some(1))), Some(WAIT_MS_MIN));
        assert_eq!(waits.next(&trouble(Some(60_000))), Some(60_000));
        assert_eq!(waits.next(&trouble(Some(60_000))), None);
        assert_eq!(SeedWaits::default().next(&trouble(Some(u64::MAX))), None);
        assert_eq!(SeedWaits::default().next(&ResolveError::NotFound("a".into())), None);
    }
}
