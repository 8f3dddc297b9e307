//! Shards of a sealed snapshot: one layer's arcs of one range of sources, as bytes.
//!
//! Profiles are numbered by community, so a row is dense near its source and sparse far from it.
//! Format 1 codes each difference between neighbours of a row in a context that says so: how far
//! from the source the row stands, on which side, and how many targets are left. For each context
//! the shard tells how frequent each size of number is, and `entropy.rs` codes it at about the
//! entropy: a difference costs −log₂ p(its size | context) bits, and its low bits as they are.
//!
//! ```text
//! "borg"
//! format            varint: 1
//! nodes             varint: how many numbers the graph had
//! first, end        varints: the sources
//! arcs              varint
//! flags             varint: 1 counts, 2 last days, 4 listed weights, 8 plain weights
//! newest            varint: the latest of the last days, 0 without days
//! listed weights    if flagged: varint n, then n f32, the most frequent first
//! frequencies       for each context: varint t, then t varints that sum to 2^11; t = 0 if unused
//! tokens            varint w, then 2 states of 8 bytes and w words of 4 bytes
//! bits              varint b, then b bytes, the last 8 of them 0
//! ```
//!
//! All is little-endian, and the numbers within tokens and bits are, one column after the other:
//!
//! | numbers | contexts |
//! |---|---|
//! | the degree of each source | the bit length of the degree before |
//! | of each row that has arcs: whether the first target is after the source, its distance less one, then each difference less one | one; the bit length of the degree; side, distance from the source and targets left |
//! | counts | one |
//! | newest − last day | one |
//! | places in the list of weights, or 32 bits of each | one |
//!
//! Time O(arcs) both ways. Memory beside the shard: 2 bytes a number to write, 8 KB a context to
//! read (1.3 MB if all are in use). Pure functions over bytes: whatever the bytes, [`decode`] ends in a
//! shard that keeps the promises of [`ShardArcs`] or in an error, and allocates what the manifest's
//! [`Extent`] justifies. The last states must be the first ones, and all bytes read, so most broken
//! shards are told without a hash. What was measured and what else was tried:
//! `docs/decisions/0009-snapshot-format.md`.

use std::collections::BTreeMap;

use model::Day;
use model::varint::{self, VarintError};

use crate::attention::LayerArcs;

mod bits;
mod entropy;
#[cfg(test)]
mod tests;

use entropy::{NumberReader, NumberWriter, take_bytes};

/// The format that this module writes, and the only one that it reads.
pub const FORMAT: u32 = 1;

const MAGIC: &[u8; 4] = b"borg";
const COUNTS: u64 = 1;
const DAYS: u64 = 2;
/// Weights as places in a list of the different ones.
const LISTED_WEIGHTS: u64 = 4;
/// Weights as they are.
const PLAIN_WEIGHTS: u64 = 8;

/// More different weights than this are not listed.
const LISTED_MAX: usize = 1 << 16;

/// Arcs of a range of sources.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ShardArcs {
    /// How many numbers the whole graph has; targets are below.
    pub nodes: u32,
    /// The first source.
    pub first: u32,
    /// How many arcs each source has, from `first` on.
    pub degrees: Vec<u32>,
    /// The targets of all sources, one after the other, ascending within each, never the source.
    pub targets: Vec<u32>,
    /// How often, beside `targets`; empty in layers without counts.
    pub counts: Vec<u32>,
    /// The last day, beside `targets`; empty if unknown.
    pub last_days: Vec<Day>,
    /// Weights beside `targets`, finite and above 0; empty where all are 1.
    pub weights: Vec<f32>,
}

/// What a manifest says of a shard. A shard that says anything else is refused, before memory is
/// taken for what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// How many numbers the whole graph has; it may have had fewer when the shard was written.
    pub nodes: u32,
    /// The first source.
    pub first: u32,
    /// One past the last source.
    pub end: u32,
    /// How many arcs there are.
    pub arcs: u64,
}

