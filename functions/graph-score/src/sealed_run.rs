//! A run as it was sealed, for commands that export or measure it.

use graph::{Attention, CommunityPeople, GlobalRank, Hierarchy, Trust};
use model::port::Objects;
use model::{RunId, SnapshotId};
use serde::Serialize;
use snapshot::{Nodes, ObjectStore, load, load_manifest, load_nodes};
use store::Pg;
use store::pg::run;

use crate::artifacts::{RunArtifacts, snapshot_of};
use crate::world::{arcs_of, attention_of};
use crate::{CommunityNames, ScoreError};

/// Everything of one run but its people.
#[derive(Debug)]
pub struct SealedRun {
    /// The run.
    pub run: RunId,
    /// The snapshot that it scored.
    pub snapshot: SnapshotId,
    /// Who is who, by dense number.
    pub nodes: Nodes,
    /// The communities.
    pub hierarchy: Hierarchy,
    /// Their ids and labels.
    pub names: CommunityNames,
    /// Trust of everybody.
    pub trust: Trust,
    /// Global attention of everybody.
    pub global: GlobalRank,
}

impl SealedRun {
    /// Opens the run that is served.
    pub async fn active(pg: &Pg, objects: &impl Objects) -> Result<SealedRun, ScoreError> {
        let run = run::active(pg).await?;
        let run = run.ok_or_else(|| ScoreError::Run("nothing is scored yet".to_owned()))?;
        let snapshot = snapshot_of(pg, run).await?;
        let objects = ObjectStore::new(objects);
        let artifacts = RunArtifacts { objects, run };
        Ok(SealedRun {
            run,
            snapshot,
            nodes: load_nodes(objects, snapshot).await?,
            hierarchy: artifacts.hierarchy().await?,
            names: artifacts.labelled_names().await?,
            trust: artifacts.trust().await?,
            global: artifacts.global().await?,
        })
    }

    /// The people of one level's communities.
    pub async fn people(
        &self,
        objects: &impl Objects,
        level: usize,
    ) -> Result<Vec<CommunityPeople>, ScoreError> {
        let objects = ObjectStore::new(objects);
        RunArtifacts { objects, run: self.run }.people(level).await
    }

    /// The attention that was scored.
    pub async fn attention(&self, objects: &impl Objects) -> Result<Attention, ScoreError> {
        let objects = ObjectStore::new(objects);
        attention_of(objects, &load(objects, self.snapshot).await?).await
    }
}

/// A run in a few numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunSummary {
    /// The snapshot that it scored.
    pub snapshot: SnapshotId,
    /// Profiles in it.
    pub profiles: u64,
    /// Persons that they are joined into.
    pub people: u64,
    /// Arcs between profiles, each layer on its own.
    pub arcs: u64,
    /// Communities of each level, the coarsest first.
    pub levels: Vec<u32>,
    /// The level that describes the graph best.
    pub leaf: usize,
}

/// Sums up a run whose communities are sealed.
pub async fn summary(
    pg: &Pg,
    objects: &impl Objects,
    run: RunId,
) -> Result<RunSummary, ScoreError> {
    let snapshot = snapshot_of(pg, run).await?;
    let objects = ObjectStore::new(objects);
    let manifest = load_manifest(objects, snapshot).await?;
    let hierarchy = RunArtifacts { objects, run }.hierarchy().await?;
    Ok(RunSummary {
        snapshot,
        profiles: manifest.profiles,
        people: manifest.people,
        arcs: arcs_of(&manifest),
        levels: hierarchy.levels.iter().map(|level| level.communities).collect(),
        leaf: hierarchy.leaf,
    })
}
