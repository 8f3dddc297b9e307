//! The results of a run, as publishing reads them.

use graph::{CommunityPeople, GlobalRank, Hierarchy, Trust};
use model::index::{CommunityIndex, PersonIndex};
use model::{Community, CommunityId, RunId};
use rayon::prelude::*;
use snapshot::{Nodes, load_nodes};
use store::pg::publish::PackedMemberships;
use typed_index_collections::TiVec;

use super::memberships::{LevelBelonging, PersonNumbering, memberships};
use super::same_groups::{LevelPlace, SameGroups};
use crate::artifacts::snapshot_of;
use crate::{CommunityNames, ScoreDependencies, ScoreError};

/// The memberships of one community, under the ids that they are loaded with.
pub(super) struct LevelMemberships {
    /// With the id of its group, if the group is shown with these.
    pub(super) shown: Option<PackedMemberships>,
    /// With its own id, if another community stands for it.
    pub(super) same: Option<PackedMemberships>,
}

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
    /// Which communities are one group.
    pub(super) groups: SameGroups,
}

impl RunResults {
    pub(super) async fn open(
        dependencies: ScoreDependencies<'_>,
        run: RunId,
    ) -> Result<RunResults, ScoreError> {
        let snapshot = snapshot_of(dependencies.pg, run).await?;
        let artifacts = dependencies.artifacts(run);
        let (trust, global) = (artifacts.trust().await?, artifacts.global().await?);
        let (hierarchy, names) = (artifacts.hierarchy().await?, artifacts.labelled_names().await?);
        Ok(RunResults {
            run,
            nodes: load_nodes(dependencies.objects, snapshot).await?,
            groups: SameGroups::new(&hierarchy, &names),
            hierarchy,
            names,
            support: artifacts.world_support().await?,
            numbering: PersonNumbering::new(&trust, &global),
            trust,
            global,
        })
    }

    /// The id of a community.
    pub(super) fn id(&self, place: LevelPlace) -> CommunityId {
        self.names.levels[place.level].ids[place.community.index()]
    }

    /// One level's communities as they are served.
    pub(super) fn communities(&self, level: usize, people: &[CommunityPeople]) -> Vec<Community> {
        let found = &self.hierarchy.levels[level];
        let names = &self.names.levels[level];
        let members = found.sizes();
        let parent = |community: CommunityIndex| {
            let (&community, level) = (found.parents.get(community)?, level.checked_sub(1)?);
            Some(self.id(self.groups.of(LevelPlace { level, community }).first))
        };
        let number = |level: usize| u8::try_from(level).unwrap_or(u8::MAX);
        let community = |one: &CommunityPeople| {
            let at = one.community.index();
            let group = self.groups.of(LevelPlace { level, community: one.community });
            Community {
                id: names.ids[at],
                parent: parent(one.community),
                level: number(level),
                last_level: number(group.last_level),
                same_as: Some(self.id(group.first)).filter(|&first| first != names.ids[at]),
                members: u32::try_from(members[one.community]).unwrap_or(u32::MAX),
                trust: one.trust,
                low_trust: one.low_trust,
                labels: names.labels.get(at).cloned().unwrap_or_default(),
                sensitive: names.topics.get(at).copied().unwrap_or_default(),
            }
        };
        people.iter().map(community).collect()
    }

    /// The packed memberships of one level.
    pub(super) fn memberships(
        &self,
        level: usize,
        people: &[CommunityPeople],
    ) -> Vec<LevelMemberships> {
        let belonging = LevelBelonging::new(&self.hierarchy, level);
        let pack = |people: &CommunityPeople| {
            let rows = memberships(people, &self.numbering, &self.nodes, &belonging);
            let place = LevelPlace { level, community: people.community };
            let group = self.groups.of(place);
            let is_first = group.first == place;
            LevelMemberships {
                shown: (group.shown == place)
                    .then(|| PackedMemberships::pack(self.id(group.first), &rows)),
                same: (!is_first).then(|| PackedMemberships::pack(self.id(place), &rows)),
            }
        };
        people.par_iter().with_max_len(1).map(pack).collect()
    }
}
