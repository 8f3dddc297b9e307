//! The arcs of one profile in one layer and direction, and the blob that stores them.
//!
//! An [`Adjacency`] is the body of one row keyed by (profile, layer, direction). Its encoding is
//!
//! ```text
//! flags · n · n sorted id differences · [n counts · n last days] · [n weights]
//! ```
//!
//! where weights are little-endian `f32` and all other numbers [varints](crate::varint). There are counts
//! and days only in interaction layers, and weights only if one is not 1. With dense ids this takes
//! 1.6 bytes an arc; a row per arc takes 133.
//!
//! ```
//! use model::{Adjacency, AdjacencyEntry, ProfileId};
//!
//! let arcs: Adjacency =
//!     [7, 3, 300].map(|id| AdjacencyEntry::plain(ProfileId::new(id))).into_iter().collect();
//! let bytes = arcs.encode();
//! assert_eq!(bytes, [0, 3, 3, 4, 0xa5, 2]); // no flags; 3 arcs; 3, +4, +293
//! assert_eq!(Adjacency::decode(&bytes), Ok(arcs));
//! ```

use crate::id::ProfileId;
use crate::time::Day;
use crate::varint::{self, VarintError};

/// One arc of a list: the other end and the attention.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdjacencyEntry {
    /// The profile at the other end.
    pub other: ProfileId,
    /// How many times, in interaction layers; else 0.
    pub count: u32,
    /// The day of the last time, in interaction layers; else day 0.
    pub last_day: Day,
    /// The weight that the source states; 1 if it states none. Finite and above 0.
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
///
/// ```
/// use model::{Adjacency, AdjacencyEntry, Day, ProfileId};
///
/// let ada = ProfileId::new(1);
/// let monday: Adjacency = [AdjacencyEntry::counted(ada, 2, Day(10))].into_iter().collect();
/// let tuesday: Adjacency = [AdjacencyEntry::counted(ada, 1, Day(11))].into_iter().collect();
/// // Interactions add up; what is one relation is taken from the newer list.
/// assert_eq!(monday.merge(&tuesday).entries(), [AdjacencyEntry::counted(ada, 3, Day(11))]);
/// assert_eq!(monday.union(&tuesday).entries(), [AdjacencyEntry::counted(ada, 1, Day(11))]);
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Adjacency(Vec<AdjacencyEntry>);

/// The difference between two lists of arcs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AdjacencyDiff {
    /// The other ends that only the newer list has, sorted.
    pub added: Vec<ProfileId>,
    /// The other ends that only the older list has, sorted.
    pub removed: Vec<ProfileId>,
}

