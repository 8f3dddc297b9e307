//! The persons that a term leads to: ascending numbers, that is the best trusted first, as varint
//! differences (1 to 2 bytes each where a term is common).

use model::varint::{self, VarintError};

/// The most persons that one row keeps: the best trusted of all that have the term.
///
/// A word that more persons have finds only these, alone or together with other words; at most
/// about 64 KiB are read for it. The row's count still tells how many there are.
pub const KEPT_MAX: u32 = 32_768;

/// Why bytes are not postings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PostingsError {
    /// A difference is broken.
    #[error("broken postings: {0}")]
    Broken(#[from] VarintError),
    /// A number repeats or needs more than 32 bits.
    #[error("postings do not ascend within 32 bits")]
    OutOfRange,
}

/// Postings as they grow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Postings {
    last: Option<u32>,
    pub(crate) count: u32,
    pub(crate) bytes: Vec<u8>,
}

impl Postings {
    /// Adds a person, once; numbers come ascending.
    pub(crate) fn push(&mut self, person: u32) {
        if self.last == Some(person) {
            return;
        }
        if self.count < KEPT_MAX {
            varint::put(&mut self.bytes, u64::from(person - self.last.map_or(0, |last| last)));
        }
        self.last = Some(person);
        self.count += 1;
    }
}

impl FromIterator<u32> for Postings {
    fn from_iter<I: IntoIterator<Item = u32>>(persons: I) -> Postings {
        let mut postings = Postings::default();
        persons.into_iter().for_each(|person| postings.push(person));
        postings
    }
}

/// Reads a row's persons, ascending.
pub fn decode(bytes: &[u8]) -> Result<Vec<u32>, PostingsError> {
    decode_first(bytes, usize::MAX)
}

/// Reads at most the first `most` persons of a row.
pub(crate) fn decode_first(mut bytes: &[u8], most: usize) -> Result<Vec<u32>, PostingsError> {
    let mut persons = Vec::new();
    let mut last = 0u32;
    while !bytes.is_empty() && persons.len() < most {
        let difference = varint::take(&mut bytes)?;
        if difference == 0 && !persons.is_empty() {
            return Err(PostingsError::OutOfRange);
        }
        let difference = u32::try_from(difference).map_err(|_| PostingsError::OutOfRange)?;
        last = last.checked_add(difference).ok_or(PostingsError::OutOfRange)?;
        persons.push(last);
    }
    Ok(persons)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn postings_read_back(persons: std::collections::BTreeSet<u32>) {
            let postings: Postings = persons.iter().copied().collect();
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
    fn a_row_counts_all_and_keeps_the_best_trusted() {
        let postings: Postings = (0..KEPT_MAX + 5).collect();
        assert_eq!(postings.count, KEPT_MAX + 5);
        let kept = decode(&postings.bytes).unwrap();
        assert_eq!(kept.len(), KEPT_MAX as usize);
        assert_eq!(decode_first(&postings.bytes, 3), Ok(vec![0, 1, 2]));
    }
}
