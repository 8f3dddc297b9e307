//! The stages of a run, a file each.

mod changes;
mod communities;
pub mod evidence;
mod labels;
pub mod memberships;
pub mod names;
pub mod people;
mod publish;
mod rank;
pub mod tables;
mod words;

use graph::{Attention, CommunityPeople, Hierarchy, PackedPeople, attention_stage};
use model::message::Stage;
use model::port::{Clock, Objects};
use model::snapshot::SnapshotManifest;
use model::time::Day;
use model::{RunId, SnapshotId};
use rayon::prelude::*;
use store::pg::run;

use crate::seal::{key, open, seal};
use crate::snapshot::{self, Snapshot};
use crate::{Doors, RunSettings, ScoreError, budget};

pub(crate) use communities::communities;
pub(crate) use labels::open_names;
pub(crate) use people::people;
pub(crate) use publish::publish;
pub(crate) use rank::rank;

/// Seals the attention graph as it is now.
pub(crate) async fn snapshot<O: Objects, C: Clock>(
    doors: Doors<'_, O, C>,
    run: RunId,
) -> Result<(), ScoreError> {
    snapshot::join_persons(doors).await?;
    let id = snapshot::seal_now(doors).await?;
    Ok(run::set_snapshot(doors.pg, run, id).await?)
}

/// The name under which the people of a level are sealed.
pub fn people_name(level: usize) -> String {
    format!("people-{level}")
}

/// What every stage after the first needs.
pub(crate) struct World {
    pub(crate) settings: RunSettings,
    pub(crate) snapshot: Snapshot,
    pub(crate) attention: Attention,
}

impl World {
    pub(crate) async fn open<O: Objects, C>(
        doors: Doors<'_, O, C>,
        run: RunId,
    ) -> Result<World, ScoreError> {
        let settings: RunSettings = open(doors.objects, &key(run, "settings")).await?;
        let id = snapshot_of(doors.pg, run).await?;
        plan_memory(&snapshot::load_manifest(doors.objects, id).await?, settings.memory_bytes)?;
        let snapshot = snapshot::load(doors.objects, id).await?;
        let attention = attention_of(doors.objects, &snapshot).await?;
        Ok(World { settings, snapshot, attention })
    }
}

/// The attention in a snapshot, as of its day.
pub(crate) async fn attention_of(
    objects: &impl Objects,
    snapshot: &Snapshot,
) -> Result<Attention, ScoreError> {
    let layers = snapshot.layers(objects).await?;
    let today = Day::of(snapshot.manifest.at);
    attention_stage(snapshot.nodes.people.len(), &layers, today)
        .map_err(|error| ScoreError::Graph(error.to_string()))
}

/// What a stage holds at its peak: the layers, their union, the backbone and its search.
const BYTES_AN_ARC: u64 = 64;
const BYTES_A_PERSON: u64 = 512;

/// Refuses a graph that would not fit, before it is loaded.
fn plan_memory(manifest: &SnapshotManifest, memory_bytes: u64) -> Result<(), ScoreError> {
    let arcs = arcs_of(manifest);
    let planned = arcs * BYTES_AN_ARC + manifest.people * BYTES_A_PERSON;
    if planned <= memory_bytes {
        return Ok(());
    }
    Err(ScoreError::Run(format!(
        "{} has {arcs} arcs and {} people: that takes about {} MB of memory, and {} MB are \
         allowed (--memory)",
        manifest.id,
        manifest.people,
        planned >> 20,
        memory_bytes >> 20
    )))
}

/// The seconds that a piece of a stage is expected to take. Before there is a snapshot, the last
/// run's tells how much there is, else the record.
pub(crate) async fn seconds<O: Objects, C>(
    doors: Doors<'_, O, C>,
    run: RunId,
    stage: Stage,
) -> Result<f64, ScoreError> {
    let manifest = if stage == Stage::Snapshot {
        last_manifest(doors, run).await?
    } else {
        let snapshot = snapshot_of(doors.pg, run).await?;
        Some(snapshot::load_manifest(doors.objects, snapshot).await?)
    };
    let (arcs, people) = match manifest {
        Some(known) => (arcs_of(&known), known.people),
        None => store::pg::snapshot::size(doors.pg).await?,
    };
    Ok(budget::seconds(stage, arcs, people))
}

/// The manifest of the last run's snapshot, if there is one that can be read.
async fn last_manifest<O: Objects, C>(
    doors: Doors<'_, O, C>,
    run: RunId,
) -> Result<Option<SnapshotManifest>, ScoreError> {
    let settings: RunSettings = open(doors.objects, &key(run, "settings")).await?;
    let Some(last) = settings.last else { return Ok(None) };
    snapshot::load_last_manifest(doors.objects, snapshot_of(doors.pg, last).await?).await
}

/// Number of arcs, each layer on its own.
pub(crate) fn arcs_of(manifest: &SnapshotManifest) -> u64 {
    manifest.layers.iter().flat_map(|layer| &layer.shards).map(|shard| shard.arcs).sum()
}

/// The snapshot that a run scores.
pub async fn snapshot_of(pg: &store::Pg, run: RunId) -> Result<SnapshotId, ScoreError> {
    let found = run::get(pg, run).await?;
    let found = found.ok_or_else(|| ScoreError::Run(format!("there is no run {run}")))?;
    found.snapshot.ok_or_else(|| ScoreError::Run(format!("{run} has no snapshot yet")))
}

/// The communities of a run.
pub(crate) async fn open_hierarchy(
    objects: &impl Objects,
    run: RunId,
) -> Result<Hierarchy, ScoreError> {
    Ok(open(objects, &key(run, "hierarchy")).await?)
}

/// The people of one level's communities, in the level's order.
pub(crate) async fn open_people(
    objects: &impl Objects,
    run: RunId,
    level: usize,
) -> Result<Vec<CommunityPeople>, ScoreError> {
    let packed: Vec<PackedPeople> = open(objects, &key(run, &people_name(level))).await?;
    Ok(packed.into_par_iter().map(CommunityPeople::from).collect())
}

/// Seals a named value of a run.
pub(crate) async fn seal_as<T: serde::Serialize>(
    objects: &impl Objects,
    run: RunId,
    name: &str,
    value: &T,
) -> Result<(), ScoreError> {
    Ok(seal(objects, &key(run, name), value).await?)
}
