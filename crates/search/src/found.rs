//! The persons that a query finds, one after another: rows are decoded as far as they are asked for, so
//! that the first page of a common word does not read the whole row.

use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use crate::postings::{PostingCursor, PostingListError};

/// Persons found, ascending, that is the best trusted first; an error where a row is broken.
#[derive(Debug)]
pub struct FoundPeople<'a> {
    any: Vec<AllOf<'a>>,
    /// The smallest number that may come next; `None` at the end.
    from: Option<u32>,
}

impl<'a> FoundPeople<'a> {
    pub(crate) fn new(any: Vec<AllOf<'a>>) -> FoundPeople<'a> {
        FoundPeople { any, from: Some(0) }
    }

    /// The persons with this number and larger ones.
    #[must_use]
    pub fn from(mut self, number: u32) -> FoundPeople<'a> {
        self.from = Some(number);
        self
    }

    fn find(&mut self, from: u32) -> Result<Option<u32>, PostingListError> {
        let mut least = None;
        for all in &mut self.any {
            least = least.into_iter().chain(all.first_from(from)?).min();
        }
        Ok(least)
    }
}

impl Iterator for FoundPeople<'_> {
    type Item = Result<u32, PostingListError>;

    fn next(&mut self) -> Option<Result<u32, PostingListError>> {
        let found = self.find(self.from?).transpose();
        self.from = match found {
            Some(Ok(number)) => number.checked_add(1),
            Some(Err(_)) | None => None,
        };
        found
    }
}

/// The persons that are in each of some lists.
#[derive(Debug)]
pub(crate) struct AllOf<'a>(Vec<AnyOf<'a>>);

impl<'a> AllOf<'a> {
    pub(crate) fn new(lists: Vec<AnyOf<'a>>) -> AllOf<'a> {
        AllOf(lists)
    }

    /// The first person from a number on; numbers ascend from call to call.
    fn first_from(&mut self, mut number: u32) -> Result<Option<u32>, PostingListError> {
        let mut agreed = 0;
        // Each list moves on to what the one before has, until all have the same.
        for at in (0..self.0.len()).cycle() {
            let Some(first) = self.0[at].first_from(number)? else { return Ok(None) };
            agreed = if first == number { agreed + 1 } else { 1 };
            number = first;
            if agreed == self.0.len() {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }
}

/// The persons that are in any of some rows.
#[derive(Debug)]
pub(crate) struct AnyOf<'a>(BinaryHeap<OpenRow<'a>>);

impl<'a> AnyOf<'a> {
    pub(crate) fn new(
        bodies: impl Iterator<Item = &'a [u8]>,
    ) -> Result<AnyOf<'a>, PostingListError> {
        let opened = bodies.filter_map(|body| OpenRow::new(body).transpose());
        opened.collect::<Result<_, _>>().map(AnyOf)
    }

    /// The first person from a number on; numbers ascend from call to call.
    fn first_from(&mut self, number: u32) -> Result<Option<u32>, PostingListError> {
        while let Some(mut least) = self.0.peek_mut() {
            if least.first >= number {
                return Ok(Some(least.first));
            }
            match least.rest.next_from(number)? {
                Some(next) => least.first = next,
                None => drop(PeekMut::pop(least)),
            }
        }
        Ok(None)
    }
}

/// A row with its next person. Of two, the one with the smaller number is greater: a heap gives the
/// greatest.
#[derive(Debug)]
struct OpenRow<'a> {
    first: u32,
    rest: PostingCursor<'a>,
}

impl<'a> OpenRow<'a> {
    fn new(body: &'a [u8]) -> Result<Option<OpenRow<'a>>, PostingListError> {
        let mut rest = PostingCursor::new(body);
        Ok(rest.next_from(0)?.map(|first| OpenRow { first, rest }))
    }
}

impl Ord for OpenRow<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.first.cmp(&self.first)
    }
}

impl PartialOrd for OpenRow<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for OpenRow<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.first == other.first
    }
}

impl Eq for OpenRow<'_> {}