/// Why bytes are not a shard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShardError {
    /// The bytes are something else.
    #[error("the bytes are no shard")]
    NoShard,
    /// Another version wrote it.
    #[error("shard format {0} is unknown to this version, which reads {FORMAT}")]
    UnknownFormat(u64),
    /// The shard is another one than was asked for.
    #[error("the shard is of {found:?}, wanted is {wanted:?}")]
    Another {
        /// What it says it is.
        found: Extent,
        /// What it should be.
        wanted: Extent,
    },
    /// The bytes end too early, or a number is broken.
    #[error("broken shard: {0}")]
    Broken(#[from] VarintError),
    /// The numbers do not fit together.
    #[error("broken shard: its {0} do not fit")]
    Misfit(&'static str),
}

impl ShardArcs {
    /// The arcs of the sources `first..end` of a layer.
    pub fn of(layer: &LayerArcs, first: u32, end: u32) -> ShardArcs {
        let arcs = &layer.arcs;
        let range = arcs.offsets()[first as usize] as usize..arcs.offsets()[end as usize] as usize;
        let some = |is_empty: bool| if is_empty { 0..0 } else { range.clone() };
        ShardArcs {
            nodes: arcs.nodes() as u32,
            first,
            degrees: (first..end).map(|source| arcs.degree(source) as u32).collect(),
            targets: arcs.targets()[range.clone()].to_vec(),
            counts: layer.counts[some(layer.counts.is_empty())].to_vec(),
            last_days: layer.last_days[some(layer.last_days.is_empty())].to_vec(),
            weights: arcs.weights().map_or(Vec::new(), |weights| weights[range.clone()].to_vec()),
        }
    }

    /// What a manifest has to say of it.
    pub fn extent(&self) -> Extent {
        Extent {
            nodes: self.nodes,
            first: self.first,
            end: self.first + self.degrees.len() as u32,
            arcs: self.targets.len() as u64,
        }
    }

    /// The sources, each with where its arcs lie in the columns.
    pub fn rows(&self) -> impl Iterator<Item = (u32, std::ops::Range<usize>)> + '_ {
        let mut start = 0;
        let sources = self.first..self.extent().end;
        sources.zip(&self.degrees).map(move |(source, &degree)| {
            let row = start..start + degree as usize;
            start = row.end;
            (source, row)
        })
    }
}

// The contexts of numbers: what is known when a number is read, and tells how large it will be.

/// Degrees, by the bit length of the degree before.
const DEGREE: usize = 0;
const DEGREES: usize = 8;
/// Whether the first target comes after the source.
const SIDE: usize = DEGREE + DEGREES;
/// First targets' distances from the source, less one, by the bit length of the degree.
const FIRST: usize = SIDE + 1;
const FIRSTS: usize = 8;
const COUNT: usize = FIRST + FIRSTS;
const DAY: usize = COUNT + 1;
const WEIGHT: usize = DAY + 1;
/// Gaps, by where the row stands and how many targets are left.
const GAP: usize = WEIGHT + 1;
const LENGTHS: usize = 16;
const LEFTS: usize = 4;
const CONTEXTS: usize = GAP + 2 * LENGTHS * LEFTS;

const fn bit_length(number: u32) -> usize {
    (u32::BITS - number.leading_zeros()) as usize
}

fn degree_context(before: u32) -> usize {
    DEGREE + bit_length(before).min(DEGREES - 1)
}

fn first_context(degree: u32) -> usize {
    FIRST + (bit_length(degree) - 1).min(FIRSTS - 1)
}

/// Near its source a row is dense, and far from it sparse.
#[inline]
fn gap_context(source: u32, before: u32, left: u32) -> usize {
    let side = usize::from(before > source) * LENGTHS;
    let length = bit_length(before.abs_diff(source)).saturating_sub(2).min(LENGTHS - 1);
    let left = (bit_length(left) / 2).min(LEFTS - 1);
    GAP + (side + length) * LEFTS + left
}

