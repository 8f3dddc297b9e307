//! Arcs between the numbers of a snapshot → rows between persons.

use std::collections::BTreeMap;

use graph::{Csr, CsrError, LayerArcs};
use model::{Day, Layer};

use crate::DenseArc;
use crate::directory::NONE;

/// The rows of one layer, built source by source from what both sides show of each.
#[derive(Debug)]
pub struct RowBuilder<'a> {
    layer: Layer,
    /// Whose row each source belongs to, ascending but for what is kept aside.
    owner_of: &'a [u32],
    /// Arcs of owners of several sources, until the last of these has been seen.
    aside: BTreeMap<u32, Vec<DenseArc>>,
    /// Whether an owner has several sources.
    shared: Vec<bool>,
    offsets: Vec<u64>,
    targets: Vec<u32>,
    counts: Vec<u32>,
    last_days: Vec<Day>,
    /// Empty as long as all are 1.
    weights: Vec<f32>,
    owners: usize,
}

impl<'a> RowBuilder<'a> {
    /// Room for at most `arcs`. Sources belong to owners below `owners`, or to none; owners are
    /// numbered by their last source.
    pub fn new(layer: Layer, owner_of: &'a [u32], owners: usize, arcs: usize) -> Self {
        let mut shared = vec![false; owners];
        let mut seen = vec![false; owners];
        for &owner in owner_of.iter().filter(|owner| **owner != NONE) {
            shared[owner as usize] |= seen[owner as usize];
            seen[owner as usize] = true;
        }
        let counted = if layer.is_interaction() { arcs } else { 0 };
        let mut offsets = Vec::with_capacity(owners + 1);
        offsets.push(0);
        RowBuilder {
            layer,
            owner_of,
            aside: BTreeMap::new(),
            shared,
            offsets,
            targets: Vec::with_capacity(arcs),
            counts: Vec::with_capacity(counted),
            last_days: Vec::with_capacity(counted),
            weights: Vec::new(),
            owners,
        }
    }

    /// Adds a source's arcs, sorted by target as each side shows them; where both show one, the
    /// attending side's view stays. Sources come in ascending order.
    fn add(&mut self, source: u32, out: &[DenseArc], seen: &[DenseArc]) {
        let owner = self.owner_of[source as usize];
        if owner == NONE || (out.is_empty() && seen.is_empty()) {
            return;
        }
        let mut arcs = union(out, seen);
        arcs.iter_mut().for_each(|arc| arc.target = self.owner_of[arc.target as usize]);
        arcs.retain(|arc| arc.target != owner && arc.target != NONE);
        if self.shared[owner as usize] {
            self.aside.entry(owner).or_default().extend(arcs);
            return;
        }
        self.emit_before(owner);
        self.emit(owner, arcs);
    }

    /// Adds the arcs that each side shows, both sorted by source and target.
    pub fn add_all(&mut self, [mut out, mut seen]: [&[DenseArc]; 2]) {
        while let Some(source) =
            [out.first(), seen.first()].into_iter().flatten().map(|arc| arc.source).min()
        {
            self.add(source, take_row(&mut out, source), take_row(&mut seen, source));
        }
    }

    /// Emits what was kept aside for the owners before `end`.
    fn emit_before(&mut self, end: u32) {
        while let Some(first) = self.aside.first_entry().filter(|first| *first.key() < end) {
            let (owner, arcs) = first.remove_entry();
            self.emit(owner, arcs);
        }
    }

    /// Ends an owner's row; arcs to the same target become one.
    fn emit(&mut self, owner: u32, mut arcs: Vec<DenseArc>) {
        arcs.sort_by_key(|arc| arc.target);
        arcs.dedup_by(add_same);
        self.offsets.resize(owner as usize + 1, self.targets.len() as u64);
        for arc in arcs {
            let is_plain = arc.weight.to_bits() == 1f32.to_bits();
            if self.weights.is_empty() && !is_plain {
                self.weights.reserve(self.targets.capacity());
                self.weights.resize(self.targets.len(), 1.0);
                self.weights.push(arc.weight);
            } else if !self.weights.is_empty() {
                self.weights.push(arc.weight);
            }
            self.targets.push(arc.target);
            if self.layer.is_interaction() {
                self.counts.push(arc.count);
                self.last_days.push(arc.last_day);
            }
        }
        self.offsets.push(self.targets.len() as u64);
    }

