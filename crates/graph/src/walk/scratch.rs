//! Buffers for the sums of a block, shared by the threads.

use std::sync::{Mutex, PoisonError};

use super::blocks::BLOCK;
use super::rows::AlignedRows;

/// Sums of blocks, all zero; at most one for each thread that ever needed one at the same time.
#[derive(Debug, Default)]
pub(super) struct ScratchPool<const K: usize> {
    free: Mutex<Vec<AlignedRows<f64, K>>>,
}

impl<const K: usize> ScratchPool<K> {
    /// Lends the sums of a block. They are zero, and `work` must leave them zero.
    pub(super) fn with_sums<T>(&self, work: impl FnOnce(&mut [[f64; K]]) -> T) -> T {
        let free = || self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = free().pop();
        let mut sums = taken.unwrap_or_else(|| AlignedRows::zeroes(BLOCK));
        let result = work(&mut sums);
        free().push(sums);
        result
    }
}
