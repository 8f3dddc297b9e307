//! The packed form of evidence: a pure codec.
//!
//! A person who attends to many is a contributor to many. So what does not depend on the receiver is
//! stored once, for each of the community's *sources*, [`SOURCE_BYTES`] each (person, attention, share
//! for each unit of an arc's weight), the largest first. The evidence of [`BLOCK_PEOPLE`] people who
//! are neighbours in the order by attention is
//!
//! ```text
//! 2 · damping · for each of them: 0, or 1 + k · restart · rest · k × (weight · n · n × gap)
//! ```
//!
//! where the arcs of one weight name their sources by ascending differences, plus one. Numbers are
//! [varints](model::varint), the others little-endian `f32`. The scores are in the
//! [memberships](model::membership).

use model::evidence::{Contributor, Evidence};
use model::index::RunPerson;
use model::varint::{self, VarintError};
use serde::{Deserialize, Serialize};

/// How many people share a block: block `b` begins at place `64 b` in the order by attention.
pub(super) const BLOCK_PEOPLE: usize = 64;

/// The size of one packed source.
pub(super) const SOURCE_BYTES: usize = 12;

/// A person whose attention reaches others in a community.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EvidenceSource {
    /// Its number within the run.
    pub person: RunPerson,
    /// Its own attention in the community: a share of the whole.
    pub attention: f32,
    /// The share of its attention that goes along an arc, for each unit of the arc's weight.
    pub unit: f32,
}

/// An arc to the subject.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EvidenceEdge {
    /// The position of the source in the community's list of sources.
    pub source: u32,
    /// The arc's weight.
    pub weight: f32,
}

/// One person's evidence as it is stored, without the score.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct EvidenceEntry {
    /// See [`Evidence::damping`].
    pub damping: f32,
    /// See [`Evidence::restart`].
    pub restart: f32,
    /// See [`Evidence::rest`].
    pub rest: f32,
    /// The arcs of the contributors, by weight, then by source.
    pub edges: Vec<EvidenceEdge>,
}

/// All the evidence of one community, packed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PackedEvidence {
    /// The sources.
    pub sources: Vec<u8>,
    /// Blocks with any evidence, by their number.
    pub blocks: Vec<(u32, Vec<u8>)>,
}

/// Why bytes are no evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum EvidenceError {
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

impl EvidenceSource {
    /// The contributor that an arc of this weight makes of it.
    fn along(&self, weight: f32) -> Contributor {
        let share = (f64::from(self.unit) * f64::from(weight)) as f32;
        Contributor { person: self.person, attention: self.attention, share }
    }
}

impl EvidenceEntry {
    /// The evidence; `sources` are those of the edges, in their order.
    pub(super) fn to_evidence(
        &self,
        sources: &[EvidenceSource],
        score: f32,
        support: f32,
    ) -> Evidence {
        let arcs = self.edges.iter().zip(sources);
        let mut contributors: Vec<(u32, Contributor)> =
            arcs.map(|(edge, source)| (edge.source, source.along(edge.weight))).collect();
        contributors.sort_by(|(a_source, a), (b_source, b)| {
            product(b).total_cmp(&product(a)).then_with(|| a_source.cmp(b_source))
        });
        let contributors = contributors.into_iter().map(|(_, contributor)| contributor).collect();
        let &EvidenceEntry { damping, restart, rest, .. } = self;
        Evidence { damping, score, restart, rest, support, contributors }
    }
}

/// A contribution without damping, in double precision.
fn product(contributor: &Contributor) -> f64 {
    f64::from(contributor.attention) * f64::from(contributor.share)
}

/// Packs the evidence of one community, person by person in the order by attention.
#[derive(Debug)]
pub struct EvidencePacker<'a> {
    damping: f32,
    sources: &'a [EvidenceSource],
    packed: PackedEvidence,
    /// The block that is not full yet.
    block: Vec<u8>,
    /// How many people were added so far.
    people: usize,
    /// The length of `block` up to its last evidence.
    used: usize,
}

