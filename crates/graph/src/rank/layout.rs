//! The partition-centric layout of a graph for walks (PCPM: Lakhotia, Kannan, Prasanna 2018).
//!
//! People are cut into blocks of 2^16. A source sends one message to each block that holds a target
//! of it, so a cache line of its rank is touched once for the block, not once for each arc; within
//! a block sums stay near. Between two blocks, messages are in groups by their number of arcs: along
//! a group the loop over a message's arcs has a fixed length, and no branch is mispredicted. That
//! is ours.
//!
//! Memory: 2 B/arc and 2 B/message; 4 B/arc more with weights; 64 B for each pair of blocks that has
//! an arc, so at most `64 · min(arcs, (people / 2^16)²)` B however many people there are.

use std::ops::Range;

use rayon::prelude::*;

use crate::csr::Csr;

/// People in a block; a place within one takes 16 bits.
pub(super) const BLOCK: usize = 1 << 16;

/// Groups of messages between two blocks: those of 1 to 8 arcs, and those of more.
const GROUPS: usize = 9;

/// The arcs as messages between blocks.
#[derive(Debug)]
pub(crate) struct Layout {
    /// Number of people.
    pub(super) nodes: usize,
    /// Where the messages that leave each block start, and their number at the end.
    message_starts: Vec<usize>,
    /// Sources within their block, by source block, target block, group, source.
    senders: Vec<u16>,
    /// Targets within their block, in the order of their messages.
    targets: Vec<u16>,
    /// Weights beside the targets.
    weights: Option<Vec<f32>>,
    /// How many arcs, less one, each message of the last group has, in the order of messages.
    lengths: Vec<u16>,
    /// What arrives, target block by target block, in the order of the source blocks.
    cells: Vec<Cell>,
    /// Where the cells of each target block start, and their number at the end.
    cell_starts: Vec<usize>,
}

/// A place in the arrays of messages, arcs and lengths.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    message: usize,
    arc: usize,
    length: usize,
}

/// What one block sends to another, at least one arc.
#[derive(Debug, Clone, Default)]
struct Cell {
    /// Where it begins.
    start: Place,
    /// Messages of each group.
    groups: [u32; GROUPS],
}

/// How much one block sends to another.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    block: usize,
    arcs: usize,
    groups: [u32; GROUPS],
}

/// Parts of the arrays that belong to one source block.
struct Part<'a> {
    senders: &'a mut [u16],
    targets: &'a mut [u16],
    weights: Option<&'a mut [f32]>,
    lengths: &'a mut [u16],
}

/// What is done along the messages between two blocks, one after another. All is
/// `#[inline(always)]`, so that it is compiled for each length of its own.
trait Along {
    /// Does it for the next messages: those of `N` arcs each, given as places within the target
    /// block, and weights if there are any.
    fn group<const N: usize>(&mut self, targets: &[[u16; N]], weights: Option<&[[f32; N]]>);

    /// The same for one message of any number of arcs.
    fn message(&mut self, targets: &[u16], weights: Option<&[f32]>);
}

/// Adds messages to the sums of their targets.
struct Add<'a, const K: usize> {
    values: &'a [[f32; K]],
    sums: &'a mut [[f64; K]; BLOCK],
}

/// Sums what targets have for each message.
struct Sum<'a, const K: usize> {
    x: &'a [[f32; K]],
    answers: &'a mut [[f32; K]],
}

