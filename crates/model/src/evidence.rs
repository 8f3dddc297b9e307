//! The evidence for people's attention in one community, and the packed form in which it is stored.
//!
//! Attention is a fixed point: `score = restart + rest + damping · Σ attention · share`, summed
//! over the contributors named here; `rest` is what all others bring together. So whoever reads
//! the evidence can recompute the score, within a part in a million.
//!
//! Whoever attends to many contributes to many, so the stored form has what it gives once: the
//! community's *givers*, [`GIVER_BYTES`] each (person, attention, share for each unit of an arc's
//! weight), those who give most first. The evidence of [`BLOCK`] people who stand side by side is
//!
//! ```text
//! 2 · damping · for each of them: 0, or 1 + k · restart · rest · k × (weight · n · n × gap)
//! ```
//!
//! where the arcs of one weight name their givers by ascending differences, plus one. Numbers are
//! [varints](crate::varint), the others little-endian `f32`. The scores stand with the
//! [memberships](crate::membership).

use serde::{Deserialize, Serialize};

use crate::varint::{self, VarintError};

/// How many people share a block: those at the places `64 b` and up by attention.
pub const BLOCK: usize = 64;

/// The size of one packed giver.
pub const GIVER_BYTES: usize = 12;

/// One person's attention that reaches the subject.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contributor {
    /// The contributor's number within the run.
    pub person: u32,
    /// Its own attention in the community: a share of the whole.
    pub attention: f32,
    /// The share of its attention that it gives to the subject.
    pub share: f32,
}

/// Why a person has its attention in a community.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// How much of its attention each passes on (α).
    pub damping: f32,
    /// The attention that is explained: a share of the whole.
    pub score: f32,
    /// The part that comes from the restart, damping already applied.
    pub restart: f32,
    /// The part that comes from contributors not named, damping already applied, with what the
    /// walk's tolerance and rounding leave: it makes the sum the served score.
    pub rest: f32,
    /// The effective number of arcs that the score rests on.
    pub support: f32,
    /// Those who bring the most, the largest first.
    pub contributors: Vec<Contributor>,
}

/// Somebody who gives attention in a community.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Giver {
    /// Its number within the run.
    pub person: u32,
    /// Its own attention in the community: a share of the whole.
    pub attention: f32,
    /// The share of its attention that goes along an arc, for each unit of the arc's weight.
    pub unit: f32,
}

/// An arc to the subject.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gift {
    /// The place of the giver among the community's.
    pub giver: u32,
    /// The arc's weight.
    pub weight: f32,
}

/// One person's evidence as it is stored, without the score.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// See [`Evidence::damping`].
    pub damping: f32,
    /// See [`Evidence::restart`].
    pub restart: f32,
    /// See [`Evidence::rest`].
    pub rest: f32,
    /// The arcs of the contributors, by weight, then by giver.
    pub gifts: Vec<Gift>,
}

/// All the evidence of one community, packed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Packed {
    /// The givers.
    pub givers: Vec<u8>,
    /// Blocks with any evidence, by their number.
    pub blocks: Vec<(u32, Vec<u8>)>,
}

/// Why bytes are no evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// The first byte is a version that this one does not know.
    #[error("unknown evidence version {0}")]
    UnknownVersion(u8),
    /// A number in the body is broken.
    #[error("broken evidence: {0}")]
    Broken(#[from] VarintError),
    /// The body is shorter or longer than it says, or a number is out of its range.
    #[error("evidence does not fit its length")]
    BadLength,
}

const VERSION: u8 = 2;

impl Contributor {
    /// What it brings to the subject's score.
    pub fn brings(&self, damping: f32) -> f32 {
        damping * self.attention * self.share
    }
}

impl Giver {
    /// What it is to the subject of an arc of this weight.
    fn along(&self, weight: f32) -> Contributor {
        let share = (f64::from(self.unit) * f64::from(weight)) as f32;
        Contributor { person: self.person, attention: self.attention, share }
    }
}

impl Entry {
    /// The evidence, with the givers of the gifts beside them.
    pub fn explained(&self, givers: &[Giver], score: f32, support: f32) -> Evidence {
        let arcs = self.gifts.iter().zip(givers);
        let mut contributors: Vec<(u32, Contributor)> =
            arcs.map(|(gift, giver)| (gift.giver, giver.along(gift.weight))).collect();
        let brings = |one: &Contributor| f64::from(one.attention) * f64::from(one.share);
        contributors
            .sort_by(|a, b| brings(&b.1).total_cmp(&brings(&a.1)).then_with(|| a.0.cmp(&b.0)));
        let contributors = contributors.into_iter().map(|one| one.1).collect();
        let &Entry { damping, restart, rest, .. } = self;
        Evidence { damping, score, restart, rest, support, contributors }
    }
}

