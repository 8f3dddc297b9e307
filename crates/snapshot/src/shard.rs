//! Shards of a sealed snapshot: one layer's arcs of one range of sources, as bytes.
//!
//! ```text
//! "borg"
//! format            varint: 2
//! nodes             varint: how many numbers the graph had
//! first, end        varints: the sources
//! arcs              varint
//! columns           one zstd frame of postcard: degrees, gaps, counts, newest day, ages, weights
//! ```
//!
//! Profiles are numbered by community, so the targets of a source are close to each other and to it. A
//! row is stored as differences: of the first target its zigzag distance from the source, of each
//! other one the distance from the target before it, less one. Most of them take one byte.
//!
//! Time O(arcs) both ways. Pure functions over bytes: for any bytes, [`decode`] returns a shard that
//! keeps the promises of [`ShardArcs`] or an error, and allocates no more than the manifest's
//! [`ShardExtent`] justifies. Measurements and alternatives: `docs/decisions/0009-snapshot-format.md`.
//!
//! ```
//! use snapshot::shard::{ShardArcs, decode, encode};
//!
//! // Of four profiles, number 2 attends to 0 and 3.
//! let arcs = ShardArcs {
//!     nodes: 4,
//!     first: 2,
//!     degrees: vec![2, 0],
//!     targets: vec![0, 3],
//!     ..ShardArcs::default()
//! };
//! let bytes = encode(&arcs);
//! assert_eq!(decode(&bytes, &arcs.extent()), Ok(arcs));
//! ```

use std::ops::Range;

use graph::LayerArcs;
use model::Day;
use model::varint::{self, VarintError};
use serde::{Deserialize, Serialize};

/// The format that this module writes, and the only one that it reads.
pub const FORMAT: u32 = 2;

const MAGIC: &[u8; 4] = b"borg";

const ZSTD_LEVEL: i32 = 3;

/// The most bytes that the columns take for one source, and for one arc with all that it carries.
const SOURCE_BYTES_MAX: u64 = 5;
const ARC_BYTES_MAX: u64 = 5 + 5 + 3 + 4;
/// The lengths of the columns and the newest day.
const COLUMNS_BYTES_MAX: u64 = 64;

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

/// What a manifest says of a shard. A shard that says anything else is refused before memory is
/// allocated for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShardExtent {
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
    /// The shard is not the one that the manifest names.
    #[error("the shard is of {found:?}, expected is {expected:?}")]
    OtherExtent {
        /// What it says it is.
        found: ShardExtent,
        /// What it should be.
        expected: ShardExtent,
    },
    /// The bytes end too early, or a number is broken.
    #[error("broken shard: {0}")]
    BrokenHeader(#[from] VarintError),
    /// The columns cannot be unpacked.
    #[error("broken shard: {0}")]
    BrokenColumns(String),
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
    pub fn extent(&self) -> ShardExtent {
        ShardExtent {
            nodes: self.nodes,
            first: self.first,
            end: self.first + self.degrees.len() as u32,
            arcs: self.targets.len() as u64,
        }
    }

    /// The sources, each with where its arcs lie in the columns.
    pub fn rows(&self) -> impl Iterator<Item = (u32, Range<usize>)> + '_ {
        let mut start = 0;
        let sources = self.first..self.extent().end;
        sources.zip(&self.degrees).map(move |(source, &degree)| {
            let row = start..start + degree as usize;
            start = row.end;
            (source, row)
        })
    }
}

/// The columns of a shard as they are sealed.
#[derive(Serialize, Deserialize)]
struct ShardColumns {
    degrees: Vec<u32>,
    gaps: Vec<u32>,
    counts: Vec<u32>,
    newest: Day,
    /// Days before the newest one.
    ages: Vec<u16>,
    weights: Vec<f32>,
}

/// Packs a shard. Its rows must be as [`ShardArcs`] says.
pub fn encode(shard: &ShardArcs) -> Vec<u8> {
    let newest = shard.last_days.iter().max().copied().unwrap_or_default();
    let columns = ShardColumns {
        degrees: shard.degrees.clone(),
        gaps: gaps(shard),
        counts: shard.counts.clone(),
        newest,
        ages: shard.last_days.iter().map(|day| newest.0 - day.0).collect(),
        weights: shard.weights.clone(),
    };
    let plain = postcard::to_stdvec(&columns).expect("numbers can be written");
    let packed = zstd::bulk::compress(&plain, ZSTD_LEVEL).expect("bytes in memory can be packed");
    let ShardExtent { nodes, first, end, arcs } = shard.extent();
    let mut out = MAGIC.to_vec();
    for number in [FORMAT, nodes, first, end] {
        varint::put(&mut out, number.into());
    }
    varint::put(&mut out, arcs);
    out.extend(packed);
    out
}

fn gaps(shard: &ShardArcs) -> Vec<u32> {
    let mut gaps = Vec::with_capacity(shard.targets.len());
    for (source, row) in shard.rows() {
        let targets = &shard.targets[row];
        let Some(&first) = targets.first() else { continue };
        gaps.push(zigzag(first.wrapping_sub(source)));
        gaps.extend(targets.windows(2).map(|pair| pair[1] - pair[0] - 1));
    }
    gaps
}

