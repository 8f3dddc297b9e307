//! The attention graph, sealed: who is who, and who attends to whom in each layer.
//!
//! A snapshot is `snapshots/<id>/`: shards of nodes ([`Nodes`]), shards of arcs by layer, side and
//! range of numbers ([`graph::snapshot`]), and the manifest, which names and hashes them. It is made
//! from the snapshot of the run that is served and what changed since, or from the whole record:
//! when there is none that can be read, when too many of its numbers are out of order, when it is
//! broken, and when what changed does not tell all (see `build.rs`). A build that dies leaves
//! objects without a manifest, that nobody reads, under an id that is never given again.

mod arcs;
mod build;
mod directory;
mod layers;
mod nodes;
mod places;
mod record;
mod spill;

use graph::{Hierarchy, LayerArcs};
use model::port::{Clock, Objects};
use model::snapshot::{Shard, SnapshotManifest, SnapshotManifestError, manifest_key};
use model::{ProfileId, RunId, SnapshotId};
use store::Pg;
use store::pg::snapshot::{Reader, mint};
use store::pg::{identity, person, run};

use crate::seal::{SealError, get, put};
use crate::stage::{open_hierarchy, snapshot_of};
use crate::{Doors, ScoreError};
use build::{Build, Limits, Order, build};

pub use nodes::Nodes;

/// The shard format that is written.
const FORMAT: u32 = graph::snapshot::FORMAT;

/// A snapshot gives its numbers anew once one in so many is vacant or was given out of order.
const DISORDER: u64 = 4;

/// A snapshot that is open.
#[derive(Debug)]
pub struct Snapshot {
    /// What it consists of.
    pub manifest: SnapshotManifest,
    /// Who is who.
    pub nodes: Nodes,
}

/// Turns the claims of the record into links, and the links into persons.
pub(crate) async fn join_persons<O, C: Clock>(doors: Doors<'_, O, C>) -> Result<(), ScoreError> {
    let links = identity::proven(doors.pg).await?;
    let pairs: Vec<(ProfileId, ProfileId)> = links.iter().map(|link| (link.a, link.b)).collect();
    let groups = graph::union::groups(&pairs);
    person::save_groups(doors.pg, &groups, doors.clock.now()).await?;
    Ok(())
}

/// Seals what the record says now.
pub(crate) async fn seal_now<O: Objects, C: Clock>(
    doors: Doors<'_, O, C>,
) -> Result<SnapshotId, ScoreError> {
    let last = last(doors).await?;
    if let Some((_, parent)) = last.as_ref().filter(|(_, parent)| is_in_order(parent)) {
        match seal(doors, Limits::default(), Some(parent), None).await {
            Ok(Some(manifest)) => return Ok(manifest.id),
            Ok(None) => tracing::info!(parent = %parent.id, "what changed does not tell all"),
            Err(error) if is_broken(&error) => {
                tracing::warn!(parent = %parent.id, %error, "the record is read anew");
            }
            Err(error) => return Err(error),
        }
    }
    let order = match &last {
        Some((run, manifest)) => order(doors.objects, *run, manifest).await?,
        None => None,
    };
    let sealed = seal(doors, Limits::default(), None, order.as_ref()).await?;
    let manifest = sealed.ok_or_else(|| ScoreError::Run("the record was not read".to_owned()))?;
    Ok(manifest.id)
}

async fn seal<O: Objects, C: Clock>(
    doors: Doors<'_, O, C>,
    limits: Limits,
    parent: Option<&SnapshotManifest>,
    order: Option<&Order>,
) -> Result<Option<SnapshotManifest>, ScoreError> {
    let id = mint(doors.pg).await?;
    let at = doors.clock.now();
    let reader = Reader::open(doors.pg).await?;
    build(&Build { objects: doors.objects, reader: &reader, id, at, limits }, parent, order).await
}

