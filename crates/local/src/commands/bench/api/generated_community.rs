//! A community of a generated run.

use model::CommunityId;

/// On how many levels there are some.
pub(super) const LEVELS: u8 = 3;

/// A community of the finest level, or one of those around it.
pub(super) struct GeneratedCommunity {
    pub(super) id: CommunityId,
    pub(super) level: u8,
    pub(super) parent: Option<CommunityId>,
    /// Numbers in the run, ascending.
    pub(super) members: Vec<u32>,
}

impl GeneratedCommunity {
    pub(super) fn is_leaf(&self) -> bool {
        self.level == LEVELS - 1
    }
}
