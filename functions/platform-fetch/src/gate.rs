//! The gate before every request: a lease that this process holds, or a new one from the host's
//! budget.

use std::time::Duration;

use model::Platform;
use model::message::FetchJob;
use model::port::Clock;
use platforms::engine::{Engine, Gate, NoToken};
use store::pg::host::{self, Grant, Want};
use store::{Pg, StoreError};
use tokio::time::{sleep, timeout};

use crate::hosts::{Held, Hosts};

/// Tokens taken at a time.
const TOKENS_A_LEASE: u32 = 64;

/// The longest that one request waits for a token; what needs longer goes on in a later job.
const WAIT_MS_MAX: u64 = 5_000;

/// The least, so that a lease is worth its transaction at a host that is asked as fast as it allows.
const WAIT_MS_MIN: u64 = 20;

/// What one job may send, to each host.
#[derive(Debug)]
pub(crate) struct LeaseGate<'a, C> {
    pg: &'a Pg,
    clock: &'a C,
    engine: &'a Engine,
    hosts: &'a Hosts,
    platform: Platform,
}

// Derived, these would ask the clock itself to be `Copy`.
impl<C> Copy for LeaseGate<'_, C> {}
impl<C> Clone for LeaseGate<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<'a, C: Clock> LeaseGate<'a, C> {
    /// A gate that also spends the lease that came with a job.
    pub(crate) async fn new(
        (pg, clock, engine): (&'a Pg, &'a C, &'a Engine),
        hosts: &'a Hosts,
        job: &FetchJob,
    ) -> Result<Self, StoreError> {
        hosts.of(pg, job.platform, &job.host).await?.lock().await.add(job.lease);
        Ok(LeaseGate { pg, clock, engine, hosts, platform: job.platform })
    }

    /// One more lease for a host, or how long to wait for it.
    async fn lease_more(&self, host: &str, held: &mut Held) -> Result<(), u64> {
        let default = self.engine.limit(self.platform, host).ok_or(WAIT_MS_MAX + 1)?;
        let want = Want { host: held.id, tokens: TOKENS_A_LEASE, default };
        let granted = host::lease(self.pg, &[want], self.clock.now()).await;
        match granted.ok().and_then(|grants| grants.first().copied()) {
            Some(Grant::Lease(lease)) => {
                held.add(lease);
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
        let held = self.hosts.of(self.pg, self.platform, host).await.map_err(|_| too_long)?;
        let waiting = timeout(Duration::from_millis(WAIT_MS_MAX), held.lock());
        let mut held = waiting.await.map_err(|_| too_long)?;
        let mut waited_ms = 0;
        while !held.spend(self.clock.now()) {
            let Err(wait_ms) = self.lease_more(host, &mut held).await else { continue };
            waited_ms += wait_ms;
            if waited_ms > WAIT_MS_MAX {
                return Err(NoToken { wait_ms });
            }
            sleep(Duration::from_millis(wait_ms)).await;
        }
        Ok(())
    }
}
