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
//! Time O(arcs) both ways. Pure functions over bytes: for any bytes, [`decode`] returns arcs in order, of
//! the range and of no profile to itself, or an error, and allocates no more than the manifest's
//! [`ShardExtent`] justifies. Measurements and alternatives: `docs/decisions/0009-snapshot-format.md`.
//!
//! ```
//! use snapshot::shard::{DenseArc, ShardExtent, decode, encode};
//!
//! // Of four profiles, number 2 attends to 0 and 3.
//! let arcs = [0, 3].map(|target| DenseArc::plain(2, target));
//! let extent = ShardExtent { nodes: 4, first: 2, end: 4, arcs: 2 };
//! let bytes = encode(&extent, &arcs);
//! assert_eq!(decode(&bytes, &extent), Ok(arcs.to_vec()));
//! ```

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

/// One arc of one layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DenseArc {
    /// The number of the one who attends.
    pub source: u32,
    /// The number of the one attended to.
    pub target: u32,
    /// How often, in layers that count; else 0.
    pub count: u32,
    /// The last day, in layers that count; else day 0.
    pub last_day: Day,
    /// How much; 1 is usual. Finite and above 0.
    pub weight: f32,
}

impl DenseArc {
    /// An arc of a layer that does not count, of weight 1.
    pub const fn plain(source: u32, target: u32) -> DenseArc {
        DenseArc { source, target, count: 0, last_day: Day(0), weight: 1.0 }
    }
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

/// Packs the arcs of an extent, in the order of sources and targets.
pub fn encode(extent: &ShardExtent, arcs: &[DenseArc]) -> Vec<u8> {
    let plain = postcard::to_stdvec(&columns(extent, arcs)).expect("numbers can be written");
    let packed = zstd::bulk::compress(&plain, ZSTD_LEVEL).expect("bytes in memory can be packed");
    let mut out = MAGIC.to_vec();
    for number in [FORMAT, extent.nodes, extent.first, extent.end] {
        varint::put(&mut out, number.into());
    }
    varint::put(&mut out, extent.arcs);
    out.extend(packed);
    out
}

fn columns(extent: &ShardExtent, arcs: &[DenseArc]) -> ShardColumns {
    let mut degrees = vec![0; (extent.end - extent.first) as usize];
    arcs.iter().for_each(|arc| degrees[(arc.source - extent.first) as usize] += 1);
    let is_counted = |arc: &DenseArc| arc.count > 0 || arc.last_day > Day(0);
    let counted = if arcs.iter().any(is_counted) { arcs } else { &[] };
    let weighted = arcs.iter().any(|arc| arc.weight.to_bits() != 1f32.to_bits());
    let newest = counted.iter().map(|arc| arc.last_day).max().unwrap_or_default();
    ShardColumns {
        degrees,
        gaps: gaps(arcs),
        counts: counted.iter().map(|arc| arc.count).collect(),
        newest,
        ages: counted.iter().map(|arc| newest.0 - arc.last_day.0).collect(),
        weights: if weighted { arcs.iter().map(|arc| arc.weight).collect() } else { Vec::new() },
    }
}

fn gaps(arcs: &[DenseArc]) -> Vec<u32> {
    let mut gaps = Vec::with_capacity(arcs.len());
    for row in arcs.chunk_by(|one, next| one.source == next.source) {
        gaps.push(zigzag(row[0].target.wrapping_sub(row[0].source)));
        gaps.extend(row.windows(2).map(|pair| pair[1].target - pair[0].target - 1));
    }
    gaps
}

/// A distance modulo 2^32, so that short ones are small on both sides.
pub(crate) const fn zigzag(distance: u32) -> u32 {
    (distance << 1) ^ ((distance as i32 >> 31) as u32)
}

pub(crate) const fn unzigzag(number: u32) -> u32 {
    (number >> 1) ^ (number & 1).wrapping_neg()
}

/// Reads the arcs that [`encode`] wrote, in their order, if it is the shard that `expected` says.
pub fn decode(bytes: &[u8], expected: &ShardExtent) -> Result<Vec<DenseArc>, ShardError> {
    let rest = &mut bytes.strip_prefix(MAGIC).ok_or(ShardError::NoShard)?;
    let format = varint::take(rest)?;
    if format != u64::from(FORMAT) {
        return Err(ShardError::UnknownFormat(format));
    }
    let extent = take_extent(rest, expected)?;
    let columns = unpack(rest, &extent)?;
    check_lengths(&columns, &extent)?;
    let mut arcs = plain_arcs(&columns, &extent).ok_or(ShardError::Misfit("targets"))?;
    for (arc, &count) in arcs.iter_mut().zip(&columns.counts) {
        arc.count = count;
    }
    for (arc, &age) in arcs.iter_mut().zip(&columns.ages) {
        let day = columns.newest.0.checked_sub(age).ok_or(ShardError::Misfit("days"))?;
        arc.last_day = Day(day);
    }
    for (arc, &weight) in arcs.iter_mut().zip(&columns.weights) {
        if !weight.is_finite() || weight <= 0.0 {
            return Err(ShardError::Misfit("weights"));
        }
        arc.weight = weight;
    }
    Ok(arcs)
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

/// The arcs that gaps lead to; `None` if a row does not ascend, leaves the graph or has its source.
fn plain_arcs(columns: &ShardColumns, extent: &ShardExtent) -> Option<Vec<DenseArc>> {
    let mut arcs = Vec::with_capacity(columns.gaps.len());
    let mut rest = columns.gaps.as_slice();
    for (source, &degree) in (extent.first..extent.end).zip(&columns.degrees) {
        let (row, others) = rest.split_at(degree as usize);
        rest = others;
        let Some((&first, gaps)) = row.split_first() else { continue };
        let mut target = source.wrapping_add(unzigzag(first));
        let mut is_valid = target != source;
        arcs.push(DenseArc::plain(source, target));
        for &gap in gaps {
            let next = u64::from(target) + u64::from(gap) + 1;
            target = next as u32;
            is_valid &= next <= u64::from(u32::MAX) && target != source;
            arcs.push(DenseArc::plain(source, target));
        }
        if !is_valid || target >= extent.nodes {
            return None;
        }
    }
    Some(arcs)
}

#[cfg(test)]
mod tests;
