//! The attention graph, sealed: who is who, and who attends to whom in each layer.

mod arcs;
mod gather;

use std::collections::BTreeMap;

use graph::LayerArcs;
use model::port::{Clock, Objects};
use model::snapshot::{LayerShards, Manifest, ManifestError, Shard, manifest_key};
use model::{Direction, Layer, ProfileId, SnapshotId};
use store::Pg;
use store::pg::snapshot::{Reader, mint};
use store::pg::{identity, person};

use crate::seal::SealError;
use crate::{Doors, ScoreError};
use arcs::{DenseArc, Merge, join_persons as join_arcs, rows, unpack, unpack_shard};
use gather::{Section, gather};

pub use gather::Nodes;

/// The shard format that is written.
const FORMAT: u32 = 0;

/// A shard covers at most so many arcs, or one profile.
const SHARD_ARCS: u64 = 8 << 20;

/// A snapshot in memory.
#[derive(Debug)]
pub struct Snapshot {
    /// What it consists of.
    pub manifest: Manifest,
    /// Who is who.
    pub nodes: Nodes,
    /// The arcs between profiles, by layer.
    pub layers: Vec<LayerArcs>,
}

/// Turns the claims of the record into links, and the links into persons.
pub(crate) async fn join_persons<O, C: Clock>(doors: Doors<'_, O, C>) -> Result<(), ScoreError> {
    let links = identity::proven(doors.pg).await?;
    let pairs: Vec<(ProfileId, ProfileId)> = links.iter().map(|link| (link.a, link.b)).collect();
    let groups = graph::union::groups(&pairs);
    person::save_groups(doors.pg, &groups, doors.clock.now()).await?;
    Ok(())
}

/// Reads the record and seals what it says. The manifest comes last: without it there is nothing.
pub(crate) async fn seal_now<O: Objects, C: Clock>(
    doors: Doors<'_, O, C>,
) -> Result<SnapshotId, ScoreError> {
    let id = mint(doors.pg).await?;
    let at = doors.clock.now();
    let reader = Reader::open(doors.pg).await?;
    let gathered = gather(&reader).await?;
    let nodes_shard = seal_nodes(doors.objects, id, &gathered.nodes).await?;
    let mut layers = Vec::new();
    for section in &gathered.sections {
        layers.push(seal_section(doors.objects, id, section).await?);
    }
    let manifest = Manifest {
        format: FORMAT,
        id,
        parent: None,
        high_water: reader.high_water(),
        at,
        profiles: gathered.nodes.profiles.len() as u64,
        people: gathered.nodes.people.len() as u64,
        nodes: vec![nodes_shard],
        layers,
    };
    let body = serde_json::to_vec_pretty(&manifest)
        .map_err(|error| ScoreError::Run(format!("write the manifest of {id}: {error}")))?;
    put(doors.objects, &manifest_key(id), body).await?;
    Ok(id)
}

async fn seal_nodes(
    objects: &impl Objects,
    id: SnapshotId,
    nodes: &Nodes,
) -> Result<Shard, ScoreError> {
    let plain = postcard::to_stdvec(nodes)
        .map_err(|error| ScoreError::Run(format!("write the nodes of {id}: {error}")))?;
    let body = zstd::encode_all(plain.as_slice(), 3)
        .map_err(|error| ScoreError::Run(format!("write the nodes of {id}: {error}")))?;
    let range = (0, nodes.profiles.len() as u64);
    put_shard(objects, format!("snapshots/{id}/nodes"), range, 0, body).await
}