impl<'a> EvidencePacker<'a> {
    /// For a community with these sources.
    pub fn new(damping: f32, sources: &'a [EvidenceSource]) -> EvidencePacker<'a> {
        let packed = PackedEvidence { sources: pack_sources(sources), blocks: Vec::new() };
        EvidencePacker { damping, sources, packed, block: Vec::new(), people: 0, used: 0 }
    }

    /// Leaves the next person without evidence.
    pub fn skip(&mut self) {
        self.open();
        self.block.push(0);
    }

    /// Adds the evidence of the next person: its score, the part of the restart, and the arcs that are
    /// named, each source once. The rest is the difference to the score, with the errors of rounding
    /// and of the walk's tolerance, so that the sum of the stored parts is the served score.
    pub fn add(&mut self, score: f32, restart: f32, edges: &mut [EvidenceEdge]) {
        self.open();
        let named =
            |edge: &EvidenceEdge| product(&self.sources[edge.source as usize].along(edge.weight));
        let named = f64::from(self.damping) * edges.iter().map(named).sum::<f64>();
        let rest = (f64::from(score) - f64::from(restart) - named) as f32;
        let position = |edge: &EvidenceEdge| (edge.weight.to_bits(), edge.source);
        if !edges.is_sorted_by_key(position) {
            edges.sort_unstable_by_key(position);
        }
        let same = |a: &EvidenceEdge, b: &EvidenceEdge| a.weight == b.weight;
        varint::put(&mut self.block, 1 + edges.chunk_by(same).count() as u64);
        self.block.extend(restart.to_le_bytes());
        self.block.extend(rest.to_le_bytes());
        edges.chunk_by(same).for_each(|edges| put_edges(&mut self.block, edges));
        self.used = self.block.len();
    }

    /// The packed evidence.
    pub fn finish(mut self) -> PackedEvidence {
        self.close();
        self.packed
    }

    /// Begins the next person.
    fn open(&mut self) {
        if self.people.is_multiple_of(BLOCK_PEOPLE) {
            self.close();
            self.block.push(VERSION);
            self.block.extend(self.damping.to_le_bytes());
        }
        self.people += 1;
    }

    fn close(&mut self) {
        if self.used > 0 {
            let number = (self.people - 1) / BLOCK_PEOPLE;
            self.packed.blocks.push((number as u32, self.block[..self.used].to_vec()));
        }
        self.block.clear();
        self.used = 0;
    }
}

/// Arcs of one weight.
fn put_edges(out: &mut Vec<u8>, edges: &[EvidenceEdge]) {
    out.extend(edges[0].weight.to_le_bytes());
    varint::put(out, edges.len() as u64);
    let mut next = 0;
    for edge in edges {
        varint::put(out, u64::from(edge.source - next));
        next = edge.source + 1;
    }
}

fn pack_sources(sources: &[EvidenceSource]) -> Vec<u8> {
    let mut out = Vec::with_capacity(sources.len() * SOURCE_BYTES);
    for one in sources {
        out.extend(one.person.number().to_le_bytes());
        out.extend(one.attention.to_le_bytes());
        out.extend(one.unit.to_le_bytes());
    }
    out
}

/// Reads packed sources, or any slice that begins and ends between two.
pub(super) fn unpack_sources(bytes: &[u8]) -> Result<Vec<EvidenceSource>, EvidenceError> {
    let (packed, rest) = bytes.as_chunks::<SOURCE_BYTES>();
    if !rest.is_empty() {
        return Err(EvidenceError::BadLength);
    }
    let source =
        |&[p0, p1, p2, p3, a0, a1, a2, a3, u0, u1, u2, u3]: &[u8; SOURCE_BYTES]| EvidenceSource {
            person: RunPerson::new(u32::from_le_bytes([p0, p1, p2, p3])),
            attention: f32::from_le_bytes([a0, a1, a2, a3]),
            unit: f32::from_le_bytes([u0, u1, u2, u3]),
        };
    Ok(packed.iter().map(source).collect())
}

/// Reads a block: an entry, or none, for each of its people up to the last that has one. Never
/// panics, and allocates no more than the bytes justify.
pub(super) fn unpack(bytes: &[u8]) -> Result<Vec<Option<EvidenceEntry>>, EvidenceError> {
    let (&version, mut rest) = bytes.split_first().ok_or(EvidenceError::BadLength)?;
    if version != VERSION {
        return Err(EvidenceError::UnknownVersion(version));
    }
    let damping = take_f32(&mut rest)?;
    let mut entries = Vec::new();
    while !rest.is_empty() {
        if entries.len() == BLOCK_PEOPLE {
            return Err(EvidenceError::BadLength);
        }
        entries.push(take_entry(&mut rest, damping)?);
    }
    Ok(entries)
}

/// Reads the entry of one person of a block; those before it are only skipped.
pub(super) fn unpack_one(
    bytes: &[u8],
    position: usize,
) -> Result<Option<EvidenceEntry>, EvidenceError> {
    let (&version, mut rest) = bytes.split_first().ok_or(EvidenceError::BadLength)?;
    if version != VERSION {
        return Err(EvidenceError::UnknownVersion(version));
    }
    let damping = take_f32(&mut rest)?;
    for _ in 0..position {
        if rest.is_empty() {
            return Ok(None);
        }
        skip_entry(&mut rest)?;
    }
    if rest.is_empty() { Ok(None) } else { take_entry(&mut rest, damping) }
}

fn skip_entry(rest: &mut &[u8]) -> Result<(), EvidenceError> {
    let Some(weights) = varint::take(rest)?.checked_sub(1) else { return Ok(()) };
    let (_restart, _others) = (take_f32(rest)?, take_f32(rest)?);
    for _ in 0..weights {
        take_f32(rest)?;
        for _ in 0..varint::take(rest)? {
            varint::take(rest)?;
        }
    }
    Ok(())
}

fn take_entry(rest: &mut &[u8], damping: f32) -> Result<Option<EvidenceEntry>, EvidenceError> {
    let Some(weights) = varint::take(rest)?.checked_sub(1) else { return Ok(None) };
    let (restart, others) = (take_f32(rest)?, take_f32(rest)?);
    let mut edges = Vec::new();
    for _ in 0..weights {
        take_edges(rest, &mut edges)?;
    }
    Ok(Some(EvidenceEntry { damping, restart, rest: others, edges }))
}

fn take_edges(rest: &mut &[u8], edges: &mut Vec<EvidenceEdge>) -> Result<(), EvidenceError> {
    let weight = take_f32(rest)?;
    let mut next = 0u64;
    for _ in 0..varint::take(rest)? {
        let source = next.checked_add(varint::take(rest)?);
        let source = source.and_then(|source| u32::try_from(source).ok());
        let source = source.ok_or(EvidenceError::BadLength)?;
        edges.push(EvidenceEdge { source, weight });
        next = u64::from(source) + 1;
    }
    Ok(())
}

fn take_f32(rest: &mut &[u8]) -> Result<f32, EvidenceError> {
    let (bytes, tail) = rest.split_first_chunk::<4>().ok_or(EvidenceError::BadLength)?;
    *rest = tail;
    Ok(f32::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests;
