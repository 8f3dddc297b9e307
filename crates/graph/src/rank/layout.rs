//! The partition-centric layout of a graph for walks (PCPM: Lakhotia, Kannan, Prasanna 2018).
//!
//! People are cut into blocks of 2^16. A source sends one message to each block that holds a target
//! of it, so a cache line of its rank is touched once for the block, not once for each arc; within
//! a block sums stay near. Between two blocks, messages are in runs by their number of arcs: along
//! a run the loop over a message's arcs has one length, and no branch is mispredicted. That is ours.
//!
//! Memory: 2 B/arc and 2 B/message; 4 B/arc more with weights; 32 B for each pair of blocks that has
//! an arc, at most `32 · min(arcs, (people / 2^16)²)` B however many people there are; 12 B/run, of
//! which a pair of blocks with n arcs has √(2n) at most. While it is built, each thread holds 16 B for
//! each number of arcs up to the longest message to each block.

use std::ops::Range;

use rayon::prelude::*;

use crate::csr::Csr;

/// People in a block; a place within one takes 16 bits.
pub(super) const BLOCK: usize = 1 << 16;

/// The arcs as messages between blocks.
#[derive(Debug)]
pub(crate) struct Layout {
    /// Number of people.
    pub(super) nodes: usize,
    /// Where the messages that leave each block start, and their number at the end.
    message_starts: Vec<usize>,
    /// Sources within their block, by source block, target block, number of arcs, source.
    senders: Vec<u16>,
    /// Targets within their block, in the order of their messages.
    targets: Vec<u16>,
    /// Weights beside the targets.
    weights: Option<Vec<f32>>,
    /// Messages by their number of arcs, in the order of messages.
    runs: Vec<Run>,
    /// What arrives, target block by target block, in the order of the source blocks.
    cells: Vec<Cell>,
    /// Where the cells of each target block start, and their number at the end.
    cell_starts: Vec<usize>,
}

/// A place in the arrays of messages and arcs.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    message: usize,
    arc: usize,
}

/// Messages from one block to another that have the same number of arcs.
#[derive(Debug, Clone, Copy)]
struct Run {
    /// The target block.
    to: u32,
    /// Arcs of each message, 1 to 2^16.
    arcs: u32,
    messages: u32,
}

/// What one block sends to another, at least one arc.
#[derive(Debug, Clone, Default)]
struct Cell {
    /// Where it begins.
    start: Place,
    runs: Range<usize>,
}

/// Parts of the arrays that belong to one source block.
struct Part<'a> {
    senders: &'a mut [u16],
    targets: &'a mut [u16],
    weights: Option<&'a mut [f32]>,
}

