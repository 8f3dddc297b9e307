//! A sybil farm beside an honest graph: fakes that follow each other, half of them by popularity,
//! follow honest people at will, and have bought some arcs from them.

use super::arcs::DrawnArcs;
use crate::seed::RandomSeed;

/// Size of a farm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SybilFarm {
    /// Number of fakes.
    pub fakes: usize,
    /// Fakes that each fake follows.
    pub follows: usize,
    /// Arcs bought from honest people, to random fakes.
    pub attack_arcs: usize,
    /// Arcs from fakes to honest people.
    pub outward_arcs: usize,
}

/// Adds the farm to `arcs` over people `0..honest`; fakes are `honest..honest + fakes`.
pub fn add_farm(arcs: &mut DrawnArcs, honest: usize, farm: &SybilFarm, mut random: RandomSeed) {
    let mut popular: Vec<u32> = Vec::new();
    for fake in honest as u32..(honest + farm.fakes) as u32 {
        for _ in 0..farm.follows.min(popular.len()) {
            let target = match random.below(2) {
                0 => popular[random.below(popular.len() as u64) as usize],
                _ => honest as u32 + random.below(u64::from(fake) - honest as u64) as u32,
            };
            arcs.push(fake, target);
            popular.push(target);
        }
        popular.push(fake);
    }
    let fake = |random: &mut RandomSeed| (honest as u64 + random.below(farm.fakes as u64)) as u32;
    let person = |random: &mut RandomSeed| random.below(honest as u64) as u32;
    for _ in 0..farm.attack_arcs {
        arcs.push(person(&mut random), fake(&mut random));
    }
    for _ in 0..farm.outward_arcs {
        arcs.push(fake(&mut random), person(&mut random));
    }
}