/// The run that is served, and its snapshot if it can be read.
async fn last<O: Objects, C>(
    doors: Doors<'_, O, C>,
) -> Result<Option<(RunId, SnapshotManifest)>, ScoreError> {
    let Some(run) = run::active(doors.pg).await? else { return Ok(None) };
    let snapshot = snapshot_of(doors.pg, run).await?;
    match load_manifest(doors.objects, snapshot).await {
        Ok(manifest) => Ok(Some((run, manifest))),
        Err(error) if is_broken(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the error is of sealed objects that are gone, broken, or of another format.
fn is_broken(error: &ScoreError) -> bool {
    match error {
        ScoreError::Seal(error) => !matches!(error, SealError::Port { .. }),
        error => matches!(error, ScoreError::Manifest(_)),
    }
}

/// Whether a snapshot's numbers are worth keeping: a snapshot that was made before there were
/// communities is given an order by the next one.
fn is_in_order(manifest: &SnapshotManifest) -> bool {
    let vacant = manifest.numbers.saturating_sub(manifest.profiles);
    let late = manifest.numbers.saturating_sub(manifest.ordered);
    (late + vacant) * DISORDER <= manifest.numbers
}

/// The persons of a run in the order of their communities, level by level; `None` if its results
/// cannot be read.
async fn order(
    objects: &impl Objects,
    run: RunId,
    manifest: &SnapshotManifest,
) -> Result<Option<Order>, ScoreError> {
    let hierarchy = open_hierarchy(objects, run).await;
    let nodes = open_nodes(objects, manifest).await;
    match (hierarchy, nodes) {
        (Ok(hierarchy), Ok(nodes)) => Ok(Some(Order { places: places(&hierarchy), nodes })),
        (Err(error), _) | (_, Err(error)) if is_broken(&error) => Ok(None),
        (Err(error), _) | (_, Err(error)) => Err(error),
    }
}

/// The place of each person's community, those of one parent side by side, the finest level last.
fn places(hierarchy: &Hierarchy) -> Vec<u32> {
    let count = hierarchy.levels.first().map_or(0, |level| level.community_of.len());
    let of = |person: u32| {
        hierarchy.levels.iter().map(move |level| level.community_of.raw[person as usize])
    };
    let mut people: Vec<u32> = (0..count as u32).collect();
    people.sort_by(|&a, &b| of(a).cmp(of(b)));
    let mut places = vec![0; count];
    let mut place = 0;
    for pair in people.windows(2) {
        place += u32::from(!of(pair[0]).eq(of(pair[1])));
        places[pair[1] as usize] = place;
    }
    places
}

/// Opens a snapshot: who is who, checked against the manifest.
pub async fn load(objects: &impl Objects, id: SnapshotId) -> Result<Snapshot, ScoreError> {
    let manifest = load_manifest(objects, id).await?;
    let nodes = open_nodes(objects, &manifest).await?;
    Ok(Snapshot { manifest, nodes })
}

/// Who is who in a snapshot.
pub async fn load_nodes(objects: &impl Objects, id: SnapshotId) -> Result<Nodes, ScoreError> {
    Ok(load(objects, id).await?.nodes)
}

/// Who is who in the snapshot of an earlier run; `None` if it cannot be read any more, for what is
/// only made faster by it.
pub(crate) async fn load_last_nodes(
    objects: &impl Objects,
    id: SnapshotId,
) -> Result<Option<Nodes>, ScoreError> {
    if_readable(load_nodes(objects, id).await)
}

/// What the snapshot of an earlier run consists of, if it can still be read.
pub(crate) async fn load_last_manifest(
    objects: &impl Objects,
    id: SnapshotId,
) -> Result<Option<SnapshotManifest>, ScoreError> {
    if_readable(load_manifest(objects, id).await)
}

/// Nothing, where what is asked for is missing or broken.
pub(crate) fn if_readable<T>(found: Result<T, ScoreError>) -> Result<Option<T>, ScoreError> {
    match found {
        Err(error) if is_broken(&error) => Ok(None),
        found => found.map(Some),
    }
}

/// What a snapshot consists of.
pub async fn load_manifest(
    objects: &impl Objects,
    id: SnapshotId,
) -> Result<SnapshotManifest, ScoreError> {
    let key = manifest_key(id);
    let body = get(objects, &key).await?;
    let manifest: SnapshotManifest = serde_json::from_slice(&body)
        .map_err(|error| SealError::Corrupt { key, why: error.to_string() })?;
    manifest.check_format()?;
    Ok(manifest)
}

/// The attention graph as the record has it now, in memory: profiles, and arcs by layer.
pub async fn read_record(pg: &Pg) -> Result<(Nodes, Vec<LayerArcs>), ScoreError> {
    record::read(&Reader::open(pg).await?).await
}

impl Snapshot {
    /// The arcs between persons, by layer. Every shard is checked against the manifest.
    pub async fn layers(&self, objects: &impl Objects) -> Result<Vec<LayerArcs>, ScoreError> {
        layers::open(objects, &self.manifest, &self.nodes).await
    }
}

async fn open_nodes(
    objects: &impl Objects,
    manifest: &SnapshotManifest,
) -> Result<Nodes, ScoreError> {
    Ok(Nodes::new(&nodes::open(objects, manifest).await?))
}

async fn get_shard(objects: &impl Objects, shard: &Shard) -> Result<Vec<u8>, ScoreError> {
    let body = get(objects, &shard.key).await?;
    if blake3::hash(&body).to_hex().as_str() != shard.blake3 {
        let (key, why) = (shard.key.clone(), "its hash is another");
        return Err(SnapshotManifestError::CorruptShard { key, why }.into());
    }
    Ok(body)
}

async fn put_shard(
    objects: &impl Objects,
    key: String,
    (first, end): (u64, u64),
    arcs: u64,
    body: Vec<u8>,
) -> Result<Shard, ScoreError> {
    let (bytes, blake3) = (body.len() as u64, blake3::hash(&body).to_hex().to_string());
    put(objects, &key, body).await?;
    Ok(Shard { key, first, end, arcs, bytes, blake3 })
}

#[cfg(test)]
mod tests;
