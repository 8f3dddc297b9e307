//! Searches from a first candidate, while they shorten the description.

use super::candidate::LeafCandidate;
use super::tuning::{FIRST_RESOLUTION, LeafSearch, QUICK, TUNING};
use crate::communities::leiden::{DraftPartition, near, split_components};
use crate::communities::network::TieNetwork;

/// The best partition that is found from nothing but a first one.
pub(super) fn best_from_first(
    network: &TieNetwork,
    first: Vec<u32>,
    draft: Option<DraftPartition>,
    search: LeafSearch,
) -> LeafCandidate {
    let first = LeafCandidate::new(network, first, Some(FIRST_RESOLUTION));
    let others = search.effort.resolutions.iter();
    let others: Vec<f64> =
        others.copied().filter(|tried| !QUICK.resolutions.contains(tried)).collect();
    let best = match others.is_empty() {
        true => first,
        false => LeafCandidate::best(network, &others, search).shorter(first),
    };
    let best = match draft {
        Some(draft) => join_again(network, best, &draft, search),
        None => best,
    };
    polish(network, follow_resolution(network, best, search), search.fork(1))
}

/// The best partition near the previous run's. Where little moves, little is gained: then only nodes
/// and whole communities are moved.
pub(super) fn best_near(
    network: &TieNetwork,
    previous: Vec<u32>,
    search: LeafSearch,
) -> LeafCandidate {
    let mut best = LeafCandidate::new(network, previous, None);
    let enough = best.bits * (1.0 - search.effort.gain_min);
    let next = near(network, None, best.community_of.clone(), search.seed);
    let next = LeafCandidate::new(network, next, None);
    if next.bits <= best.bits {
        best = next;
    } else {
        split_components(network, &mut best.community_of);
        best = LeafCandidate::new(network, best.community_of, None);
    }
    if best.bits < enough { polish(network, best, search) } else { best }
}

/// Joins the parts of a draft at the resolution that the best partition indicates.
fn join_again(
    network: &TieNetwork,
    best: LeafCandidate,
    draft: &DraftPartition,
    search: LeafSearch,
) -> LeafCandidate {
    let own = best.shape.resolution(network);
    let seed = search.seed.fork(TUNING.resolution_steps_max as u64);
    let joined = draft.joined(network, own, seed);
    match joined.settled {
        true => best.shorter(LeafCandidate::new(network, joined.community_of, Some(own))),
        false => best,
    }
}

/// Searches again at the resolution at which the best partition's own densities are the likelihood of
/// a planted one, while that shortens the description.
fn follow_resolution(
    network: &TieNetwork,
    mut best: LeafCandidate,
    search: LeafSearch,
) -> LeafCandidate {
    for step in 0..TUNING.resolution_steps_max {
        let own = best.shape.resolution(network);
        let is_near = |tried: f64| (own / tried).ln().abs() <= TUNING.resolution_step.ln();
        if best.resolution.is_some_and(is_near) {
            break;
        }
        let search = search.fork(step as u64);
        let next = LeafCandidate::from_singletons(network, Some(own), best.bits, search).candidate;
        if next.bits >= best.bits {
            break;
        }
        best = next;
    }
    best
}

/// Searches from the best partition by the map equation and by modularity in turns, while that
/// shortens the description by enough. The map equation finds small communities that modularity
/// merges; modularity keeps communities that the map equation breaks up because most edges leave.
fn polish(network: &TieNetwork, mut best: LeafCandidate, search: LeafSearch) -> LeafCandidate {
    for round in 0..TUNING.polish_rounds_max {
        let before = best.bits;
        for map_equation in [true, false] {
            let own = best.shape.resolution(network);
            let resolution = (!map_equation).then_some(own);
            let turn = search.fork(2 * round + u64::from(map_equation));
            let start = best.community_of.clone();
            best = best.shorter(LeafCandidate::search(network, start, resolution, turn));
            if best.bits >= before * (1.0 - search.effort.gain_min) {
                return best;
            }
        }
    }
    best
}
