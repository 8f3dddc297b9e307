//! The artifacts of a run by name and type.

use std::collections::HashSet;

use graph::{CommunityPeople, GlobalRank, Hierarchy, HomeDepth, Layout, PackedPeople, Trust};
use model::change::MembershipChange;
use model::index::PersonIndex;
use model::rank_change::RankChange;
use model::{RankStep, RunId, SnapshotId};
use rayon::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use snapshot::{ObjectStore, artifact};
use store::Pg;
use store::pg::evidence::PackedEvidence;
use store::pg::run;
use typed_index_collections::TiVec;

use crate::community_names::{CommunityLabels, CommunityNames, CommunityTopics};
use crate::{RunSettings, ScoreError};

/// The settings of a run.
const SETTINGS: &str = "settings";
/// The communities of all levels.
const HIERARCHY: &str = "hierarchy";
/// The ids of communities, and how they follow from the previous run's.
const NAMES: &str = "names";
/// Trust of everybody.
const TRUST: &str = "trust";
/// Global attention of everybody.
const GLOBAL: &str = "global";
/// The labels of communities.
pub(crate) const LABELS: &str = "labels";
/// What communities are about that is sensitive.
pub(crate) const TOPICS: &str = "topics";
/// Where people and communities lie.
pub(crate) const MAP: &str = "map";
/// How ranks changed since the previous run.
pub(crate) const CHANGES: &str = "changes";
/// Whose main community changed since the previous run.
pub(crate) const MOVES: &str = "moves";
/// What each global share rests on.
pub(crate) const WORLD_SUPPORT: &str = "support-world";
/// The evidence of the ranking of the whole world.
pub(crate) const WORLD_EVIDENCE: &str = "evidence-world";

/// The people of a level's communities.
pub(crate) fn people_name(level: usize) -> String {
    format!("people-{level}")
}

/// The ranks that changed since the run that was published last; since none, if there was none.
pub(crate) fn steps_name(previous: Option<RunId>) -> String {
    previous.map_or_else(|| "steps".to_owned(), |previous| format!("steps-{previous}"))
}

/// The evidence of a level's communities.
pub(crate) fn evidence_name(level: usize) -> String {
    format!("evidence-{level}")
}

/// The map of a run.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RunMap {
    /// Where everybody lies, the unlisted too.
    pub(crate) layout: Layout,
    /// How deep in its communities each person lies; empty if there are none.
    pub(crate) depths: TiVec<PersonIndex, HomeDepth>,
}

/// The artifacts of one run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RunArtifacts<'a> {
    pub(crate) objects: ObjectStore<'a>,
    pub(crate) run: RunId,
}

