//! The leaf partition: the one that describes the graph in the fewest bits, split further wherever
//! a community's own edges are described in fewer bits by its parts.
//!
//! Candidates are the map equation's optimum (resolution-free) and modularity's over a ladder of
//! resolutions, which holds where the map equation sees one community only. The second step lets
//! small communities inside of large ones be found whatever the size of the whole graph. Time: one
//! search for each candidate; memory: a search's state for each thread.

use rayon::prelude::*;

use super::description::description_bits;
use super::leiden::{leiden, renumber, split_components};
use super::network::{Groups, Network, Sums};
use super::objective::Objective;
use crate::seed::Seed;

/// Resolutions tried first, far apart; then the neighbours of the best, by [`FINE_STEP`].
const COARSE: [f64; 4] = [0.5, 2.0, 8.0, 32.0];

/// Resolutions tried on graphs of at most [`SMALL_ARCS`], where time does not matter.
const DENSE: [f64; 8] = [0.3, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0];

/// Graphs up to this are searched twice as hard.
const SMALL_ARCS: usize = 200_000;

/// Step of the second round.
const FINE_STEP: f64 = 1.4;

/// Resolutions that a community is tried to be split at, relative to its own edges.
const SPLIT: [f64; 2] = [1.0, 3.0];

/// Communities with fewer members are not split.
const SPLIT_MIN: usize = 8;

/// A community has at least so many people, unless they know nobody else.
const SIZE_MIN: usize = 3;

/// Nesting below the first partition; a guard, three is much.
const SPLITS_MAX: usize = 8;

/// A partition from the last run stays unless a new one is shorter by more than this share: ids
/// should not change where nothing happened.
const INERTIA: f64 = 5e-4;

/// A candidate and what it costs.
#[derive(Debug, Clone)]
struct Candidate {
    community_of: Vec<u32>,
    count: usize,
    bits: f64,
    /// Resolution of modularity; `None` for the map equation.
    resolution: Option<f64>,
}

impl Candidate {
    fn new(network: &Network, mut community_of: Vec<u32>, resolution: Option<f64>) -> Candidate {
        let count = renumber(&mut community_of);
        let bits = description_bits(network, &community_of, count);
        Candidate { community_of, count, bits, resolution }
    }

    fn search(
        network: &Network,
        start: Vec<u32>,
        resolution: Option<f64>,
        seed: Seed,
    ) -> Candidate {
        let objective = Objective::of(resolution, network.total);
        let passes = if network.targets.len() > SMALL_ARCS { 1 } else { 3 };
        Candidate::new(network, leiden(network, objective, start, passes, seed), resolution)
    }

    fn shorter(self, other: Candidate) -> Candidate {
        if other.bits < self.bits { other } else { self }
    }
}

/// Finds the leaf partition, dense. `last` is a partition to start from as well.
pub(crate) fn leaf(network: &Network, last: Option<Vec<u32>>, seed: Seed) -> Vec<u32> {
    let small = network.targets.len() <= SMALL_ARCS;
    let fresh = best_candidate(network, if small { &DENSE } else { &COARSE }, seed);
    let mut best = refine_resolution(network, fresh, seed);
    if let Some(start) = last {
        let warm = Candidate::search(network, start, best.resolution, seed);
        if warm.bits <= best.bits * (1.0 + INERTIA) {
            best = warm;
        }
    }
    let mut community_of = split(network, best.community_of, best.count, seed, SPLITS_MAX);
    settle(network, &mut community_of);
    community_of
}

/// Gives people of communities below [`SIZE_MIN`], such as a celebrity whose audience is everywhere,
/// to the neighbouring community that they are tied to most beyond chance. Where there is none, as
/// in a component of two, they stay.
fn settle(network: &Network, community_of: &mut [u32]) {
    let count = renumber(community_of);
    let groups = Groups::new(community_of, count);
    let mut volumes = vec![0.0; count];
    for (node, &community) in community_of.iter().enumerate() {
        volumes[community as usize] += network.volumes[node];
    }
    let mut sums = Sums::new(count);
    let small = |community: u32| groups.of(community as usize).len() < SIZE_MIN;
    let homeless: Vec<u32> = (0..count as u32)
        .filter(|&community| small(community))
        .flat_map(|community| groups.of(community as usize).iter().copied())
        .collect();
    // Twice, so that somebody known only to the homeless follows them.
    for node in homeless.iter().chain(&homeless).map(|&node| node as usize) {
        for (to, weight) in network.row(node) {
            sums.add(community_of[to as usize], f64::from(weight));
        }
        let mut best = (f64::NEG_INFINITY, community_of[node]);
        sums.drain(|community, weight| {
            let chance = network.volumes[node] * volumes[community as usize] / network.total;
            if !small(community) && (weight - chance > best.0) {
                best = (weight - chance, community);
            }
        });
        community_of[node] = best.1;
    }
    renumber(community_of);
}

/// The second round of the ladder, and a second pass from its best.
fn refine_resolution(network: &Network, best: Candidate, seed: Seed) -> Candidate {
    let best = match best.resolution {
        Some(resolution) => {
            let steps = [resolution / FINE_STEP, resolution * FINE_STEP];
            search_all(network, steps.map(Some).to_vec(), seed)
                .into_iter()
                .fold(best, Candidate::shorter)
        }
        None => best,
    };
    let again =
        Candidate::search(network, best.community_of.clone(), best.resolution, seed.fork(1));
    best.shorter(again)
}

fn search_all(network: &Network, resolutions: Vec<Option<f64>>, seed: Seed) -> Vec<Candidate> {
    let alone = || (0..network.nodes() as u32).collect();
    resolutions
        .into_par_iter()
        .map(|resolution| Candidate::search(network, alone(), resolution, seed))
        .collect()
}

/// The shortest of the connected components, the map equation's optimum and modularity's.
fn best_candidate(network: &Network, resolutions: &[f64], seed: Seed) -> Candidate {
    let mut components = vec![0; network.nodes()];
    split_components(network, &mut components);
    let whole = Candidate::new(network, components, None);
    let objectives = std::iter::once(None).chain(resolutions.iter().copied().map(Some)).collect();
    search_all(network, objectives, seed).into_iter().fold(whole, Candidate::shorter)
}

/// Splits communities while that shortens the description of their own edges.
fn split(
    network: &Network,
    mut community_of: Vec<u32>,
    count: usize,
    seed: Seed,
    depth: usize,
) -> Vec<u32> {
    let groups = Groups::new(&community_of, count);
    let parts: Vec<Option<Vec<u32>>> = (0..count)
        .into_par_iter()
        .map(|group| split_one(network, groups.of(group), seed.fork(group as u64), depth))
        .collect();
    let mut next = count as u32;
    for (group, parts) in parts.into_iter().enumerate() {
        let Some(parts) = parts else { continue };
        let highest = parts.iter().copied().max().unwrap_or(0);
        for (&node, part) in groups.of(group).iter().zip(parts) {
            community_of[node as usize] = next + part;
        }
        next += highest + 1;
    }
    renumber(&mut community_of);
    community_of
}

/// The parts of one community's members, or `None` if it is best left whole.
fn split_one(network: &Network, members: &[u32], seed: Seed, depth: usize) -> Option<Vec<u32>> {
    if members.len() < SPLIT_MIN || depth == 0 {
        return None;
    }
    let inside = network.induced(members);
    let best = best_candidate(&inside, &SPLIT, seed);
    (best.count > 1).then(|| split(&inside, best.community_of, best.count, seed, depth - 1))
}
