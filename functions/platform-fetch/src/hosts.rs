//! The hosts that this process sends requests to: their numbers, the leases that it holds, and what
//! it reported of them. Shared by all jobs, so that they spend each other's leases instead of taking
//! more. Losing it costs a few statements and the tokens of open leases.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use model::Platform;
use model::budget::{HostLimit, TokenLease};
use model::time::Timestamp;
use platforms::engine::HostReport;
use store::pg::host::{self, HostId};
use store::{Pg, StoreError};
use tokio::sync::Mutex;

/// The most hosts remembered; a full cache is emptied.
const HOSTS_MAX: usize = 100_000;

/// For so long the same good report of a host is not stored again, in seconds: another process may
/// have reported trouble meanwhile.
const REPORT_SECONDS: i64 = 5;

/// The hosts of a process.
#[derive(Debug, Default)]
pub struct HostCache {
    known: Mutex<HashMap<(Platform, String), Arc<HostState>>>,
}

/// The state of one host in this process.
#[derive(Debug)]
pub(crate) struct HostState {
    pub(crate) id: HostId,
    /// Locked by the request that waits for a token, so that those behind it find the lease that it got.
    pub(crate) leases: Mutex<HostLeases>,
    /// Whether it has answered this process: before that, its limit may differ from the assumed one.
    has_answered: AtomicBool,
    /// Whether the leases so far are void.
    is_void: AtomicBool,
    /// The last good report that was stored.
    stored: std::sync::Mutex<Option<StoredReport>>,
}

/// A good report that was stored.
#[derive(Debug, Clone, Copy)]
struct StoredReport {
    /// The limit that the host announced, if it did.
    limit: Option<HostLimit>,
    at: Timestamp,
}

/// The leases of a host that may still be good.
#[derive(Debug, Default)]
pub(crate) struct HostLeases(Vec<TokenLease>);

impl HostCache {
    /// An empty cache.
    pub fn new() -> HostCache {
        HostCache::default()
    }

    /// The state of a host; the database gives a new one its number.
    pub(crate) async fn state(
        &self,
        pg: &Pg,
        platform: Platform,
        host: &str,
    ) -> Result<Arc<HostState>, StoreError> {
        let key = (platform, host.to_owned());
        if let Some(state) = self.known.lock().await.get(&key) {
            return Ok(Arc::clone(state));
        }
        let id = host::ids(pg, platform, &[host]).await?[0];
        let mut known = self.known.lock().await;
        if known.len() >= HOSTS_MAX {
            known.clear();
        }
        let new_state = || Arc::new(HostState::new(id));
        Ok(Arc::clone(known.entry(key).or_insert_with(new_state)))
    }
}

/// Whether a limit allows less than another: at once, or in the long run.
fn is_stricter(own: HostLimit, other: HostLimit) -> bool {
    let pace =
        |one: HostLimit, window: HostLimit| u64::from(one.requests) * u64::from(window.window_ms);
    own.burst() < other.burst() || pace(own, other) < pace(other, own)
}

async fn store(pg: &Pg, id: HostId, report: &HostReport, now: Timestamp) -> Result<(), StoreError> {
    if let Some(limit) = report.limit {
        host::announce(pg, id, limit).await?;
    }
    if let Some(until) = report.pause_until {
        host::pause(pg, id, until, now).await?;
    }
    match report.answered {
        true => host::worked(pg, id).await,
        false => host::failed(pg, id, now).await.map(|_| ()),
    }
}

impl HostState {
    fn new(id: HostId) -> HostState {
        HostState {
            id,
            leases: Mutex::default(),
            has_answered: AtomicBool::new(false),
            is_void: AtomicBool::new(false),
            stored: std::sync::Mutex::default(),
        }
    }

    /// Whether the host has answered this process.
    pub(crate) fn has_answered(&self) -> bool {
        self.has_answered.load(Ordering::Relaxed)
    }

    /// Takes a token that is still good, if there is one.
    pub(crate) fn spend(&self, leases: &mut HostLeases, now: Timestamp) -> bool {
        if self.is_void.swap(false, Ordering::AcqRel) {
            leases.0.clear();
        }
        leases.spend(now)
    }