impl RunArtifacts<'_> {
    async fn open<T: DeserializeOwned>(self, name: &str) -> Result<T, ScoreError> {
        Ok(artifact::open(self.objects, &artifact::key(self.run, name)).await?)
    }

    async fn find<T: DeserializeOwned>(self, name: &str) -> Result<Option<T>, ScoreError> {
        Ok(artifact::find(self.objects, &artifact::key(self.run, name)).await?)
    }

    /// Seals a value under a name.
    pub(crate) async fn seal<T: Serialize>(self, name: &str, value: &T) -> Result<(), ScoreError> {
        Ok(artifact::seal(self.objects, &artifact::key(self.run, name), value).await?)
    }

    /// Seals bytes as they are.
    pub(crate) async fn put(self, name: &str, body: Vec<u8>) -> Result<(), ScoreError> {
        Ok(artifact::put(self.objects, &artifact::key(self.run, name), body).await?)
    }

    /// The names of all that is sealed.
    pub(crate) async fn sealed(self) -> Result<HashSet<String>, ScoreError> {
        Ok(artifact::names(self.objects, self.run).await?)
    }

    pub(crate) async fn settings(self) -> Result<RunSettings, ScoreError> {
        self.open(SETTINGS).await
    }

    pub(crate) async fn seal_settings(self, settings: &RunSettings) -> Result<(), ScoreError> {
        self.seal(SETTINGS, settings).await
    }

    pub(crate) async fn hierarchy(self) -> Result<Hierarchy, ScoreError> {
        self.open(HIERARCHY).await
    }

    pub(crate) async fn find_hierarchy(self) -> Result<Option<Hierarchy>, ScoreError> {
        self.find(HIERARCHY).await
    }

    pub(crate) async fn seal_hierarchy(self, hierarchy: &Hierarchy) -> Result<(), ScoreError> {
        self.seal(HIERARCHY, hierarchy).await
    }

    /// The names without labels.
    pub(crate) async fn names(self) -> Result<CommunityNames, ScoreError> {
        self.open(NAMES).await
    }

    /// The names, with labels and what is sensitive if the run is labelled yet.
    pub(crate) async fn labelled_names(self) -> Result<CommunityNames, ScoreError> {
        let labels: Option<CommunityLabels> = self.find(LABELS).await?;
        let topics: Option<CommunityTopics> = self.find(TOPICS).await?;
        let names = self.names().await?.with_labels(labels.unwrap_or_default());
        Ok(names.with_topics(topics.unwrap_or_default()))
    }

    pub(crate) async fn seal_names(self, names: &CommunityNames) -> Result<(), ScoreError> {
        self.seal(NAMES, names).await
    }

    pub(crate) async fn trust(self) -> Result<Trust, ScoreError> {
        self.open(TRUST).await
    }

    pub(crate) async fn find_trust(self) -> Result<Option<Trust>, ScoreError> {
        self.find(TRUST).await
    }

    pub(crate) async fn seal_trust(self, trust: &Trust) -> Result<(), ScoreError> {
        self.seal(TRUST, trust).await
    }

    pub(crate) async fn global(self) -> Result<GlobalRank, ScoreError> {
        self.open(GLOBAL).await
    }

    pub(crate) async fn seal_global(self, global: &GlobalRank) -> Result<(), ScoreError> {
        self.seal(GLOBAL, global).await
    }

    pub(crate) async fn map(self) -> Result<RunMap, ScoreError> {
        self.open(MAP).await
    }

    pub(crate) async fn seal_map(self, map: &RunMap) -> Result<(), ScoreError> {
        self.seal(MAP, map).await
    }

    pub(crate) async fn changes(self) -> Result<Vec<RankChange>, ScoreError> {
        self.open(CHANGES).await
    }

    /// The steps since a run, if they are sealed.
    pub(crate) async fn find_steps(
        self,
        previous: Option<RunId>,
    ) -> Result<Option<Vec<RankStep>>, ScoreError> {
        self.find(&steps_name(previous)).await
    }

    pub(crate) async fn moves(self) -> Result<Vec<MembershipChange>, ScoreError> {
        self.open(MOVES).await
    }

    pub(crate) async fn world_support(self) -> Result<TiVec<PersonIndex, f32>, ScoreError> {
        self.open(WORLD_SUPPORT).await
    }

    pub(crate) async fn world_evidence(self) -> Result<PackedEvidence, ScoreError> {
        self.open(WORLD_EVIDENCE).await
    }

    /// The evidence of one level's communities, in the level's order.
    pub(crate) async fn evidence(self, level: usize) -> Result<Vec<PackedEvidence>, ScoreError> {
        self.open(&evidence_name(level)).await
    }

    /// The people of one level's communities, in the level's order.
    pub(crate) async fn people(self, level: usize) -> Result<Vec<CommunityPeople>, ScoreError> {
        let packed: Vec<PackedPeople> = self.open(&people_name(level)).await?;
        Ok(packed.into_par_iter().map(CommunityPeople::from).collect())
    }
}

/// The snapshot that a run scores.
pub(crate) async fn snapshot_of(pg: &Pg, run: RunId) -> Result<SnapshotId, ScoreError> {
    let found = run::get(pg, run).await?;
    let found = found.ok_or_else(|| ScoreError::Run(format!("there is no run {run}")))?;
    found.snapshot.ok_or_else(|| ScoreError::Run(format!("{run} has no snapshot yet")))
}

#[cfg(test)]
mod tests;
