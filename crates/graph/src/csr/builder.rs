//! Graphs built row by row, in parallel.

use rayon::prelude::*;

use super::rows::Csr;

/// Rows made at a time.
const BLOCK: usize = 4096;

/// Some rows of a graph, made one after another.
#[derive(Debug, Default)]
pub(crate) struct RowBuilder {
    ends: Vec<u64>,
    targets: Vec<u32>,
    weights: Vec<f32>,
    weighted: bool,
}

impl RowBuilder {
    /// Adds an arc to the last row.
    #[inline]
    pub(crate) fn push(&mut self, target: u32, weight: f32) {
        self.targets.push(target);
        if self.weighted {
            self.weights.push(weight);
        }
    }
}

fn join(nodes: usize, weighted: bool, blocks: Vec<RowBuilder>) -> Csr {
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

impl Csr {
    /// The graph whose rows `each` builds, person by person; every row must ascend. Memory: the
    /// result and one block of rows, since blocks are freed as they are joined.
    pub(crate) fn from_each(
        nodes: usize,
        weighted: bool,
        each: impl Fn(u32, &mut RowBuilder) + Sync,
    ) -> Csr {
        let block = |block: usize| {
            let mut rows = RowBuilder { weighted, ..RowBuilder::default() };
            for person in block * BLOCK..nodes.min((block + 1) * BLOCK) {
                each(person as u32, &mut rows);
                rows.ends.push(rows.targets.len() as u64);
            }
            rows
        };
        let blocks: Vec<RowBuilder> =
            (0..nodes.div_ceil(BLOCK)).into_par_iter().map(block).collect();
        join(nodes, weighted, blocks)
    }
}
