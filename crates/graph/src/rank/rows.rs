//! Rows of numbers that begin on a cache line.

use std::ops::{Deref, DerefMut};

/// Bytes of a cache line.
const LINE: usize = 64;

/// Rows of `K` numbers, the first at the start of a cache line: eight sums are on one line, not on
/// two. Memory: that of the numbers and a line.
#[derive(Debug)]
pub(crate) struct Rows<T, const K: usize> {
    /// With what is skipped, to begin on a line.
    numbers: Vec<T>,
    skipped: usize,
}

impl<T: Copy + Default, const K: usize> Rows<T, K> {
    /// So many rows of zeroes.
    pub(crate) fn zeroes(count: usize) -> Rows<T, K> {
        let spare = LINE / size_of::<T>();
        let mut numbers = vec![T::default(); count * K + spare];
        let skipped = numbers.as_ptr().align_offset(LINE).min(spare);
        numbers.truncate(skipped + count * K);
        Rows { numbers, skipped }
    }
}

impl<T, const K: usize> Deref for Rows<T, K> {
    type Target = [[T; K]];

    fn deref(&self) -> &[[T; K]] {
        self.numbers[self.skipped..].as_chunks().0
    }
}

impl<T, const K: usize> DerefMut for Rows<T, K> {
    fn deref_mut(&mut self) -> &mut [[T; K]] {
        self.numbers[self.skipped..].as_chunks_mut().0
    }
}
