//! A run as it was sealed, for those who export or measure it.

use graph::{Attention, CommunityPeople, GlobalRank, Hierarchy, Trust};
use model::port::Objects;
use model::{RunId, SnapshotId};
use serde::Serialize;
use store::Pg;
use store::pg::run;

use crate::seal::{key, open};
use crate::snapshot::{self, Nodes};
use crate::stage::{arcs_of, attention_of, open_hierarchy, open_names, open_people, snapshot_of};
use crate::{Names, ScoreError};

/// Everything of one run but its people.
#[derive(Debug)]
pub struct Sealed {
    /// The run.
    pub run: RunId,
    /// The snapshot that it scored.
    pub snapshot: SnapshotId,
    /// Who is who, by dense number.
    pub nodes: Nodes,
    /// The communities.
    pub hierarchy: Hierarchy,
    /// Their ids and labels.
    pub names: Names,
    /// Trust of everybody.
    pub trust: Trust,
    /// Global attention of everybody.
    pub global: GlobalRank,
}

impl Sealed {
    /// Opens the run that is served.
    pub async fn active(pg: &Pg, objects: &impl Objects) -> Result<Sealed, ScoreError> {
        let run = run::active(pg).await?;
        let run = run.ok_or_else(|| ScoreError::Run("nothing is scored yet".to_owned()))?;
        let snapshot = snapshot_of(pg, run).await?;
        Ok(Sealed {
            run,
            snapshot,
            nodes: snapshot::load_nodes(objects, snapshot).await?,
            hierarchy: open_hierarchy(objects, run).await?,
            names: open_names(objects, run).await?,
            trust: open(objects, &key(run, "trust")).await?,
            global: open(objects, &key(run, "global")).await?,
        })
    }

    /// The people of one level's communities.
    pub async fn people(
        &self,
        objects: &impl Objects,
        level: usize,
    ) -> Result<Vec<CommunityPeople>, ScoreError> {
        open_people(objects, self.run, level).await
    }

    /// The attention that was scored.
    pub async fn attention(&self, objects: &impl Objects) -> Result<Attention, ScoreError> {
        attention_of(objects, &snapshot::load(objects, self.snapshot).await?).await
    }
}

/// A run in a few numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
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
pub async fn summary(pg: &Pg, objects: &impl Objects, run: RunId) -> Result<Summary, ScoreError> {
    let snapshot = snapshot_of(pg, run).await?;
    let manifest = snapshot::load_manifest(objects, snapshot).await?;
    let hierarchy = open_hierarchy(objects, run).await?;
    Ok(Summary {
        snapshot,
        profiles: manifest.profiles,
        people: manifest.people,
        arcs: arcs_of(&manifest),
        levels: hierarchy.levels.iter().map(|level| level.communities).collect(),
        leaf: hierarchy.leaf,
    })
}
