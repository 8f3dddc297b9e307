//! People in blocks of 2^16, and slices cut to fit them.

use std::ops::Range;

/// People in a block; a position within one takes 16 bits.
pub(super) const BLOCK: usize = 1 << 16;

/// The people of a block.
pub(super) fn people_of(nodes: usize, block: usize) -> Range<usize> {
    block * BLOCK..((block + 1) * BLOCK).min(nodes)
}

/// Cuts the first `count` off.
pub(super) fn split_front<'a, T>(rest: &mut &'a mut [T], count: usize) -> &'a mut [T] {
    let (front, tail) = std::mem::take(rest).split_at_mut(count);
    *rest = tail;
    front
}

/// Where each of several parts starts, and their whole length at the end.
pub(super) fn starts(lengths: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut starts = vec![0];
    starts.extend(lengths.scan(0, |sum, length| {
        *sum += length;
        Some(*sum)
    }));
    starts
}
