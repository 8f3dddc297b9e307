//! The partition-centric layout of a graph for walks (PCPM: Lakhotia, Kannan, Prasanna 2018).
//!
//! People are cut into blocks of 2^15. A source sends one message to each block that holds a target
//! of it, so a cache line of its rank is touched once for the block, not once for each arc; within
//! a block sums stay in the second-level cache. Targets take 15 bits, the 16th marks the first arc
//! of a message.
//!
//! Memory: 2 B/arc and 2 B/message; 4 B/arc more with weights; 24 B for each pair of blocks that has
//! an arc, so at most `24 · min(arcs, (people / 2^15)²)` B however many people there are.

use std::ops::Range;

use rayon::prelude::*;

use crate::csr::Csr;

/// People in a block.
pub(super) const BLOCK: usize = 1 << 15;

/// Marks the first target of a message.
const FIRST: u16 = 1 << 15;

/// The arcs as messages between blocks.
#[derive(Debug)]
pub(crate) struct Layout {
    /// Number of people.
    pub(super) nodes: usize,
    /// Where the messages that leave each block start, and their number at the end.
    message_starts: Vec<usize>,
    /// Sources within their block, by source block, target block, source.
    senders: Vec<u16>,
    /// Targets within their block, in the order of their messages.
    targets: Vec<u16>,
    /// Weights beside the targets.
    weights: Option<Vec<f32>>,
    /// What arrives, target block by target block, in the order of the source blocks.
    cells: Vec<Cell>,
    /// Where the cells of each target block start, and their number at the end.
    cell_starts: Vec<usize>,
}

/// What one block sends to another, at least one arc.
#[derive(Debug, Clone, Default)]
struct Cell {
    /// Its first message.
    message: usize,
    /// Its arcs.
    arcs: Range<usize>,
}

/// How much one block sends to another.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    block: usize,
    messages: usize,
    arcs: usize,
}

/// Parts of the arrays that belong to one source block.
struct Part<'a> {
    senders: &'a mut [u16],
    targets: &'a mut [u16],
    weights: Option<&'a mut [f32]>,
}

impl Layout {
    /// Cuts `arcs` into blocks: counts, then fills each block's part in place. Time O(arcs +
    /// blocks²) without copies.
    pub(crate) fn new(arcs: &Csr) -> Layout {
        let nodes = arcs.nodes();
        let blocks = nodes.div_ceil(BLOCK);
        let counts: Vec<Vec<Count>> = (0..blocks)
            .into_par_iter()
            .map_init(|| vec![Count::default(); blocks], |all, block| count(arcs, block, all))
            .collect();
        let message_starts =
            starts(counts.iter().map(|to| to.iter().map(|count| count.messages).sum()));
        let messages = message_starts.last().copied().unwrap_or(0);
        let (cells, cell_starts) = cells(&counts);
        let mut layout = Layout {
            nodes,
            senders: vec![0; messages],
            targets: vec![0; arcs.arcs()],
            weights: arcs.weights().map(|weights| vec![0.0; weights.len()]),
            message_starts,
            cells,
            cell_starts,
        };
        let parts = layout.parts(arcs);
        parts.into_par_iter().zip(&counts).enumerate().for_each_init(
            || vec![(0, 0); blocks],
            |places, (block, (part, counts))| {
                place(counts, places);
                part.fill(arcs, block, places);
            },
        );
        layout
    }

    /// The arrays cut by source block. A block's arcs lie where they lie in `arcs`.
    fn parts(&mut self, arcs: &Csr) -> Vec<Part<'_>> {
        let (mut senders, mut targets) = (self.senders.as_mut_slice(), self.targets.as_mut_slice());
        let mut weights = self.weights.as_deref_mut();
        let messages = self.message_starts.windows(2).map(|pair| pair[1] - pair[0]);
        let cut = messages.enumerate().map(|(block, messages)| {
            let rows = people(self.nodes, block);
            let length = (arcs.offsets()[rows.end] - arcs.offsets()[rows.start]) as usize;
            Part {
                senders: take(&mut senders, messages),
                targets: take(&mut targets, length),
                weights: weights.as_mut().map(|weights| take(weights, length)),
            }
        });
        cut.collect()
    }

    /// Number of messages.
    pub(super) fn messages(&self) -> usize {
        self.senders.len()
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        size_of::<usize>() * (self.message_starts.len() + self.cell_starts.len())
            + size_of::<Cell>() * self.cells.len()
            + 2 * (self.senders.len() + self.targets.len())
            + 4 * self.weights.as_ref().map_or(0, Vec::len)
    }

    /// The messages that leave `block`, and their sources within it.
    pub(super) fn sent_by(&self, block: usize) -> (Range<usize>, &[u16]) {
        let sent = self.message_starts[block]..self.message_starts[block + 1];
        (sent.clone(), &self.senders[sent])
    }

    /// The messages to each block, cut by the block that they come from.
    pub(super) fn by_receiver<'a, T>(&self, messages: &'a mut [T]) -> Vec<Vec<&'a mut [T]>> {
        let mut order: Vec<usize> = (0..self.cells.len()).collect();
        order.sort_unstable_by_key(|&cell| self.cells[cell].message);
        let ends = order.iter().skip(1).map(|&cell| self.cells[cell].message);
        let ends: Vec<usize> = ends.chain([messages.len()]).collect();
        let mut rest = messages;
        let mut parts: Vec<&mut [T]> = order.iter().map(|_| Default::default()).collect();
        for (&cell, end) in order.iter().zip(ends) {
            parts[cell] = take(&mut rest, end - self.cells[cell].message);
        }
        let mut parts = parts.into_iter();
        let sizes = self.cell_starts.windows(2).map(|pair| pair[1] - pair[0]);
        sizes.map(|size| parts.by_ref().take(size).collect()).collect()
    }

    /// Adds the messages to `block` into `sums`, in the order of their sources.
    #[inline(always)]
    pub(super) fn receive<const K: usize>(
        &self,
        block: usize,
        values: &[[f32; K]],
        sums: &mut [[f64; K]],
    ) {
        let sums = sums.first_chunk_mut().expect("there is room for a block");
        for cell in &self.cells[self.cell_starts[block]..self.cell_starts[block + 1]] {
            let (values, targets) = (&values[cell.message..], &self.targets[cell.arcs.clone()]);
            match &self.weights {
                None => add(values, targets, sums),
                Some(weights) => add_weighted(values, targets, &weights[cell.arcs.clone()], sums),
            }
        }
    }

    /// Sums `x` of the people of `block` over the arcs of each message to it; `answers` are those of
    /// [`Layout::by_receiver`].
    #[inline(always)]
    pub(super) fn answer<const K: usize>(
        &self,
        block: usize,
        x: &[[f32; K]],
        answers: Vec<&mut [[f32; K]]>,
    ) {
        let cells = &self.cells[self.cell_starts[block]..self.cell_starts[block + 1]];
        for (cell, answers) in cells.iter().zip(answers) {
            answers.fill([0.0; K]);
            let targets = &self.targets[cell.arcs.clone()];
            match &self.weights {
                None => sum(x, targets, std::iter::repeat(&1.0), answers),
                Some(weights) => sum(x, targets, &weights[cell.arcs.clone()], answers),
            }
        }
    }
}

