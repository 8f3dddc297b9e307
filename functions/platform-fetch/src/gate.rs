//! The gate before every request: a lease that this process holds, or a new one from the host's
//! budget.

use std::time::Duration;

use model::Platform;
use model::port::Clock;
use model::time::Timestamp;
use platforms::engine::{Engine, Gate, HostNews, NoToken};
use store::Pg;
use store::pg::host::{self, Grant, Want};
use tokio::time::{sleep, timeout};

use crate::hosts::{Held, Hosts, Leases};

/// Tokens taken at a time.
const TOKENS_A_LEASE: u32 = 64;

/// The longest that one request waits for a token; what needs longer goes on in a later job.
const WAIT_MS_MAX: u64 = 5_000;

/// The least, so that a lease is worth its transaction at a host that is asked as fast as it allows.
const WAIT_MS_MIN: u64 = 20;

/// What one job may send, to each host, and until when.
#[derive(Debug)]
pub(crate) struct LeaseGate<'a, C> {
    pub(crate) pg: &'a Pg,
    pub(crate) clock: &'a C,
    pub(crate) engine: &'a Engine,
    pub(crate) hosts: &'a Hosts,
    pub(crate) platform: Platform,
    /// The last moment at which a request may be sent.
    pub(crate) closes: Timestamp,
}

// Derived, these would ask the clock itself to be `Copy`.
impl<C> Copy for LeaseGate<'_, C> {}
impl<C> Clone for LeaseGate<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: Clock> LeaseGate<'_, C> {
    /// Whether no request may be sent any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.clock.now() >= self.closes
    }

    /// One more lease for a host, or how long to wait for it.
    async fn lease_more(&self, host: &str, held: &Held, leases: &mut Leases) -> Result<(), u64> {
        let default = self.engine.limit(self.platform, host).ok_or(WAIT_MS_MAX + 1)?;
        // Until it has answered, its limit may be lower than is thought: one by one.
        let tokens = if held.is_known() { TOKENS_A_LEASE } else { 1 };
        let want = Want { host: held.id, tokens, default };
        let granted = host::lease(self.pg, &[want], self.clock.now()).await;
        match granted.ok().and_then(|grants| grants.first().copied()) {
            Some(Grant::Lease(lease)) => {
                leases.add(lease);
                Ok(())
            }
            Some(Grant::Wait { ms }) => Err(ms.max(WAIT_MS_MIN)),
            // The record does not answer: the job's commit will say so. Nothing is sent meanwhile.
            None => Err(WAIT_MS_MAX + 1),
        }
    }
}

impl<C: Clock> Gate for LeaseGate<'_, C> {
    /// Whoever waits for a host holds it, so that those behind find the lease that it got.
    async fn pass(&mut self, host: &str) -> Result<(), NoToken> {
        let too_long = NoToken { wait_ms: WAIT_MS_MAX };
        if self.is_closed() {
            return Err(too_long);
        }
        let held = self.hosts.of(self.pg, self.platform, host).await.map_err(|_| too_long)?;
        let waiting = timeout(Duration::from_millis(WAIT_MS_MAX), held.leases.lock());
        let mut leases = waiting.await.map_err(|_| too_long)?;
        let mut waited_ms = 0;
        while !held.spend(&mut leases, self.clock.now()) {
            let more = self.lease_more(host, &held, &mut leases).await;
            let Err(wait_ms) = more else { continue };
            waited_ms += wait_ms;
            if waited_ms > WAIT_MS_MAX {
                return Err(NoToken { wait_ms });
            }
            sleep(Duration::from_millis(wait_ms)).await;
        }
        Ok(())
    }

    /// A record that does not answer gives no more leases either.
    async fn heard(&mut self, news: &HostNews) {
        let default = self.engine.limit(self.platform, &news.host);
        let of = (self.platform, default);
        if let Err(error) = self.hosts.tell(self.pg, of, news, self.clock.now()).await {
            tracing::warn!(host = news.host, %error, "what the host says of itself is not recorded");
        }
    }
}
