//! Terms in a text, and where they overlap.

use std::ops::Range;

use super::lexicon::TermMeaning;

/// A term in a text.
#[derive(Debug)]
pub(super) struct FoundTerm {
    pub(super) range: Range<usize>,
    pub(super) meaning: TermMeaning,
}

/// How far the terms of one sort go that begin at a character or before it.
pub(super) struct Reach {
    ends: Vec<usize>,
}

impl Reach {
    /// O(length) and O(terms).
    pub(super) fn of(
        length: usize,
        found: &[FoundTerm],
        is_one: impl Fn(TermMeaning) -> bool,
    ) -> Reach {
        let mut ends = vec![0; length];
        for one in found.iter().filter(|one| is_one(one.meaning)) {
            ends[one.range.start] = one.range.end.max(ends[one.range.start]);
        }
        let mut furthest = 0;
        for end in &mut ends {
            furthest = furthest.max(*end);
            *end = furthest;
        }
        Reach { ends }
    }

    /// Where the furthest of the terms ends that have these characters.
    pub(super) fn end(&self, range: &Range<usize>) -> Option<usize> {
        Some(self.ends[range.start]).filter(|&end| end >= range.end)
    }

    /// Whether one of the terms has these characters, and more.
    pub(super) fn outdoes(&self, range: &Range<usize>) -> bool {
        let begins_before = range.start.checked_sub(1).is_some_and(|at| self.ends[at] >= range.end);
        begins_before || self.ends[range.start] > range.end
    }
}
