//! One block: what it says of its people.

use graph::nearby::{AttentionRow, PersonFact};
use model::PersonId;
use model::index::{PersonIndex, RunPerson};

use super::columns::{FactColumns, IdColumns, RowColumns, pack, unpack};
use super::row_block::{BlockError, BlockExtent, RowBlock};
use super::section::RowSection;

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
            PersonBlock::Rows(rows) => rows.memory_bytes(),
            PersonBlock::Facts(_, facts) => size_of::<PersonFact>() * facts.len(),
            PersonBlock::Ids(_, ids) => size_of::<PersonId>() * ids.len(),
            PersonBlock::Places(_, places) => size_of::<PersonIndex>() * places.len(),
        }
    }
}
