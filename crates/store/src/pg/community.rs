//! The communities of a run.

use model::{Community, CommunityId, RunId};

use super::Pg;
use crate::StoreError;

/// The id that stands for the whole world where a community is asked for: its standings are the
/// global ranking. Never minted.
pub const WORLD: CommunityId = CommunityId::new(0);

/// New ids for communities that are born.
pub async fn mint(pg: &Pg, count: u32) -> Result<Vec<CommunityId>, StoreError> {
    todo!()
}

/// The communities of a run with these ids, in their order; unknown ones are left out.
pub async fn get(pg: &Pg, run: RunId, ids: &[CommunityId]) -> Result<Vec<Community>, StoreError> {
    todo!()
}

/// How a list of communities is restricted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only this level.
    pub level: Option<u8>,
    /// Only the parts of this community.
    pub parent: Option<CommunityId>,
}

/// Communities of a run, the largest first, then by id; at most `limit` after `after`.
pub async fn page(
    pg: &Pg,
    run: RunId,
    filter: Filter,
    after: Option<(u32, CommunityId)>,
    limit: u32,
) -> Result<Vec<Community>, StoreError> {
    todo!()
}
