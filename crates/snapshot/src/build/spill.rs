//! Arcs on their way from lists to shards, by range of their sources.
//!
//! Lists come by owner, shards go by source. So arcs wait in buckets, one for each range of numbers;
//! when all buckets together hold more than they may, the fullest are sealed as objects of their
//! own and read back when their range is written. 8 bytes an arc, half of that once sealed.

use std::collections::BTreeSet;

use model::time::Day;
use model::varint::{self, VarintError};
use model::{Direction, Layer, SnapshotId};

use super::ranges::KnownRanges;
use crate::artifact::{ArtifactError, get, put};
use crate::{DenseArc, NumberRange, ObjectStore, Section, SnapshotError};

/// Numbers beyond the known ranges are cut into ranges of this many.
const RANGE_NUMBERS: u32 = 1 << 16;

/// Arcs by range of their sources.
#[derive(Debug)]
pub(super) struct Spill<'a> {
    objects: ObjectStore<'a>,
    id: SnapshotId,
    bytes_max: usize,
    known: KnownRanges,
    buckets: Vec<SpillBucket>,
    bytes: usize,
    /// How many arcs wait for each source.
    waiting: Vec<u32>,
    sections: BTreeSet<Section>,
}

#[derive(Debug, Default)]
struct SpillBucket {
    /// Keys and unpacked sizes of what was sealed.
    sealed: Vec<(String, usize)>,
    body: Vec<u8>,
}

impl<'a> Spill<'a> {
    /// Buckets for the known ranges, and for more beyond.
    pub(super) fn new(
        objects: ObjectStore<'a>,
        id: SnapshotId,
        known: KnownRanges,
        bytes_max: usize,
    ) -> Spill<'a> {
        let (buckets, sections) = (Vec::new(), BTreeSet::new());
        Spill { objects, id, bytes_max, known, buckets, bytes: 0, waiting: Vec::new(), sections }
    }

    fn bucket_of(&self, source: u32) -> usize {
        let KnownRanges { starts, end } = &self.known;
        if source < *end {
            return starts.partition_point(|&start| start <= source) - 1;
        }
        starts.len() + ((source - end) / RANGE_NUMBERS) as usize
    }

    /// The ranges that cover the numbers below `end`.
    pub(super) fn ranges(&self, end: u32) -> Vec<NumberRange> {
        let beyond = (self.known.end..end).step_by(RANGE_NUMBERS as usize);
        let starts: Vec<u32> = self.known.starts.iter().copied().chain(beyond).collect();
        let ends = starts.iter().skip(1).copied().chain([end]);
        let ranges = starts.iter().zip(ends).map(|(&first, end)| NumberRange { first, end });
        ranges.filter(|range| !range.is_empty()).collect()
    }

    /// The sections of the lists that came.
    pub(super) fn sections(&self) -> &BTreeSet<Section> {
        &self.sections
    }

    /// How many arcs wait for a source.
    pub(super) fn waiting(&self, source: u32) -> u64 {
        self.waiting.get(source as usize).copied().unwrap_or(0).into()
    }

    /// Adds an arc.
    pub(super) fn add(&mut self, section: Section, arc: &DenseArc) {
        let source = arc.source as usize;
        if source >= self.waiting.len() {
            self.waiting.resize((source + 1).max(self.waiting.len() * 2), 0);
        }
        self.waiting[source] += 1;
        let bucket = self.bucket_of(arc.source);
        if bucket >= self.buckets.len() {
            self.buckets.resize_with(bucket + 1, SpillBucket::default);
        }
        let body = &mut self.buckets[bucket].body;
        let before = body.len();
        put_arc(body, section, arc);
        self.bytes += body.len() - before;
    }

    /// Ends a list of a section: if more waits than may, the fullest buckets are sealed until half
    /// of the room is free.
    pub(super) async fn end_list(&mut self, section: Section) -> Result<(), SnapshotError> {
        self.sections.insert(section);
        if self.bytes <= self.bytes_max {
            return Ok(());
        }
        while self.bytes > self.bytes_max / 2 {
            let fullest = (0..self.buckets.len()).max_by_key(|&at| self.buckets[at].body.len());
            let Some(at) = fullest else { return Ok(()) };
            self.seal(at).await?;
        }
        Ok(())
    }

    async fn seal(&mut self, at: usize) -> Result<(), SnapshotError> {
        let bucket = &mut self.buckets[at];
        let key = format!("snapshots/{}/spill-{at:05}-{:05}", self.id, bucket.sealed.len());
        let body = std::mem::take(&mut bucket.body);
        bucket.sealed.push((key.clone(), body.len()));
        self.bytes -= body.len();
        let packed = zstd::bulk::compress(&body, 1).expect("bytes in memory can be packed");
        Ok(put(self.objects, &key, packed).await?)
    }

    /// The arcs that wait for a part of one range, in no order.
    pub(super) async fn arcs(
        &self,
        range: NumberRange,
    ) -> Result<Vec<(Section, DenseArc)>, SnapshotError> {
        let mut arcs = Vec::new();
        let Some(bucket) = self.buckets.get(self.bucket_of(range.first)) else { return Ok(arcs) };
        for (key, size) in &bucket.sealed {
            let packed = get(self.objects, key).await?;
            let body = zstd::bulk::decompress(&packed, *size)
                .map_err(|error| ArtifactError::corrupt(key, error))?;
            let read = take_arcs(&body, range, &mut arcs);
            read.map_err(|error| ArtifactError::corrupt(key, error))?;
        }
        let read = take_arcs(&bucket.body, range, &mut arcs);
        read.map_err(|error| ArtifactError::corrupt("arcs in memory", error))?;
        Ok(arcs)
    }

    /// Deletes what was sealed. What cannot be deleted stays until it expires: nothing reads it.
    pub(super) async fn clear(self) {
        for (key, _) in self.buckets.into_iter().flat_map(|bucket| bucket.sealed) {
            if let Err(error) = self.objects.delete(&key).await {
                tracing::warn!(%key, %error, "arcs that waited are left behind");
            }
        }
    }
}

