//! The two runs that are compared.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use graph::{CommunityPeople, GlobalRank};
use model::index::PersonIndex;
use model::rank_change::RankState;
use model::{CommunityId, PersonId};
use rayon::prelude::*;
use snapshot::Nodes;
use tokio::task::block_in_place;

use super::compare::RankedPerson;
use crate::artifacts::RunArtifacts;
use crate::stage::memberships::{ranks, world_ranks};
use crate::{CommunityNames, ScoreError};

/// One of the two runs.
pub(super) struct RankedRun<'a> {
    pub(super) artifacts: RunArtifacts<'a>,
    pub(super) nodes: Nodes,
    pub(super) names: CommunityNames,
    pub(super) global: GlobalRank,
}

/// The two runs.
pub(super) struct RunPair<'a> {
    pub(super) old: RankedRun<'a>,
    pub(super) new: RankedRun<'a>,
}

/// One community as both runs have it.
#[derive(Clone, Copy)]
pub(super) struct CommunityPair<'a> {
    pub(super) id: CommunityId,
    pub(super) old: &'a CommunityPeople,
    pub(super) new: &'a CommunityPeople,
}

impl RunPair<'_> {
    /// Whether a person may be named: it is there, and unlisted in neither run.
    pub(super) fn may_name(&self, person: PersonId) -> bool {
        let unlisted =
            |run: &RankedRun<'_>| run.nodes.person(person).map(|at| run.nodes.unlisted[at]);
        unlisted(&self.old) != Some(true) && unlisted(&self.new) == Some(false)
    }

    /// Makes a value of each wanted community of a level of the new run that the old run has on any level.
    pub(super) async fn map_common<T: Send>(
        &self,
        level: usize,
        wanted: &HashSet<CommunityId>,
        make: impl Fn(CommunityPair<'_>) -> T + Sync,
    ) -> Result<Vec<T>, ScoreError> {
        let own = self.new.names.levels[level].ids.iter().copied();
        let wanted: HashSet<CommunityId> = own.filter(|id| wanted.contains(id)).collect();
        let mut made = Vec::new();
        let mut new = None;
        for (old_level, names) in self.old.names.levels.iter().enumerate() {
            if !names.ids.iter().any(|id| wanted.contains(id)) {
                continue;
            }
            if new.is_none() {
                new = Some(self.new.artifacts.people(level).await?);
            }
            let old = self.old.artifacts.people(old_level).await?;
            let old = self.old.by_id(old_level, &old);
            let new = self.new.by_id(level, new.as_deref().unwrap_or_default());
            let common = new.into_iter().filter(|(id, _)| wanted.contains(id));
            let pairs: Vec<CommunityPair<'_>> = common
                .filter_map(|(id, new)| Some(CommunityPair { id, old: old.get(&id)?, new }))
                .collect();
            made.extend(block_in_place(|| pairs.into_par_iter().map(&make).collect::<Vec<_>>()));
        }
        Ok(made)
    }
}

impl<'a> RankedRun<'a> {
    pub(super) async fn open(
        artifacts: RunArtifacts<'a>,
        nodes: Nodes,
    ) -> Result<RankedRun<'a>, ScoreError> {
        let (names, global) = (artifacts.names().await?, artifacts.global().await?);
        Ok(RankedRun { artifacts, nodes, names, global })
    }

    /// The communities of a level by id.
    fn by_id<'p>(
        &self,
        level: usize,
        people: &'p [CommunityPeople],
    ) -> BTreeMap<CommunityId, &'p CommunityPeople> {
        let ids = &self.names.levels[level].ids;
        people.iter().map(|one| (ids[one.community.index()], one)).collect()
    }

    /// The indexes of those people who are there.
    pub(super) fn indexes(&self, people: &[PersonId]) -> BTreeSet<PersonIndex> {
        people.iter().filter_map(|&person| self.nodes.person(person)).collect()
    }

    /// The ranking of one community, of those who are listed.
    pub(super) fn inside(&self, table: &CommunityPeople) -> Vec<RankedPerson> {
        let people = table.people.iter().zip(ranks(table, &self.nodes));
        let listed = people.filter(|(one, _)| !self.nodes.unlisted[one.person]);
        let ranked = listed.map(|(one, ranks)| RankedPerson {
            person: self.nodes.people[one.person],
            state: RankState { rank: ranks.all, attention: one.share },
        });
        ranked.collect()
    }

    /// The ranking of the whole world, of those who are listed.
    pub(super) fn world(&self) -> Vec<RankedPerson> {
        let ranks = world_ranks(&self.nodes, &self.global).into_iter_enumerated();
        let listed = ranks.filter(|&(at, _)| !self.nodes.unlisted[at]);
        let ranked = listed.map(|(at, rank)| RankedPerson {
            person: self.nodes.people[at],
            state: RankState { rank, attention: self.global.shares[at] },
        });
        ranked.collect()
    }
}
