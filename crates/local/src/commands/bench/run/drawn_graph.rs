//! The graph that is scored.

use anyhow::Result;
use graph::generate::{DrawnArcs, PlantedSpec, planted, rmat};
use graph::seed::RandomSeed;
use graph::{ArcList, Attention, Csr, LayerArcs, attention_stage};
use model::{Day, Layer};

use super::SEED;

/// Arcs for each person.
const DEGREE: f64 = 40.0;

/// Share of the arcs that are planted in communities; R-MAT draws the others over the same people.
pub(super) const PLANTED: f64 = 0.7;

/// Share of planted arcs that leave their community.
pub(super) const MIXING: f64 = 0.3;

/// The arcs that are scored.
pub(super) struct DrawnGraph {
    pub(super) people: usize,
    pub(super) arcs: DrawnArcs,
}

pub(super) fn draw(arcs: u64) -> DrawnGraph {
    let scale = (arcs as f64 / DEGREE).log2().round().max(7.0) as u32;
    let people = 1usize << scale;
    let degree = arcs as f64 / people as f64;
    let spec = PlantedSpec {
        mean_degree: degree * PLANTED,
        degree_max: 1_000f64.min(people as f64 / 4.0),
        size_min: 20,
        size_max: 5_000.min(people / 4),
        ..PlantedSpec::usual(people, MIXING)
    };
    let mut drawn = planted(&spec, RandomSeed(SEED)).arcs;
    let others = rmat(scale, (degree * (1.0 - PLANTED)).round() as usize, RandomSeed(SEED).fork(1));
    drawn.sources.extend(others.sources);
    drawn.targets.extend(others.targets);
    DrawnGraph { people, arcs: drawn }
}

pub(super) fn build(DrawnGraph { people, arcs: drawn }: DrawnGraph) -> Result<Attention> {
    let list = ArcList { sources: &drawn.sources, targets: &drawn.targets, weights: None };
    let arcs = Csr::from_arcs(people, list)?.csr;
    drop(drawn);
    let layer = LayerArcs { layer: Layer::Follow, arcs, counts: Vec::new(), last_days: Vec::new() };
    Ok(attention_stage(people, &[layer], Day(0))?)
}
