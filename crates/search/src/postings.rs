//! The persons that a term leads to: ascending numbers, that is the best trusted first, kept as
//! varint differences (1 to 2 bytes each where a term is common) while an index is built.

use model::varint;

/// The most persons that one row keeps: the best trusted of all that have the term. A word that
/// more persons have finds only these, alone or together with other words.
pub const KEPT_MAX: u32 = 32_768;

/// Postings as they grow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Postings {
    last: Option<u32>,
    kept: u32,
    bytes: Vec<u8>,
}

impl Postings {
    /// Adds a person, once; numbers come ascending. Beyond [`KEPT_MAX`] they are passed over.
    pub(crate) fn push(&mut self, person: u32) {
        if self.last == Some(person) || self.kept == KEPT_MAX {
            return;
        }
        varint::put(&mut self.bytes, u64::from(person - self.last.map_or(0, |last| last)));
        self.last = Some(person);
        self.kept += 1;
    }

    /// At most the first `most` persons, ascending.
    pub(crate) fn first(&self, most: usize) -> Vec<u32> {
        let mut bytes = self.bytes.as_slice();
        let differences = std::iter::from_fn(|| varint::take(&mut bytes).ok());
        let sums = differences.take(most).scan(0u64, |sum, difference| {
            *sum += difference;
            u32::try_from(*sum).ok()
        });
        sums.collect()
    }
}

impl FromIterator<u32> for Postings {
    fn from_iter<I: IntoIterator<Item = u32>>(persons: I) -> Postings {
        let mut postings = Postings::default();
        persons.into_iter().for_each(|person| postings.push(person));
        postings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn postings_read_back(persons: std::collections::BTreeSet<u32>) {
            let postings: Postings = persons.iter().copied().collect();
            prop_assert_eq!(postings.first(usize::MAX), persons.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_row_keeps_the_best_trusted_and_each_once() {
        let postings: Postings = (0..KEPT_MAX + 5).flat_map(|person| [person, person]).collect();
        assert_eq!(postings.first(usize::MAX).len(), KEPT_MAX as usize);
        assert_eq!(postings.first(3), [0, 1, 2]);
    }
}
