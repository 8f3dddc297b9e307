//! Erasure: a profile that is gone, refused or opted out leaves every store.
//!
//! Its words, lists, claims, progress and change events are deleted at once. What stays is its
//! number, with the native id replaced by a hash, so that the same account is recognised, not
//! crawled and not given a second number when others still show it. Its raw pages lie in the object
//! store: the number waits in a list until they are swept. Its arcs in the lists of others leave
//! with the next snapshot.

use model::profile::Gone;
use model::time::Timestamp;
use model::{Platform, ProfileId};

use super::Pg;
use crate::StoreError;

/// Erases a profile. A profile that is gone may return after a month, if others still show it.
pub async fn profile(
    pg: &Pg,
    id: ProfileId,
    reason: Gone,
    now: Timestamp,
) -> Result<(), StoreError> {
    todo!()
}

/// Erases an account for good, whether it was ever seen or not: its owner opted out with us.
pub async fn opt_out(
    pg: &Pg,
    platform: Platform,
    native_id: &str,
    now: Timestamp,
) -> Result<ProfileId, StoreError> {
    todo!()
}

/// Erased profiles whose raw pages are still to be deleted, at most `limit`, the longest waiting
/// first.
pub async fn unswept(pg: &Pg, limit: u32) -> Result<Vec<ProfileId>, StoreError> {
    todo!()
}

/// Records that the raw pages of these profiles are deleted.
pub async fn swept(pg: &Pg, ids: &[ProfileId]) -> Result<(), StoreError> {
    todo!()
}