/// What is done along the messages between two blocks, one after another. All is
/// `#[inline(always)]`, so that it is compiled for each length of its own.
trait Along {
    /// Does it for the next messages: those of `N` arcs each, given as places within the target
    /// block, and weights if there are any.
    fn fixed<const N: usize>(&mut self, targets: &[[u16; N]], weights: Option<&[[f32; N]]>);

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
        let counts: Vec<Vec<Run>> = (0..blocks)
            .into_par_iter()
            .map_init(|| vec![Vec::new(); blocks], |tables, block| count(arcs, block, tables))
            .collect();
        let message_starts = starts(counts.iter().map(|runs| messages_of(runs)));
        let (cells, cell_starts) = cells(&counts);
        let mut layout = Layout {
            nodes,
            senders: vec![0; message_starts.last().copied().unwrap_or(0)],
            targets: vec![0; arcs.arcs()],
            weights: arcs.weights().map(|weights| vec![0.0; weights.len()]),
            runs: counts.concat(),
            message_starts,
            cells,
            cell_starts,
        };
        let parts = layout.parts(arcs, &counts);
        parts.into_par_iter().zip(&counts).enumerate().for_each_init(
            || vec![Vec::new(); blocks],
            |places, (block, (part, runs))| {
                place(runs, places);
                part.fill(arcs, block, places);
            },
        );
        layout
    }

    /// The arrays cut by source block. A block's arcs lie where they lie in `arcs`.
    fn parts(&mut self, arcs: &Csr, counts: &[Vec<Run>]) -> Vec<Part<'_>> {
        let (mut senders, mut targets) = (self.senders.as_mut_slice(), self.targets.as_mut_slice());
        let mut weights = self.weights.as_deref_mut();
        let cut = counts.iter().enumerate().map(|(block, runs)| {
            let rows = people(self.nodes, block);
            let length = (arcs.offsets()[rows.end] - arcs.offsets()[rows.start]) as usize;
            Part {
                senders: take(&mut senders, messages_of(runs)),
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
            + size_of::<Run>() * self.runs.len()
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

    /// Adds the messages to `block` into `sums`, source block by source block, run by run.
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
        let (targets, runs) = (&self.targets[cell.start.arc..], &self.runs[cell.runs.clone()]);
        // Apart, so that nobody looks for weights where there are none.
        match &self.weights {
            None => Rest { targets, weights: None }.along(runs, does),
            Some(weights) => {
                Rest { targets, weights: Some(&weights[cell.start.arc..]) }.along(runs, does);
            }
        }
    }
}

impl Rest<'_> {
    #[inline(always)]
    fn along(mut self, runs: &[Run], does: &mut impl Along) {
        for &run in runs {
            let arcs = self.next(run.all_arcs());
            match run.arcs {
                1 => arcs.fixed::<1>(does),
                2 => arcs.fixed::<2>(does),
                3 => arcs.fixed::<3>(does),
                4 => arcs.fixed::<4>(does),
                5 => arcs.fixed::<5>(does),
                6 => arcs.fixed::<6>(does),
                7 => arcs.fixed::<7>(does),
                8 => arcs.fixed::<8>(does),
                many => arcs.messages(many as usize, does),
            }
        }
    }

    /// Messages of `N` arcs each.
    #[inline(always)]
    fn fixed<const N: usize>(self, does: &mut impl Along) {
        does.fixed::<N>(self.targets.as_chunks().0, self.weights.map(|all| all.as_chunks().0));
    }

    /// Messages of so many arcs each.
    #[inline(always)]
    fn messages(mut self, arcs: usize, does: &mut impl Along) {
        while !self.targets.is_empty() {
            let Rest { targets, weights } = self.next(arcs);
            does.message(targets, weights);
        }
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
    fn fixed<const N: usize>(&mut self, targets: &[[u16; N]], weights: Option<&[[f32; N]]>) {
        let (values, values_left) = self.values.split_at(targets.len());
        self.values = values_left;
        // Loops, not `for_each`, which is compiled for the plainest processor.
        let Some(weights) = weights else {
            for (value, targets) in values.iter().zip(targets) {
                add(value, targets, self.sums);
            }
            return;
        };
        for ((value, targets), weights) in values.iter().zip(targets).zip(weights) {
            add_weighted(value, targets, weights, self.sums);
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
    fn fixed<const N: usize>(&mut self, targets: &[[u16; N]], weights: Option<&[[f32; N]]>) {
        let answers = take(&mut self.answers, targets.len()).iter_mut().zip(targets);
        let Some(weights) = weights else {
            for (answer, targets) in answers {
                *answer = sum(self.x, targets);
            }
            return;
        };
        for ((answer, targets), weights) in answers.zip(weights) {
            *answer = sum_weighted(self.x, targets, weights);
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

fn messages_of(runs: &[Run]) -> usize {
    runs.iter().map(|run| run.messages as usize).sum()
}

/// A source's arcs cut by target block.
fn messages(row: &[u32]) -> impl Iterator<Item = (usize, &[u32])> {
    let cut = row.chunk_by(|a, b| *a as usize / BLOCK == *b as usize / BLOCK);
    cut.map(|message| (message[0] as usize / BLOCK, message))
}

/// What `block` sends, by target block and number of arcs. `tables` is scratch: empty, and empty
/// again afterwards.
fn count(arcs: &Csr, block: usize, tables: &mut [Vec<u32>]) -> Vec<Run> {
    for person in people(arcs.nodes(), block) {
        for (to, message) in messages(arcs.row(person as u32)) {
            *of_length(&mut tables[to], message.len()) += 1;
        }
    }
    let mut runs = Vec::new();
    for (to, table) in tables.iter_mut().enumerate() {
        let counted = table.drain(..).zip(1..).filter(|&(messages, _)| messages > 0);
        runs.extend(counted.map(|(messages, arcs)| Run { to: to as u32, arcs, messages }));
    }
    runs
}

/// What a table holds for messages of so many arcs. No table is longer than the arcs it counts.
fn of_length<T: Clone + Default>(table: &mut Vec<T>, arcs: usize) -> &mut T {
    if table.len() < arcs {
        table.resize(arcs, T::default());
    }
    &mut table[arcs - 1]
}

/// The cells by target block, and where each target block's start.
fn cells(counts: &[Vec<Run>]) -> (Vec<Cell>, Vec<usize>) {
    let sent = || counts.iter().flat_map(|runs| runs.chunk_by(|a, b| a.to == b.to));
    let mut sizes = vec![0; counts.len()];
    sent().for_each(|runs| sizes[runs[0].to as usize] += 1);
    let cell_starts = starts(sizes.into_iter());
    let mut next = cell_starts.clone();
    let mut cells = vec![Cell::default(); cell_starts[counts.len()]];
    let (mut start, mut first) = (Place::default(), 0);
    for runs in sent() {
        let next = &mut next[runs[0].to as usize];
        cells[*next] = Cell { start, runs: first..first + runs.len() };
        *next += 1;
        first += runs.len();
        runs.iter().for_each(|&run| start = start.after(run));
    }
    (cells, cell_starts)
}

/// Where the messages to each block start within a source block's part, by their number of arcs.
fn place(runs: &[Run], places: &mut [Vec<Place>]) {
    places.iter_mut().for_each(Vec::clear);
    let mut next = Place::default();
    for &run in runs {
        *of_length(&mut places[run.to as usize], run.arcs as usize) = next;
        next = next.after(run);
    }
}

impl Place {
    /// Where what follows `run` starts, if that starts here.
    fn after(self, run: Run) -> Place {
        Place { message: self.message + run.messages as usize, arc: self.arc + run.all_arcs() }
    }
}

impl Run {
    /// Arcs of all its messages.
    fn all_arcs(self) -> usize {
        self.arcs as usize * self.messages as usize
    }
}

impl Part<'_> {
    fn fill(mut self, arcs: &Csr, block: usize, places: &mut [Vec<Place>]) {
        for person in people(arcs.nodes(), block) {
            let mut weights = arcs.row_weights(person as u32);
            for (to, message) in messages(arcs.row(person as u32)) {
                let length = message.len();
                let place = &mut places[to][length - 1];
                self.senders[place.message] = (person % BLOCK) as u16;
                for (into, &target) in self.targets[place.arc..][..length].iter_mut().zip(message) {
                    *into = (target as usize % BLOCK) as u16;
                }
                if let (Some(into), Some(weights)) = (&mut self.weights, &mut weights) {
                    into[place.arc..][..length].copy_from_slice(&weights[..length]);
                    *weights = &weights[length..];
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
