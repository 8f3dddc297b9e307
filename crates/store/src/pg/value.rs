//! How nouns travel: ids as `bigint`, times as integers, text without what PostgreSQL refuses.

use std::borrow::Cow;

use model::time::Timestamp;
use model::{ChangePosition, Epoch, Platform, ProfileId, RunId};

use crate::StoreError;

pub(super) fn profile_id(stored: i64) -> ProfileId {
    ProfileId::new(stored as u64)
}

pub(super) fn stored_id(id: ProfileId) -> i64 {
    id.number() as i64
}

pub(super) fn stored_ids(ids: &[ProfileId]) -> Vec<i64> {
    ids.iter().copied().map(stored_id).collect()
}

/// The least and the greatest of stored ids. A statement that is given them finds the partitions of its
/// rows while it is planned: a join by id alone reads all partitions, and `= any` compares each id with
/// each partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct IdBounds {
    pub(super) first: i64,
    pub(super) last: i64,
}

impl IdBounds {
    /// The bounds of these ids; of none, bounds within which nothing is.
    pub(super) fn of(ids: &[i64]) -> IdBounds {
        let first = ids.iter().min().copied().unwrap_or(0);
        IdBounds { first, last: ids.iter().max().copied().unwrap_or(-1) }
    }
}

/// The number of a run.
pub(super) fn stored_run(id: RunId) -> i64 {
    id.number() as i64
}

pub(super) fn platform_number(platform: Platform) -> i16 {
    i16::from(platform.number())
}

pub(super) fn stored_seconds(at: Timestamp) -> i64 {
    at.as_second()
}

pub(super) fn stored_ms(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// Times out of range cannot have been stored by us; they read as 1970.
pub(super) fn from_seconds(stored: i64) -> Timestamp {
    Timestamp::from_second(stored).unwrap_or_default()
}

/// Like [`from_seconds`], for milliseconds.
pub(super) fn from_ms(stored: i64) -> Timestamp {
    Timestamp::from_millisecond(stored).unwrap_or_default()
}

/// The number of an epoch.
pub(super) fn stored_epoch(epoch: Epoch) -> i64 {
    i64::from(epoch.number())
}

/// A count as `bigint`; what exceeds it is cut.
pub(super) fn stored_units(units: u64) -> i64 {
    i64::try_from(units).unwrap_or(i64::MAX)
}

/// A count as `int`; what exceeds it is cut.
pub(super) fn stored_count(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// A position with this stored number; none is below zero.
pub(super) fn position(stored: i64) -> ChangePosition {
    ChangePosition::new(u64::try_from(stored).unwrap_or(0))
}

/// A position as it is stored; one that no log reaches is the last that fits.
pub(super) fn stored_position(position: ChangePosition) -> i64 {
    stored_units(position.number())
}

/// Steps of the stored support in each factor of 2: 255 steps reach ten million.
const SUPPORT_STEPS: f32 = 11.0;

/// A support on the scale of logarithms: within 3.3 %.
pub(super) fn stored_support(support: f32) -> u8 {
    if support <= 0.0 {
        return 0;
    }
    (1.0 + SUPPORT_STEPS * support.max(1.0).log2()).round().min(f32::from(u8::MAX)) as u8
}

/// The support of a place on that scale.
pub(super) fn support_of(stored: u8) -> f32 {
    if stored == 0 { 0.0 } else { ((f32::from(stored) - 1.0) / SUPPORT_STEPS).exp2() }
}

/// A text that means something only as a whole, such as a name or an address: nothing if PostgreSQL
/// cannot take it (a NUL) or it is longer than `bytes_max`.
pub(super) fn whole(text: &str, bytes_max: usize) -> Option<&str> {
    (text.len() <= bytes_max && !text.contains('\0')).then_some(text)
}

/// Words as PostgreSQL takes them: without NUL, and with at most `chars_max` characters.
pub(super) fn clean(text: &str, chars_max: usize) -> Cow<'_, str> {
    let cut = text.char_indices().nth(chars_max).map_or(text, |(end, _)| &text[..end]);
    if cut.contains('\0') { Cow::Owned(cut.replace('\0', "")) } else { Cow::Borrowed(cut) }
}

/// The first 8 bytes of a BLAKE3 hash, by which contents are compared.
pub(super) fn content_hash(hasher: &blake3::Hasher) -> i64 {
    let hash = hasher.finalize();
    let (first, _) = hash.as_bytes().split_first_chunk::<8>().expect("a hash has 32 bytes");
    i64::from_le_bytes(*first)
}

/// The error of a value that cannot have been written by us.
pub(super) fn corrupt(
    (table, column): (&'static str, &'static str),
    row: impl ToString,
    why: impl ToString,
) -> StoreError {
    StoreError::Corrupt { table, column, row: row.to_string(), why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_kept_whole_is_not_kept() {
        assert_eq!(whole("añ", 3), Some("añ"));
        assert_eq!(whole("añ", 2), None);
        assert_eq!(whole("a\0", 9), None);
    }

    #[test]
    fn words_are_cut_by_characters_and_loses_nul() {
        assert_eq!(clean("añb", 2), "añ");
        assert_eq!(clean("a\0b", 9), "ab");
        assert_eq!(clean("ab", 2), "ab");
    }
}
