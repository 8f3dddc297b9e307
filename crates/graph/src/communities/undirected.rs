//! One partition by modularity, as other libraries compute it.

use super::leiden::{leiden_from_singletons, renumber};
use super::network::TieNetwork;
use crate::csr::Csr;
use crate::seed::RandomSeed;

/// All arcs without their directions, as other libraries' Leiden takes them;
/// [`community_stage`](super::community_stage) does more.
#[derive(Debug)]
pub struct UndirectedGraph {
    network: TieNetwork,
}

impl UndirectedGraph {
    /// Two people are tied by the weight of the arcs between them.
    pub fn of(arcs: &Csr) -> UndirectedGraph {
        let network = TieNetwork::from_symmetric(arcs.symmetrise(&arcs.transpose()));
        UndirectedGraph { network }
    }

    /// One partition of all people by modularity at a resolution γ: Leiden, once, from communities of
    /// one. Communities are `0..count` in no particular order; a person without arcs is one of its
    /// own.
    pub fn partition(&self, resolution: f64, seed: u64) -> Vec<u32> {
        let mut community_of = leiden_from_singletons(&self.network, resolution, RandomSeed(seed));
        renumber(&mut community_of);
        community_of
    }
}