/// Why bytes are not an adjacency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AdjacencyError {
    /// The first byte has a flag that this version does not know.
    #[error("unknown adjacency flags {0:#04x}")]
    UnknownFlags(u8),
    /// A number in the body is not complete or too large.
    #[error("broken adjacency: {0}")]
    Broken(#[from] VarintError),
    /// The count is larger than the bytes allow, or bytes are left after the last arc.
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

    /// Both lists as one; arcs in both are added up as in [`Adjacency::new`].
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

    /// The other ends that differ between this list and the newer one.
    pub fn diff(&self, newer: &Adjacency) -> AdjacencyDiff {
        AdjacencyDiff {
            added: missing_in(&self.0, &newer.0),
            removed: missing_in(&newer.0, &self.0),
        }
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
            let AdjacencyDiff { added, removed } = old.diff(&new);
            let mut ends: Vec<ProfileId> = old.entries().iter().map(|e| e.other).collect();
            ends.retain(|end| !removed.contains(end));
            ends.extend(added);
            ends.sort();
            let wanted: Vec<ProfileId> = new.entries().iter().map(|e| e.other).collect();
            prop_assert_eq!(ends, wanted);
        }

        #[test]
        fn a_union_takes_what_is_in_both_from_the_newer(old in adjacency(), new in adjacency()) {
            let both = old.union(&new);
            let older = old.entries().iter().filter(|entry| {
                new.entries().iter().all(|newer| newer.other != entry.other)
            });
            let wanted: Adjacency = older.chain(new.entries()).copied().collect();
            prop_assert_eq!(both, wanted);
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

    #[test]
    fn of_one_other_end_the_last_weight_stays() {
        let entry = |weight| AdjacencyEntry { weight, ..AdjacencyEntry::plain(ProfileId::new(5)) };
        assert_eq!(Adjacency::new(vec![entry(2.0), entry(3.0)]).entries(), [entry(3.0)]);
    }

    #[test]
    fn a_list_has_a_length_and_a_difference() {
        let list = |ids: &[u64]| -> Adjacency {
            ids.iter().map(|&id| AdjacencyEntry::plain(ProfileId::new(id))).collect()
        };
        assert_eq!((list(&[]).len(), list(&[]).is_empty()), (0, true));
        assert_eq!((list(&[4, 2]).len(), list(&[4, 2]).is_empty()), (2, false));
        let ids =
            |ids: &[u64]| -> Vec<ProfileId> { ids.iter().copied().map(ProfileId::new).collect() };
        let found = list(&[1, 2, 3]).diff(&list(&[2, 4, 5]));
        assert_eq!(found, AdjacencyDiff { added: ids(&[4, 5]), removed: ids(&[1, 3]) });
    }

    #[test]
    fn the_stored_form_has_these_bytes() {
        let id = ProfileId::new;
        let plain = Adjacency::new([3, 300].map(|n| AdjacencyEntry::plain(id(n))).to_vec());
        let counted = |n, count, day| AdjacencyEntry::counted(id(n), count, Day(day));
        let interactions = Adjacency::new(vec![counted(3, 200, 0), counted(4, 0, 20_779)]);
        let weighted = AdjacencyEntry { weight: 0.5, ..counted(9, 1, 2) };
        let golden: [(Adjacency, &[u8]); 5] = [
            (Adjacency::new(vec![counted(3, 2, 0)]), &[1, 1, 3, 2, 0]),
            (Adjacency::default(), &[0, 0]),
            (plain, &[0, 2, 3, 0xa9, 2]),
            (interactions, &[1, 2, 3, 1, 0xc8, 1, 0, 0, 0xab, 0xa2, 1]),
            (Adjacency::new(vec![weighted]), &[3, 1, 9, 1, 2, 0, 0, 0, 0x3f]),
        ];
        for (list, bytes) in golden {
            assert_eq!(list.encode(), bytes);
            assert_eq!(Adjacency::decode(bytes), Ok(list));
        }
    }

    #[test]
    fn each_kind_of_broken_bytes_has_its_error() {
        let truncated = AdjacencyError::Broken(VarintError::Truncated);
        let cases: [(&[u8], AdjacencyError); 13] = [
            (&[], AdjacencyError::BadLength(0)),
            (&[4, 0], AdjacencyError::UnknownFlags(4)),
            (&[0x83, 0], AdjacencyError::UnknownFlags(0x83)),
            (&[0], truncated),
            (&[0, 2, 1], AdjacencyError::BadLength(2)),
            (&[0, 1, 1, 1], AdjacencyError::BadLength(1)),
            (&[0, 2, 1, 0], AdjacencyError::OutOfRange),
            (&[1, 1, 1, 1], truncated),
            (&[1, 1, 1, 0x80, 0x80, 0x80, 0x80, 0x10, 1], AdjacencyError::OutOfRange),
            (&[1, 1, 1, 1, 0x80, 0x80, 4], AdjacencyError::OutOfRange),
            (&[2, 1, 1, 0, 0, 0x80], truncated),
            (&[2, 1, 1, 0, 0, 0, 0], AdjacencyError::OutOfRange),
            (&[2, 1, 1, 0, 0, 0x80, 0x7f], AdjacencyError::OutOfRange),
        ];
        for (bytes, error) in cases {
            assert_eq!(Adjacency::decode(bytes), Err(error), "{bytes:?}");
        }
        let first = Adjacency::decode(&[0, 1, 0]).unwrap();
        assert_eq!(first.entries(), [AdjacencyEntry::plain(ProfileId::new(0))]);
    }
}
