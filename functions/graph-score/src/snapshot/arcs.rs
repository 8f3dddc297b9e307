//! Arcs between dense numbers, gathered in any order and merged into rows.

use graph::snapshot::ShardArcs;
use graph::{Csr, CsrError, LayerArcs};
use model::{Day, Layer};

/// One arc of one layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DenseArc {
    pub(crate) source: u32,
    pub(crate) target: u32,
    pub(crate) count: u32,
    pub(crate) last_day: Day,
    pub(crate) weight: f32,
}

/// What becomes of two arcs with the same ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Merge {
    /// Two views of one arc: the first one gathered stays.
    First,
    /// Two arcs of one pair of persons: weights and counts add up, the later day stays.
    Add,
}

/// Sorts arcs into the rows of `nodes` sources; arcs from someone to itself are dropped.
pub(crate) fn rows(
    layer: Layer,
    nodes: usize,
    mut arcs: Vec<DenseArc>,
    merge: Merge,
) -> Result<LayerArcs, CsrError> {
    arcs.retain(|arc| arc.source != arc.target);
    // Stable, so that `First` means the first one gathered.
    arcs.sort_by_key(|arc| (arc.source, arc.target));
    arcs.dedup_by(|later, kept| absorb(later, kept, merge));
    let mut offsets = vec![0u64; nodes + 1];
    for arc in &arcs {
        offsets[arc.source as usize + 1] += 1;
    }
    for row in 0..nodes {
        offsets[row + 1] += offsets[row];
    }
    let targets = arcs.iter().map(|arc| arc.target).collect();
    let weighted = arcs.iter().any(|arc| arc.weight.to_bits() != 1f32.to_bits());
    let weights = weighted.then(|| arcs.iter().map(|arc| arc.weight).collect());
    let counted = layer.is_interaction();
    Ok(LayerArcs {
        layer,
        arcs: Csr::from_parts(offsets, targets, weights)?,
        counts: if counted { arcs.iter().map(|arc| arc.count).collect() } else { Vec::new() },
        last_days: if counted { arcs.iter().map(|arc| arc.last_day).collect() } else { Vec::new() },
    })
}

fn absorb(later: &mut DenseArc, kept: &mut DenseArc, merge: Merge) -> bool {
    let same = (later.source, later.target) == (kept.source, kept.target);
    if same && merge == Merge::Add {
        kept.count = kept.count.saturating_add(later.count);
        kept.last_day = kept.last_day.max(later.last_day);
        kept.weight += later.weight;
    }
    same
}

/// Every arc of some rows, in their order.
pub(crate) fn unpack(layer: &LayerArcs) -> impl Iterator<Item = DenseArc> + '_ {
    let arcs = &layer.arcs;
    (0..arcs.nodes() as u32).flat_map(move |source| {
        arcs.range(source).map(move |place| DenseArc {
            source,
            target: arcs.targets()[place],
            count: layer.counts.get(place).copied().unwrap_or(0),
            last_day: layer.last_days.get(place).copied().unwrap_or_default(),
            weight: arcs.weights().map_or(1.0, |weights| weights[place]),
        })
    })
}

/// Every arc of a shard, in its order.
pub(crate) fn unpack_shard(shard: &ShardArcs) -> impl Iterator<Item = DenseArc> + '_ {
    let owners = (shard.first..).zip(&shard.degrees);
    let sources = owners.flat_map(|(source, &degree)| std::iter::repeat_n(source, degree as usize));
    sources.zip(&shard.targets).enumerate().map(|(place, (source, &target))| DenseArc {
        source,
        target,
        count: shard.counts.get(place).copied().unwrap_or(0),
        last_day: shard.last_days.get(place).copied().unwrap_or_default(),
        weight: shard.weights.get(place).copied().unwrap_or(1.0),
    })
}

/// The same arcs between persons: the profiles of one person attend as one.
pub(crate) fn join_persons(
    profiles: &LayerArcs,
    person_of: &[u32],
    people: usize,
) -> Result<LayerArcs, CsrError> {
    let joined = unpack(profiles).map(|arc| DenseArc {
        source: person_of[arc.source as usize],
        target: person_of[arc.target as usize],
        ..arc
    });
    rows(profiles.layer, people, joined.collect(), Merge::Add)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arc(source: u32, target: u32, count: u32, weight: f32) -> DenseArc {
        DenseArc { source, target, count, last_day: Day(1), weight }
    }

    #[test]
    fn the_first_view_of_an_arc_stays() {
        let arcs = vec![arc(1, 0, 5, 2.0), arc(0, 1, 1, 1.0), arc(1, 0, 9, 3.0), arc(1, 1, 1, 1.0)];
        let layer = rows(Layer::Mention, 2, arcs, Merge::First).unwrap();
        let kept: Vec<DenseArc> = unpack(&layer).collect();
        assert_eq!(kept, [arc(0, 1, 1, 1.0), arc(1, 0, 5, 2.0)]);
    }

    #[test]
    fn the_profiles_of_a_person_attend_as_one() {
        // Profiles 0 and 1 are one person; both attend to profile 2, and to each other.
        let arcs = vec![arc(0, 2, 1, 1.0), arc(1, 2, 2, 1.0), arc(0, 1, 1, 1.0)];
        let layer = rows(Layer::Reply, 3, arcs, Merge::First).unwrap();
        let joined = join_persons(&layer, &[0, 0, 1], 2).unwrap();
        assert_eq!(unpack(&joined).collect::<Vec<_>>(), [arc(0, 1, 3, 2.0)]);
    }

    #[test]
    fn layers_that_do_not_count_keep_no_counts() {
        let layer = rows(Layer::Follow, 2, vec![arc(0, 1, 0, 1.0)], Merge::First).unwrap();
        assert!(layer.counts.is_empty() && layer.last_days.is_empty());
        assert!(layer.arcs.is_unweighted());
    }
}
