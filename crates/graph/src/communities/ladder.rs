//! The levels above and below the leaf: a ladder of resolutions, each level refining the one above.
//!
//! Coarser levels merge whole communities: modularity at a falling γ on the aggregated graph, which
//! costs next to nothing. Finer ones split the leaf at a rising γ, each search confined to a
//! community by leaving out the edges between them. Time O(edges) for each finer level.

use rayon::prelude::*;

use super::leiden::{leiden, renumber};
use super::network::{Groups, Network};
use crate::seed::Seed;

/// Step between resolutions.
const STEP: f64 = 1.75;

/// The coarsest resolution.
const RESOLUTION_MIN: f64 = 0.1;

/// A level must have at most this share of the communities of the level below to be one of its own.
const SHRINK_MAX: f64 = 0.75;

/// Levels above and below the leaf.
const COARSER_MAX: usize = 9;
const FINER_MAX: usize = 2;

/// A finer level has at least so many people in a community, on average.
const FINER_SIZE_MIN: usize = 8;

/// A partition and its resolution.
#[derive(Debug, Clone)]
pub(crate) struct Rung {
    /// γ.
    pub(crate) resolution: f64,
    /// Dense communities.
    pub(crate) community_of: Vec<u32>,
    /// Number of communities.
    pub(crate) count: usize,
}

/// The γ at which modularity is the likelihood of a planted partition with the densities that
/// `community_of` shows (Newman 2016): `(ω_in − ω_out) / (ln ω_in − ln ω_out)`.
pub(crate) fn own_resolution(network: &Network, community_of: &[u32], count: usize) -> f64 {
    let groups = Groups::new(community_of, count);
    let (mut inside, mut expected) = (0.0, 0.0);
    for group in 0..count {
        let volume: f64 = groups.of(group).iter().map(|&node| network.volumes[node as usize]).sum();
        expected += volume * volume / network.total;
        for &node in groups.of(group) {
            let within = network
                .edges(node as usize)
                .filter(|&(to, _)| community_of[to as usize] == group as u32);
            inside += within.map(|edge| edge.1).sum::<f64>();
        }
    }
    let dense = inside / expected.max(f64::MIN_POSITIVE);
    let sparse = (network.total - inside) / (network.total - expected).max(f64::MIN_POSITIVE);
    match dense > sparse && sparse > 0.0 && dense.is_finite() {
        true => ((dense - sparse) / (dense / sparse).ln()).clamp(RESOLUTION_MIN, 1e9),
        false => 1.0,
    }
}

/// All levels, coarsest first, and the place of the leaf among them.
pub(crate) fn ladder(network: &Network, leaf: Vec<u32>, seed: Seed) -> (Vec<Rung>, usize) {
    let mut community_of = leaf;
    let count = renumber(&mut community_of);
    let resolution = own_resolution(network, &community_of, count);
    let leaf = Rung { resolution, community_of, count };
    let finer = finer(network, &leaf, seed);
    let mut rungs = coarser(network, &leaf, seed);
    rungs.reverse();
    let place = rungs.len();
    rungs.push(leaf);
    rungs.extend(finer);
    (rungs, place)
}

/// Levels above the leaf, finest first.
fn coarser(network: &Network, leaf: &Rung, seed: Seed) -> Vec<Rung> {
    let mut rungs: Vec<Rung> = Vec::new();
    let mut below = leaf.clone();
    let mut merged = network.aggregate(&leaf.community_of, leaf.count);
    let mut resolution = leaf.resolution / STEP;
    while resolution >= RESOLUTION_MIN && rungs.len() < COARSER_MAX {
        let alone = (0..below.count as u32).collect();
        let mut groups = leiden(&merged, Some(resolution), alone, 2, seed.fork(rungs.len() as u64));
        let count = renumber(&mut groups);
        if count < 2 {
            break;
        }
        if (count as f64) <= SHRINK_MAX * below.count as f64 {
            merged = merged.aggregate(&groups, count);
            let community_of =
                below.community_of.iter().map(|&community| groups[community as usize]).collect();
            below = Rung { resolution, community_of, count };
            rungs.push(below.clone());
        }
        resolution /= STEP;
    }
    rungs
}

/// Levels below the leaf, coarsest first.
fn finer(network: &Network, leaf: &Rung, seed: Seed) -> Vec<Rung> {
    let mut rungs: Vec<Rung> = Vec::new();
    let mut above = leaf.clone();
    for step in 1..=FINER_MAX {
        let resolution = leaf.resolution * STEP.powi(step as i32);
        let mut community_of = divide(network, &above, resolution, seed.fork(step as u64));
        let count = renumber(&mut community_of);
        if count <= above.count || count * FINER_SIZE_MIN > community_of.len() {
            break;
        }
        if above.count as f64 <= SHRINK_MAX * count as f64 {
            above = Rung { resolution, community_of, count };
            rungs.push(above.clone());
        }
    }
    rungs
}

/// Splits each community of `above` at a resolution that means the same as on the whole graph.
fn divide(network: &Network, above: &Rung, resolution: f64, seed: Seed) -> Vec<u32> {
    let groups = Groups::new(&above.community_of, above.count);
    let parts: Vec<Vec<u32>> = (0..above.count)
        .into_par_iter()
        .map(|group| {
            let mut inside = network.induced(&groups, group);
            // Volumes of the whole graph keep the null model, hence the meaning of γ.
            inside.volumes =
                groups.of(group).iter().map(|&node| network.volumes[node as usize]).collect();
            let alone = (0..inside.nodes() as u32).collect();
            leiden(&inside, Some(resolution), alone, 1, seed.fork(group as u64))
        })
        .collect();
    let mut community_of = vec![0; network.nodes()];
    let mut first = 0;
    for (group, parts) in parts.into_iter().enumerate() {
        let count = parts.iter().max().map_or(0, |&highest| highest + 1);
        for (&node, part) in groups.of(group).iter().zip(parts) {
            community_of[node as usize] = first + part;
        }
        first += count;
    }
    community_of
}