    /// Stores a report in the host's budget. The leases of a host that asks for a pause are void, and
    /// so are those given under a wider limit than its own (`default`, as long as it announced none).
    pub(crate) async fn store_report(
        &self,
        pg: &Pg,
        report: &HostReport,
        default: Option<HostLimit>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.has_answered.fetch_or(report.answered, Ordering::Relaxed);
        if self.has_stored(report, now) {
            return Ok(());
        }
        let assumed = self.announced().or(default);
        let is_lower =
            report.limit.zip(assumed).is_some_and(|(own, assumed)| is_stricter(own, assumed));
        if is_lower || report.pause_until.is_some() {
            self.is_void.store(true, Ordering::Release);
        }
        store(pg, self.id, report, now).await?;
        if is_lower {
            host::drain(pg, self.id, now).await?;
        }
        *self.stored() = report.answered.then_some(StoredReport { limit: report.limit, at: now });
        Ok(())
    }

    fn stored(&self) -> std::sync::MutexGuard<'_, Option<StoredReport>> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The limit that the host announced to this process.
    fn announced(&self) -> Option<HostLimit> {
        (*self.stored()).and_then(|stored| stored.limit)
    }

    /// Whether the database has this report: a good one, stored a moment ago.
    fn has_stored(&self, report: &HostReport, now: Timestamp) -> bool {
        let is_good = report.answered && report.pause_until.is_none();
        is_good
            && (*self.stored()).is_some_and(|stored| {
                let is_recent = now.as_second() - stored.at.as_second() < REPORT_SECONDS;
                is_recent && (report.limit.is_none() || report.limit == stored.limit)
            })
    }
}

impl HostLeases {
    /// Adds a lease.
    pub(crate) fn add(&mut self, lease: TokenLease) {
        self.0.push(lease);
    }

    fn spend(&mut self, now: Timestamp) -> bool {
        self.0.retain(|lease| lease.tokens > 0 && now < lease.expires);
        // The one that ends first.
        let first = self.0.iter_mut().min_by_key(|lease| lease.expires);
        first.map(|lease| lease.tokens -= 1).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn leases(leases: &[(u32, i64)]) -> HostLeases {
        let lease = |&(tokens, expires)| TokenLease { tokens, expires: at(expires) };
        HostLeases(leases.iter().map(lease).collect())
    }

    #[test]
    fn leases_are_spent_while_they_are_good_and_the_shortest_first() {
        let mut leases = leases(&[(1, 9), (2, 3)]);
        assert!(leases.spend(at(0)) && leases.spend(at(2)));
        assert_eq!(
            leases.0,
            [TokenLease { tokens: 1, expires: at(9) }, TokenLease { tokens: 0, expires: at(3) }]
        );
        assert!(leases.spend(at(8)));
        assert!(!leases.spend(at(8)));
        leases.add(TokenLease { tokens: 5, expires: at(9) });
        assert!(!leases.spend(at(9)));
    }

    #[test]
    fn leases_that_are_void_are_not_spent() {
        let (state, mut leases) = (HostState::new(HostId(1)), leases(&[(5, 9)]));
        assert!(state.spend(&mut leases, at(0)));
        state.is_void.store(true, Ordering::Release);
        assert!(!state.spend(&mut leases, at(0)));
        leases.add(TokenLease { tokens: 1, expires: at(9) });
        assert!(state.spend(&mut leases, at(0)));
    }

    #[test]
    fn a_limit_is_stricter_by_its_pace_or_its_burst() {
        let limit = |requests, window_ms| HostLimit { requests, window_ms };
        assert!(is_stricter(limit(30, 10_000), limit(300, 300_000)));
        assert!(is_stricter(limit(100, 300_000), limit(300, 300_000)));
        assert!(!is_stricter(limit(300, 300_000), limit(300, 300_000)));
        assert!(!is_stricter(limit(3_000, 300_000), limit(300, 300_000)));
    }

    #[test]
    fn only_good_reports_that_are_stored_are_not_stored_again() {
        let limit = Some(HostLimit { requests: 300, window_ms: 1_000 });
        let report = |answered, limit, pause_until| HostReport {
            host: "one.example".to_owned(),
            limit,
            pause_until,
            answered,
        };
        let state = HostState::new(HostId(1));
        assert!(!state.has_stored(&report(true, limit, None), at(0)));
        *state.stored() = Some(StoredReport { limit, at: at(0) });
        assert!(state.has_stored(&report(true, limit, None), at(1)));
        assert!(state.has_stored(&report(true, None, None), at(1)));
        let other = Some(HostLimit { requests: 30, window_ms: 1_000 });
        for new in [
            report(true, other, None),
            report(false, limit, None),
            report(true, limit, Some(at(9))),
        ] {
            assert!(!state.has_stored(&new, at(1)), "{new:?}");
        }
        assert!(!state.has_stored(&report(true, limit, None), at(REPORT_SECONDS)));
    }
}
