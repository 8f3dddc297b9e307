//! The search for the leaf partition: from nothing, or near the previous run's.

use super::candidate::LeafCandidate;
use super::refine::{best_from_first, best_near};
use super::settle::dissolve_small;
use super::split::split;
use super::tuning::{FIRST_RESOLUTION, LeafSearch, QUICK, TUNING};
use crate::communities::groups::GroupMembers;
use crate::communities::leiden::{DraftPartition, renumber};
use crate::communities::network::TieNetwork;
use crate::seed::RandomSeed;

/// The previous run's leaf level over this run's nodes.
#[derive(Debug)]
pub(crate) struct PreviousLeaf {
    /// Communities, numbered as they were; new nodes alone.
    pub(crate) community_of: Vec<u32>,
    /// The fewest bits in which an edge was described since the last search from nothing.
    pub(crate) fewest: f64,
    /// Share of all weight that was inside of each community; 0 beyond.
    pub(crate) insides: Vec<f64>,
}

/// A leaf partition, dense.
#[derive(Debug)]
pub(crate) struct LeafPartition {
    pub(crate) community_of: Vec<u32>,
    /// Whether it was searched from nothing, not only near the previous run's.
    pub(crate) from_nothing: bool,
    /// Whether some communities are parts of the ones that were found first.
    pub(crate) split: bool,
}

/// The partition that [`leaf`] starts from if there is no previous run.
#[derive(Debug)]
pub(crate) struct FirstPartition {
    pub(crate) community_of: Vec<u32>,
    /// Its parts, which may be good at other resolutions too.
    pub(crate) draft: Option<DraftPartition>,
}

/// One quick search from nothing.
pub(crate) fn first(network: &TieNetwork, seed: RandomSeed) -> FirstPartition {
    let components = LeafCandidate::components(network);
    let search = LeafSearch { effort: &QUICK, seed };
    let resolution = Some(FIRST_RESOLUTION);
    let found = LeafCandidate::from_singletons(network, resolution, components.bits, search);
    let community_of = components.shorter(found.candidate).community_of;
    FirstPartition { community_of, draft: found.draft }
}

/// Finds the leaf partition after a [`first`] one.
pub(crate) fn leaf(network: &TieNetwork, first: FirstPartition, seed: RandomSeed) -> LeafPartition {
    let search = LeafSearch::new(network, seed);
    let best = best_from_first(network, first.community_of, first.draft, search);
    finished(network, best, None, search)
}

/// Finds the leaf partition near the previous run's, or from nothing if that has become stale.
pub(crate) fn leaf_near(
    network: &TieNetwork,
    previous: PreviousLeaf,
    seed: RandomSeed,
) -> LeafPartition {
    let search = LeafSearch::new(network, seed);
    let best = best_near(network, previous.community_of.clone(), search);
    if bits_per_edge(network, best.bits) <= previous.fewest * (1.0 + TUNING.stale) {
        return finished(network, best, Some(&previous), search);
    }
    let FirstPartition { community_of, draft } = first(network, seed);
    let far = best_from_first(network, community_of, draft, search);
    let best = if best.bits <= far.bits * (1.0 + TUNING.inertia) { best } else { far };
    finished(network, best, None, search)
}

/// Bits for each edge.
pub(crate) fn bits_per_edge(network: &TieNetwork, bits: f64) -> f64 {
    bits / (network.targets.len() as f64 / 2.0).max(1.0)
}

/// The leaf partition made of the best candidate; near a previous run's it is split only where that
/// is due.
fn finished(
    network: &TieNetwork,
    best: LeafCandidate,
    previous: Option<&PreviousLeaf>,
    search: LeafSearch,
) -> LeafPartition {
    let due = match previous {
        Some(previous) => due(network, &best, previous, search),
        None => vec![true; best.count],
    };
    let count = best.count;
    let mut community_of = split(network, best, &due, search, TUNING.split_depth_max);
    let split = renumber(&mut community_of) > count;
    dissolve_small(network, &mut community_of);
    LeafPartition { community_of, from_nothing: previous.is_none(), split }
}

/// Whether each community is searched for parts: where the weight inside has changed by more than
/// [`LeafTuning::changed`](super::tuning::LeafTuning) in a run; elsewhere by chance, once in
/// [`split_turns`](super::tuning::SearchEffort) changes.
fn due(
    network: &TieNetwork,
    best: &LeafCandidate,
    previous: &PreviousLeaf,
    search: LeafSearch,
) -> Vec<bool> {
    let groups = GroupMembers::new(&best.community_of, best.count);
    let is_due = |(group, now): (usize, f64)| {
        let before = previous.community_of[groups.of(group)[0] as usize];
        let before = previous.insides.get(before as usize).copied().unwrap_or(0.0);
        let turn = search.seed.fork(now.to_bits()).unit() * search.effort.split_turns < 1.0;
        (now - before).abs() > TUNING.changed * before || (turn && now != before)
    };
    best.shape.insides(network).enumerate().map(is_due).collect()
}
