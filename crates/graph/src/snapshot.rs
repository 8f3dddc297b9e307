//! Shards of a sealed snapshot: one layer's arcs of one range of sources, as bytes.
//!
//! Format 0 is a zstd frame of
//!
//! ```text
//! "borg" · format · flags · nodes · first · rows · degrees · target differences
//!        · [counts] · [last days] · [weights]
//! ```
//!
//! Every number is a varint but the weights, which are little-endian `f32` bits. Targets are
//! differences: the first of a row from the row's own number (zigzag), the others from the one
//! before, less one. Time O(arcs), memory that of the arcs. Pure functions over bytes: whatever the
//! bytes, [`decode`] ends in a shard or in an error, and allocates no more than they justify.

use model::Day;
use model::varint::{self, VarintError};

use crate::attention::LayerArcs;

/// The format that this module writes.
pub const FORMAT: u32 = 0;

const MAGIC: &[u8; 4] = b"borg";
const COUNTS: u64 = 1;
const DAYS: u64 = 2;
const WEIGHTS: u64 = 4;
const ZSTD_LEVEL: i32 = 3;

/// A shard unpacks to at most so many bytes: a bomb is refused.
const UNPACKED_BYTES_MAX: usize = 1 << 30;

/// Arcs of a range of sources.
#[derive(Debug, Clone, PartialEq)]
pub struct ShardArcs {
    /// How many people the whole graph has; targets are below.
    pub nodes: u32,
    /// The first source.
    pub first: u32,
    /// How many arcs each source has, from `first` on.
    pub degrees: Vec<u32>,
    /// The targets of all sources, one after the other, ascending within each.
    pub targets: Vec<u32>,
    /// How often, beside `targets`; empty in layers without counts.
    pub counts: Vec<u32>,
    /// The last day, beside `targets`; empty if unknown.
    pub last_days: Vec<Day>,
    /// Weights beside `targets`; empty where all are 1.
    pub weights: Vec<f32>,
}