const WEIGHTED: u8 = 0x80;

fn put_arc(body: &mut Vec<u8>, Section { layer, direction }: Section, arc: &DenseArc) {
    let weighted = arc.weight.to_bits() != 1f32.to_bits();
    let section = (layer as u8) << 1 | direction as u8;
    body.push(section | if weighted { WEIGHTED } else { 0 });
    varint::put(body, arc.source.into());
    varint::put(body, arc.target.into());
    if layer.is_interaction() {
        varint::put(body, arc.count.into());
        varint::put(body, arc.last_day.0.into());
    }
    if weighted {
        body.extend(arc.weight.to_le_bytes());
    }
}

/// Reads the arcs of a body that are of a range.
fn take_arcs(
    mut body: &[u8],
    range: NumberRange,
    arcs: &mut Vec<(Section, DenseArc)>,
) -> Result<(), VarintError> {
    while !body.is_empty() {
        let (section, arc) = take_arc(&mut body)?;
        if range.contains(arc.source) {
            arcs.push((section, arc));
        }
    }
    Ok(())
}

/// Reads an arc that this process wrote: only an object store that loses bytes can break it.
fn take_arc(rest: &mut &[u8]) -> Result<(Section, DenseArc), VarintError> {
    let (&head, tail) = rest.split_first().ok_or(VarintError::Truncated)?;
    *rest = tail;
    let section = head & !WEIGHTED;
    let layer = Layer::from_number(section >> 1).ok_or(VarintError::Truncated)?;
    let direction = Direction::from_number(section & 1).ok_or(VarintError::Truncated)?;
    let mut number = || varint::take(rest).map(|number| number as u32);
    let (source, target) = (number()?, number()?);
    let counted = layer.is_interaction();
    let (count, day) = if counted { (number()?, number()?) } else { (0, 0) };
    let mut weight = 1.0;
    if head & WEIGHTED != 0 {
        let (bytes, tail) = rest.split_first_chunk::<4>().ok_or(VarintError::Truncated)?;
        (weight, *rest) = (f32::from_le_bytes(*bytes), tail);
    }
    let arc = DenseArc { source, target, count, last_day: Day(day as u16), weight };
    Ok((Section { layer, direction }, arc))
}
