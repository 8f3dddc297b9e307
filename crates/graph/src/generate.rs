//! Graphs with a known truth, from a seed: for benchmarks and tests.

mod attack;
mod farm;
mod planted;
mod rmat;

pub use attack::{Attack, Form, add_attack};
pub use farm::{Farm, add_farm};
pub use planted::{Planted, PlantedSpec, planted};
pub use rmat::rmat;

use crate::csr::ArcList;

/// Arcs as two parallel arrays, repeats and self-loops allowed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Arcs {
    /// Who attends.
    pub sources: Vec<u32>,
    /// To whom.
    pub targets: Vec<u32>,
}

impl Arcs {
    /// The view that [`crate::Csr::from_arcs`] takes.
    pub fn list(&self) -> ArcList<'_> {
        ArcList { sources: &self.sources, targets: &self.targets, weights: None }
    }

    fn push(&mut self, source: u32, target: u32) {
        self.sources.push(source);
        self.targets.push(target);
    }
}
