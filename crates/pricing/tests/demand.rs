//! The bounds of the index over random paths of demand, and where it settles. Prints the largest step, hour
//! and quarter of an hour, and the band.

use std::num::NonZeroU64;

use model::{Epoch, Excess, PriceClass, PriceIndex};
use pricing::history::{first_epoch, next_epoch};
use pricing::{EpochUse, Recomputed, index_of, next_excess, recompute};

/// A generator of numbers that are random enough for demand (xorshift).
struct Draws {
    state: u64,
}

impl Draws {
    fn new(seed: u64) -> Draws {
        Draws { state: (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 }
    }

    fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    /// From 0 to 1.
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// How many epochs a path has: six hours.
const EPOCHS: usize = 360;

/// The greatest and the least that was seen.
#[derive(Debug)]
struct SeenBounds {
    rise: f64,
    fall: f64,
    quarter: f64,
    hour: f64,
    band: [u64; 2],
}

impl SeenBounds {
    fn new() -> SeenBounds {
        SeenBounds { rise: 1.0, fall: 1.0, quarter: 1.0, hour: 1.0, band: [u64::MAX, 0] }
    }

    /// Checks each bound of a path, and remembers the extremes.
    fn see(&mut self, path: &[u64]) {
        let ratio = |after: u64, before: u64| after as f64 / before as f64;
        for (at, &index) in path.iter().enumerate() {
            assert!((1 << 32..=8 << 32).contains(&index));
            self.band = [self.band[0].min(index), self.band[1].max(index)];
            if let Some(&before) = at.checked_sub(1).and_then(|at| path.get(at)) {
                self.rise = self.rise.max(ratio(index, before));
                self.fall = self.fall.min(ratio(index, before));
            }
            if let Some(&before) = at.checked_sub(15).and_then(|at| path.get(at)) {
                self.quarter = self.quarter.max(ratio(index, before));
            }
            if let Some(&before) = at.checked_sub(60).and_then(|at| path.get(at)) {
                assert!(index <= 2 * before && before <= 2 * index, "an hour more than doubles");
                self.hour = self.hour.max(ratio(index, before));
            }
        }
        // Both indices are rounded, each by at most 2^-33 of itself.
        let rounding = 1.0 + f64::EPSILON + 0.5f64.powi(31);
        assert!(self.rise <= 2f64.powf(1.0 / 60.0) * rounding, "{self:?}");
        assert!(self.fall * rounding >= 2f64.powf(-1.0 / 60.0), "{self:?}");
        assert!(self.quarter <= 2f64.powf(0.25) * rounding, "{self:?}");
    }

    fn report(&self, paths: u64) {
        let [low, high] = self.band.map(PriceIndex::from_bits);
        println!(
            "{paths} paths of {EPOCHS} epochs: step {:.6} to {:.6} (bounds 0.988514, 1.011619), quarter ≤ {:.6} \
             (1.189207), hour ≤ {:.6} (2), band {low} to {high}",
            self.fall, self.rise, self.quarter, self.hour
        );
    }
}

/// One path: calm, busy and mad phases, of a class of any size.
fn path(seed: u64) -> Vec<u64> {
    let mut draws = Draws::new(seed);
    let target = 1 + draws.below(2_000) * draws.below(2);
    let target = NonZeroU64::new(target).expect("not 0");
    let (mut recent, mut indices) = (Vec::new(), Vec::new());
    let mut excess = Excess::from_bits(draws.below(181 << 32));
    let mut most = 1;
    for at in 0..EPOCHS {
        if at % 40 == 0 {
            let phase = [0, 1, 2, 4, 1_000];
            most = phase[draws.below(5) as usize] * target.get() + 1;
        }
        let base = target.get() * draws.below(2);
        recent.push(EpochUse { used: draws.below(most + base), target });
        excess = next_excess(excess, &recent);
        indices.push(index_of(excess).bits());
    }
    indices
}

fn paths(count: u64) {
    let mut seen = SeenBounds::new();
    for seed in 0..count {
        seen.see(&path(seed));
    }
    seen.report(count);
}

#[test]
fn no_path_of_demand_breaks_a_bound() {
    paths(1_000);
}

#[test]
#[ignore = "the long form: 10^5 paths"]
fn no_path_of_demand_breaks_a_bound_in_the_long_form() {
    paths(100_000);
}

#[test]
fn up_and_down_again_returns_exactly() {
    let target = NonZeroU64::new(997).expect("not 0");
    let mut draws = Draws::new(7);
    let start = Excess::from_bits((90 << 32) + 12_345);
    let mut excess = start;
    let distances: Vec<u64> = (0..50).map(|_| draws.below(998)).collect();
    for distance in &distances {
        excess = next_excess(excess, &[EpochUse { used: 997 + distance, target }]);
    }
    for distance in &distances {
        excess = next_excess(excess, &[EpochUse { used: 997 - distance, target }]);
    }
    assert_eq!(excess, start);
    // The rule of EIP-1559 ends at 0.4550 after fifty full and fifty empty epochs.
    let linear = (1.125f64 * 0.875).powi(50);
    println!("50 up, 50 down: 1.0000 here, {linear:.4} where each step multiplies");
}

/// Floor to cap takes three hours of twice the target, and what is beyond is forgotten.
#[test]
fn from_the_floor_to_the_cap_in_three_hours() {
    let full = [EpochUse { used: 20, target: NonZeroU64::new(10).expect("not 0") }];
    let mut excess = Excess::ZERO;
    for _ in 0..179 {
        excess = next_excess(excess, &full);
    }
    assert!(index_of(excess) < PriceIndex::MAX);
    for _ in 0..1_000 {
        excess = next_excess(excess, &full);
    }
    assert_eq!((excess, index_of(excess)), (Excess::MAX, PriceIndex::MAX));
}

/// The mean index of the last epochs where demand answers to the price: `target · (scale/index)^elasticity`,
/// with noise.
fn settled(target: u64, elasticity: f64, surge: f64) -> f64 {
    let units = NonZeroU64::new(target).expect("not 0");
    let mut draws = Draws::new(target);
    let mut history = vec![first_epoch(PriceClass::Graph, Epoch::new(0), units)];
    let mut sum = 0.0;
    for epoch in 1..=2_000 {
        // The use of two epochs before met the price of that time.
        let met = history[history.len().saturating_sub(2)].index.bits() as f64 / 2f64.powi(32);
        let noise = (draws.share() + draws.share() + draws.share()) / 1.5;
        let used = target as f64 * (2.83 * surge / met).powf(elasticity) * noise;
        let recent = EpochUse { used: (used + draws.share()) as u64, target: units };
        history.push(next_epoch(&history, Epoch::new(epoch), recent).expect("it follows"));
        if epoch > 1_800 {
            sum += history.last().expect("it is there").index.bits() as f64 / 2f64.powi(32) / 200.0;
        }
    }
    let all = Recomputed { epochs: history.len() as u64, gaps: 0 };
    assert_eq!(recompute(&[], &history), Ok(all));
    sum
}

#[test]
fn the_index_settles_where_demand_meets_the_target() {
    for (target, elasticity) in [(1_000, 2.0), (1_000, 0.5), (100, 8.0), (10, 2.0), (1, 2.0)] {
        let found = settled(target, elasticity, 1.0);
        println!(
            "target {target}, elasticity {elasticity}: settles at {found:.3} (2.83 meets the target)"
        );
        assert!((2.4..3.3).contains(&found), "{found}");
    }
    let capped = settled(1_000, 2.0, 4.0);
    println!("demand four times as willing: {capped:.3} (the cap is 8)");
    assert!(capped > 7.5);
}