/// Why bytes are not a shard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShardError {
    /// The bytes are no zstd frame, or unpack to too much.
    #[error("unpack the shard: {0}")]
    Packing(String),
    /// The bytes are something else.
    #[error("the bytes are no shard")]
    NoShard,
    /// The format is newer than this version.
    #[error("shard format {0} is unknown to this version")]
    UnknownFormat(u64),
    /// A number is broken.
    #[error("broken shard: {0}")]
    Broken(#[from] VarintError),
    /// The numbers do not fit together.
    #[error("broken shard: its {0} do not fit")]
    Misfit(&'static str),
}

/// Cuts the sources into ranges of at most `arcs_max` arcs, or of one source.
pub fn ranges(layer: &LayerArcs, arcs_max: u64) -> Vec<(u32, u32)> {
    let offsets = layer.arcs.offsets();
    let nodes = layer.arcs.nodes();
    let mut ranges = Vec::new();
    let mut first = 0;
    while first < nodes {
        let most = offsets[first] + arcs_max;
        let end = offsets.partition_point(|&offset| offset <= most).saturating_sub(1);
        let end = end.clamp(first + 1, nodes);
        ranges.push((first as u32, end as u32));
        first = end;
    }
    ranges
}

/// Packs the arcs of the sources `first..end` of a layer.
pub fn encode(layer: &LayerArcs, first: u32, end: u32) -> Vec<u8> {
    let offsets = layer.arcs.offsets();
    let range = offsets[first as usize] as usize..offsets[end as usize] as usize;
    let mut plain = MAGIC.to_vec();
    let flag = |on: bool, flag: u64| if on { flag } else { 0 };
    let flags = flag(!layer.counts.is_empty(), COUNTS)
        | flag(!layer.last_days.is_empty(), DAYS)
        | flag(!layer.arcs.is_unweighted(), WEIGHTS);
    let head = [u64::from(FORMAT), flags, layer.arcs.nodes() as u64, u64::from(first)];
    head.into_iter().chain([u64::from(end - first)]).for_each(|n| varint::put(&mut plain, n));
    (first..end).for_each(|source| varint::put(&mut plain, layer.arcs.degree(source) as u64));
    (first..end).for_each(|source| put_row(&mut plain, source, layer.arcs.row(source)));
    if !layer.counts.is_empty() {
        layer.counts[range.clone()].iter().for_each(|&n| varint::put(&mut plain, n.into()));
    }
    if !layer.last_days.is_empty() {
        layer.last_days[range.clone()].iter().for_each(|day| varint::put(&mut plain, day.0.into()));
    }
    if let Some(weights) = layer.arcs.weights() {
        weights[range].iter().for_each(|weight| plain.extend(weight.to_le_bytes()));
    }
    zstd::bulk::compress(&plain, ZSTD_LEVEL).expect("packing into memory does not fail")
}

fn put_row(out: &mut Vec<u8>, source: u32, targets: &[u32]) {
    let mut previous = None;
    for &target in targets {
        let difference = match previous {
            None => zigzag(i64::from(target) - i64::from(source)),
            Some(before) => u64::from(target - before) - 1,
        };
        varint::put(out, difference);
        previous = Some(target);
    }
}

const fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

const fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

/// Reads what [`encode`] wrote.
pub fn decode(bytes: &[u8]) -> Result<ShardArcs, ShardError> {
    let plain = zstd::bulk::decompress(bytes, unpacked_bound(bytes)?)
        .map_err(|error| ShardError::Packing(error.to_string()))?;
    let mut rest = plain.strip_prefix(MAGIC).ok_or(ShardError::NoShard)?;
    let rest = &mut rest;
    let format = varint::take(rest)?;
    if format != u64::from(FORMAT) {
        return Err(ShardError::UnknownFormat(format));
    }
    let flags = varint::take(rest)?;
    let nodes = small(varint::take(rest)?, "nodes")?;
    let first = small(varint::take(rest)?, "sources")?;
    let rows = small(varint::take(rest)?, "sources")?;
    if u64::from(first) + u64::from(rows) > u64::from(nodes) || rows as usize > rest.len() {
        return Err(ShardError::Misfit("sources"));
    }
    let degrees = take_smalls(rest, rows as usize, "degrees")?;
    let targets = take_targets(rest, (nodes, first), &degrees)?;
    let arcs = targets.len();
    let wanted = |flag: u64| if flags & flag != 0 { arcs } else { 0 };
    let counts = take_smalls(rest, wanted(COUNTS), "counts")?;
    let days = take_smalls(rest, wanted(DAYS), "days")?;
    let day = |day: u32| u16::try_from(day).map(Day).map_err(|_| ShardError::Misfit("days"));
    let last_days = days.into_iter().map(day).collect::<Result<_, _>>()?;
    let weights = take_weights(rest, wanted(WEIGHTS))?;
    let known = flags & !(COUNTS | DAYS | WEIGHTS) == 0;
    if !rest.is_empty() || !known {
        return Err(ShardError::Misfit("length and flags"));
    }
    Ok(ShardArcs { nodes, first, degrees, targets, counts, last_days, weights })
}

/// The size that the frame announces, if it is a sane one.
fn unpacked_bound(bytes: &[u8]) -> Result<usize, ShardError> {
    let announced = zstd::zstd_safe::get_frame_content_size(bytes).ok().flatten();
    let size = announced.and_then(|size| usize::try_from(size).ok());
    let size = size.ok_or_else(|| ShardError::Packing("it does not say its size".to_owned()))?;
    if size > UNPACKED_BYTES_MAX {
        return Err(ShardError::Packing(format!("it unpacks to {size} bytes")));
    }
    Ok(size)
}

fn small(number: u64, what: &'static str) -> Result<u32, ShardError> {
    u32::try_from(number).map_err(|_| ShardError::Misfit(what))
}

fn take_smalls(rest: &mut &[u8], count: usize, what: &'static str) -> Result<Vec<u32>, ShardError> {
    if count > rest.len() {
        return Err(ShardError::Misfit(what));
    }
    (0..count).map(|_| small(varint::take(rest)?, what)).collect()
}

fn take_targets(
    rest: &mut &[u8],
    (nodes, first): (u32, u32),
    degrees: &[u32],
) -> Result<Vec<u32>, ShardError> {
    let arcs: u64 = degrees.iter().map(|&degree| u64::from(degree)).sum();
    if arcs > rest.len() as u64 {
        return Err(ShardError::Misfit("arcs"));
    }
    let mut targets = Vec::with_capacity(arcs as usize);
    for (source, &degree) in (first..).zip(degrees) {
        let mut previous: Option<u32> = None;
        for _ in 0..degree {
            let number = varint::take(rest)?;
            let target = match previous {
                None => i64::from(source).checked_add(unzigzag(number)),
                Some(before) => {
                    i64::try_from(number).ok().and_then(|n| n.checked_add(i64::from(before) + 1))
                }
            };
            let target = target.and_then(|target| u32::try_from(target).ok());
            let target = target.filter(|&target| target < nodes && target != source);
            targets.push(target.ok_or(ShardError::Misfit("targets"))?);
            previous = targets.last().copied();
        }
    }
    Ok(targets)
}

fn take_weights(rest: &mut &[u8], count: usize) -> Result<Vec<f32>, ShardError> {
    let (bytes, tail) = rest.split_at_checked(count * 4).ok_or(ShardError::Misfit("weights"))?;
    *rest = tail;
    let (chunks, _) = bytes.as_chunks::<4>();
    let weights: Vec<f32> = chunks.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect();
    let sound = weights.iter().all(|weight| weight.is_finite() && *weight > 0.0);
    if sound { Ok(weights) } else { Err(ShardError::Misfit("weights")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csr::{ArcList, Csr};
    use model::Layer;
    use proptest::prelude::*;

    const NODES: u32 = 40;

    fn layer(arcs: &[(u32, u32, u8)], weighted: bool, counted: bool) -> LayerArcs {
        let sources: Vec<u32> = arcs.iter().map(|arc| arc.0).collect();
        let targets: Vec<u32> = arcs.iter().map(|arc| arc.1).collect();
        let weights: Vec<f32> = arcs.iter().map(|arc| f32::from(arc.2) + 0.5).collect();
        let list =
            ArcList { sources: &sources, targets: &targets, weights: weighted.then_some(&weights) };
        let arcs = Csr::from_arcs(NODES as usize, list).unwrap().csr;
        let count = if counted { arcs.arcs() } else { 0 };
        LayerArcs {
            layer: Layer::Mention,
            counts: (0..count as u32).collect(),
            last_days: (0..count as u16).map(Day).collect(),
            arcs,
        }
    }

    fn some_layer() -> impl Strategy<Value = LayerArcs> {
        let arc = (0..NODES, 0..NODES, any::<u8>());
        (proptest::collection::vec(arc, 0..120), any::<bool>(), any::<bool>())
            .prop_map(|(arcs, weighted, counted)| layer(&arcs, weighted, counted))
    }

    proptest! {
        #[test]
        fn shards_read_back(layer in some_layer(), arcs_max in 1u64..50) {
            let mut targets = Vec::new();
            let mut counts = Vec::new();
            let mut weights = Vec::new();
            for (first, end) in ranges(&layer, arcs_max) {
                let shard = decode(&encode(&layer, first, end)).unwrap();
                prop_assert_eq!(shard.first, first);
                prop_assert_eq!(shard.degrees.len() as u32, end - first);
                targets.extend(shard.targets);
                counts.extend(shard.counts);
                weights.extend(shard.weights);
            }
            prop_assert_eq!(targets.as_slice(), layer.arcs.targets());
            prop_assert_eq!(counts, layer.counts);
            prop_assert_eq!(weights.as_slice(), layer.arcs.weights().unwrap_or_default());
        }

        #[test]
        fn ranges_cover_every_source_once(layer in some_layer(), arcs_max in 1u64..50) {
            let ranges = ranges(&layer, arcs_max);
            prop_assert_eq!(ranges[0].0, 0);
            prop_assert_eq!(ranges[ranges.len() - 1].1, NODES);
            prop_assert!(ranges.windows(2).all(|pair| pair[0].1 == pair[1].0));
        }

        #[test]
        fn corrupt_shards_are_refused_or_read_but_never_panic(
            layer in some_layer(),
            flips in proptest::collection::vec((any::<prop::sample::Index>(), 1u8..), 1..4),
            cut: prop::sample::Index,
        ) {
            let mut bytes = encode(&layer, 0, NODES);
            for (at, flip) in flips {
                let at = at.index(bytes.len());
                bytes[at] ^= flip;
            }
            let _ = decode(&bytes);
            let kept = cut.index(bytes.len());
            prop_assert!(decode(&encode(&layer, 0, NODES)[..kept]).is_err());
        }

        #[test]
        fn any_plain_body_is_a_shard_or_an_error(body: Vec<u8>) {
            let plain = [MAGIC.as_slice(), &body].concat();
            let _ = decode(&zstd::bulk::compress(&plain, 1).unwrap());
        }
    }

    #[test]
    fn newer_formats_are_refused_by_number() {
        let plain = [MAGIC.as_slice(), &[9]].concat();
        let packed = zstd::bulk::compress(&plain, 1).unwrap();
        assert_eq!(decode(&packed), Err(ShardError::UnknownFormat(9)));
        assert!(matches!(decode(b"nothing"), Err(ShardError::Packing(_))));
    }
}
