//! Whose place on the map may be shown.
//!
//! A run places people outside of what they may not be seen in. Since then a bio may have changed: who lies in a
//! community lies in all that are around it, so each of them is asked again.

use std::collections::{BTreeSet, HashMap};

use model::{Community, CommunityId, RunId};
use store::Pg;
use store::pg::community;
use store::pg::profile::Profile;

use crate::error::Problem;
use crate::sensitive::MembershipGates;

/// The gates of communities of one run, and of those around them.
pub(crate) struct PlaceGates {
    gates: MembershipGates,
    parents: HashMap<CommunityId, Option<CommunityId>>,
}

impl PlaceGates {
    /// Reads those of communities, level by level.
    pub(crate) async fn read(
        pg: &Pg,
        run: RunId,
        communities: &[CommunityId],
    ) -> Result<PlaceGates, Problem> {
        let mut known: HashMap<CommunityId, Community> = HashMap::new();
        let mut wanted: BTreeSet<CommunityId> = communities.iter().copied().collect();
        while !wanted.is_empty() {
            let ids: Vec<CommunityId> = wanted.into_iter().collect();
            let found = community::get(pg, run, &ids).await?;
            known.extend(found.into_iter().map(|one| (one.id, one)));
            let around = ids.iter().filter_map(|id| known.get(id)?.parent);
            wanted = around.filter(|id| !known.contains_key(id)).collect();
        }
        let parents = known.values().map(|one| (one.id, one.parent)).collect();
        Ok(PlaceGates { gates: MembershipGates::of(known.values()), parents })
    }

    /// Whether a person with these listed profiles may be shown where it lies: in this community, or, if that is
    /// `None`, outside of all.
    pub(crate) fn admit(&self, place: Option<CommunityId>, listed: &[Profile]) -> bool {
        let around = |id: &CommunityId| self.parents.get(id).copied().flatten();
        std::iter::successors(place, around).all(|id| self.gates.admit(id, listed))
    }
}
