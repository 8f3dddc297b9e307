//! Random numbers that are the same for the same seed.

/// A generator: xorshift64*, seeded by splitmix64.
#[derive(Debug, Clone)]
pub(super) struct Dice {
    state: u64,
}

/// Spreads a number over 64 bits: splitmix64.
pub(super) const fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl Dice {
    pub(super) const fn new(seed: u64) -> Dice {
        Dice { state: mixed(seed) | 1 }
    }

    /// Any number.
    pub(super) const fn number(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `end`; 0 if that is 0.
    pub(super) const fn below(&mut self, end: u64) -> u64 {
        match end {
            0 => 0,
            end => (self.number() >> 11) % end,
        }
    }

    /// Whether something happens that happens this often in 10,000 cases.
    pub(super) const fn happens(&mut self, in_ten_thousand: u64) -> bool {
        self.below(10_000) < in_ten_thousand
    }
}
