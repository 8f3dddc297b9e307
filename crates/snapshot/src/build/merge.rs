//! The parent's arcs that stay and the arcs that wait → shards, one range of sources after the other.

use std::collections::BTreeSet;

use model::snapshot::{LayerShards, Shard, SnapshotManifest};

use super::BuildTarget;
use super::numbers::ProfileNumbers;
use super::ranges::cut;
use super::spill::Spill;
use crate::load::{read_body, section_shards};
use crate::shard::{ShardExtent, encode};
use crate::stored_shard::{get_shard, put_shard};
use crate::{DenseArc, NumberRange, Section, SnapshotError};

/// What shards are made from.
pub(super) struct Merger<'a> {
    pub(super) target: &'a BuildTarget<'a>,
    pub(super) parent: Option<&'a SnapshotManifest>,
    pub(super) spill: &'a Spill<'a>,
}

/// The arcs of one section in one range.
#[derive(Default)]
struct MergedArcs {
    arcs: Vec<DenseArc>,
    /// The parent's shard, if the arcs are exactly those in it.
    copied: Option<Vec<u8>>,
}

fn section_of(layer: &LayerShards) -> Section {
    Section { layer: layer.layer, direction: layer.direction }
}

impl Merger<'_> {
    /// Writes the shards of every range.
    pub(super) async fn merge(
        &self,
        numbers: &mut ProfileNumbers,
    ) -> Result<Vec<LayerShards>, SnapshotError> {
        let of_parent = self.parent.iter().flat_map(|parent| &parent.layers);
        let mut sections: BTreeSet<Section> = of_parent.map(section_of).collect();
        sections.extend(self.spill.sections());
        let empty = |&Section { layer, direction }: &Section| LayerShards {
            layer,
            direction,
            shards: Vec::new(),
        };
        let mut layers: Vec<LayerShards> = sections.iter().map(empty).collect();
        let range_arcs = self.target.limits.range_arcs;
        for range in self.spill.ranges(numbers.len()) {
            // At most as many arcs wait for each part.
            let sources = range.first..range.end;
            let waiting: Vec<u64> = sources.map(|source| self.spill.waiting(source)).collect();
            for part in cut(&waiting, range, range_arcs) {
                self.merge_range(numbers, part, &mut layers).await?;
            }
        }
        layers.retain(|layer| !layer.shards.is_empty());
        Ok(layers)
    }

    async fn merge_range(
        &self,
        numbers: &mut ProfileNumbers,
        range: NumberRange,
        layers: &mut [LayerShards],
    ) -> Result<(), SnapshotError> {
        let mut merged = Vec::new();
        for layer in layers.iter() {
            merged.push(self.kept(numbers, section_of(layer), range).await?);
        }
        for (section, arc) in self.spill.arcs(range).await? {
            let at = layers.iter().position(|layer| section_of(layer) == section);
            if let Some(at) = at.filter(|_| numbers.counts(section, arc.source)) {
                merged[at].arcs.push(arc);
                merged[at].copied = None;
            }
        }
        let mut degrees = vec![0u64; range.len()];
        for arc in merged.iter().flat_map(|merged| &merged.arcs) {
            numbers.name(arc.source, arc.target);
            degrees[(arc.source - range.first) as usize] += 1;
        }
        let cuts = cut(&degrees, range, self.target.limits.range_arcs);
        for (layer, mut merged) in layers.iter_mut().zip(merged) {
            merged.arcs.sort_unstable_by_key(|arc| (arc.source, arc.target));
            merged.copied = merged.copied.filter(|_| cuts == [range]);
            self.write(numbers.len(), layer, &cuts, merged).await?;
        }
        Ok(())
    }

    /// The arcs of the parent that stay, in one section and range.
    async fn kept(
        &self,
        numbers: &ProfileNumbers,
        section: Section,
        range: NumberRange,
    ) -> Result<MergedArcs, SnapshotError> {
        let mut merged = MergedArcs::default();
        let Some(parent) = self.parent else { return Ok(merged) };
        let shards = section_shards(parent, section).unwrap_or_default();
        let overlaps =
            |shard: &&Shard| shard.first < range.end.into() && shard.end > range.first.into();
        for shard in shards.iter().filter(overlaps) {
            let body = get_shard(self.target.objects, shard).await?;
            let read = read_body(parent, shard, &body)?;
            let stays = |arc: &DenseArc| {
                range.contains(arc.source) && numbers.keeps(section, arc.source, arc.target)
            };
            let before = merged.arcs.len();
            merged.arcs.extend(read.into_iter().filter(stays));
            let is_same = (merged.arcs.len() - before) as u64 == shard.arcs;
            let is_whole = (shard.first, shard.end) == (range.first.into(), range.end.into());
            merged.copied = (is_same && is_whole).then_some(body);
        }
        Ok(merged)
    }

    /// Seals the shards of a section in a range, each cut that has arcs.
    async fn write(
        &self,
        nodes: u32,
        layer: &mut LayerShards,
        cuts: &[NumberRange],
        MergedArcs { arcs, mut copied }: MergedArcs,
    ) -> Result<(), SnapshotError> {
        let mut rest = arcs.as_slice();
        for &range in cuts {
            let (arcs, others) = rest.split_at(rest.partition_point(|arc| arc.source < range.end));
            rest = others;
            if arcs.is_empty() {
                continue;
            }
            let NumberRange { first, end } = range;
            let extent = ShardExtent { nodes, first, end, arcs: arcs.len() as u64 };
            let body = copied.take().unwrap_or_else(|| encode(&extent, arcs));
            let (slug, direction) = (layer.layer.slug(), layer.direction.slug());
            let (id, at) = (self.target.id, layer.shards.len());
            let key = format!("snapshots/{id}/{slug}-{direction}-{at:05}");
            layer.shards.push(put_shard(self.target.objects, key, range, extent.arcs, body).await?);
        }
        Ok(())
    }
}