/// Packs a shard. Its rows must be as [`ShardArcs`] says.
pub fn encode(shard: &ShardArcs) -> Vec<u8> {
    let listed = list_weights(&shard.weights);
    let weights = if shard.weights.is_empty() {
        0
    } else if listed.is_some() {
        LISTED_WEIGHTS
    } else {
        PLAIN_WEIGHTS
    };
    let flag = |on: bool, flag: u64| if on { flag } else { 0 };
    let flags = flag(!shard.counts.is_empty(), COUNTS) | flag(!shard.last_days.is_empty(), DAYS);
    let newest = shard.last_days.iter().max().map_or(0, |day| day.0);
    let mut out = MAGIC.to_vec();
    let Extent { nodes, first, end, arcs } = shard.extent();
    for number in [FORMAT, nodes, first, end] {
        varint::put(&mut out, number.into());
    }
    [arcs, flags | weights, newest.into()].iter().for_each(|&n| varint::put(&mut out, n));
    let mut numbers = NumberWriter::new(CONTEXTS);
    put_rows(&mut numbers, shard);
    shard.counts.iter().for_each(|&count| numbers.put(COUNT, count));
    shard.last_days.iter().for_each(|day| numbers.put(DAY, u32::from(newest - day.0)));
    match listed {
        Some(listed) => {
            varint::put(&mut out, listed.values.len() as u64);
            listed.values.iter().for_each(|bits| out.extend(bits.to_le_bytes()));
            let place = |weight: &f32| listed.places[&weight.to_bits()];
            shard.weights.iter().for_each(|weight| numbers.put(WEIGHT, place(weight)));
        }
        None => shard.weights.iter().for_each(|weight| numbers.put_raw(weight.to_bits())),
    }
    numbers.finish(&mut out);
    out
}

fn put_rows(numbers: &mut NumberWriter, shard: &ShardArcs) {
    let mut before = 0;
    for &degree in &shard.degrees {
        numbers.put(degree_context(before), degree);
        before = degree;
    }
    for (source, row) in shard.rows() {
        let degree = row.len() as u32;
        let targets = &shard.targets[row];
        let Some(&first) = targets.first() else { continue };
        numbers.put(SIDE, u32::from(first > source));
        numbers.put(first_context(degree), first.abs_diff(source) - 1);
        for (pair, left) in targets.windows(2).zip((1..degree).rev()) {
            numbers.put(gap_context(source, pair[0], left), pair[1] - pair[0] - 1);
        }
    }
}

/// The different weights, the most frequent first, and the place of each.
struct Listed {
    values: Vec<u32>,
    places: BTreeMap<u32, u32>,
}

/// `None` if there are none or too many: then a list would cost more than it saves.
fn list_weights(weights: &[f32]) -> Option<Listed> {
    let most = LISTED_MAX.min(weights.len() / 2 + 1);
    let mut counts: BTreeMap<u32, u32> = BTreeMap::new();
    for weight in weights {
        *counts.entry(weight.to_bits()).or_default() += 1;
        if counts.len() > most {
            return None;
        }
    }
    let mut values: Vec<u32> = counts.keys().copied().collect();
    values.sort_by_key(|bits| std::cmp::Reverse(counts[bits]));
    let places = values.iter().copied().zip(0..).collect();
    (!values.is_empty()).then_some(Listed { values, places })
}

/// Reads what [`encode`] wrote, if it is the shard that `wanted` says.
pub fn decode(bytes: &[u8], wanted: &Extent) -> Result<ShardArcs, ShardError> {
    let rest = &mut bytes.strip_prefix(MAGIC).ok_or(ShardError::NoShard)?;
    let format = varint::take(rest)?;
    if format != u64::from(FORMAT) {
        return Err(ShardError::UnknownFormat(format));
    }
    let nodes = take_extent(rest, wanted)?;
    let (flags, newest) = (varint::take(rest)?, varint::take(rest)?);
    let newest = u16::try_from(newest).map_err(|_| ShardError::Misfit("days"))?;
    let listed = take_listed(rest, flags)?;
    let mut numbers = NumberReader::open(rest, CONTEXTS)?;
    if !rest.is_empty() {
        return Err(ShardError::Misfit("length"));
    }
    let degrees = take_degrees(&mut numbers, wanted)?;
    let targets = take_targets(&mut numbers, &Extent { nodes, ..*wanted }, &degrees)?;
    let arcs = |flag: u64| if flags & flag != 0 { targets.len() } else { 0 };
    let counts = (0..arcs(COUNTS)).map(|_| numbers.take(COUNT)).collect();
    let days = (0..arcs(DAYS)).map(|_| {
        let age = u16::try_from(numbers.take(DAY)).ok();
        age.and_then(|age| newest.checked_sub(age)).map(Day).ok_or(ShardError::Misfit("days"))
    });
    let last_days = days.collect::<Result<_, _>>()?;
    let mut weights = take_weights(&mut numbers, arcs(LISTED_WEIGHTS), Some(&listed))?;
    weights.extend(take_weights(&mut numbers, arcs(PLAIN_WEIGHTS), None)?);
    numbers.finish()?;
    Ok(ShardArcs { nodes, first: wanted.first, degrees, targets, counts, last_days, weights })
}