async fn seal_section(
    objects: &impl Objects,
    id: SnapshotId,
    section: &Section,
) -> Result<LayerShards, ScoreError> {
    let (layer, direction) = (section.arcs.layer, section.direction);
    let mut shards = Vec::new();
    for (first, end) in graph::snapshot::ranges(&section.arcs, SHARD_ARCS) {
        let body = graph::snapshot::encode(&section.arcs, first, end);
        let arcs = section.arcs.arcs.offsets();
        let count = arcs[end as usize] - arcs[first as usize];
        let name = format!("{}-{}-{:04}", layer.slug(), direction.slug(), shards.len());
        let range = (u64::from(first), u64::from(end));
        let shard =
            put_shard(objects, format!("snapshots/{id}/{name}"), range, count, body).await?;
        shards.push(shard);
    }
    Ok(LayerShards { layer, direction, shards })
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

async fn put(objects: &impl Objects, key: &str, body: Vec<u8>) -> Result<(), ScoreError> {
    let put = objects.put(key, body).await;
    put.map_err(|source| SealError::Port { key: key.to_owned(), source })?;
    Ok(())
}

/// Opens a snapshot: every shard is checked against the manifest.
pub async fn load(objects: &impl Objects, id: SnapshotId) -> Result<Snapshot, ScoreError> {
    let manifest = load_manifest(objects, id).await?;
    let nodes = open_nodes(objects, &manifest).await?;
    let mut views = Views::default();
    for section in &manifest.layers {
        for shard in &section.shards {
            let body = get_shard(objects, shard).await?;
            let part = graph::snapshot::decode(&body)
                .map_err(|error| ScoreError::Graph(format!("read {}: {error}", shard.key)))?;
            views.add(section.layer, section.direction, unpack_shard(&part));
        }
    }
    let layers = views.union(nodes.profiles.len())?;
    Ok(Snapshot { manifest, nodes, layers })
}

/// Who is who in a snapshot.
pub async fn load_nodes(objects: &impl Objects, id: SnapshotId) -> Result<Nodes, ScoreError> {
    open_nodes(objects, &load_manifest(objects, id).await?).await
}

/// What a snapshot consists of.
pub async fn load_manifest(objects: &impl Objects, id: SnapshotId) -> Result<Manifest, ScoreError> {
    let key = manifest_key(id);
    let found = objects.get(&key).await;
    let found = found.map_err(|source| SealError::Port { key: key.clone(), source })?;
    let body = found.ok_or_else(|| SealError::Missing(key.clone()))?;
    let manifest: Manifest = serde_json::from_slice(&body)
        .map_err(|error| SealError::Corrupt { key, why: error.to_string() })?;
    manifest.check_format()?;
    Ok(manifest)
}

/// The attention graph as the record has it now: profiles, and arcs by layer.
pub async fn read_record(pg: &Pg) -> Result<(Nodes, Vec<LayerArcs>), ScoreError> {
    let gathered = gather(&Reader::open(pg).await?).await?;
    let mut views = Views::default();
    for section in &gathered.sections {
        views.add(section.arcs.layer, section.direction, unpack(&section.arcs));
    }
    let layers = views.union(gathered.nodes.profiles.len())?;
    Ok((gathered.nodes, layers))
}

async fn open_nodes(objects: &impl Objects, manifest: &Manifest) -> Result<Nodes, ScoreError> {
    let [shard] = manifest.nodes.as_slice() else {
        return Err(ScoreError::Run(format!("{} has not one shard of nodes", manifest.id)));
    };
    let packed = get_shard(objects, shard).await?;
    let corrupt = |why: String| SealError::Corrupt { key: shard.key.clone(), why };
    let plain = zstd::decode_all(packed.as_slice()).map_err(|error| corrupt(error.to_string()))?;
    Ok(postcard::from_bytes(&plain).map_err(|error| corrupt(error.to_string()))?)
}

async fn get_shard(objects: &impl Objects, shard: &Shard) -> Result<Vec<u8>, ScoreError> {
    let key = shard.key.clone();
    let found = objects.get(&key).await;
    let found = found.map_err(|source| SealError::Port { key: key.clone(), source })?;
    let body = found.ok_or_else(|| SealError::Missing(key.clone()))?;
    if blake3::hash(&body).to_hex().as_str() != shard.blake3 {
        return Err(ManifestError::CorruptShard { key, why: "its hash is another" }.into());
    }
    Ok(body)
}

/// The views of each layer's arcs from both sides.
#[derive(Default)]
struct Views(BTreeMap<Layer, Vec<(Direction, DenseArc)>>);

impl Views {
    fn add(&mut self, layer: Layer, from: Direction, arcs: impl Iterator<Item = DenseArc>) {
        self.0.entry(layer).or_default().extend(arcs.map(|arc| (from, arc)));
    }

    /// One arc for each pair; where both sides show it, the attending side's view.
    fn union(self, profiles: usize) -> Result<Vec<LayerArcs>, ScoreError> {
        let one = |(layer, mut arcs): (Layer, Vec<(Direction, DenseArc)>)| {
            arcs.sort_by_key(|(from, _)| *from);
            let arcs = arcs.into_iter().map(|(_, arc)| arc).collect();
            Ok(rows(layer, profiles, arcs, Merge::First)?)
        };
        self.0.into_iter().map(one).collect()
    }
}

impl Snapshot {
    /// The arcs between persons, by layer.
    pub fn join_layers(&self) -> Result<Vec<LayerArcs>, ScoreError> {
        let people = self.nodes.people.len();
        let joined =
            self.layers.iter().map(|layer| join_arcs(layer, &self.nodes.person_of, people));
        Ok(joined.collect::<Result<_, _>>()?)
    }
}
