//! Reproducible chance: SplitMix64 (Steele, Lea, Flood 2014) and the draws made from it.
//!
//! Only integer arithmetic and IEEE square roots are used, so that one seed makes one world on
//! every machine.

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// Scatters the bits of one number; a bijection.
pub(crate) fn mix(value: u64) -> u64 {
    let a = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let b = (a ^ (a >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    b ^ (b >> 31)
}

/// Scatters a pair of numbers.
pub(crate) fn mix_pair(a: u64, b: u64) -> u64 {
    mix(mix(a ^ GOLDEN).wrapping_add(b))
}

/// Hashes bytes (FNV-1a, then scattered).
pub(crate) fn mix_bytes(bytes: &[u8]) -> u64 {
    let fold = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    mix(bytes.iter().fold(0xCBF2_9CE4_8422_2325, fold))
}

/// A scattered number as a fraction in `[0, 1)`.
pub(crate) fn fraction(scattered: u64) -> f64 {
    (scattered >> 11) as f64 / (1u64 << 53) as f64
}

/// A stream of draws.
#[derive(Debug, Clone)]
pub(crate) struct SeededRandom(u64);

impl SeededRandom {
    /// A separate stream for each purpose, so that one more draw of one changes no other.
    pub(crate) fn new(seed: u64, purpose: &str) -> SeededRandom {
        SeededRandom(mix_pair(seed, mix_bytes(purpose.as_bytes())))
    }

    /// The next 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// Uniform in `0..n`; 0 if `n` is 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.bits()) * n as u128) >> 64) as usize
    }

    /// Uniform in `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f64 {
        fraction(self.bits())
    }

    /// True with this probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A heavy-tailed count: Pareto with exponent 2, so the mean is about `2 · min`.
    pub(crate) fn pareto(&mut self, min: f64, cap: usize) -> usize {
        ((min / (1.0 - self.unit()).sqrt()) as usize).min(cap)
    }

    /// Any one of these, which are not empty.
    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// Puts these in random order (Fisher and Yates).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_and_purpose_make_one_stream() {
        let draw = |seed, purpose| SeededRandom::new(seed, purpose).bits();
        assert_eq!(draw(1, "a"), draw(1, "a"));
        assert_ne!(draw(1, "a"), draw(2, "a"));
        assert_ne!(draw(1, "a"), draw(1, "b"));
    }

    #[test]
    fn draws_stay_within_their_bounds() {
        let mut dice = SeededRandom::new(7, "bounds");
        for _ in 0..10_000 {
            assert!(dice.below(3) < 3);
            assert!((0.0..1.0).contains(&dice.unit()));
            assert!((5..=40).contains(&dice.pareto(5.0, 40)));
        }
        assert_eq!(dice.below(0), 0);
    }

    #[test]
    fn the_mean_of_a_pareto_draw_is_twice_its_least() {
        let mut dice = SeededRandom::new(7, "mean");
        let sum: usize = (0..100_000).map(|_| dice.pareto(10.0, 1_000)).sum();
        assert!((1_850_000..2_050_000).contains(&sum), "{sum}");
    }

    #[test]
    fn a_shuffle_keeps_everything() {
        let mut items: Vec<u32> = (0..100).collect();
        SeededRandom::new(1, "shuffle").shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }
}
