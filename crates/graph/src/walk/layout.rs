//! The partition-centric layout of a graph for walks (PCPM: Lakhotia, Kannan, Prasanna 2018).
//!
//! People are cut into blocks of 2^16. A source sends one message to each block in which it has a
//! target, so a cache line of its rank is read once for the block, not once for each arc; within a
//! block sums stay near. Between two blocks, messages are grouped by their number of arcs: within a
//! group the loop over a message's arcs has one length, and no branch is mispredicted. The groups are
//! ours.
//!
//! Memory: 2 B/arc and 2 B/message; 4 B/arc more with weights; 32 B for each pair of blocks that has
//! an arc, at most `32 · min(arcs, (people / 2^16)²)` B for any number of people; 12 B/group, of which
//! a pair of blocks with n arcs has √(2n) at most. While it is built, each thread holds 16 B for each
//! number of arcs up to the longest message to each block.

use std::ops::Range;

use rayon::prelude::*;

use super::blocks::{BLOCK, people_of, split_front, starts};
use super::groups::{
    BlockPair, BlockPairs, LayoutOffset, MessageGroup, block_pairs, count_messages, groups_of,
    messages_of, offsets_of,
};
use super::visit::{GatherVisitor, MessageVisitor, RemainingArcs, ScatterVisitor};
use crate::csr::Csr;

/// The arcs as messages between blocks.
#[derive(Debug)]
pub(crate) struct BlockLayout {
    /// Number of people.
    nodes: usize,
    /// Where the messages that leave each block start, and their number at the end.
    message_starts: Vec<usize>,
    /// Sources within their block, by source block, target block, number of arcs, source.
    senders: Vec<u16>,
    /// Targets within their block, in the order of their messages.
    targets: Vec<u16>,
    /// Weights beside the targets.
    weights: Option<Vec<f32>>,
    /// Messages by their number of arcs, in the order of messages.
    groups: Vec<MessageGroup>,
    /// Pairs of blocks, target block by target block, in the order of the source blocks.
    pairs: Vec<BlockPair>,
    /// Where the pairs of each target block start, and their number at the end.
    pair_starts: Vec<usize>,
}

/// The messages that leave one block.
pub(super) struct SentMessages<'a> {
    /// Their numbers.
    pub(super) range: Range<usize>,
    /// Their sources, within the block.
    pub(super) senders: &'a [u16],
}

/// Parts of the arrays that belong to one source block.
struct SourceBlock<'a> {
    senders: &'a mut [u16],
    targets: &'a mut [u16],
    weights: Option<&'a mut [f32]>,
}

impl BlockLayout {
    /// Cuts `arcs` into blocks: counts, then fills each block's part in place. Time O(arcs +
    /// blocks²) without copies.
    pub(crate) fn new(arcs: &Csr) -> BlockLayout {
        let nodes = arcs.nodes();
        let blocks = nodes.div_ceil(BLOCK);
        let sent: Vec<Vec<MessageGroup>> = (0..blocks)
            .into_par_iter()
            .map_init(|| vec![Vec::new(); blocks], |tables, block| groups_of(arcs, block, tables))
            .collect();
        let message_starts = starts(sent.iter().map(|groups| count_messages(groups)));
        let BlockPairs { pairs, starts: pair_starts } = block_pairs(&sent);
        let mut layout = BlockLayout {
            nodes,
            senders: vec![0; message_starts.last().copied().unwrap_or(0)],
            targets: vec![0; arcs.arcs()],
            weights: arcs.weights().map(|weights| vec![0.0; weights.len()]),
            groups: sent.concat(),
            message_starts,
            pairs,
            pair_starts,
        };
        let blocks_mut = layout.source_blocks(arcs, &sent);
        blocks_mut.into_par_iter().zip(&sent).enumerate().for_each_init(
            || vec![Vec::new(); blocks],
            |offsets, (block, (arrays, groups))| {
                offsets_of(groups, offsets);
                arrays.fill(arcs, block, offsets);
            },
        );
        layout
    }

