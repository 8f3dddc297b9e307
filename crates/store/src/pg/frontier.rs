//! The frontier: which profiles are due for a crawl, by host.
//!
//! `due_at` is the only schedule. A claim moves it to the lease's end, so the profiles of a worker
//! that died are due again by themselves. `depth_left` bounds how far a crawl spreads.

use model::ProfileId;
use model::time::Timestamp;

use super::Pg;
use super::host::{Host, HostId};
use crate::StoreError;

/// The depth of a crawl without limit; it does not decrease.
pub const DEPTH_UNLIMITED: i16 = i16::MAX;

/// [`DueHost::due`] counts no further than this.
pub const DUE_COUNT_MAX: u32 = 1_000;

/// A profile to begin from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed {
    /// The profile.
    pub id: ProfileId,
    /// The host that serves it.
    pub host: HostId,
}

/// A host with due profiles.
#[derive(Debug, Clone, PartialEq)]
pub struct DueHost {
    /// The host.
    pub host: Host,
    /// How many of its profiles are due, counted up to [`DUE_COUNT_MAX`].
    pub due: u32,
}

/// Profiles of one host that were claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The host.
    pub host: HostId,
    /// The profiles, the longest due first.
    pub profiles: Vec<ProfileId>,
}

/// How the frontier stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Profiles seen, on crawled platforms.
    pub known: u64,
    /// Profiles due and unclaimed.
    pub due: u64,
    /// Profiles under a claim.
    pub claimed: u64,
    /// Profiles with at least one finished round.
    pub crawled: u64,
    /// Profiles whose last round failed for good.
    pub failed: u64,
    /// When the next unclaimed profile is due; may be past.
    pub next_due_at: Option<Timestamp>,
}

/// Makes these profiles due now, their crawl to spread `depth` steps (0: only themselves) or
/// further, if they already had more.
pub async fn seed(pg: &Pg, seeds: &[Seed], depth: i16, now: Timestamp) -> Result<(), StoreError> {
    todo!()
}

/// The hosts with due profiles that are neither paused nor broken, at most `limit`.
pub async fn due_hosts(pg: &Pg, now: Timestamp, limit: u32) -> Result<Vec<DueHost>, StoreError> {
    todo!()
}

/// Claims up to so many due profiles of each host, the longest due first. Concurrent claims never
/// share a profile. Hosts without any are left out.
pub async fn claim(
    pg: &Pg,
    wants: &[(HostId, u32)],
    now: Timestamp,
    lease_seconds: u32,
) -> Result<Vec<Claim>, StoreError> {
    todo!()
}

/// Ends the claims on these profiles without a crawl: they are due at `due`.
pub async fn release(pg: &Pg, ids: &[ProfileId], due: Timestamp) -> Result<(), StoreError> {
    todo!()
}

/// Sets the trust (0 to 1) that lets trusted profiles be crawled more often.
pub async fn set_trust(pg: &Pg, trust: &[(ProfileId, f32)]) -> Result<(), StoreError> {
    todo!()
}

/// How the frontier stands at `now`.
pub async fn counts(pg: &Pg, now: Timestamp) -> Result<Counts, StoreError> {
    todo!()
}
