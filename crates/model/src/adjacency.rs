//! One profile's arcs in one layer and direction, and the blob they are stored as.
//!
//! An [`Adjacency`] is the body of one row keyed by (profile, layer, direction). Its encoding is
//!
//! ```text
//! flags · n · n sorted id differences · [n counts · n last days] · [n weights]
//! ```
//!
//! with every number a [`crate::varint`] but the weights, which are little-endian `f32`
//! bits. Counts and days are there only in interaction layers, weights only where one is not 1.
//! Dense ids cost 1.6 bytes an arc so; a row per arc costs 133.

use crate::id::ProfileId;
use crate::time::Day;
use crate::varint::{self, VarintError};

/// One arc seen from its owner: the other end and what is known of the attention.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdjacencyEntry {
    /// The profile at the other end.
    pub other: ProfileId,
    /// How often, in interaction layers; else 0.
    pub count: u32,
    /// The day of the last time, in interaction layers; else day 0.
    pub last_day: Day,
    /// The weight that the source gave; 1 unless it said otherwise. Finite and above 0.
    pub weight: f32,
}

impl AdjacencyEntry {
    /// An arc of weight 1 that does not repeat.
    pub const fn plain(other: ProfileId) -> AdjacencyEntry {
        AdjacencyEntry { other, count: 0, last_day: Day(0), weight: 1.0 }
    }

    /// An interaction that happened `count` times, last on `last_day`.
    pub const fn counted(other: ProfileId, count: u32, last_day: Day) -> AdjacencyEntry {
        AdjacencyEntry { other, count, last_day, weight: 1.0 }
    }
}

/// A list of arcs, sorted by the other end, each other end once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Adjacency(Vec<AdjacencyEntry>);

/// Why bytes are not an adjacency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AdjacencyError {
    /// The first byte has a flag that this version does not know.
    #[error("unknown adjacency flags {0:#04x}")]
    UnknownFlags(u8),
    /// A number in the body is broken.
    #[error("broken adjacency: {0}")]
    Broken(#[from] VarintError),
    /// The body says more arcs than its bytes can hold, or is longer than it says.
    #[error("adjacency length does not fit its count of {0}")]
    BadLength(u64),
    /// An id, a count or a weight is out of its range.
    #[error("adjacency value out of range")]
    OutOfRange,
}

const COUNTS: u8 = 1;
const WEIGHTS: u8 = 2;

impl Adjacency {
    /// Sorts `entries`; of several with the same other end, counts add up (saturating), the
    /// later day and the last weight stay.
    pub fn new(mut entries: Vec<AdjacencyEntry>) -> Adjacency {
        entries.sort_by_key(|entry| entry.other);
        entries.dedup_by(|later, kept| {
            let same = later.other == kept.other;
            if same {
                kept.count = kept.count.saturating_add(later.count);
                kept.last_day = kept.last_day.max(later.last_day);
                kept.weight = later.weight;
            }
            same
        });
        Adjacency(entries)
    }

    /// The arcs, sorted by the other end.
    pub fn entries(&self) -> &[AdjacencyEntry] {
        &self.0
    }

    /// How many arcs there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no arc.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Both lists as one: see [`Adjacency::new`] for arcs in both.
    pub fn merge(&self, newer: &Adjacency) -> Adjacency {
        Adjacency::new(self.0.iter().chain(&newer.0).copied().collect())
    }

    /// Both lists as one set: an arc in both is taken from `newer`, so that repeating changes
    /// nothing. Right for layers that do not count.
    pub fn union(&self, newer: &Adjacency) -> Adjacency {
        let mut entries: Vec<AdjacencyEntry> = newer.0.iter().chain(&self.0).copied().collect();
        entries.sort_by_key(|entry| entry.other);
        entries.dedup_by_key(|entry| entry.other);
        Adjacency(entries)
    }

    /// The other ends that `newer` has and this one lacks, and the reverse: (added, removed).
    pub fn diff(&self, newer: &Adjacency) -> (Vec<ProfileId>, Vec<ProfileId>) {
        (missing_in(&self.0, &newer.0), missing_in(&newer.0, &self.0))
    }

    /// The stored form; see the module's description.
    pub fn encode(&self) -> Vec<u8> {
        let counts = self.0.iter().any(|entry| entry.count > 0 || entry.last_day != Day(0));
        let weights = self.0.iter().any(|entry| entry.weight.to_bits() != 1f32.to_bits());
        let mut out = Vec::with_capacity(4 + self.0.len() * 2);
        out.push(if counts { COUNTS } else { 0 } | if weights { WEIGHTS } else { 0 });
        varint::put(&mut out, self.0.len() as u64);
        let mut previous = 0;
        for entry in &self.0 {
            varint::put(&mut out, entry.other.number() - previous);
            previous = entry.other.number();
        }
        if counts {
            self.0.iter().for_each(|entry| varint::put(&mut out, u64::from(entry.count)));
            self.0.iter().for_each(|entry| varint::put(&mut out, u64::from(entry.last_day.0)));
        }
        if weights {
            self.0.iter().for_each(|entry| out.extend(entry.weight.to_bits().to_le_bytes()));
        }
        out
    }

