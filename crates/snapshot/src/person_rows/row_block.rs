//! The rows of one block, and what all blocks have.

use std::ops::Range;

use graph::nearby::{AttentionRow, ShareCode};
use model::index::PersonIndex;

/// Whose block it is, as the index says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BlockExtent {
    /// The first person.
    pub(super) first: u32,
    /// One past the last person.
    pub(super) end: u32,
    /// How many people the run has.
    pub(super) people: u32,
    /// How many arcs there are.
    pub(super) arcs: u32,
}

impl BlockExtent {
    pub(super) const fn len(&self) -> usize {
        (self.end - self.first) as usize
    }
}

/// Why bytes are not a block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// They are not those that the index names.
    #[error("the hash of a block does not fit")]
    OtherBytes,
    /// They cannot be unpacked.
    #[error("broken block: {0}")]
    Broken(String),
    /// The numbers do not fit together.
    #[error("broken block: its {0} do not fit")]
    Misfit(&'static str),
}

/// The rows of some people: 5 B an arc and 4 B a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowBlock {
    first: u32,
    /// Where each row begins, and where the last one ends.
    offsets: Vec<u32>,
    people: Vec<PersonIndex>,
    shares: Vec<ShareCode>,
}

impl RowBlock {
    pub(super) const fn new(
        first: u32,
        offsets: Vec<u32>,
        people: Vec<PersonIndex>,
        shares: Vec<ShareCode>,
    ) -> RowBlock {
        RowBlock { first, offsets, people, shares }
    }

    /// A block of no one, from the person `first` on.
    pub(super) fn empty(first: u32) -> RowBlock {
        RowBlock::new(first, vec![0], Vec::new(), Vec::new())
    }

    /// Adds an arc of the next person.
    pub(super) fn push_arc(&mut self, other: u32, share: ShareCode) {
        self.people.push(PersonIndex::new(other));
        self.shares.push(share);
    }

    /// Ends the next person's row.
    pub(super) fn end_row(&mut self) {
        self.offsets.push(self.people.len() as u32);
    }

    /// The numbers of its people.
    pub fn people(&self) -> Range<u32> {
        self.first..self.first + self.offsets.len() as u32 - 1
    }

    /// How many arcs it has.
    pub const fn arcs(&self) -> usize {
        self.people.len()
    }

    /// About how much memory it takes.
    pub(super) const fn memory_bytes(&self) -> usize {
        5 * self.people.len() + 4 * self.offsets.len()
    }

    pub(super) fn shares(&self) -> &[ShareCode] {
        &self.shares
    }

    /// The row of one of its people.
    pub fn row(&self, person: PersonIndex) -> AttentionRow<'_> {
        let at = (person.number() - self.first) as usize;
        let range = self.offsets[at] as usize..self.offsets[at + 1] as usize;
        AttentionRow { people: &self.people[range.clone()], shares: &self.shares[range] }
    }
}
