//! Candidates for the leaf partition, compared by their description length.

use rayon::prelude::*;

use super::tuning::{LeafSearch, TUNING};
use crate::communities::description::PartitionShape;
use crate::communities::leiden::{DraftPartition, leiden, renumber, split_components};
use crate::communities::network::TieNetwork;

/// A dense partition and the length of its description.
#[derive(Debug, Clone)]
pub(super) struct LeafCandidate {
    pub(super) community_of: Vec<u32>,
    pub(super) count: usize,
    pub(super) shape: PartitionShape,
    pub(super) bits: f64,
    /// Resolution of modularity; `None` for the map equation.
    pub(super) resolution: Option<f64>,
}

/// A candidate and the draft that it was made of, if that settled.
pub(super) struct DraftedCandidate {
    pub(super) candidate: LeafCandidate,
    pub(super) draft: Option<DraftPartition>,
}

impl LeafCandidate {
    pub(super) fn new(
        network: &TieNetwork,
        mut community_of: Vec<u32>,
        resolution: Option<f64>,
    ) -> LeafCandidate {
        let count = renumber(&mut community_of);
        let shape = PartitionShape::new(network, &community_of, count);
        let bits = shape.bits(network);
        LeafCandidate { community_of, count, shape, bits, resolution }
    }

    /// The connected components.
    pub(super) fn components(network: &TieNetwork) -> LeafCandidate {
        let mut components = vec![0; network.nodes()];
        split_components(network, &mut components);
        LeafCandidate::new(network, components, None)
    }

    /// A search from `start`.
    pub(super) fn search(
        network: &TieNetwork,
        start: Vec<u32>,
        resolution: Option<f64>,
        search: LeafSearch,
    ) -> LeafCandidate {
        let passes = search.effort.passes;
        let found = leiden(network, resolution, start, passes, search.seed);
        LeafCandidate::new(network, found, resolution)
    }

    /// A search from communities of one. A draft for modularity is searched on from only if it takes at
    /// most [`LeafTuning::draft_bits_max`](super::tuning::LeafTuning) times `bits`.
    pub(super) fn from_singletons(
        network: &TieNetwork,
        resolution: Option<f64>,
        bits: f64,
        search: LeafSearch,
    ) -> DraftedCandidate {
        let Some(own) = resolution else {
            let alone = (0..network.nodes() as u32).collect();
            let candidate = LeafCandidate::search(network, alone, None, search);
            return DraftedCandidate { candidate, draft: None };
        };
        let draft = DraftPartition::new(network, own, search.seed);
        let joined = draft.joined(network, own, search.seed.fork(1));
        let candidate = LeafCandidate::new(network, joined.community_of, resolution);
        let is_hopeless = candidate.bits > bits * TUNING.draft_bits_max;
        if search.effort.passes == 1 && (joined.settled || is_hopeless) {
            return DraftedCandidate { candidate, draft: joined.settled.then_some(draft) };
        }
        let start = candidate.community_of;
        let candidate = LeafCandidate::search(network, start, resolution, search.fork(2));
        DraftedCandidate { candidate, draft: None }
    }

    /// The shortest of the connected components, the map equation's optimum and modularity's.
    pub(super) fn best(
        network: &TieNetwork,
        resolutions: &[f64],
        search: LeafSearch,
    ) -> LeafCandidate {
        let components = LeafCandidate::components(network);
        let map_equation = search.effort.map_equation.then_some(None);
        let modularity = resolutions.iter().copied().map(Some);
        let objectives: Vec<Option<f64>> = map_equation.into_iter().chain(modularity).collect();
        let bits = components.bits;
        let found: Vec<LeafCandidate> = objectives
            .into_par_iter()
            .map(|own| LeafCandidate::from_singletons(network, own, bits, search).candidate)
            .collect();
        found.into_iter().fold(components, LeafCandidate::shorter)
    }

    pub(super) fn shorter(self, other: LeafCandidate) -> LeafCandidate {
        if other.bits < self.bits { other } else { self }
    }
}
