//! One block: what it says of its people.

use std::ops::Range;

use graph::nearby::{AttentionRow, PersonFact, ShareCode};
use model::PersonId;
use model::index::{PersonIndex, RunPerson};

use super::columns::{FactColumns, IdColumns, RowColumns, pack, unpack};
use super::index::RowSection;

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

/// A block of any section.
#[derive(Debug, Clone, PartialEq)]
pub enum PersonBlock {
    /// Of given or received.
    Rows(RowBlock),
    /// Of facts: the first person's number, and the facts from there on.
    Facts(u32, Vec<PersonFact>),
    /// Of ids.
    Ids(u32, Vec<PersonId>),
    /// Of places.
    Places(u32, Vec<PersonIndex>),
}

impl PersonBlock {
    /// The block as bytes.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            PersonBlock::Rows(rows) => pack(&RowColumns::of(rows)),
            PersonBlock::Facts(_, facts) => pack(&FactColumns::of(facts)),
            PersonBlock::Ids(_, ids) => pack(&IdColumns::of(ids.iter().map(|id| id.number()))),
            PersonBlock::Places(_, places) => {
                pack(&IdColumns::of(places.iter().map(|place| place.number().into())))
            }
        }
    }

    pub(super) fn decode(
        section: RowSection,
        extent: &BlockExtent,
        bytes: &[u8],
    ) -> Result<PersonBlock, BlockError> {
        let first = extent.first;
        Ok(match section {
            RowSection::Given | RowSection::Received => {
                PersonBlock::Rows(unpack::<RowColumns>(bytes, extent)?.rows(extent)?)
            }
            RowSection::Facts => {
                PersonBlock::Facts(first, unpack::<FactColumns>(bytes, extent)?.facts(extent)?)
            }
            RowSection::Ids => {
                let ids = unpack::<IdColumns>(bytes, extent)?.ids(extent)?;
                PersonBlock::Ids(first, ids.into_iter().map(PersonId::new).collect())
            }
            RowSection::Places => {
                let places = unpack::<IdColumns>(bytes, extent)?.ids(extent)?;
                let place = |place: u64| {
                    let place = u32::try_from(place).ok().filter(|&place| place < extent.people);
                    place.map(PersonIndex::new).ok_or(BlockError::Misfit("places"))
                };
                PersonBlock::Places(first, places.into_iter().map(place).collect::<Result<_, _>>()?)
            }
        })
    }

    /// The row of one of its people, if it is a block of rows.
    pub fn row(&self, person: PersonIndex) -> Option<AttentionRow<'_>> {
        match self {
            PersonBlock::Rows(rows) => Some(rows.row(person)),
            _ => None,
        }
    }

    /// What it says of one of its people, if it is a block of facts.
    pub fn fact(&self, person: PersonIndex) -> Option<PersonFact> {
        match self {
            PersonBlock::Facts(first, facts) => {
                facts.get(person.number().checked_sub(*first)? as usize).copied()
            }
            _ => None,
        }
    }

    /// The id of one of its people, if it is a block of ids.
    pub fn id(&self, person: PersonIndex) -> Option<PersonId> {
        match self {
            PersonBlock::Ids(first, ids) => {
                ids.get(person.number().checked_sub(*first)? as usize).copied()
            }
            _ => None,
        }
    }

    /// Which number a person of the served tables has, if it is a block of places.
    pub fn place(&self, person: RunPerson) -> Option<PersonIndex> {
        match self {
            PersonBlock::Places(first, places) => {
                places.get(person.number().checked_sub(*first)? as usize).copied()
            }
            _ => None,
        }
    }

    /// About how much memory it takes.
    pub fn memory_bytes(&self) -> usize {
        match self {
            PersonBlock::Rows(rows) => 5 * rows.people.len() + 4 * rows.offsets.len(),
            PersonBlock::Facts(_, facts) => size_of::<PersonFact>() * facts.len(),
            PersonBlock::Ids(_, ids) => size_of::<PersonId>() * ids.len(),
            PersonBlock::Places(_, places) => size_of::<PersonIndex>() * places.len(),
        }
    }
}
