//! Hosts and how much each may be asked: the stored side of [`model::budget`].

use model::Platform;
use model::budget::{Lease, Limit};
use model::time::Timestamp;

use super::Pg;
use crate::StoreError;

/// The number of a host, ours alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(pub i32);

/// One server of a platform.
#[derive(Debug, Clone, PartialEq)]
pub struct Host {
    /// Its number.
    pub id: HostId,
    /// The platform it is part of.
    pub platform: Platform,
    /// Its name, in lower case.
    pub name: String,
    /// The limit that it announced; `None` as long as the manifest's default holds.
    pub announced: Option<Limit>,
    /// It asked not to be asked before this.
    pub not_before: Timestamp,
    /// How often in a row it failed.
    pub failures: u32,
    /// It failed so often that it is left alone until this.
    pub broken_until: Timestamp,
}

/// A wish for tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Want {
    /// The host.
    pub host: HostId,
    /// How many tokens, at most.
    pub tokens: u32,
    /// The limit of its manifest, in force until the host announces one.
    pub default: Limit,
}

/// The answer to a [`Want`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// Up to as many tokens as were wanted.
    Lease(Lease),
    /// None now.
    Wait {
        /// Milliseconds until there is one.
        ms: u64,
    },
}

/// The numbers of these hosts, in their order; unknown ones get a new number.
pub async fn ids(pg: &Pg, platform: Platform, names: &[&str]) -> Result<Vec<HostId>, StoreError> {
    todo!()
}

/// The hosts with these numbers; unknown ones are left out.
pub async fn get(pg: &Pg, ids: &[HostId]) -> Result<Vec<Host>, StoreError> {
    todo!()
}

/// Leases tokens of many hosts at once, in the order of the wishes. However many callers there
/// are, no host is promised more than its limit. A host occurs at most once.
pub async fn lease(pg: &Pg, wants: &[Want], now: Timestamp) -> Result<Vec<Grant>, StoreError> {
    todo!()
}

/// Records the limit that a host announced: it replaces the manifest's, up or down.
pub async fn announce(
    pg: &Pg,
    host: HostId,
    limit: Limit,
    now: Timestamp,
) -> Result<(), StoreError> {
    todo!()
}

/// Records that a host wants silence until `until`; what is in its bucket is lost.
pub async fn pause(
    pg: &Pg,
    host: HostId,
    until: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    todo!()
}

/// Records that a host could not be reached or failed; after several times in a row it is left
/// alone for a time that doubles, up to a day. Returns until when.
pub async fn failed(pg: &Pg, host: HostId, now: Timestamp) -> Result<Timestamp, StoreError> {
    todo!()
}

/// Records that a host answers. Costs nothing for a host without failures.
pub async fn worked(pg: &Pg, host: HostId) -> Result<(), StoreError> {
    todo!()
}
