//! Graphs from graphs: transposed, symmetrised, relabelled, filtered. All linear in the arcs.

use rayon::prelude::*;

use super::{Csr, CsrError};

impl Csr {
    /// The same arcs by target: row v holds who attends to v. Rows come out sorted, since sources
    /// are visited in ascending order.
    pub fn transpose(&self) -> Csr {
        let nodes = self.nodes();
        let mut offsets = vec![0u64; nodes + 1];
        for &target in &self.targets {
            offsets[target as usize + 1] += 1;
        }
        for row in 0..nodes {
            offsets[row + 1] += offsets[row];
        }
        let mut next = offsets.clone();
        let mut targets = vec![0u32; self.arcs()];
        let mut weights = self.weights.as_ref().map(|_| vec![0f32; self.arcs()]);
        for source in 0..nodes as u32 {
            for arc in self.range(source) {
                let place = &mut next[self.targets[arc] as usize];
                targets[*place as usize] = source;
                if let (Some(to), Some(from)) = (&mut weights, &self.weights) {
                    to[*place as usize] = from[arc];
                }
                *place += 1;
            }
        }
        Csr { offsets, targets, weights }
    }

    /// Arcs in both directions, each weighing w_uv + w_vu. `transposed` must be this graph's
    /// transpose. An unweighted graph becomes a weighted one: mutual arcs weigh 2.
    pub fn symmetrise(&self, transposed: &Csr) -> Csr {
        let ties = Ties { arcs: self, transposed };
        Csr::from_each(self.nodes(), true, |person, rows| {
            ties.each(person, |other, to, from| rows.push(other, to + from));
        })
    }

    /// The arcs for which `keep(source, target, weight)` holds.
    pub fn filter(&self, keep: impl Fn(u32, u32, f32) -> bool + Sync) -> Csr {
        Csr::from_each(self.nodes(), self.weights.is_some(), |source, rows| {
            let kept =
                self.arcs_of(source).filter(|&(target, weight)| keep(source, target, weight));
            kept.for_each(|(target, weight)| rows.push(target, weight));
        })
    }

    /// Gives every person a new number: `new_ids[old] = new`, a permutation of `0..nodes`.
    pub fn relabel(&self, new_ids: &[u32]) -> Result<Csr, CsrError> {
        let old_ids = invert(new_ids, self.nodes())?;
        Ok(Csr::from_each(self.nodes(), self.weights.is_some(), |new, rows| {
            let arcs = self.arcs_of(old_ids[new as usize]);
            let mut row: Vec<(u32, f32)> = arcs.map(|(to, w)| (new_ids[to as usize], w)).collect();
            row.sort_unstable_by_key(|arc| arc.0);
            row.into_iter().for_each(|(target, weight)| rows.push(target, weight));
        }))
    }

    /// The graph whose rows `each` makes, person by person; every row must ascend. Memory: the
    /// result and one block of rows, since blocks are freed as they are joined.
    pub(crate) fn from_each(
        nodes: usize,
        weighted: bool,
        each: impl Fn(u32, &mut Rows) + Sync,
    ) -> Csr {
        let block = |block: usize| {
            let mut rows = Rows { weighted, ..Rows::default() };
            for person in block * BLOCK..nodes.min((block + 1) * BLOCK) {
                each(person as u32, &mut rows);
                rows.ends.push(rows.targets.len() as u64);
            }
            rows
        };
        let blocks: Vec<Rows> = (0..nodes.div_ceil(BLOCK)).into_par_iter().map(block).collect();
        join(nodes, weighted, blocks)
    }
}

/// Arcs seen from both ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ties<'a> {
    /// The arcs.
    pub(crate) arcs: &'a Csr,
    /// Their transpose.
    pub(crate) transposed: &'a Csr,
}

impl Ties<'_> {
    /// Number of people.
    pub(crate) fn nodes(self) -> usize {
        self.arcs.nodes()
    }

    /// Weight of all arcs from and to a person.
    pub(crate) fn strength(self, person: u32) -> f64 {
        self.arcs.strength(person) + self.transposed.strength(person)
    }

    /// Tells each neighbour of a person, ascending, with the weight towards it and the weight from
    /// it, 0 where there is no arc. Time O(degrees).
    #[inline]
    pub(crate) fn each(self, person: u32, mut tell: impl FnMut(u32, f32, f32)) {
        let (to, from) = (self.arcs.row(person), self.transposed.row(person));
        let to_weights = self.arcs.row_weights(person);
        let from_weights = self.transposed.row_weights(person);
        let weight = |weights: Option<&[f32]>, at: usize| weights.map_or(1.0, |all| all[at]);
        let (mut left, mut right) = (0, 0);
        // One place that tells: what is told to is then part of the loop.
        while left < to.len() || right < from.len() {
            let a = to.get(left).copied().unwrap_or(u32::MAX);
            let b = from.get(right).copied().unwrap_or(u32::MAX);
            let there = if a <= b { weight(to_weights, left) } else { 0.0 };
            let back = if b <= a { weight(from_weights, right) } else { 0.0 };
            tell(a.min(b), there, back);
            left += usize::from(a <= b);
            right += usize::from(b <= a);
        }
    }
}

/// Rows made at a time.
const BLOCK: usize = 4096;

/// Rows in the making.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    ends: Vec<u64>,
    targets: Vec<u32>,
    weights: Vec<f32>,
    weighted: bool,
}

impl Rows {
    /// Adds an arc to the row that is being made.
    #[inline]
    pub(crate) fn push(&mut self, target: u32, weight: f32) {
        self.targets.push(target);
        if self.weighted {
            self.weights.push(weight);
        }
    }
}

fn join(nodes: usize, weighted: bool, blocks: Vec<Rows>) -> Csr {
    let arcs = blocks.iter().map(|rows| rows.targets.len()).sum();
    let mut offsets = Vec::with_capacity(nodes + 1);
    offsets.push(0);
    let mut targets: Vec<u32> = Vec::with_capacity(arcs);
    let mut weights = Vec::with_capacity(if weighted { arcs } else { 0 });
    for rows in blocks {
        let first = targets.len() as u64;
        offsets.extend(rows.ends.iter().map(|end| first + end));
        targets.extend_from_slice(&rows.targets);
        weights.extend_from_slice(&rows.weights);
    }
    Csr { offsets, targets, weights: weighted.then_some(weights) }
}

/// The inverse of a permutation of `0..nodes`.
fn invert(new_ids: &[u32], nodes: usize) -> Result<Vec<u32>, CsrError> {
    if new_ids.len() != nodes {
        return Err(CsrError::Offsets { row: new_ids.len() });
    }
    let mut old_ids = vec![u32::MAX; nodes];
    for (old, &new) in new_ids.iter().enumerate() {
        match old_ids.get_mut(new as usize) {
            Some(slot) if *slot == u32::MAX => *slot = old as u32,
            _ => return Err(CsrError::PersonOutside { arc: old, person: new, nodes }),
        }
    }
    Ok(old_ids)
}
