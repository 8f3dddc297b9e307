//! Generated graphs have the promised shape.

use graph::Csr;
use graph::generate::rmat;
use graph::seed::RandomSeed;

use crate::worlds::planted_world;

#[test]
fn the_planted_world_has_the_asked_mixing_and_degree() {
    let world = planted_world(0.3);
    let graph = Csr::from_arcs(3_000, world.arcs.list()).unwrap().csr;
    let mean = graph.arcs() as f64 / 3_000.0;
    assert!((19.0..24.0).contains(&mean), "{mean}");
    let leaving = world.arcs.sources.iter().zip(&world.arcs.targets);
    let leaving = leaving
        .filter(|&(s, t)| world.community_of[*s as usize] != world.community_of[*t as usize]);
    let share = leaving.count() as f64 / world.arcs.sources.len() as f64;
    assert!((0.23..0.33).contains(&share), "{share}");
}

#[test]
fn seeds_decide_everything() {
    assert_eq!(planted_world(0.5), planted_world(0.5));
    assert_eq!(rmat(8, 4, RandomSeed(1)), rmat(8, 4, RandomSeed(1)));
    assert_ne!(rmat(8, 4, RandomSeed(1)), rmat(8, 4, RandomSeed(2)));
}

#[test]
fn rmat_has_a_heavy_tail() {
    let arcs = rmat(12, 16, RandomSeed(7));
    let graph = Csr::from_arcs(1 << 12, arcs.list()).unwrap().csr;
    let highest = (0..1 << 12).map(|person| graph.degree(person)).max().unwrap();
    assert!(highest > 10 * graph.arcs() / (1 << 12), "{highest}");
}