    /// Reads the stored form. Never panics, and allocates no more than the bytes justify.
    pub fn decode(bytes: &[u8]) -> Result<Adjacency, AdjacencyError> {
        let (&flags, mut rest) = bytes.split_first().ok_or(AdjacencyError::BadLength(0))?;
        if flags & !(COUNTS | WEIGHTS) != 0 {
            return Err(AdjacencyError::UnknownFlags(flags));
        }
        let count = varint::take(&mut rest)?;
        if count > rest.len() as u64 {
            return Err(AdjacencyError::BadLength(count));
        }
        let mut entries = take_ids(&mut rest, count as usize)?;
        if flags & COUNTS != 0 {
            take_counts(&mut rest, &mut entries)?;
        }
        if flags & WEIGHTS != 0 {
            take_weights(&mut rest, &mut entries)?;
        }
        if rest.is_empty() { Ok(Adjacency(entries)) } else { Err(AdjacencyError::BadLength(count)) }
    }
}

impl FromIterator<AdjacencyEntry> for Adjacency {
    fn from_iter<I: IntoIterator<Item = AdjacencyEntry>>(entries: I) -> Adjacency {
        Adjacency::new(entries.into_iter().collect())
    }
}

/// The other ends of `all` that are not in `known`; both are sorted.
fn missing_in(known: &[AdjacencyEntry], all: &[AdjacencyEntry]) -> Vec<ProfileId> {
    let mut known = known.iter().map(|entry| entry.other).peekable();
    let missing = all.iter().map(|entry| entry.other).filter(|other| {
        while known.next_if(|&candidate| candidate < *other).is_some() {}
        known.peek() != Some(other)
    });
    missing.collect()
}

fn take_ids(rest: &mut &[u8], count: usize) -> Result<Vec<AdjacencyEntry>, AdjacencyError> {
    let mut entries = Vec::with_capacity(count);
    let mut previous = 0u64;
    for index in 0..count {
        let difference = varint::take(rest)?;
        if index > 0 && difference == 0 {
            return Err(AdjacencyError::OutOfRange);
        }
        previous = previous.checked_add(difference).ok_or(AdjacencyError::OutOfRange)?;
        entries.push(AdjacencyEntry::plain(ProfileId::new(previous)));
    }
    Ok(entries)
}

fn take_counts(rest: &mut &[u8], entries: &mut [AdjacencyEntry]) -> Result<(), AdjacencyError> {
    for entry in entries.iter_mut() {
        let count = varint::take(rest)?;
        entry.count = u32::try_from(count).map_err(|_| AdjacencyError::OutOfRange)?;
    }
    for entry in entries {
        let day = varint::take(rest)?;
        entry.last_day = Day(u16::try_from(day).map_err(|_| AdjacencyError::OutOfRange)?);
    }
    Ok(())
}

fn take_weights(rest: &mut &[u8], entries: &mut [AdjacencyEntry]) -> Result<(), AdjacencyError> {
    for entry in entries.iter_mut() {
        let (bits, tail) =
            rest.split_first_chunk::<4>().ok_or(AdjacencyError::Broken(VarintError::Truncated))?;
        *rest = tail;
        entry.weight = f32::from_bits(u32::from_le_bytes(*bits));
        if !(entry.weight.is_finite() && entry.weight > 0.0) {
            return Err(AdjacencyError::OutOfRange);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry() -> impl Strategy<Value = AdjacencyEntry> {
        (0u64..500, 0u32..4, 0u16..3, prop_oneof![Just(1.0f32), 0.1f32..9.0]).prop_map(
            |(other, count, day, weight)| AdjacencyEntry {
                other: ProfileId::new(other),
                count,
                last_day: Day(day),
                weight,
            },
        )
    }

    fn adjacency() -> impl Strategy<Value = Adjacency> {
        proptest::collection::vec(entry(), 0..60).prop_map(Adjacency::new)
    }

    proptest! {
        #[test]
        fn what_is_encoded_reads_back(list in adjacency()) {
            prop_assert_eq!(Adjacency::decode(&list.encode()), Ok(list));
        }

        #[test]
        fn broken_bytes_are_an_error_and_never_a_panic(bytes: Vec<u8>) {
            if let Ok(list) = Adjacency::decode(&bytes) {
                prop_assert_eq!(Adjacency::decode(&list.encode()), Ok(list));
            }
        }

        #[test]
        fn a_cut_body_is_refused(list in adjacency(), cut in 1usize..9) {
            let bytes = list.encode();
            let kept = bytes.len().saturating_sub(cut);
            prop_assert!(Adjacency::decode(&bytes[..kept]).is_err());
        }

        #[test]
        fn a_difference_turns_the_old_list_into_the_new(old in adjacency(), new in adjacency()) {
            let (added, removed) = old.diff(&new);
            let mut ends: Vec<ProfileId> = old.entries().iter().map(|e| e.other).collect();
            ends.retain(|end| !removed.contains(end));
            ends.extend(added);
            ends.sort();
            let wanted: Vec<ProfileId> = new.entries().iter().map(|e| e.other).collect();
            prop_assert_eq!(ends, wanted);
        }

        #[test]
        fn a_union_repeated_changes_nothing(old in adjacency(), new in adjacency()) {
            let once = old.union(&new);
            prop_assert_eq!(once.union(&new), once);
        }
    }

    #[test]
    fn plain_dense_lists_cost_about_a_byte_an_arc() {
        let list: Adjacency =
            (1000..1100).map(|n| AdjacencyEntry::plain(ProfileId::new(n))).collect();
        assert_eq!(list.encode().len(), 1 + 1 + 2 + 99);
    }

    #[test]
    fn counts_of_one_other_end_add_up() {
        let other = ProfileId::new(5);
        let a: Adjacency = [AdjacencyEntry::counted(other, 2, Day(7))].into_iter().collect();
        let b: Adjacency = [AdjacencyEntry::counted(other, 3, Day(6))].into_iter().collect();
        assert_eq!(a.merge(&b).entries(), [AdjacencyEntry::counted(other, 5, Day(7))]);
    }
}
