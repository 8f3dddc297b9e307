//! Values ↔ the columns of a block.

use graph::nearby::{PersonFact, ShareCode};
use model::index::PersonIndex;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::row_block::{BlockError, BlockExtent, RowBlock};
use crate::shard::{unzigzag, zigzag};

const ZSTD_LEVEL: i32 = 3;

/// The most bytes that columns take for a person and for an arc, and beside them.
const PERSON_BYTES_MAX: u64 = 16;
const ARC_BYTES_MAX: u64 = 6;
const COLUMNS_BYTES_MAX: u64 = 64;

/// Codes of residue shares for each halving.
const RESIDUES_PER_HALF: f64 = 2_048.0;

/// The rows of some people.
#[derive(Serialize, Deserialize)]
pub(super) struct RowColumns {
    degrees: Vec<u32>,
    /// As in a shard.
    gaps: Vec<u32>,
    shares: Vec<ShareCode>,
}

/// What searches have to know of some people.
#[derive(Serialize, Deserialize)]
pub(super) struct FactColumns {
    arcs: Vec<u32>,
    /// 0 for none, else one more than a logarithm.
    residue_shares: Vec<u16>,
    unlisted: Vec<bool>,
}

/// Ids, as zigzag distances from the one before.
#[derive(Serialize, Deserialize)]
pub(super) struct IdColumns {
    distances: Vec<u64>,
}

impl RowColumns {
    pub(super) fn of(block: &RowBlock) -> RowColumns {
        let people = block.people();
        let mut gaps = Vec::with_capacity(block.arcs());
        for person in people.clone().map(PersonIndex::new) {
            let row = block.row(person).people;
            let Some(first) = row.first() else { continue };
            gaps.push(zigzag(first.number().wrapping_sub(person.number())));
            gaps.extend(row.windows(2).map(|pair| pair[1].number() - pair[0].number() - 1));
        }
        let degree = |person| block.row(PersonIndex::new(person)).people.len() as u32;
        RowColumns { degrees: people.map(degree).collect(), gaps, shares: block.shares().to_vec() }
    }

    /// The rows, if they are of the extent's people and each ascends.
    pub(super) fn rows(self, extent: &BlockExtent) -> Result<RowBlock, BlockError> {
        let arcs: u64 = self.degrees.iter().map(|&degree| u64::from(degree)).sum();
        let lengths = [self.gaps.len(), self.shares.len()];
        if self.degrees.len() != extent.len()
            || arcs != u64::from(extent.arcs)
            || lengths.iter().any(|&length| length as u64 != arcs)
        {
            return Err(BlockError::Misfit("degrees"));
        }
        let mut people = Vec::with_capacity(self.gaps.len());
        let (mut offsets, mut rest) = (vec![0], self.gaps.as_slice());
        for (person, &degree) in (extent.first..extent.end).zip(&self.degrees) {
            let (row, others) = rest.split_at(degree as usize);
            rest = others;
            take_row(person, row, extent.people, &mut people).ok_or(BlockError::Misfit("gaps"))?;
            offsets.push(people.len() as u32);
        }
        Ok(RowBlock::new(extent.first, offsets, people, self.shares))
    }
}

/// Adds the people that gaps lead to; `None` if they do not ascend, leave the run or have the person itself.
fn take_row(person: u32, gaps: &[u32], end: u32, people: &mut Vec<PersonIndex>) -> Option<()> {
    let Some((&first, gaps)) = gaps.split_first() else { return Some(()) };
    let mut other = person.wrapping_add(unzigzag(first));
    let mut is_valid = other != person;
    people.push(PersonIndex::new(other));
    for &gap in gaps {
        other = other.checked_add(gap)?.checked_add(1)?;
        is_valid &= other != person;
        people.push(PersonIndex::new(other));
    }
    (is_valid && other < end).then_some(())
}

impl FactColumns {
    pub(super) fn of(facts: &[PersonFact]) -> FactColumns {
        FactColumns {
            arcs: facts.iter().map(|fact| fact.arcs).collect(),
            residue_shares: facts.iter().map(|fact| residue_code(fact.residue_share)).collect(),
            unlisted: facts.iter().map(|fact| !fact.listed).collect(),
        }
    }

    pub(super) fn facts(self, extent: &BlockExtent) -> Result<Vec<PersonFact>, BlockError> {
        let lengths = [self.arcs.len(), self.residue_shares.len(), self.unlisted.len()];
        if lengths.iter().any(|&length| length != extent.len()) {
            return Err(BlockError::Misfit("facts"));
        }
        let columns = self.arcs.into_iter().zip(self.residue_shares).zip(self.unlisted);
        let facts = columns.map(|((arcs, code), unlisted)| PersonFact {
            arcs,
            residue_share: residue_share(code),
            listed: !unlisted,
        });
        Ok(facts.collect())
    }
}

/// A residue share in two bytes, to 0.02 %; what is below 2⁻³² counts as that.
fn residue_code(share: f32) -> u16 {
    if share <= 0.0 {
        return 0;
    }
    let code = 1.0 - f64::from(share).log2() * RESIDUES_PER_HALF;
    code.round().clamp(1.0, f64::from(u16::MAX)) as u16
}

fn residue_share(code: u16) -> f32 {
    let exponent = |code: u16| (1.0 - f64::from(code)) / RESIDUES_PER_HALF;
    if code == 0 { 0.0 } else { exponent(code).exp2() as f32 }
}

impl IdColumns {
    pub(super) fn of(ids: impl Iterator<Item = u64>) -> IdColumns {
        let mut before = 0u64;
        let distance = |id: u64| {
            let distance = id.wrapping_sub(before) as i64;
            before = id;
            ((distance << 1) ^ (distance >> 63)) as u64
        };
        IdColumns { distances: ids.map(distance).collect() }
    }

    pub(super) fn ids(self, extent: &BlockExtent) -> Result<Vec<u64>, BlockError> {
        if self.distances.len() != extent.len() {
            return Err(BlockError::Misfit("ids"));
        }
        let id = |before: &mut u64, distance: u64| {
            let distance = (distance >> 1) ^ (distance & 1).wrapping_neg();
            *before = before.wrapping_add(distance);
            Some(*before)
        };
        Ok(self.distances.into_iter().scan(0, id).collect())
    }
}

/// The bytes of columns.
pub(super) fn pack<T: Serialize>(columns: &T) -> Vec<u8> {
    let plain = postcard::to_stdvec(columns).expect("numbers can be written");
    zstd::bulk::compress(&plain, ZSTD_LEVEL).expect("bytes in memory can be packed")
}

/// The columns of bytes.
pub(super) fn unpack<T: DeserializeOwned>(
    packed: &[u8],
    extent: &BlockExtent,
) -> Result<T, BlockError> {
    let most = u64::from(extent.arcs) * ARC_BYTES_MAX
        + extent.len() as u64 * PERSON_BYTES_MAX
        + COLUMNS_BYTES_MAX;
    let size = zstd::zstd_safe::get_frame_content_size(packed).ok().flatten();
    let size = size.filter(|&size| size <= most).ok_or(BlockError::Misfit("size"))?;
    let plain = zstd::bulk::decompress(packed, size as usize);
    let plain = plain.map_err(|error| BlockError::Broken(error.to_string()))?;
    let read = postcard::take_from_bytes(&plain);
    let (columns, rest) = read.map_err(|error| BlockError::Broken(error.to_string()))?;
    if rest.is_empty() { Ok(columns) } else { Err(BlockError::Misfit("length")) }
}