/// Packs the evidence of one community, person by person as they stand by attention.
#[derive(Debug)]
pub struct Packer<'a> {
    damping: f32,
    givers: &'a [Giver],
    packed: Packed,
    /// The block that is not full yet, how many it is of, and its length up to the last evidence.
    block: Vec<u8>,
    people: usize,
    used: usize,
}

impl<'a> Packer<'a> {
    /// For a community in which these give.
    pub fn new(damping: f32, givers: &'a [Giver]) -> Packer<'a> {
        let packed = Packed { givers: pack_givers(givers), blocks: Vec::new() };
        Packer { damping, givers, packed, block: Vec::new(), people: 0, used: 0 }
    }

    /// Leaves the next person without evidence.
    pub fn skip(&mut self) {
        self.open();
        self.block.push(0);
    }

    /// Adds the next person's: its score, the restart's part, and the arcs that are named, each
    /// giver once. What is not named becomes the rest, and so does what rounding and the walk's
    /// tolerance leave, so that whoever adds up what is stored gets the served score.
    pub fn add(&mut self, score: f32, restart: f32, gifts: &mut [Gift]) {
        self.open();
        let brought = |gift: &Gift| {
            let one = self.givers[gift.giver as usize].along(gift.weight);
            f64::from(one.attention) * f64::from(one.share)
        };
        let brought = f64::from(self.damping) * gifts.iter().map(brought).sum::<f64>();
        let rest = (f64::from(score) - f64::from(restart) - brought) as f32;
        let place = |gift: &Gift| (gift.weight.to_bits(), gift.giver);
        if !gifts.is_sorted_by_key(place) {
            gifts.sort_unstable_by_key(place);
        }
        let same = |a: &Gift, b: &Gift| a.weight == b.weight;
        varint::put(&mut self.block, 1 + gifts.chunk_by(same).count() as u64);
        self.block.extend(restart.to_le_bytes());
        self.block.extend(rest.to_le_bytes());
        gifts.chunk_by(same).for_each(|gifts| put_gifts(&mut self.block, gifts));
        self.used = self.block.len();
    }

    /// The packed evidence.
    pub fn finish(mut self) -> Packed {
        self.close();
        self.packed
    }

    /// Begins the next person.
    fn open(&mut self) {
        if self.people.is_multiple_of(BLOCK) {
            self.close();
            self.block.push(VERSION);
            self.block.extend(self.damping.to_le_bytes());
        }
        self.people += 1;
    }

    fn close(&mut self) {
        if self.used > 0 {
            let number = (self.people - 1) / BLOCK;
            self.packed.blocks.push((number as u32, self.block[..self.used].to_vec()));
        }
        self.block.clear();
        self.used = 0;
    }
}

/// Arcs of one weight.
fn put_gifts(out: &mut Vec<u8>, gifts: &[Gift]) {
    out.extend(gifts[0].weight.to_le_bytes());
    varint::put(out, gifts.len() as u64);
    let mut next = 0;
    for gift in gifts {
        varint::put(out, u64::from(gift.giver - next));
        next = gift.giver + 1;
    }
}

fn pack_givers(givers: &[Giver]) -> Vec<u8> {
    let mut out = Vec::with_capacity(givers.len() * GIVER_BYTES);
    for one in givers {
        out.extend(one.person.to_le_bytes());
        out.extend(one.attention.to_le_bytes());
        out.extend(one.unit.to_le_bytes());
    }
    out
}

/// Reads packed givers, or any slice that begins and ends between two.
pub fn unpack_givers(bytes: &[u8]) -> Result<Vec<Giver>, EvidenceError> {
    let (packed, rest) = bytes.as_chunks::<GIVER_BYTES>();
    if !rest.is_empty() {
        return Err(EvidenceError::BadLength);
    }
    let giver = |&[p0, p1, p2, p3, a0, a1, a2, a3, u0, u1, u2, u3]: &[u8; GIVER_BYTES]| Giver {
        person: u32::from_le_bytes([p0, p1, p2, p3]),
        attention: f32::from_le_bytes([a0, a1, a2, a3]),
        unit: f32::from_le_bytes([u0, u1, u2, u3]),
    };
    Ok(packed.iter().map(giver).collect())
}

/// Reads a block: an entry, or none, for each of its people up to the last that has one. Never
/// panics, and allocates no more than the bytes justify.
pub fn unpack(bytes: &[u8]) -> Result<Vec<Option<Entry>>, EvidenceError> {
    let (&version, mut rest) = bytes.split_first().ok_or(EvidenceError::BadLength)?;
    if version != VERSION {
        return Err(EvidenceError::UnknownVersion(version));
    }
    let damping = take_f32(&mut rest)?;
    let mut entries = Vec::new();
    while !rest.is_empty() {
        if entries.len() == BLOCK {
            return Err(EvidenceError::BadLength);
        }
        entries.push(take_entry(&mut rest, damping)?);
    }
    Ok(entries)
}

fn take_entry(rest: &mut &[u8], damping: f32) -> Result<Option<Entry>, EvidenceError> {
    let Some(weights) = varint::take(rest)?.checked_sub(1) else { return Ok(None) };
    let (restart, others) = (take_f32(rest)?, take_f32(rest)?);
    let mut gifts = Vec::new();
    for _ in 0..weights {
        take_gifts(rest, &mut gifts)?;
    }
    Ok(Some(Entry { damping, restart, rest: others, gifts }))
}

fn take_gifts(rest: &mut &[u8], gifts: &mut Vec<Gift>) -> Result<(), EvidenceError> {
    let weight = take_f32(rest)?;
    let mut next = 0u64;
    for _ in 0..varint::take(rest)? {
        let giver = next.checked_add(varint::take(rest)?);
        let giver = giver.and_then(|giver| u32::try_from(giver).ok());
        let giver = giver.ok_or(EvidenceError::BadLength)?;
        gifts.push(Gift { giver, weight });
        next = u64::from(giver) + 1;
    }
    Ok(())
}

fn take_f32(rest: &mut &[u8]) -> Result<f32, EvidenceError> {
    let (bytes, tail) = rest.split_first_chunk::<4>().ok_or(EvidenceError::BadLength)?;
    *rest = tail;
    Ok(f32::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use proptest::prelude::*;

    const GIVERS: u32 = 300;

    fn givers() -> Vec<Giver> {
        let giver = |at: u32| Giver {
            person: at * 7 % 1_000,
            attention: 1.0 / (at + 2) as f32,
            unit: 1.0 / (at % 9 + 1) as f32,
        };
        (0..GIVERS).map(giver).collect()
    }

    fn gifts(arcs: &BTreeMap<u32, u8>) -> Vec<Gift> {
        let gift = |(&giver, &weight): (&u32, &u8)| Gift { giver, weight: f32::from(weight) };
        arcs.iter().map(gift).collect()
    }

    proptest! {
        #[test]
        fn evidence_reads_back(
            people in proptest::collection::vec(
                proptest::option::of(proptest::collection::btree_map(0..GIVERS, 1u8..9, 0..20)),
                0..200,
            ),
        ) {
            let givers = givers();
            let mut packer = Packer::new(0.85, &givers);
            for arcs in &people {
                match arcs {
                    Some(arcs) => packer.add(0.5, 0.25, &mut gifts(arcs)),
                    None => packer.skip(),
                }
            }
            let packed = packer.finish();
            prop_assert_eq!(unpack_givers(&packed.givers), Ok(givers));
            let mut found = vec![None; people.len()];
            for (block, bytes) in packed.blocks {
                for (entry, at) in unpack(&bytes).unwrap().into_iter().zip(block as usize * BLOCK..) {
                    found[at] = entry;
                }
            }
            for (arcs, entry) in people.iter().zip(found) {
                let named = |entry: Entry| -> BTreeMap<u32, u8> {
                    entry.gifts.iter().map(|gift| (gift.giver, gift.weight as u8)).collect()
                };
                prop_assert_eq!(arcs.clone(), entry.map(named));
            }
        }

        #[test]
        fn any_bytes_are_evidence_or_an_error(mut bytes: Vec<u8>, versioned: bool) {
            if versioned {
                bytes.insert(0, VERSION);
            }
            if let Ok(entries) = unpack(&bytes) {
                let gifts = entries.iter().flatten().map(|entry| entry.gifts.len());
                prop_assert!(entries.len() + gifts.sum::<usize>() <= bytes.len());
            }
        }
    }

    #[test]
    fn the_parts_make_the_score_and_the_largest_comes_first() {
        let giver = |person, attention, unit| Giver { person, attention, unit };
        let givers = [giver(4, 0.5, 0.125), giver(9, 0.25, 0.5)];
        let arcs =
            |weights: [f32; 2]| [0, 1].map(|at| Gift { giver: at, weight: weights[at as usize] });
        let mut packer = Packer::new(0.85, &givers);
        packer.skip();
        packer.add(0.4, 0.02, &mut arcs([2.0, 2.0]));
        packer.skip();
        let packed = packer.finish();
        let entries = unpack(&packed.blocks[0].1).unwrap();
        assert_eq!((entries.len(), &entries[0]), (2, &None), "who comes after has none");
        let found = entries[1].as_ref().unwrap().explained(&givers, 0.4, 3.0);
        assert_eq!(found.contributors[0], Contributor { person: 9, attention: 0.25, share: 1.0 });
        let named: f32 = found.contributors.iter().map(|one| one.brings(0.85)).sum();
        assert!((found.restart + found.rest + named - 0.4).abs() < 1e-6, "{found:?}");
        assert_eq!(unpack(&[1]), Err(EvidenceError::UnknownVersion(1)));
    }
}
