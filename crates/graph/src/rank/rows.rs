//! Rows of numbers in memory of their own, on huge pages where the system has them.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use bytemuck::Pod;
use memmap2::{Advice, MmapMut};

/// Bytes of a huge page.
const HUGE: usize = 1 << 21;

/// Rows of `K` numbers, the first at the start of a page, so eight sums are on one cache line, not on
/// two. What is large is on huge pages: whoever looks for a number at random waits for its address
/// half as often, and a first touch costs a five hundredth. Memory: that of the numbers, up to the
/// next page; from 256 KiB on up to the next 2 MiB.
#[derive(Debug)]
pub(crate) struct Rows<T, const K: usize> {
    /// With what is left of the last page.
    bytes: MmapMut,
    used: usize,
    numbers: PhantomData<T>,
}

impl<T: Pod, const K: usize> Rows<T, K> {
    /// So many rows of zeroes.
    ///
    /// # Panics
    /// If the system has no more memory, as a `Vec` does.
    pub(crate) fn zeroes(count: usize) -> Rows<T, K> {
        let used = count * K * size_of::<T>();
        let length = if used < HUGE / 8 { used.max(1) } else { used.next_multiple_of(HUGE) };
        let bytes = MmapMut::map_anon(length).expect("the system has memory left");
        #[cfg(target_os = "linux")]
        // A system without huge pages refuses, and all is as well, only slower.
        let _ = bytes.advise(Advice::HugePage);
        Rows { bytes, used, numbers: PhantomData }
    }
}

impl<T: Pod, const K: usize> Deref for Rows<T, K> {
    type Target = [[T; K]];

    fn deref(&self) -> &[[T; K]] {
        bytemuck::cast_slice(&self.bytes[..self.used])
    }
}

impl<T: Pod, const K: usize> DerefMut for Rows<T, K> {
    fn deref_mut(&mut self) -> &mut [[T; K]] {
        bytemuck::cast_slice_mut(&mut self.bytes[..self.used])
    }
}
