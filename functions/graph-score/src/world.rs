//! The graph that a run scores, as the stages after the first load it.

use graph::{Attention, attention_stage};
use model::RunId;
use model::message::Stage;
use model::snapshot::SnapshotManifest;
use model::time::Day;
use snapshot::load::if_readable;
use snapshot::{ObjectStore, Snapshot, load, load_manifest};

use crate::artifacts::snapshot_of;
use crate::budget;
use crate::{RunSettings, ScoreDependencies, ScoreError};

/// What every stage after the first needs.
pub(crate) struct ScoredWorld {
    pub(crate) settings: RunSettings,
    pub(crate) snapshot: Snapshot,
    pub(crate) attention: Attention,
}

impl ScoredWorld {
    pub(crate) async fn open(
        dependencies: ScoreDependencies<'_>,
        run: RunId,
    ) -> Result<ScoredWorld, ScoreError> {
        let settings = dependencies.artifacts(run).settings().await?;
        let (objects, id) = (dependencies.objects, snapshot_of(dependencies.pg, run).await?);
        plan_memory(&load_manifest(objects, id).await?, settings.memory_bytes)?;
        let snapshot = load(objects, id).await?;
        let attention = attention_of(objects, &snapshot).await?;
        Ok(ScoredWorld { settings, snapshot, attention })
    }
}

/// The attention in a snapshot, as of its day.
pub(crate) async fn attention_of(
    objects: ObjectStore<'_>,
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

/// The seconds that a piece of a stage is expected to take. Before there is a snapshot, the previous
/// run's says how much there is, else the database.
pub(crate) async fn expected_seconds(
    dependencies: ScoreDependencies<'_>,
    run: RunId,
    stage: Stage,
) -> Result<f64, ScoreError> {
    let manifest = if stage == Stage::Snapshot {
        previous_manifest(dependencies, run).await?
    } else {
        let snapshot = snapshot_of(dependencies.pg, run).await?;
        Some(load_manifest(dependencies.objects, snapshot).await?)
    };
    if let Some(known) = manifest {
        return Ok(budget::expected_seconds(stage, arcs_of(&known), known.people));
    }
    let size = store::pg::snapshot::size(dependencies.pg).await?;
    Ok(budget::expected_seconds(stage, size.arcs, size.profiles))
}

/// The seconds that laying out the map is expected to take.
pub(crate) async fn expected_layout_seconds(
    dependencies: ScoreDependencies<'_>,
    run: RunId,
) -> Result<f64, ScoreError> {
    let snapshot = snapshot_of(dependencies.pg, run).await?;
    let known = load_manifest(dependencies.objects, snapshot).await?;
    Ok(budget::layout_seconds(arcs_of(&known), known.people))
}

/// The manifest of the previous run's snapshot, if there is one that can be read.
async fn previous_manifest(
    dependencies: ScoreDependencies<'_>,
    run: RunId,
) -> Result<Option<SnapshotManifest>, ScoreError> {
    let settings = dependencies.artifacts(run).settings().await?;
    let Some(previous) = settings.last else { return Ok(None) };
    let snapshot = snapshot_of(dependencies.pg, previous).await?;
    Ok(if_readable(load_manifest(dependencies.objects, snapshot).await)?)
}

/// Number of arcs, each layer on its own.
pub(crate) fn arcs_of(manifest: &SnapshotManifest) -> u64 {
    manifest.layers.iter().flat_map(|layer| &layer.shards).map(|shard| shard.arcs).sum()
}
