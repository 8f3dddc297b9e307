//! The partition-centric layout of a graph for walks (PCPM: Lakhotia, Kannan, Prasanna 2018).
//!
//! People are cut into blocks of 2^15. A source sends one message to each block that holds a target
//! of it, so a cache line of its rank is touched once for the block, not once for each arc; within
//! a block sums stay in the second-level cache. Targets take 15 bits, the 16th marks the first arc
//! of a message: 2 B/arc, 6 B/message (source and value), 4 B/arc more with weights.

use rayon::prelude::*;

use crate::csr::Csr;

/// People in a block.
pub(super) const BLOCK: usize = 1 << 15;

/// Marks the first target of a message.
const FIRST: u16 = 1 << 15;

/// The arcs as messages between blocks.
#[derive(Debug)]
pub(super) struct Layout {
    /// Number of people.
    pub(super) nodes: usize,
    /// Number of blocks.
    pub(super) blocks: usize,
    /// Where the messages of (source block, target block) start, source block by source block.
    message_starts: Vec<u64>,
    /// Where the arcs of (target block, source block) start, target block by target block.
    arc_starts: Vec<u64>,
    /// Sources within their block, beside the messages.
    senders: Vec<u16>,
    /// Targets within their block.
    targets: Vec<u16>,
    /// Weights beside the targets.
    weights: Option<Vec<f32>>,
}

/// The messages and arcs that leave one block of sources, by target block.
#[derive(Default)]
struct Outgoing {
    message_counts: Vec<u64>,
    arc_counts: Vec<u64>,
    senders: Vec<Vec<u16>>,
    targets: Vec<Vec<u16>>,
    weights: Vec<Vec<f32>>,
}

impl Layout {
    /// Cuts `arcs` into blocks. Time O(arcs), memory twice the result for a moment.
    pub(super) fn new(arcs: &Csr) -> Layout {
        let nodes = arcs.nodes();
        let blocks = nodes.div_ceil(BLOCK);
        let outgoing: Vec<Outgoing> =
            (0..blocks).into_par_iter().map(|block| Outgoing::new(arcs, block, blocks)).collect();
        let message_starts =
            starts(outgoing.iter().flat_map(|from| from.message_counts.iter().copied()));
        let across =
            (0..blocks).flat_map(|to| outgoing.iter().map(move |from| from.arc_counts[to]));
        let arc_starts = starts(across);
        let senders = outgoing.iter().flat_map(|from| from.senders.iter().flatten()).copied();
        let senders = senders.collect();
        let to_block = |block| outgoing.iter().map(move |from: &Outgoing| &from.targets[block]);
        let targets = (0..blocks).flat_map(to_block).flatten().copied().collect();
        let weights_to = |block| outgoing.iter().map(move |from: &Outgoing| &from.weights[block]);
        let weights = (!arcs.is_unweighted())
            .then(|| (0..blocks).flat_map(weights_to).flatten().copied().collect());
        Layout { nodes, blocks, message_starts, arc_starts, senders, targets, weights }
    }

    /// Number of messages.
    pub(super) fn messages(&self) -> usize {
        self.senders.len()
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        8 * (self.message_starts.len() + self.arc_starts.len())
            + 2 * (self.senders.len() + self.targets.len())
            + 4 * self.weights.as_ref().map_or(0, Vec::len)
    }

    /// The messages that leave a block, as a range of all.
    pub(super) fn sent_by(&self, block: usize) -> std::ops::Range<usize> {
        let (first, end) = (block * self.blocks, (block + 1) * self.blocks);
        self.message_starts[first] as usize..self.message_starts[end] as usize
    }

    /// Sources within their block of the messages that leave it.
    pub(super) fn senders(&self, block: usize) -> &[u16] {
        &self.senders[self.sent_by(block)]
    }

