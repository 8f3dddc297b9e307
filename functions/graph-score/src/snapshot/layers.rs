//! The arcs of a sealed snapshot, between persons.
//!
//! Shards are read one range of numbers after the other, what both sides show of a range together,
//! and rows are written as they come: beside the finished rows, memory holds two shards and the rows
//! of persons of several profiles.

use graph::LayerArcs;
use graph::snapshot::{Extent, ShardArcs, decode};
use model::port::Objects;
use model::snapshot::{LayerShards, Shard, SnapshotManifest};
use model::{Direction, Layer};

use super::arcs::{RowBuilder, unpack};
use super::get_shard;
use super::nodes::Nodes;
use crate::ScoreError;
use crate::seal::SealError;

/// The arcs of every layer.
pub(super) async fn open(
    objects: &impl Objects,
    manifest: &SnapshotManifest,
    nodes: &Nodes,
) -> Result<Vec<LayerArcs>, ScoreError> {
    let mut layers = Vec::new();
    for layer in Layer::ALL {
        let of = |direction| section(manifest, (layer, direction));
        let (out, seen) = (of(Direction::Out), of(Direction::In));
        if out.is_some() || seen.is_some() {
            let views = [out, seen].map(|view| view.map_or(&[][..], |view| &view.shards));
            layers.push(open_layer(objects, manifest, nodes, (layer, views)).await?);
        }
    }
    Ok(layers)
}

/// The shards of a layer as seen from one side.
pub(super) fn section(
    manifest: &SnapshotManifest,
    (layer, direction): (Layer, Direction),
) -> Option<&LayerShards> {
    manifest.layers.iter().find(|one| (one.layer, one.direction) == (layer, direction))
}

async fn open_layer(
    objects: &impl Objects,
    manifest: &SnapshotManifest,
    nodes: &Nodes,
    (layer, [out, seen]): (Layer, [&[Shard]; 2]),
) -> Result<LayerArcs, ScoreError> {
    let arcs: u64 = out.iter().chain(seen).map(|shard| shard.arcs).sum();
    let mut rows = RowBuilder::new(layer, nodes.person_at(), nodes.people.len(), arcs as usize);
    let (mut out, mut seen) = (out.iter().peekable(), seen.iter().peekable());
    let mut done = 0;
    loop {
        let next = [out.peek(), seen.peek()].into_iter().flatten().min_by_key(|shard| shard.first);
        let Some(&&Shard { first, ref key, .. }) = next else { return Ok(rows.finish()?) };
        if first < done {
            let why = format!("it begins at {first}, and {done} are read");
            return Err(SealError::Corrupt { key: key.clone(), why }.into());
        }
        let mut views = [Vec::new(), Vec::new()];
        for (view, shards) in views.iter_mut().zip([&mut out, &mut seen]) {
            if let Some(shard) = shards.next_if(|shard| shard.first == first) {
                let read = read_shard(objects, manifest, shard).await?;
                done = done.max(shard.end);
                *view = unpack(&read).collect();
            }
        }
        rows.add_all(views.each_ref().map(Vec::as_slice));
    }
}

/// Reads one shard, whose numbers must be those that the manifest says.
async fn read_shard(
    objects: &impl Objects,
    manifest: &SnapshotManifest,
    shard: &Shard,
) -> Result<ShardArcs, ScoreError> {
    read_body(manifest, shard, &get_shard(objects, shard).await?)
}

/// Reads a shard's bytes.
pub(super) fn read_body(
    manifest: &SnapshotManifest,
    shard: &Shard,
    body: &[u8],
) -> Result<ShardArcs, ScoreError> {
    let corrupt = |why: String| SealError::Corrupt { key: shard.key.clone(), why };
    let small = |number: u64| {
        u32::try_from(number).map_err(|_| corrupt(format!("{number} is no number of a profile")))
    };
    let (first, end) = (small(shard.first)?, small(shard.end)?);
    let extent = Extent { nodes: small(manifest.numbers)?, first, end, arcs: shard.arcs };
    Ok(decode(body, &extent).map_err(|error| corrupt(error.to_string()))?)
}
