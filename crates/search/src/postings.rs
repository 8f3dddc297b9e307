//! The persons that a term leads to: ascending numbers, that is the best trusted first, as varint
//! differences (1 to 2 bytes each where a term is common). This is the form that the database keeps.

use model::varint::{self, VarintError};

/// The most persons that one row keeps: the best trusted of all that have the term. A word that
/// more persons have finds only these, alone or together with other words.
pub const KEPT_MAX: u32 = 32_768;

/// Why bytes are not postings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PostingListError {
    /// A difference is broken.
    #[error("broken postings: {0}")]
    Broken(#[from] VarintError),
    /// A number repeats or needs more than 32 bits.
    #[error("postings do not ascend within 32 bits")]
    OutOfRange,
}

/// Postings as they grow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PostingList {
    last: Option<u32>,
    kept: u32,
    bytes: Vec<u8>,
}

impl PostingList {
    /// Adds a person, once; numbers come ascending. Beyond [`KEPT_MAX`] they are passed over.
    pub(crate) fn push(&mut self, person: u32) {
        if self.last == Some(person) || self.kept == KEPT_MAX {
            return;
        }
        varint::put(&mut self.bytes, u64::from(person - self.last.unwrap_or(0)));
        self.last = Some(person);
        self.kept += 1;
    }

    /// How many persons are kept, and the bytes.
    pub(crate) fn into_parts(self) -> (u32, Vec<u8>) {
        (self.kept, self.bytes)
    }
}

impl FromIterator<u32> for PostingList {
    fn from_iter<I: IntoIterator<Item = u32>>(persons: I) -> PostingList {
        let mut postings = PostingList::default();
        persons.into_iter().for_each(|person| postings.push(person));
        postings
    }
}

/// Reads postings: persons, ascending.
pub fn decode(bytes: &[u8]) -> Result<Vec<u32>, PostingListError> {
    decode_first(bytes, usize::MAX)
}

/// Reads at most the first `most` persons.
pub(crate) fn decode_first(bytes: &[u8], most: usize) -> Result<Vec<u32>, PostingListError> {
    let mut cursor = PostingCursor::new(bytes);
    std::iter::from_fn(|| cursor.next_from(0).transpose()).take(most).collect()
}

/// Postings that are read one after another.
#[derive(Debug)]
pub(crate) struct PostingCursor<'a> {
    rest: &'a [u8],
    last: Option<u32>,
}

impl<'a> PostingCursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> PostingCursor<'a> {
        PostingCursor { rest: bytes, last: None }
    }

    /// The next person with this number or a larger one; those between are passed over.
    pub(crate) fn next_from(&mut self, number: u32) -> Result<Option<u32>, PostingListError> {
        while !self.rest.is_empty() {
            let difference = varint::take(&mut self.rest)?;
            let difference = u32::try_from(difference).map_err(|_| PostingListError::OutOfRange)?;
            let person = match self.last {
                None => Some(difference),
                Some(last) => last.checked_add(difference).filter(|&person| person > last),
            };
            self.last = person;
            let person = person.ok_or(PostingListError::OutOfRange)?;
            if person >= number {
                return Ok(Some(person));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn postings_read_back(persons: std::collections::BTreeSet<u32>) {
            let postings: PostingList = persons.iter().copied().collect();
            prop_assert_eq!(decode(&postings.bytes), Ok(persons.into_iter().collect()));
        }

        #[test]
        fn any_bytes_are_ascending_numbers_or_an_error(bytes: Vec<u8>) {
            if let Ok(persons) = decode(&bytes) {
                prop_assert!(persons.is_sorted_by(|a, b| a < b));
            }
        }
    }

    #[test]
    fn a_row_keeps_the_best_trusted_and_each_once() {
        let postings: PostingList = (0..KEPT_MAX + 5).flat_map(|person| [person, person]).collect();
        let (kept, bytes) = postings.into_parts();
        assert_eq!(kept, KEPT_MAX);
        assert_eq!(decode(&bytes).unwrap().len(), KEPT_MAX as usize);
        assert_eq!(decode_first(&bytes, 3), Ok(vec![0, 1, 2]));
    }
}
