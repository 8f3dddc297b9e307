//! Messages by the blocks that they go between and by their number of arcs: counted, and given their
//! positions in the arrays of a layout.

use std::ops::Range;

use super::blocks::{BLOCK, people_of, starts};
use crate::csr::Csr;

/// Messages from one block to another that have the same number of arcs.
#[derive(Debug, Clone, Copy)]
pub(super) struct MessageGroup {
    /// The target block.
    pub(super) to: u32,
    /// Arcs of each message, 1 to 2^16.
    pub(super) arcs: u32,
    /// Number of messages.
    pub(super) messages: u32,
}

/// A position in the arrays of messages and arcs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LayoutOffset {
    pub(super) message: usize,
    pub(super) arc: usize,
}

/// The messages from one block to another, at least one.
#[derive(Debug, Clone, Default)]
pub(super) struct BlockPair {
    /// Where they begin.
    pub(super) start: LayoutOffset,
    /// Their groups.
    pub(super) groups: Range<usize>,
}

/// The pairs of blocks that have a message.
pub(super) struct BlockPairs {
    /// By target block, then by source block.
    pub(super) pairs: Vec<BlockPair>,
    /// Where the pairs of each target block start, and their number at the end.
    pub(super) starts: Vec<usize>,
}

impl MessageGroup {
    /// Arcs of all its messages.
    pub(super) fn all_arcs(self) -> usize {
        self.arcs as usize * self.messages as usize
    }
}

impl LayoutOffset {
    /// Where the next group starts, if `group` starts here.
    fn after(self, group: MessageGroup) -> LayoutOffset {
        LayoutOffset {
            message: self.message + group.messages as usize,
            arc: self.arc + group.all_arcs(),
        }
    }
}

/// A part of a source's arcs: those to one target block.
pub(super) struct BlockMessage<'a> {
    /// The target block.
    pub(super) to: usize,
    pub(super) targets: &'a [u32],
}

/// A source's arcs cut by target block.
pub(super) fn messages_of(row: &[u32]) -> impl Iterator<Item = BlockMessage<'_>> {
    let cut = row.chunk_by(|a, b| *a as usize / BLOCK == *b as usize / BLOCK);
    cut.map(|targets| BlockMessage { to: targets[0] as usize / BLOCK, targets })
}

/// Number of messages in these groups.
pub(super) fn count_messages(groups: &[MessageGroup]) -> usize {
    groups.iter().map(|group| group.messages as usize).sum()
}

/// The groups of messages that `block` sends, by target block and number of arcs. `tables` is
/// scratch: empty before and after.
pub(super) fn groups_of(arcs: &Csr, block: usize, tables: &mut [Vec<u32>]) -> Vec<MessageGroup> {
    for person in people_of(arcs.nodes(), block) {
        for message in messages_of(arcs.row(person as u32)) {
            *of_length(&mut tables[message.to], message.targets.len()) += 1;
        }
    }
    let mut groups = Vec::new();
    for (to, table) in tables.iter_mut().enumerate() {
        let counted = table.drain(..).zip(1..).filter(|&(messages, _)| messages > 0);
        groups.extend(counted.map(|(messages, arcs)| MessageGroup {
            to: to as u32,
            arcs,
            messages,
        }));
    }
    groups
}

/// The entry of a table for messages with this number of arcs. No table is longer than the arcs it
/// counts.
fn of_length<T: Clone + Default>(table: &mut Vec<T>, arcs: usize) -> &mut T {
    if table.len() < arcs {
        table.resize(arcs, T::default());
    }
    &mut table[arcs - 1]
}

/// The pairs of blocks, from the groups that each source block sends.
pub(super) fn block_pairs(sent: &[Vec<MessageGroup>]) -> BlockPairs {
    let by_pair = || sent.iter().flat_map(|groups| groups.chunk_by(|a, b| a.to == b.to));
    let mut sizes = vec![0; sent.len()];
    by_pair().for_each(|groups| sizes[groups[0].to as usize] += 1);
    let starts = starts(sizes.into_iter());
    let mut next = starts.clone();
    let mut pairs = vec![BlockPair::default(); starts[sent.len()]];
    let (mut start, mut first) = (LayoutOffset::default(), 0);
    for groups in by_pair() {
        let next = &mut next[groups[0].to as usize];
        pairs[*next] = BlockPair { start, groups: first..first + groups.len() };
        *next += 1;
        first += groups.len();
        groups.iter().for_each(|&group| start = start.after(group));
    }
    BlockPairs { pairs, starts }
}

/// Where the messages to each block start within a source block's part, by their number of arcs.
pub(super) fn offsets_of(groups: &[MessageGroup], offsets: &mut [Vec<LayoutOffset>]) {
    offsets.iter_mut().for_each(Vec::clear);
    let mut next = LayoutOffset::default();
    for &group in groups {
        *of_length(&mut offsets[group.to as usize], group.arcs as usize) = next;
        next = next.after(group);
    }
}
