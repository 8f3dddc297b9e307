//! R-MAT (Chakrabarti, Zhan, Faloutsos 2004) with the usual .57/.19/.19/.05: heavy-tailed and
//! without communities, the standard graph for kernel speed.

use super::arcs::DrawnArcs;
use crate::seed::RandomSeed;

/// 2^`scale` people and `edge_factor` arcs for each, ids randomly permuted, repeats kept.
pub fn rmat(scale: u32, edge_factor: usize, seed: RandomSeed) -> DrawnArcs {
    let nodes = 1usize << scale;
    let names = seed.fork(1).order(nodes);
    let mut random = seed.fork(2);
    let mut arcs = DrawnArcs::default();
    for _ in 0..nodes * edge_factor {
        let (source, target) = arc(scale, &mut random);
        arcs.push(names[source], names[target]);
    }
    arcs
}

/// One arc: a quadrant of the adjacency matrix for each bit, 16 random bits a level.
fn arc(scale: u32, random: &mut RandomSeed) -> (usize, usize) {
    let (mut source, mut target, mut bits) = (0, 0, 0);
    for level in 0..scale {
        if level % 4 == 0 {
            bits = random.next_u64();
        }
        let dice = (bits & 0xffff) as f64 / 65536.0;
        bits >>= 16;
        source = source << 1 | usize::from(dice >= 0.76);
        target = target << 1 | usize::from((0.57..0.76).contains(&dice) || dice >= 0.95);
    }
    (source, target)
}
