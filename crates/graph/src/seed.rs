//! Seeded pseudo-random numbers: splitmix64 (Steele, Lea, Flood 2014), 8 bytes of state.
//!
//! Not for secrets. The same seed gives the same numbers on every machine.

/// A stream of pseudo-random numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RandomSeed(pub u64);

impl RandomSeed {
    /// The next 64 bits.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number in `0..bound`; 0 if the bound is 0. The bias is below `bound / 2^64`.
    #[inline]
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// A number in `[0, 1)`.
    #[inline]
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// An independent stream for a numbered part of the work.
    pub fn fork(self, part: u64) -> RandomSeed {
        RandomSeed(mix(self.0 ^ mix(part.wrapping_add(0x632b_e59b_d9b4_e019))))
    }

    /// Shuffles in place (Fisher and Yates).
    pub fn shuffle<T>(mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }

    /// The numbers `0..count` in random order.
    pub fn order(self, count: usize) -> Vec<u32> {
        let mut order: Vec<u32> = (0..count as u32).collect();
        self.shuffle(&mut order);
        order
    }
}

fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