    /// The arrays cut by source block. A block's arcs have the same range as in `arcs`.
    fn source_blocks(&mut self, arcs: &Csr, sent: &[Vec<MessageGroup>]) -> Vec<SourceBlock<'_>> {
        let (mut senders, mut targets) = (self.senders.as_mut_slice(), self.targets.as_mut_slice());
        let mut weights = self.weights.as_deref_mut();
        let cut = sent.iter().enumerate().map(|(block, groups)| {
            let rows = people_of(self.nodes, block);
            let length = (arcs.offsets()[rows.end] - arcs.offsets()[rows.start]) as usize;
            SourceBlock {
                senders: split_front(&mut senders, count_messages(groups)),
                targets: split_front(&mut targets, length),
                weights: weights.as_mut().map(|weights| split_front(weights, length)),
            }
        });
        cut.collect()
    }

    /// Number of people.
    pub(super) fn nodes(&self) -> usize {
        self.nodes
    }

    /// Number of messages.
    pub(super) fn messages(&self) -> usize {
        self.senders.len()
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        size_of::<usize>() * (self.message_starts.len() + self.pair_starts.len())
            + size_of::<BlockPair>() * self.pairs.len()
            + size_of::<MessageGroup>() * self.groups.len()
            + 2 * (self.senders.len() + self.targets.len())
            + 4 * self.weights.as_ref().map_or(0, Vec::len)
    }

    /// The messages that leave `block`.
    pub(super) fn sent_by(&self, block: usize) -> SentMessages<'_> {
        let range = self.message_starts[block]..self.message_starts[block + 1];
        SentMessages { senders: &self.senders[range.clone()], range }
    }

    /// The messages to each block, cut by the block that they come from.
    pub(super) fn by_receiver<'a, T>(&self, messages: &'a mut [T]) -> Vec<Vec<&'a mut [T]>> {
        let mut order: Vec<usize> = (0..self.pairs.len()).collect();
        order.sort_unstable_by_key(|&pair| self.pairs[pair].start.message);
        let ends = order.iter().skip(1).map(|&pair| self.pairs[pair].start.message);
        let ends: Vec<usize> = ends.chain([messages.len()]).collect();
        let mut rest = messages;
        let mut parts: Vec<&mut [T]> = order.iter().map(|_| Default::default()).collect();
        for (&pair, end) in order.iter().zip(ends) {
            parts[pair] = split_front(&mut rest, end - self.pairs[pair].start.message);
        }
        let mut parts = parts.into_iter();
        let sizes = self.pair_starts.windows(2).map(|pair| pair[1] - pair[0]);
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
        for pair in &self.pairs[self.pair_starts[block]..self.pair_starts[block + 1]] {
            let values = &values[pair.start.message..];
            self.visit(pair, &mut ScatterVisitor { values, sums });
        }
    }

    /// Sums `values` of the people of `block` over the arcs of each message to it; `messages` are those
    /// of [`BlockLayout::by_receiver`].
    #[inline(always)]
    pub(super) fn reply<const K: usize>(
        &self,
        block: usize,
        values: &[[f32; K]],
        messages: Vec<&mut [[f32; K]]>,
    ) {
        let pairs = &self.pairs[self.pair_starts[block]..self.pair_starts[block + 1]];
        for (pair, sums) in pairs.iter().zip(messages) {
            self.visit(pair, &mut GatherVisitor { values, sums });
        }
    }

    /// Visits the messages between two blocks.
    #[inline(always)]
    fn visit(&self, pair: &BlockPair, visitor: &mut impl MessageVisitor) {
        let targets = &self.targets[pair.start.arc..];
        let groups = &self.groups[pair.groups.clone()];
        // Two calls, so that the loops without weights do not test for them.
        match &self.weights {
            None => RemainingArcs { targets, weights: None }.visit(groups, visitor),
            Some(weights) => {
                let weights = Some(&weights[pair.start.arc..]);
                RemainingArcs { targets, weights }.visit(groups, visitor);
            }
        }
    }
}

impl SourceBlock<'_> {
    fn fill(mut self, arcs: &Csr, block: usize, offsets: &mut [Vec<LayoutOffset>]) {
        for person in people_of(arcs.nodes(), block) {
            let mut weights = arcs.row_weights(person as u32);
            for message in messages_of(arcs.row(person as u32)) {
                let length = message.targets.len();
                let offset = &mut offsets[message.to][length - 1];
                self.senders[offset.message] = (person % BLOCK) as u16;
                let targets = &mut self.targets[offset.arc..][..length];
                for (into, &target) in targets.iter_mut().zip(message.targets) {
                    *into = (target as usize % BLOCK) as u16;
                }
                if let (Some(into), Some(weights)) = (&mut self.weights, &mut weights) {
                    into[offset.arc..][..length].copy_from_slice(&weights[..length]);
                    *weights = &weights[length..];
                }
                offset.message += 1;
                offset.arc += length;
            }
        }
    }
}