    /// The finished rows.
    pub fn finish(mut self) -> Result<LayerArcs, CsrError> {
        self.emit_before(NONE);
        self.offsets.resize(self.owners + 1, self.targets.len() as u64);
        // Room was made for what both sides show.
        self.targets.shrink_to_fit();
        let weights = (!self.weights.is_empty()).then_some(self.weights);
        let arcs = Csr::from_parts(self.offsets, self.targets, weights)?;
        let RowBuilder { layer, counts, last_days, .. } = self;
        Ok(LayerArcs { layer, arcs, counts, last_days })
    }
}

/// The arcs of all rows, in their order: the other way round.
pub fn dense_arcs(layer: &LayerArcs) -> impl Iterator<Item = DenseArc> + '_ {
    let arcs = &layer.arcs;
    (0..arcs.nodes() as u32).flat_map(move |source| {
        arcs.range(source).map(move |at| DenseArc {
            source,
            target: arcs.targets()[at],
            count: layer.counts.get(at).copied().unwrap_or(0),
            last_day: layer.last_days.get(at).copied().unwrap_or_default(),
            weight: arcs.weights().map_or(1.0, |weights| weights[at]),
        })
    })
}

/// Takes the arcs of a source off the front.
fn take_row<'a>(arcs: &mut &'a [DenseArc], source: u32) -> &'a [DenseArc] {
    let (row, rest) = arcs.split_at(arcs.iter().take_while(|arc| arc.source == source).count());
    *arcs = rest;
    row
}

/// Both sorted rows as one; of two arcs to one target, the first row's.
fn union(first: &[DenseArc], second: &[DenseArc]) -> Vec<DenseArc> {
    let mut arcs = Vec::with_capacity(first.len() + second.len());
    let (mut first, mut second) = (first.iter().peekable(), second.iter().peekable());
    loop {
        match (first.peek().copied(), second.peek().copied()) {
            (Some(a), Some(b)) if a.target > b.target => arcs.extend(second.next()),
            (Some(a), Some(b)) => {
                second.next_if(|_| a.target == b.target);
                arcs.extend(first.next());
            }
            (None, None) => return arcs,
            _ => arcs.extend(first.next().or_else(|| second.next())),
        }
    }
}

/// Adds an arc to another one of the same ends: weights and counts add up, the later day stays.
fn add_same(later: &mut DenseArc, kept: &mut DenseArc) -> bool {
    let same = later.target == kept.target;
    if same {
        kept.count = kept.count.saturating_add(later.count);
        kept.last_day = kept.last_day.max(later.last_day);
        kept.weight += later.weight;
    }
    same
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arc(source: u32, target: u32, count: u32, weight: f32) -> DenseArc {
        DenseArc { source, target, count, last_day: Day(1), weight }
    }

    /// The rows as arcs.
    fn rows(layer: &LayerArcs) -> Vec<DenseArc> {
        dense_arcs(layer).collect()
    }

    #[test]
    fn the_attending_sides_view_of_an_arc_stays() {
        let mut builder = RowBuilder::new(Layer::Mention, &[0, 1, 2], 3, 9);
        builder.add(0, &[], &[arc(0, 1, 1, 1.0)]);
        builder.add(1, &[arc(1, 0, 5, 2.0)], &[arc(1, 0, 9, 3.0), arc(1, 2, 1, 1.0)]);
        let layer = builder.finish().unwrap();
        assert_eq!(rows(&layer), [arc(0, 1, 1, 1.0), arc(1, 0, 5, 2.0), arc(1, 2, 1, 1.0)]);
    }

    #[test]
    fn the_profiles_of_a_person_attend_as_one() {
        // Sources 0 and 3 are one person, the second by its last source; 2 is vacant.
        let mut builder = RowBuilder::new(Layer::Reply, &[1, 0, NONE, 1, 2], 3, 9);
        builder.add(0, &[arc(0, 1, 1, 1.0), arc(0, 3, 1, 1.0)], &[]);
        builder.add(1, &[arc(1, 0, 2, 1.0), arc(1, 2, 1, 1.0), arc(1, 3, 1, 1.0)], &[]);
        builder.add(3, &[arc(3, 1, 2, 1.0)], &[]);
        builder.add(4, &[], &[arc(4, 1, 1, 1.0)]);
        let layer = builder.finish().unwrap();
        let wanted = [arc(0, 1, 3, 2.0), arc(1, 0, 3, 2.0), arc(2, 0, 1, 1.0)];
        assert_eq!(rows(&layer), wanted);
    }
}