/// Arcs of a cell that are still to be gone along.
struct Rest<'a> {
    targets: &'a [u16],
    weights: Option<&'a [f32]>,
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
        let messages = |to: &Vec<Count>| to.iter().map(Count::messages).sum();
        let message_starts = starts(counts.iter().map(messages));
        let (cells, cell_starts) = cells(&counts);
        let mut layout = Layout {
            nodes,
            senders: vec![0; message_starts.last().copied().unwrap_or(0)],
            targets: vec![0; arcs.arcs()],
            weights: arcs.weights().map(|weights| vec![0.0; weights.len()]),
            lengths: vec![0; counts.iter().flatten().map(Count::long).sum()],
            message_starts,
            cells,
            cell_starts,
        };
        let parts = layout.parts(arcs, &counts);
        parts.into_par_iter().zip(&counts).enumerate().for_each_init(
            || vec![[Place::default(); GROUPS]; blocks],
            |places, (block, (part, counts))| {
                place(counts, places);
                part.fill(arcs, block, places);
            },
        );
        layout
    }

    /// The arrays cut by source block. A block's arcs lie where they lie in `arcs`.
    fn parts(&mut self, arcs: &Csr, counts: &[Vec<Count>]) -> Vec<Part<'_>> {
        let (mut senders, mut targets) = (self.senders.as_mut_slice(), self.targets.as_mut_slice());
        let (mut weights, mut lengths) = (self.weights.as_deref_mut(), self.lengths.as_mut_slice());
        let cut = counts.iter().enumerate().map(|(block, counts)| {
            let rows = people(self.nodes, block);
            let length = (arcs.offsets()[rows.end] - arcs.offsets()[rows.start]) as usize;
            Part {
                senders: take(&mut senders, counts.iter().map(Count::messages).sum()),
                targets: take(&mut targets, length),
                weights: weights.as_mut().map(|weights| take(weights, length)),
                lengths: take(&mut lengths, counts.iter().map(Count::long).sum()),
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
            + 2 * (self.senders.len() + self.targets.len() + self.lengths.len())
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
        order.sort_unstable_by_key(|&cell| self.cells[cell].start.message);
        let ends = order.iter().skip(1).map(|&cell| self.cells[cell].start.message);
        let ends: Vec<usize> = ends.chain([messages.len()]).collect();
        let mut rest = messages;
        let mut parts: Vec<&mut [T]> = order.iter().map(|_| Default::default()).collect();
        for (&cell, end) in order.iter().zip(ends) {
            parts[cell] = take(&mut rest, end - self.cells[cell].start.message);
        }
        let mut parts = parts.into_iter();
        let sizes = self.cell_starts.windows(2).map(|pair| pair[1] - pair[0]);
        sizes.map(|size| parts.by_ref().take(size).collect()).collect()
    }

    /// Adds the messages to `block` into `sums`, source block by source block, group by group.
    #[inline(always)]
    pub(super) fn receive<const K: usize>(
        &self,
        block: usize,
        values: &[[f32; K]],
        sums: &mut [[f64; K]],
    ) {
        let sums = sums.first_chunk_mut().expect("there is room for a block");
        for cell in &self.cells[self.cell_starts[block]..self.cell_starts[block + 1]] {
            self.along(cell, &mut Add { values: &values[cell.start.message..], sums });
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
            self.along(cell, &mut Sum { x, answers });
        }
    }

    /// Goes along the messages of a cell.
    #[inline(always)]
    fn along(&self, cell: &Cell, does: &mut impl Along) {
        let Place { arc, length, .. } = cell.start;
        let (targets, lengths) = (&self.targets[arc..], &self.lengths[length..]);
        // Apart, so that nobody looks for weights where there are none.
        match &self.weights {
            None => Rest { targets, weights: None }.along(cell, lengths, does),
            Some(weights) => {
                Rest { targets, weights: Some(&weights[arc..]) }.along(cell, lengths, does);
            }
        }
    }
}

impl Rest<'_> {
    #[inline(always)]
    fn along(mut self, cell: &Cell, lengths: &[u16], does: &mut impl Along) {
        let [one, two, three, four, five, six, seven, eight, long] = cell.groups;
        self.group::<1>(one, does);
        self.group::<2>(two, does);
        self.group::<3>(three, does);
        self.group::<4>(four, does);
        self.group::<5>(five, does);
        self.group::<6>(six, does);
        self.group::<7>(seven, does);
        self.group::<8>(eight, does);
        for &length in &lengths[..long as usize] {
            let Rest { targets, weights } = self.next(usize::from(length) + 1);
            does.message(targets, weights);
        }
    }

    /// So many messages of `N` arcs.
    #[inline(always)]
    fn group<const N: usize>(&mut self, messages: u32, does: &mut impl Along) {
        let Rest { targets, weights } = self.next(messages as usize * N);
        does.group::<N>(targets.as_chunks().0, weights.map(|weights| weights.as_chunks().0));
    }

    /// So many arcs.
    #[inline(always)]
    fn next(&mut self, arcs: usize) -> Self {
        let (targets, targets_left) = self.targets.split_at(arcs);
        let weights = self.weights.map(|weights| weights.split_at(arcs));
        self.targets = targets_left;
        self.weights = weights.map(|weights| weights.1);
        Rest { targets, weights: weights.map(|weights| weights.0) }
    }
}

impl<const K: usize> Along for Add<'_, K> {
    #[inline(always)]
    fn group<const N: usize>(&mut self, targets: &[[u16; N]], weights: Option<&[[f32; N]]>) {
        let (values, values_left) = self.values.split_at(targets.len());
        self.values = values_left;
        let messages = values.iter().zip(targets);
        match weights {
            None => messages.for_each(|(value, targets)| add(value, targets, self.sums)),
            Some(weights) => messages.zip(weights).for_each(|((value, targets), weights)| {
                add_weighted(value, targets, weights, self.sums);
            }),
        }
    }

    #[inline(always)]
    fn message(&mut self, targets: &[u16], weights: Option<&[f32]>) {
        let (value, values_left) = self.values.split_first().expect("each message has a value");
        self.values = values_left;
        match weights {
            None => add(value, targets, self.sums),
            Some(weights) => add_weighted(value, targets, weights, self.sums),
        }
    }
}

#[inline(always)]
fn add<const K: usize>(value: &[f32; K], targets: &[u16], sums: &mut [[f64; K]; BLOCK]) {
    let value = value.map(f64::from);
    for &target in targets {
        let sum = &mut sums[usize::from(target)];
        for lane in 0..K {
            sum[lane] += value[lane];
        }
    }
}

