//! The gate before every request: a job's lease, then new leases from the hosts' budgets.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use model::Platform;
use model::budget::Lease;
use model::message::FetchJob;
use model::port::Clock;
use model::time::Timestamp;
use platforms::engine::{Engine, Gate, NoToken};
use store::Pg;
use store::pg::host::{self as budget, Grant, HostId, Want};
use tokio::sync::Mutex;

/// Tokens taken at a time once the job's own lease is spent.
const TOKENS_A_LEASE: u32 = 64;

/// The longest that one request waits for a token; what needs longer goes on in a later job.
const WAIT_MS_MAX: u64 = 5_000;

/// What one job may still send, to each host. Clones share it.
#[derive(Debug)]
pub(crate) struct LeaseGate<'a, C> {
    pg: &'a Pg,
    clock: &'a C,
    platform: Platform,
    engine: &'a Engine,
    shared: Arc<Mutex<HashMap<String, HostLease>>>,
}

#[derive(Debug, Clone, Copy)]
struct HostLease {
    id: HostId,
    lease: Lease,
}

impl<C> Clone for LeaseGate<'_, C> {
    fn clone(&self) -> Self {
        LeaseGate { shared: Arc::clone(&self.shared), ..*self }
    }
}

impl<'a, C: Clock> LeaseGate<'a, C> {
    /// A gate with the lease that came with a job.
    pub(crate) async fn new(
        (pg, clock, engine): (&'a Pg, &'a C, &'a Engine),
        job: &FetchJob,
    ) -> Result<Self, store::StoreError> {
        let id = host_id(pg, job.platform, &job.host).await?;
        let first = HashMap::from([(job.host.clone(), HostLease { id, lease: job.lease })]);
        let shared = Arc::new(Mutex::new(first));
        Ok(LeaseGate { pg, clock, platform: job.platform, engine, shared })
    }

    /// Takes a token that is still good, if there is one.
    fn spend(held: &mut HostLease, now: Timestamp) -> bool {
        let good = held.lease.tokens > 0 && now < held.lease.expires;
        if good {
            held.lease.tokens -= 1;
        }
        good
    }

    /// One more lease for a host, or how long to wait for it.
    async fn lease_more(&self, host: &str, held: &mut HostLease) -> Result<(), u64> {
        let default = self.engine.limit(self.platform, host).ok_or(WAIT_MS_MAX + 1)?;
        let want = Want { host: held.id, tokens: TOKENS_A_LEASE, default };
        let granted = budget::lease(self.pg, &[want], self.clock.now()).await;
        match granted.ok().and_then(|grants| grants.first().copied()) {
            Some(Grant::Lease(lease)) => {
                held.lease = lease;
                Ok(())
            }
            Some(Grant::Wait { ms }) => Err(ms.max(1)),
            // The record does not answer: the job's commit will say so. Nothing is sent meanwhile.
            None => Err(WAIT_MS_MAX + 1),
        }
    }

    async fn known(&self, host: &str) -> Result<HostId, NoToken> {
        if let Some(held) = self.shared.lock().await.get(host) {
            return Ok(held.id);
        }
        let found = host_id(self.pg, self.platform, host).await;
        found.map_err(|_| NoToken { wait_ms: WAIT_MS_MAX })
    }
}

impl<C: Clock> Gate for LeaseGate<'_, C> {
    async fn pass(&mut self, host: &str) -> Result<(), NoToken> {
        let id = self.known(host).await?;
        let mut waited_ms = 0;
        loop {
            let mut shared = self.shared.lock().await;
            let spent = Lease { tokens: 0, expires: Timestamp::UNIX_EPOCH };
            let held = shared.entry(host.to_owned()).or_insert(HostLease { id, lease: spent });
            if Self::spend(held, self.clock.now()) {
                return Ok(());
            }
            let Err(wait_ms) = self.lease_more(host, held).await else { continue };
            // Others of this job may pass to other hosts while this one waits.
            drop(shared);
            waited_ms += wait_ms;
            if waited_ms > WAIT_MS_MAX {
                return Err(NoToken { wait_ms });
            }
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        }
    }
}

async fn host_id(pg: &Pg, platform: Platform, host: &str) -> Result<HostId, store::StoreError> {
    let ids = budget::ids(pg, platform, &[host]).await?;
    Ok(ids[0])
}