/// A distance modulo 2^32, so that short ones are small on both sides.
const fn zigzag(distance: u32) -> u32 {
    (distance << 1) ^ ((distance as i32 >> 31) as u32)
}

const fn unzigzag(number: u32) -> u32 {
    (number >> 1) ^ (number & 1).wrapping_neg()
}

/// Reads what [`encode`] wrote, if it is the shard that `expected` says.
pub fn decode(bytes: &[u8], expected: &ShardExtent) -> Result<ShardArcs, ShardError> {
    let rest = &mut bytes.strip_prefix(MAGIC).ok_or(ShardError::NoShard)?;
    let format = varint::take(rest)?;
    if format != u64::from(FORMAT) {
        return Err(ShardError::UnknownFormat(format));
    }
    let extent = take_extent(rest, expected)?;
    let columns = unpack(rest, &extent)?;
    check_lengths(&columns, &extent)?;
    let last_days = columns.ages.iter().map(|&age| columns.newest.0.checked_sub(age).map(Day));
    let last_days: Option<Vec<Day>> = last_days.collect();
    if !columns.weights.iter().all(|weight| weight.is_finite() && *weight > 0.0) {
        return Err(ShardError::Misfit("weights"));
    }
    Ok(ShardArcs {
        nodes: extent.nodes,
        first: extent.first,
        targets: targets(&columns, &extent).ok_or(ShardError::Misfit("targets"))?,
        degrees: columns.degrees,
        counts: columns.counts,
        last_days: last_days.ok_or(ShardError::Misfit("days"))?,
        weights: columns.weights,
    })
}

/// The extent of the shard itself: the graph may have had fewer numbers when it was written.
fn take_extent(rest: &mut &[u8], expected: &ShardExtent) -> Result<ShardExtent, ShardError> {
    let mut small = || {
        let number = varint::take(rest)?;
        u32::try_from(number).map_err(|_| ShardError::Misfit("range"))
    };
    let (nodes, first, end) = (small()?, small()?, small()?);
    let found = ShardExtent { nodes, first, end, arcs: varint::take(rest)? };
    if found != (ShardExtent { nodes, ..*expected }) || nodes > expected.nodes {
        return Err(ShardError::OtherExtent { found, expected: *expected });
    }
    if first <= end && end <= nodes { Ok(found) } else { Err(ShardError::Misfit("range")) }
}

fn unpack(packed: &[u8], extent: &ShardExtent) -> Result<ShardColumns, ShardError> {
    let sources = u64::from(extent.end - extent.first);
    let most = extent.arcs.checked_mul(ARC_BYTES_MAX);
    let most = most.map(|arcs| arcs + sources * SOURCE_BYTES_MAX + COLUMNS_BYTES_MAX);
    let most =
        most.and_then(|most| usize::try_from(most).ok()).ok_or(ShardError::Misfit("arcs"))?;
    let size = zstd::zstd_safe::get_frame_content_size(packed).ok().flatten();
    let size = size.and_then(|size| usize::try_from(size).ok()).filter(|&size| size <= most);
    let plain = zstd::bulk::decompress(packed, size.ok_or(ShardError::Misfit("size"))?);
    let plain = plain.map_err(|error| ShardError::BrokenColumns(error.to_string()))?;
    let read = postcard::take_from_bytes(&plain);
    let (columns, rest) = read.map_err(|error| ShardError::BrokenColumns(error.to_string()))?;
    if rest.is_empty() { Ok(columns) } else { Err(ShardError::Misfit("length")) }
}

fn check_lengths(columns: &ShardColumns, extent: &ShardExtent) -> Result<(), ShardError> {
    let arcs = extent.arcs;
    let degrees = columns.degrees.iter().map(|&degree| u64::from(degree)).sum::<u64>();
    let sources = (extent.end - extent.first) as usize;
    if columns.degrees.len() != sources || degrees != arcs || columns.gaps.len() as u64 != arcs {
        return Err(ShardError::Misfit("degrees"));
    }
    let beside = [columns.counts.len(), columns.ages.len(), columns.weights.len()];
    let fits = beside.iter().all(|&length| length == 0 || length as u64 == arcs);
    if fits { Ok(()) } else { Err(ShardError::Misfit("columns")) }
}

/// The targets that gaps lead to; `None` if a row does not ascend, leaves the graph or has its source.
fn targets(columns: &ShardColumns, extent: &ShardExtent) -> Option<Vec<u32>> {
    let mut targets = Vec::with_capacity(columns.gaps.len());
    let mut rest = columns.gaps.as_slice();
    for (source, &degree) in (extent.first..extent.end).zip(&columns.degrees) {
        let (row, others) = rest.split_at(degree as usize);
        rest = others;
        let Some((&first, gaps)) = row.split_first() else { continue };
        let mut target = source.wrapping_add(unzigzag(first));
        let mut is_valid = target != source;
        targets.push(target);
        for &gap in gaps {
            let next = u64::from(target) + u64::from(gap) + 1;
            target = next as u32;
            is_valid &= next <= u64::from(u32::MAX) && target != source;
            targets.push(target);
        }
        if !is_valid || target >= extent.nodes {
            return None;
        }
    }
    Some(targets)
}

#[cfg(test)]
mod tests;