#[inline(always)]
fn sum<'a, const K: usize>(
    x: &[[f32; K]],
    targets: &[u16],
    weights: impl IntoIterator<Item = &'a f32>,
    answers: &mut [[f32; K]],
) {
    let mut message = usize::MAX;
    for (&target, &weight) in targets.iter().zip(weights) {
        message = message.wrapping_add(usize::from(target >> 15));
        let (answer, x) = (&mut answers[message], &x[usize::from(target & !FIRST)]);
        for lane in 0..K {
            answer[lane] += weight * x[lane];
        }
    }
}

#[inline(always)]
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

#[inline(always)]
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

/// What `block` sends, by target block. `all` is scratch: zeroes, and zeroes again afterwards.
fn count(arcs: &Csr, block: usize, all: &mut [Count]) -> Vec<Count> {
    for person in people(arcs.nodes(), block) {
        let mut last = usize::MAX;
        for &target in arcs.row(person as u32) {
            let to = target as usize / BLOCK;
            all[to].messages += usize::from(to != last);
            all[to].arcs += 1;
            last = to;
        }
    }
    let counted = all.iter().enumerate().filter(|(_, count)| count.arcs > 0);
    let counted = counted.map(|(block, count)| Count { block, ..*count }).collect();
    all.fill(Count::default());
    counted
}

/// The cells by target block, and where each target block's start.
fn cells(counts: &[Vec<Count>]) -> (Vec<Cell>, Vec<usize>) {
    let mut sizes = vec![0; counts.len()];
    counts.iter().flatten().for_each(|count| sizes[count.block] += 1);
    let cell_starts = starts(sizes.into_iter());
    let mut next = cell_starts.clone();
    let mut cells = vec![Cell::default(); counts.iter().map(Vec::len).sum()];
    let (mut message, mut arc) = (0, 0);
    for count in counts.iter().flatten() {
        cells[next[count.block]] = Cell { message, arcs: arc..arc + count.arcs };
        next[count.block] += 1;
        message += count.messages;
        arc += count.arcs;
    }
    (cells, cell_starts)
}

/// Where the messages and arcs to each block start within a source block's part.
fn place(counts: &[Count], places: &mut [(usize, usize)]) {
    let (mut message, mut arc) = (0, 0);
    for count in counts {
        places[count.block] = (message, arc);
        message += count.messages;
        arc += count.arcs;
    }
}

impl Part<'_> {
    fn fill(mut self, arcs: &Csr, block: usize, places: &mut [(usize, usize)]) {
        for person in people(arcs.nodes(), block) {
            let weights = arcs.row_weights(person as u32);
            let mut last = usize::MAX;
            for (at, &target) in arcs.row(person as u32).iter().enumerate() {
                let to = target as usize / BLOCK;
                let (message, arc) = &mut places[to];
                let mut local = (target as usize % BLOCK) as u16;
                if to != last {
                    self.senders[*message] = (person % BLOCK) as u16;
                    *message += 1;
                    local |= FIRST;
                    last = to;
                }
                self.targets[*arc] = local;
                if let (Some(into), Some(weights)) = (&mut self.weights, weights) {
                    into[*arc] = weights[at];
                }
                *arc += 1;
            }
        }
    }
}

/// The people of a block.
pub(super) fn people(nodes: usize, block: usize) -> Range<usize> {
    block * BLOCK..((block + 1) * BLOCK).min(nodes)
}

/// Cuts the first `count` off.
pub(super) fn take<'a, T>(rest: &mut &'a mut [T], count: usize) -> &'a mut [T] {
    let (part, tail) = std::mem::take(rest).split_at_mut(count);
    *rest = tail;
    part
}

fn starts(counts: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut starts = vec![0];
    starts.extend(counts.scan(0, |sum, count| {
        *sum += count;
        Some(*sum)
    }));
    starts
}
