//! Where each block is.

use model::index::{PersonIndex, RunPerson};
use serde::{Deserialize, Serialize};

use super::FORMAT;
use super::block::PersonBlock;
use super::row_block::{BlockError, BlockExtent};
use super::section::RowSection;

/// How many people a block of the sections with one value for each has.
pub(super) const BLOCK_PEOPLE: u32 = 4_096;

/// The leading bytes of a block's hash that the index keeps.
const HASH_BYTES: usize = 8;

/// One block of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockId {
    /// Its section.
    pub section: RowSection,
    /// Its number in there.
    pub number: u32,
}

/// A sealed block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredBlock {
    /// The part that it is in.
    pub(super) part: u32,
    /// Where it begins there.
    pub(super) offset: u32,
    pub(super) bytes: u32,
    /// Its arcs; 0 in sections without.
    pub(super) arcs: u32,
    pub(super) hash: [u8; HASH_BYTES],
}

impl StoredBlock {
    pub(super) fn hash(bytes: &[u8]) -> [u8; HASH_BYTES] {
        let mut short = [0; HASH_BYTES];
        short.copy_from_slice(&blake3::hash(bytes).as_bytes()[..HASH_BYTES]);
        short
    }
}

/// The blocks of a section.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SectionIndex {
    /// The first person of each block; none where all have the same size.
    pub(super) firsts: Vec<u32>,
    pub(super) blocks: Vec<StoredBlock>,
}

/// What a section takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SectionSize {
    /// How many blocks it has.
    pub blocks: usize,
    /// The bytes of all.
    pub bytes: u64,
    /// The arcs of all.
    pub arcs: u64,
}

/// The sealed index of a run's person rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowIndex {
    format: u32,
    people: u32,
    sections: Vec<SectionIndex>,
}

impl RowIndex {
    /// Sections in the order of [`RowSection::ALL`].
    pub(super) const fn new(people: u32, sections: Vec<SectionIndex>) -> RowIndex {
        RowIndex { format: FORMAT, people, sections }
    }

    /// The format of the blocks.
    pub const fn format(&self) -> u32 {
        self.format
    }

    /// How many people the run has.
    pub const fn people(&self) -> u32 {
        self.people
    }

    /// What a section takes.
    pub fn size(&self, section: RowSection) -> SectionSize {
        let blocks = &self.section(section).blocks;
        SectionSize {
            blocks: blocks.len(),
            bytes: blocks.iter().map(|block| u64::from(block.bytes)).sum(),
            arcs: blocks.iter().map(|block| u64::from(block.arcs)).sum(),
        }
    }

    /// The block that says something of a person; `None` for a number that the run does not have.
    pub fn block(&self, section: RowSection, person: PersonIndex) -> Option<BlockId> {
        let (person, firsts) = (person.number(), &self.section(section).firsts);
        let number = match section.has_arcs() {
            true => firsts.partition_point(|&first| first <= person).checked_sub(1)? as u32,
            false => person / BLOCK_PEOPLE,
        };
        (person < self.people).then_some(BlockId { section, number })
    }

    /// The block that says which number a person of the served tables has here.
    pub fn place_block(&self, person: RunPerson) -> Option<BlockId> {
        self.block(RowSection::Places, PersonIndex::new(person.number()))
    }

    fn section(&self, section: RowSection) -> &SectionIndex {
        &self.sections[section as usize]
    }

    pub(super) fn place(&self, block: BlockId) -> StoredBlock {
        self.section(block.section).blocks[block.number as usize]
    }

    /// Whose block it is.
    fn extent(&self, block: BlockId) -> BlockExtent {
        let (section, at) = (self.section(block.section), block.number as usize);
        let first_of = |at: usize| match block.section.has_arcs() {
            true => section.firsts.get(at).copied().unwrap_or(self.people),
            false => (at as u64 * u64::from(BLOCK_PEOPLE)).min(self.people.into()) as u32,
        };
        let arcs = section.blocks[at].arcs;
        BlockExtent { first: first_of(at), end: first_of(at + 1), people: self.people, arcs }
    }

    /// About how much memory a block takes, before it is read.
    pub fn memory_bytes(&self, block: BlockId) -> usize {
        let extent = self.extent(block);
        8 * extent.len() + 5 * extent.arcs as usize
    }

    /// Reads the bytes of a block.
    ///
    /// # Errors
    /// That they are not the block's.
    pub fn decode(&self, block: BlockId, bytes: &[u8]) -> Result<PersonBlock, BlockError> {
        if self.place(block).hash != StoredBlock::hash(bytes) {
            return Err(BlockError::OtherBytes);
        }
        PersonBlock::decode(block.section, &self.extent(block), bytes)
    }

    /// Whether the blocks of each section are of all people, one after another.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        if self.sections.len() != RowSection::ALL.len() {
            return Err("it has other sections");
        }
        for section in RowSection::ALL {
            let SectionIndex { firsts, blocks } = self.section(section);
            let ascending = firsts.windows(2).all(|pair| pair[0] < pair[1]);
            let begins = firsts.first().is_none_or(|&first| first == 0);
            let ends = firsts.last().is_none_or(|&last| last < self.people);
            let wanted = match section.has_arcs() {
                true if firsts.is_empty() => (self.people > 0).into(),
                true => firsts.len(),
                false => self.people.div_ceil(BLOCK_PEOPLE) as usize,
            };
            if !ascending || !begins || !ends || blocks.len() != wanted {
                return Err("its blocks do not follow each other");
            }
        }
        Ok(())
    }
}
