//! The rate limiter of a job: spends the leases that this process holds, and takes new ones from the
//! host budgets.

use std::time::Duration;

use model::Platform;
use model::time::Timestamp;
use platforms::engine::{HostReport, NoToken, RateLimiter};
use store::pg::host::{self, HostGrant, TokenRequest};
use tokio::time::{sleep, timeout};

use crate::FetchDependencies;
use crate::hosts::{HostLeases, HostState};

/// Tokens taken at a time.
const TOKENS_A_LEASE: u32 = 64;

/// The longest that one request waits for a token; what needs longer continues in a later job.
const WAIT_MS_MAX: u64 = 5_000;

/// The shortest wait, so that a lease is worth its transaction at a host whose limit is used up.
const WAIT_MS_MIN: u64 = 20;

/// Limits what one job sends to each host, and until when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LeaseLimiter<'a> {
    pub(crate) dependencies: FetchDependencies<'a>,
    pub(crate) platform: Platform,
    /// The last moment at which a request may be sent.
    pub(crate) closes: Timestamp,
}

impl LeaseLimiter<'_> {
    /// Whether no request may be sent any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.now() >= self.closes
    }

    fn now(&self) -> Timestamp {
        self.dependencies.clock.now()
    }

    /// Takes one more lease for a host, or returns how long to wait for it, in milliseconds.
    async fn lease_more(
        &self,
        host: &str,
        state: &HostState,
        leases: &mut HostLeases,
    ) -> Result<(), u64> {
        let FetchDependencies { pg, engine, .. } = self.dependencies;
        let default = engine.limit(self.platform, host).ok_or(WAIT_MS_MAX + 1)?;
        // Until the host has answered, its limit may be lower than assumed: one token at a time.
        let tokens = if state.has_answered() { TOKENS_A_LEASE } else { 1 };
        let want = TokenRequest { host: state.id, tokens, default };
        let granted = host::lease(pg, &[want], self.now()).await;
        match granted.ok().and_then(|grants| grants.first().copied()) {
            Some(HostGrant::Lease(lease)) => {
                leases.add(lease);
                Ok(())
            }
            Some(HostGrant::Wait { ms }) => Err(ms.max(WAIT_MS_MIN)),
            // The database does not answer: the job's commit reports that. Nothing is sent meanwhile.
            None => Err(WAIT_MS_MAX + 1),
        }
    }
}

impl RateLimiter for LeaseLimiter<'_> {
    /// A request that waits for a host holds the lock of its leases, so that the requests behind it
    /// find the lease that it got.
    async fn acquire(&mut self, host: &str) -> Result<(), NoToken> {
        let too_long = NoToken { wait_ms: WAIT_MS_MAX };
        if self.is_closed() {
            return Err(too_long);
        }
        let FetchDependencies { pg, hosts, .. } = self.dependencies;
        let state = hosts.state(pg, self.platform, host).await.map_err(|_| too_long)?;
        let waiting = timeout(Duration::from_millis(WAIT_MS_MAX), state.leases.lock());
        let mut leases = waiting.await.map_err(|_| too_long)?;
        let mut waited_ms = 0;
        while !state.spend(&mut leases, self.now()) {
            let more = self.lease_more(host, &state, &mut leases).await;
            let Err(wait_ms) = more else { continue };
            waited_ms += wait_ms;
            if waited_ms > WAIT_MS_MAX {
                return Err(NoToken { wait_ms });
            }
            sleep(Duration::from_millis(wait_ms)).await;
        }
        Ok(())
    }

    /// A database that does not answer gives no more leases either.
    async fn report(&mut self, report: &HostReport) {
        let FetchDependencies { pg, engine, hosts, .. } = self.dependencies;
        let default = engine.limit(self.platform, &report.host);
        let stored = match hosts.state(pg, self.platform, &report.host).await {
            Ok(state) => state.store_report(pg, report, default, self.now()).await,
            Err(error) => Err(error),
        };
        if let Err(error) = stored {
            tracing::warn!(host = report.host, %error, "the report of the host is not stored");
        }
    }
}
