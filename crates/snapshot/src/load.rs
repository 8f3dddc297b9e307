//! A sealed snapshot → who is who, and the arcs between persons.
//!
//! Shards are read one range of numbers after the other, both directions of a range together, and rows
//! are written as they come: beside the finished rows, memory holds two shards and the rows of persons
//! of several profiles.

use std::iter::Peekable;
use std::slice::Iter;

use graph::LayerArcs;
use model::snapshot::{Shard, SnapshotManifest, manifest_key};
use model::{Direction, Layer, SnapshotId};

use crate::artifact::{ArtifactError, get};
use crate::rows::RowBuilder;
use crate::shard::{DenseArc, ShardExtent, decode};
use crate::stored_shard::get_shard;
use crate::{FORMAT, NodeFact, Nodes, ObjectStore, Section, SnapshotError, stored_nodes};

/// A snapshot that is open.
#[derive(Debug)]
pub struct Snapshot {
    /// What it consists of.
    pub manifest: SnapshotManifest,
    /// Who is who.
    pub nodes: Nodes,
}

/// Opens a snapshot: who is who, checked against the manifest.
pub async fn load(objects: ObjectStore<'_>, id: SnapshotId) -> Result<Snapshot, SnapshotError> {
    let manifest = load_manifest(objects, id).await?;
    let nodes = open_nodes(objects, &manifest).await?;
    Ok(Snapshot { manifest, nodes })
}

/// Who is who in a snapshot.
pub async fn load_nodes(objects: ObjectStore<'_>, id: SnapshotId) -> Result<Nodes, SnapshotError> {
    Ok(load(objects, id).await?.nodes)
}

/// What a snapshot consists of.
pub async fn load_manifest(
    objects: ObjectStore<'_>,
    id: SnapshotId,
) -> Result<SnapshotManifest, SnapshotError> {
    let key = manifest_key(id);
    let body = get(objects, &key).await?;
    let manifest: SnapshotManifest =
        serde_json::from_slice(&body).map_err(|error| ArtifactError::corrupt(&key, error))?;
    manifest.check_format()?;
    Ok(manifest)
}

/// `None` in place of a sealed object that is missing, broken or of another format.
pub fn if_readable<T>(found: Result<T, SnapshotError>) -> Result<Option<T>, SnapshotError> {
    match found {
        Err(error) if error.is_unreadable() => Ok(None),
        found => found.map(Some),
    }
}

/// What is sealed of each number of a snapshot, `None` where it is vacant.
pub async fn open_facts(
    objects: ObjectStore<'_>,
    manifest: &SnapshotManifest,
) -> Result<Vec<Option<NodeFact>>, SnapshotError> {
    stored_nodes::open(objects, manifest).await
}

/// Who is who in the snapshot of a manifest.
pub async fn open_nodes(
    objects: ObjectStore<'_>,
    manifest: &SnapshotManifest,
) -> Result<Nodes, SnapshotError> {
    Ok(Nodes::new(&open_facts(objects, manifest).await?))
}

impl Snapshot {
    /// The arcs between persons, by layer. Every shard is checked against the manifest.
    pub async fn layers(&self, objects: ObjectStore<'_>) -> Result<Vec<LayerArcs>, SnapshotError> {
        open_layers(objects, &self.manifest, &self.nodes).await
    }
}

/// The arcs between the persons of some nodes, by layer.
pub async fn open_layers(
    objects: ObjectStore<'_>,
    manifest: &SnapshotManifest,
    nodes: &Nodes,
) -> Result<Vec<LayerArcs>, SnapshotError> {
    if manifest.format != FORMAT {
        return Err(SnapshotError::OldArcs { id: manifest.id, format: manifest.format });
    }
    let opener = LayerOpener { objects, manifest, nodes };
    let mut layers = Vec::new();
    for layer in Layer::ALL {
        let shards =
            |direction| section_shards(manifest, Section { layer, direction }).unwrap_or_default();
        let both = [shards(Direction::Out), shards(Direction::In)];
        if both.iter().any(|shards| !shards.is_empty()) {
            layers.push(opener.open(layer, both).await?);
        }
    }
    Ok(layers)
}

/// The shards of a section, if the snapshot has it.
pub(crate) fn section_shards(manifest: &SnapshotManifest, section: Section) -> Option<&[Shard]> {
    let Section { layer, direction } = section;
    let found = manifest.layers.iter().find(|one| one.layer == layer && one.direction == direction);
    found.map(|found| found.shards.as_slice())
}

/// What layers are opened from.
struct LayerOpener<'a> {
    objects: ObjectStore<'a>,
    manifest: &'a SnapshotManifest,
    nodes: &'a Nodes,
}

impl LayerOpener<'_> {
    /// Opens a layer from the shards of both directions.
    async fn open(
        &self,
        layer: Layer,
        [out, incoming]: [&[Shard]; 2],
    ) -> Result<LayerArcs, SnapshotError> {
        let arcs: u64 = out.iter().chain(incoming).map(|shard| shard.arcs).sum();
        let people = self.nodes.people.len();
        let mut rows = RowBuilder::new(layer, self.nodes.person_at(), people, arcs as usize);
        let (mut out, mut incoming) = (out.iter().peekable(), incoming.iter().peekable());
        let mut end = 0;
        loop {
            let heads = [out.peek(), incoming.peek()];
            let Some(&&next) = heads.iter().flatten().min_by_key(|shard| shard.first) else {
                return Ok(rows.finish()?);
            };
            if next.first < end {
                let why = format!("it begins at {}, and {end} are read", next.first);
                return Err(ArtifactError::corrupt(&next.key, why).into());
            }
            let first = next.first;
            let (out, out_end) = self.take_at(&mut out, first).await?;
            let (incoming, incoming_end) = self.take_at(&mut incoming, first).await?;
            end = out_end.max(incoming_end);
            rows.add_all([&out, &incoming]);
        }
    }

    /// The arcs of the next shard and its end, if it begins at `first`.
    async fn take_at(
        &self,
        shards: &mut Peekable<Iter<'_, Shard>>,
        first: u64,
    ) -> Result<(Vec<DenseArc>, u64), SnapshotError> {
        let Some(shard) = shards.next_if(|shard| shard.first == first) else {
            return Ok((Vec::new(), first));
        };
        let body = get_shard(self.objects, shard).await?;
        Ok((read_body(self.manifest, shard, &body)?, shard.end))
    }
}

/// Reads a shard's bytes, whose numbers must be those that the manifest says.
pub(crate) fn read_body(
    manifest: &SnapshotManifest,
    shard: &Shard,
    body: &[u8],
) -> Result<Vec<DenseArc>, SnapshotError> {
    let small = |number: u64| {
        let why = || ArtifactError::corrupt(&shard.key, format!("{number} is no profile's number"));
        u32::try_from(number).map_err(|_| why())
    };
    let (first, end) = (small(shard.first)?, small(shard.end)?);
    let extent = ShardExtent { nodes: small(manifest.numbers)?, first, end, arcs: shard.arcs };
    Ok(decode(body, &extent).map_err(|error| ArtifactError::corrupt(&shard.key, error))?)
}
