//! Graphs with a known truth, from a seed: for benchmarks and tests.

mod attack;
mod farm;
mod planted;
mod rmat;

pub use attack::{AttackForm, SybilAttack, add_attack};
pub use farm::{SybilFarm, add_farm};
pub use planted::{PlantedGraph, PlantedSpec, planted};
pub use rmat::rmat;

use crate::csr::ArcList;

/// DrawnArcs as two parallel arrays, repeats and self-loops allowed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DrawnArcs {
    /// Who attends.
    pub sources: Vec<u32>,
    /// The person attended to.
    pub targets: Vec<u32>,
}

impl DrawnArcs {
    /// The view that [`crate::Csr::from_arcs`] takes.
    pub fn list(&self) -> ArcList<'_> {
        ArcList { sources: &self.sources, targets: &self.targets, weights: None }
    }

    fn push(&mut self, source: u32, target: u32) {
        self.sources.push(source);
        self.targets.push(target);
    }
}
