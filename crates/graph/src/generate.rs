//! Graphs with a known truth, from a seed: for benchmarks and tests.

mod arcs;
mod attack;
mod farm;
mod planted;
mod rmat;

pub use arcs::DrawnArcs;
pub use attack::{AttackForm, SybilAttack, add_attack};
pub use farm::{SybilFarm, add_farm};
pub use planted::{PlantedGraph, PlantedSpec, planted};
pub use rmat::rmat;