#[inline(always)]
fn add_weighted<const K: usize>(
    value: &[f32; K],
    targets: &[u16],
    weights: &[f32],
    sums: &mut [[f64; K]; BLOCK],
) {
    let value = value.map(f64::from);
    for (&target, &weight) in targets.iter().zip(weights) {
        let sum = &mut sums[usize::from(target)];
        for lane in 0..K {
            sum[lane] += value[lane] * f64::from(weight);
        }
    }
}

impl<const K: usize> Along for Sum<'_, K> {
    #[inline(always)]
    fn group<const N: usize>(&mut self, targets: &[[u16; N]], weights: Option<&[[f32; N]]>) {
        let answers = take(&mut self.answers, targets.len()).iter_mut().zip(targets);
        match weights {
            None => answers.for_each(|(answer, targets)| *answer = sum(self.x, targets)),
            Some(weights) => answers.zip(weights).for_each(|((answer, targets), weights)| {
                *answer = sum_weighted(self.x, targets, weights);
            }),
        }
    }

    #[inline(always)]
    fn message(&mut self, targets: &[u16], weights: Option<&[f32]>) {
        take(&mut self.answers, 1)[0] = match weights {
            None => sum(self.x, targets),
            Some(weights) => sum_weighted(self.x, targets, weights),
        };
    }
}

#[inline(always)]
fn sum<const K: usize>(x: &[[f32; K]], targets: &[u16]) -> [f32; K] {
    let mut sum = [0.0; K];
    for &target in targets {
        let x = &x[usize::from(target)];
        for lane in 0..K {
            sum[lane] += x[lane];
        }
    }
    sum
}

#[inline(always)]
fn sum_weighted<const K: usize>(x: &[[f32; K]], targets: &[u16], weights: &[f32]) -> [f32; K] {
    let mut sum = [0.0; K];
    for (&target, &weight) in targets.iter().zip(weights) {
        let x = &x[usize::from(target)];
        for lane in 0..K {
            sum[lane] += weight * x[lane];
        }
    }
    sum
}

impl Count {
    fn messages(&self) -> usize {
        self.groups.iter().map(|&messages| messages as usize).sum()
    }

    /// Messages of the last group.
    fn long(&self) -> usize {
        self.groups[GROUPS - 1] as usize
    }
}

/// The group of a message of so many arcs.
fn group(arcs: usize) -> usize {
    arcs.min(GROUPS) - 1
}

/// A source's arcs cut by target block.
fn messages(row: &[u32]) -> impl Iterator<Item = (usize, &[u32])> {
    let cut = row.chunk_by(|a, b| *a as usize / BLOCK == *b as usize / BLOCK);
    cut.map(|message| (message[0] as usize / BLOCK, message))
}

/// What `block` sends, by target block. `all` is scratch: zeroes, and zeroes again afterwards.
fn count(arcs: &Csr, block: usize, all: &mut [Count]) -> Vec<Count> {
    for person in people(arcs.nodes(), block) {
        for (to, message) in messages(arcs.row(person as u32)) {
            all[to].groups[group(message.len())] += 1;
            all[to].arcs += message.len();
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
    let mut start = Place::default();
    for count in counts.iter().flatten() {
        cells[next[count.block]] = Cell { start, groups: count.groups };
        next[count.block] += 1;
        start.message += count.messages();
        start.arc += count.arcs;
        start.length += count.long();
    }
    (cells, cell_starts)
}

/// Where the groups to each block start within a source block's part.
fn place(counts: &[Count], places: &mut [[Place; GROUPS]]) {
    let mut next = Place::default();
    for count in counts {
        let mut arcs_left = count.arcs;
        for (group, &messages) in count.groups.iter().enumerate() {
            places[count.block][group] = next;
            // What is left is that of the last group, whose messages have various lengths.
            let arcs = if group + 1 < GROUPS { messages as usize * (group + 1) } else { arcs_left };
            next.message += messages as usize;
            next.arc += arcs;
            arcs_left -= arcs;
        }
        next.length += count.long();
    }
}

impl Part<'_> {
    fn fill(mut self, arcs: &Csr, block: usize, places: &mut [[Place; GROUPS]]) {
        for person in people(arcs.nodes(), block) {
            let mut weights = arcs.row_weights(person as u32);
            for (to, message) in messages(arcs.row(person as u32)) {
                let length = message.len();
                let place = &mut places[to][group(length)];
                self.senders[place.message] = (person % BLOCK) as u16;
                for (into, &target) in self.targets[place.arc..][..length].iter_mut().zip(message) {
                    *into = (target as usize % BLOCK) as u16;
                }
                if let (Some(into), Some(weights)) = (&mut self.weights, &mut weights) {
                    into[place.arc..][..length].copy_from_slice(&weights[..length]);
                    *weights = &weights[length..];
                }
                if length >= GROUPS {
                    self.lengths[place.length] = (length - 1) as u16;
                    place.length += 1;
                }
                place.message += 1;
                place.arc += length;
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