    /// Adds the messages to `block` into `sums`, in the order of their sources.
    pub(super) fn receive<const K: usize>(
        &self,
        block: usize,
        values: &[[f32; K]],
        sums: &mut [[f64; K]; BLOCK],
    ) {
        for from in 0..self.blocks {
            let message = from * self.blocks + block;
            let messages =
                self.message_starts[message] as usize..self.message_starts[message + 1] as usize;
            let arc = block * self.blocks + from;
            let arcs = self.arc_starts[arc] as usize..self.arc_starts[arc + 1] as usize;
            let (values, targets) = (&values[messages], &self.targets[arcs.clone()]);
            match &self.weights {
                None => add(values, targets, sums),
                Some(weights) => add_weighted(values, targets, &weights[arcs], sums),
            }
        }
    }
}

#[inline]
fn add<const K: usize>(values: &[[f32; K]], targets: &[u16], sums: &mut [[f64; K]; BLOCK]) {
    let mut message = usize::MAX;
    for &target in targets {
        message = message.wrapping_add(usize::from(target >> 15));
        let (sum, value) = (&mut sums[usize::from(target & !FIRST)], &values[message]);
        for lane in 0..K {
            sum[lane] += f64::from(value[lane]);
        }
    }
}

#[inline]
fn add_weighted<const K: usize>(
    values: &[[f32; K]],
    targets: &[u16],
    weights: &[f32],
    sums: &mut [[f64; K]; BLOCK],
) {
    let mut message = usize::MAX;
    for (&target, &weight) in targets.iter().zip(weights) {
        message = message.wrapping_add(usize::from(target >> 15));
        let (sum, value) = (&mut sums[usize::from(target & !FIRST)], &values[message]);
        for lane in 0..K {
            sum[lane] += f64::from(value[lane]) * f64::from(weight);
        }
    }
}

impl Outgoing {
    fn new(arcs: &Csr, block: usize, blocks: usize) -> Outgoing {
        let people = block * BLOCK..((block + 1) * BLOCK).min(arcs.nodes());
        let mut arc_counts = vec![0u64; blocks];
        let mut message_counts = vec![0u64; blocks];
        for person in people.clone() {
            for run in runs(arcs.row(person as u32)) {
                arc_counts[run.0] += run.1.len() as u64;
                message_counts[run.0] += 1;
            }
        }
        let mut out = Outgoing {
            senders: reserve(&message_counts),
            targets: reserve(&arc_counts),
            weights: if arcs.is_unweighted() {
                vec![Vec::new(); blocks]
            } else {
                reserve(&arc_counts)
            },
            message_counts,
            arc_counts,
        };
        for person in people {
            out.append(arcs, person, person % BLOCK);
        }
        out
    }

    fn append(&mut self, arcs: &Csr, person: usize, local: usize) {
        let (row, weights) = (arcs.row(person as u32), arcs.row_weights(person as u32));
        for (block, run) in runs(row) {
            self.senders[block].push(local as u16);
            let targets = &mut self.targets[block];
            let first = targets.len();
            targets.extend(row[run.clone()].iter().map(|&to| (to as usize % BLOCK) as u16));
            targets[first] |= FIRST;
            if let Some(weights) = weights {
                self.weights[block].extend_from_slice(&weights[run]);
            }
        }
    }
}

fn reserve<T: Clone>(counts: &[u64]) -> Vec<Vec<T>> {
    counts.iter().map(|&count| Vec::with_capacity(count as usize)).collect()
}

/// The runs of a sorted row that lie in one block each.
fn runs(row: &[u32]) -> impl Iterator<Item = (usize, std::ops::Range<usize>)> + '_ {
    let mut start = 0;
    std::iter::from_fn(move || {
        let block = *row.get(start)? as usize / BLOCK;
        let length = row[start..].iter().take_while(|&&to| to as usize / BLOCK == block).count();
        let run = start..start + length;
        start += length;
        Some((block, run))
    })
}

fn starts(counts: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut starts = vec![0];
    starts.extend(counts.scan(0, |sum, count| {
        *sum += count;
        Some(*sum)
    }));
    starts
}
