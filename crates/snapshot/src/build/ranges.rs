//! Ranges of numbers whose arcs fit into memory.

use model::snapshot::SnapshotManifest;

use crate::NumberRange;

/// The ranges that arcs are sorted into before the last number is known.
#[derive(Debug)]
pub(super) struct KnownRanges {
    /// Where each begins; the first at 0.
    pub(super) starts: Vec<u32>,
    /// Where the last ends.
    pub(super) end: u32,
}

/// Where a parent's ranges begin; neighbours that are small together are one.
pub(super) fn joined_ranges(parent: &SnapshotManifest, range_arcs: u64) -> Vec<u32> {
    let shards = || parent.layers.iter().flat_map(|layer| &layer.shards);
    let mut edges: Vec<u64> = shards().flat_map(|shard| [shard.first, shard.end]).collect();
    edges.push(0);
    edges.sort_unstable();
    edges.dedup();
    let mut arcs = vec![0; edges.len()];
    for shard in shards() {
        arcs[edges.partition_point(|&edge| edge < shard.first)] += shard.arcs;
    }
    let (mut starts, mut sum) = (Vec::new(), 0);
    for (&edge, &arcs) in edges.iter().zip(&arcs).filter(|(edge, _)| **edge < parent.numbers) {
        sum += arcs;
        if starts.is_empty() || sum > range_arcs / 2 {
            starts.push(edge as u32);
            sum = arcs;
        }
    }
    if starts.is_empty() { vec![0] } else { starts }
}

/// Cuts a range of sources so that each cut has at most `arcs_max` arcs, or one source.
pub(super) fn cut(degrees: &[u64], range: NumberRange, arcs_max: u64) -> Vec<NumberRange> {
    let (mut cuts, mut first, mut sum) = (Vec::new(), range.first, 0);
    for (source, &degree) in (range.first..range.end).zip(degrees) {
        sum += degree;
        if sum > arcs_max && source > first {
            cuts.push(NumberRange { first, end: source });
            (first, sum) = (source, degree);
        }
    }
    cuts.push(NumberRange { first, end: range.end });
    cuts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_cover_the_range_and_only_a_source_alone_exceeds_the_limit() {
        let cuts = |degrees: &[u64], first, end| -> Vec<(u32, u32)> {
            let cuts = cut(degrees, NumberRange { first, end }, 5);
            cuts.iter().map(|cut| (cut.first, cut.end)).collect()
        };
        assert_eq!(cuts(&[3, 3, 9, 0, 2, 2], 4, 10), [(4, 5), (5, 6), (6, 7), (7, 10)]);
        assert_eq!(cuts(&[], 4, 4), [(4, 4)]);
        assert_eq!(cuts(&[0, 0], 0, 2), [(0, 2)]);
    }
}