/// How many numbers the graph had when the shard was written.
fn take_extent(rest: &mut &[u8], wanted: &Extent) -> Result<u32, ShardError> {
    let mut small = || {
        let number = varint::take(rest)?;
        u32::try_from(number).map_err(|_| ShardError::Misfit("range"))
    };
    let (nodes, first, end) = (small()?, small()?, small()?);
    let found = Extent { nodes, first, end, arcs: varint::take(rest)? };
    if found != (Extent { nodes, ..*wanted }) || nodes > wanted.nodes {
        return Err(ShardError::Another { found, wanted: *wanted });
    }
    if first <= end && end <= nodes { Ok(nodes) } else { Err(ShardError::Misfit("range")) }
}

/// The list of weights, if the flags say that there is one.
fn take_listed(rest: &mut &[u8], flags: u64) -> Result<Vec<f32>, ShardError> {
    let both = LISTED_WEIGHTS | PLAIN_WEIGHTS;
    if flags & !(COUNTS | DAYS | both) != 0 || flags & both == both {
        return Err(ShardError::Misfit("flags"));
    }
    if flags & LISTED_WEIGHTS == 0 {
        return Ok(Vec::new());
    }
    let count = varint::take(rest)?;
    let (chunks, _) = take_bytes(rest, count.checked_mul(4))?.as_chunks::<4>();
    Ok(chunks.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect())
}

fn take_degrees(numbers: &mut NumberReader<'_>, wanted: &Extent) -> Result<Vec<u32>, ShardError> {
    let mut degrees = Vec::with_capacity((wanted.end - wanted.first) as usize);
    let (mut before, mut sum) = (0, 0u64);
    for _ in wanted.first..wanted.end {
        before = numbers.take(degree_context(before));
        sum += u64::from(before);
        degrees.push(before);
    }
    if sum == wanted.arcs { Ok(degrees) } else { Err(ShardError::Misfit("degrees")) }
}

fn take_targets(
    numbers: &mut NumberReader<'_>,
    wanted: &Extent,
    degrees: &[u32],
) -> Result<Vec<u32>, ShardError> {
    let mut targets = Vec::with_capacity(wanted.arcs as usize);
    let misfit = ShardError::Misfit("targets");
    let rows = (wanted.first..wanted.end).zip(degrees).filter(|(_, degree)| **degree > 0);
    for (source, &degree) in rows {
        let is_after = numbers.take(SIDE) != 0;
        let distance = numbers.take(first_context(degree)).checked_add(1);
        let first = distance.and_then(|distance| match is_after {
            true => source.checked_add(distance),
            false => source.checked_sub(distance),
        });
        let mut target = first.ok_or_else(|| misfit.clone())?;
        targets.push(target);
        for left in (1..degree).rev() {
            let gap = numbers.take(gap_context(source, target, left));
            let next = target.checked_add(gap).and_then(|next| next.checked_add(1));
            target = next.filter(|&next| next != source).ok_or_else(|| misfit.clone())?;
            targets.push(target);
        }
        if target >= wanted.nodes || numbers.is_broken() {
            return Err(misfit);
        }
    }
    Ok(targets)
}

/// Weights, by their places in a list or as they are.
fn take_weights(
    numbers: &mut NumberReader<'_>,
    count: usize,
    listed: Option<&[f32]>,
) -> Result<Vec<f32>, ShardError> {
    let weights = (0..count).map(|_| {
        let weight = match listed {
            Some(listed) => listed.get(numbers.take(WEIGHT) as usize).copied(),
            None => Some(f32::from_bits(numbers.take_raw())),
        };
        let weight = weight.filter(|weight| weight.is_finite() && *weight > 0.0);
        weight.ok_or(ShardError::Misfit("weights"))
    });
    weights.collect()
}
