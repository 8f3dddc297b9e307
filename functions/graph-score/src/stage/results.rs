//! The results of a run, as publishing reads them.

use graph::{CommunityPeople, GlobalRank, Hierarchy, Trust};
use model::index::{CommunityIndex, PersonIndex};
use model::{Community, RunId};
use rayon::prelude::*;
use snapshot::{Nodes, load_nodes};
use store::pg::publish::PackedMemberships;
use typed_index_collections::TiVec;

use super::memberships::{LevelBelonging, PersonNumbering, memberships};
use crate::artifacts::snapshot_of;
use crate::{CommunityNames, ScoreDependencies, ScoreError};

/// All that is published of a run except its people in communities.
pub(super) struct RunResults {
    pub(super) run: RunId,
    pub(super) nodes: Nodes,
    pub(super) hierarchy: Hierarchy,
    pub(super) names: CommunityNames,
    pub(super) trust: Trust,
    pub(super) global: GlobalRank,
    /// What each global share rests on.
    pub(super) support: TiVec<PersonIndex, f32>,
    pub(super) numbering: PersonNumbering,
}

impl RunResults {
    pub(super) async fn open(
        dependencies: ScoreDependencies<'_>,
        run: RunId,
    ) -> Result<RunResults, ScoreError> {
        let snapshot = snapshot_of(dependencies.pg, run).await?;
        let artifacts = dependencies.artifacts(run);
        let (trust, global) = (artifacts.trust().await?, artifacts.global().await?);
        Ok(RunResults {
            run,
            nodes: load_nodes(dependencies.objects, snapshot).await?,
            hierarchy: artifacts.hierarchy().await?,
            names: artifacts.labelled_names().await?,
            support: artifacts.world_support().await?,
            numbering: PersonNumbering::new(&trust, &global),
            trust,
            global,
        })
    }

    /// One level's communities as they are served.
    pub(super) fn communities(&self, level: usize, people: &[CommunityPeople]) -> Vec<Community> {
        let found = &self.hierarchy.levels[level];
        let names = &self.names.levels[level];
        let members = found.sizes();
        let parent = |community: CommunityIndex| {
            let parent = found.parents.get(community)?;
            Some(self.names.levels[level.checked_sub(1)?].ids[parent.index()])
        };
        let community = |one: &CommunityPeople| {
            let at = one.community.index();
            Community {
                id: names.ids[at],
                parent: parent(one.community),
                level: u8::try_from(level).unwrap_or(u8::MAX),
                members: u32::try_from(members[one.community]).unwrap_or(u32::MAX),
                trust: one.trust,
                low_trust: one.low_trust,
                labels: names.labels.get(at).cloned().unwrap_or_default(),
            }
        };
        people.iter().map(community).collect()
    }

    /// The packed memberships of one level.
    pub(super) fn memberships(
        &self,
        level: usize,
        communities: &[Community],
        people: &[CommunityPeople],
    ) -> Vec<PackedMemberships> {
        let belonging = LevelBelonging::new(&self.hierarchy, level);
        let pack = |(community, people): (&Community, &CommunityPeople)| {
            let rows = memberships(people, &self.numbering, &self.nodes, &belonging);
            PackedMemberships::pack(community.id, &rows)
        };
        communities.par_iter().zip(people).with_max_len(1).map(pack).collect()
    }
}
