//! Rows of numbers that start at a cache line.

use std::ops::{Deref, DerefMut};

/// Bytes of a cache line.
const LINE: usize = 64;

/// Rows of `K` numbers, the first at the start of a cache line, so that a row of eight sums takes one
/// line, not two. Memory: that of the numbers and a line.
#[derive(Debug)]
pub(super) struct AlignedRows<T, const K: usize> {
    /// The rows, after numbers that are skipped.
    numbers: Vec<T>,
    skipped: usize,
}

impl<T: Copy + Default, const K: usize> AlignedRows<T, K> {
    /// `count` rows of zeroes.
    pub(super) fn zeroes(count: usize) -> AlignedRows<T, K> {
        let spare = LINE / size_of::<T>();
        let mut numbers = vec![T::default(); count * K + spare];
        let skipped = numbers.as_ptr().align_offset(LINE).min(spare);
        numbers.truncate(skipped + count * K);
        AlignedRows { numbers, skipped }
    }
}

impl<T, const K: usize> Deref for AlignedRows<T, K> {
    type Target = [[T; K]];

    fn deref(&self) -> &[[T; K]] {
        self.numbers[self.skipped..].as_chunks().0
    }
}

impl<T, const K: usize> DerefMut for AlignedRows<T, K> {
    fn deref_mut(&mut self) -> &mut [[T; K]] {
        self.numbers[self.skipped..].as_chunks_mut().0
    }
}
