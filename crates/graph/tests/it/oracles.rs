//! Other people's implementations, as judges of ours.

use graph::communities::UndirectedGraph;
use graph::{Csr, eval};
use leiden_rs::{GraphData, GraphDataBuilder, Leiden, LeidenConfig};

use crate::worlds::planted_world;

/// A graph whose arcs go both ways, as leiden-rs has it: each edge once.
fn undirected(arcs: &Csr) -> GraphData {
    let mut graph = GraphDataBuilder::new(arcs.nodes());
    for source in 0..arcs.nodes() as u32 {
        for (target, weight) in arcs.arcs_of(source).filter(|arc| arc.0 > source) {
            graph.add_edge(source as usize, target as usize, weight.into()).unwrap();
        }
    }
    graph.build().unwrap()
}

/// What leiden-rs finds at a resolution.
fn leiden_rs(arcs: &Csr, resolution: f64) -> Vec<u32> {
    let config = LeidenConfig { resolution, seed: Some(1), ..LeidenConfig::default() };
    let found = Leiden::new(config).run(&undirected(arcs)).unwrap().partition;
    found.as_slice().iter().map(|&community| community as u32).collect()
}

#[test]
fn one_search_is_as_modular_as_leiden_rs_until_it_settles() {
    for mixing in [0.3, 0.5, 0.6] {
        let world = planted_world(mixing);
        let arcs = Csr::from_arcs(3_000, world.arcs.list()).unwrap().csr;
        let ours = eval::modularity(&arcs, &UndirectedGraph::of(&arcs).partition(1.0, 1));
        let theirs = eval::modularity(&arcs, &leiden_rs(&arcs, 1.0));
        assert!(ours >= 0.995 * theirs, "mixing {mixing}: {ours} against {theirs}");
    }
}

#[test]
fn agreement_is_what_leiden_rs_measures() {
    let world = planted_world(0.5);
    let arcs = Csr::from_arcs(3_000, world.arcs.list()).unwrap().csr;
    let found = UndirectedGraph::of(&arcs).partition(1.0, 1);
    let wide = |labels: &[u32]| labels.iter().map(|&label| label as usize).collect::<Vec<_>>();
    let (a, b) = (wide(&found), wide(&world.community_of));
    let ours = eval::agreement(&found, &world.community_of);
    assert!((ours.nmi - leiden_rs::nmi(&a, &b)).abs() < 1e-9);
    assert!((ours.ari - leiden_rs::ari(&a, &b)).abs() < 1e-9);
}
