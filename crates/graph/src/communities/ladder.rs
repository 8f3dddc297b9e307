//! The levels above and below the leaf: a ladder of resolutions, each level refining the one above.
//!
//! Coarser levels merge whole communities: modularity at a falling γ on the aggregated graph, which
//! costs next to nothing. Finer ones split the leaf at a rising γ, each search confined to a
//! community by leaving out the edges between them. Time O(edges) for each finer level. Where a leaf
//! was found near the last run's, so are the other levels, at the resolutions that they had. Source:
//! multiresolution modularity (Reichardt & Bornholdt 2006; Arenas et al. 2008).

use rayon::prelude::*;

use super::NO_COMMUNITY;
use super::leiden::{leiden, near, renumber};
use super::network::{Groups, Network, Sums};
use crate::seed::Seed;

/// Step between resolutions.
const STEP: f64 = 1.75;

/// The coarsest resolution.
pub(super) const RESOLUTION_MIN: f64 = 0.1;

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

impl Rung {
    /// The level whose communities these are put together in.
    fn merged(&self, groups: &[u32], count: usize, resolution: f64) -> Rung {
        let group_of = |&community: &u32| groups[community as usize];
        let community_of = self.community_of.iter().map(group_of).collect();
        Rung { resolution, community_of, count }
    }
}

/// The last run's levels over this run's nodes, coarsest first, and the place of the leaf. Nodes
/// that a level does not know are in [`NO_COMMUNITY`].
#[derive(Debug)]
pub(crate) struct LastLadder {
    pub(crate) rungs: Vec<Rung>,
    pub(crate) leaf: usize,
}

/// All levels, coarsest first, and the place of the leaf among them; near the last run's if given.
/// `merged` has a node for each community of the leaf.
pub(crate) fn ladder(
    network: &Network,
    merged: Network,
    leaf: Rung,
    last: Option<&LastLadder>,
    seed: Seed,
) -> (Vec<Rung>, usize) {
    let (mut rungs, finer) = match last {
        None => (coarser(merged, &leaf, seed), finer(network, &leaf, seed)),
        Some(last) => {
            (coarser_near(merged, &leaf, last, seed), finer_near(network, &leaf, last, seed))
        }
    };
    rungs.reverse();
    let place = rungs.len();
    rungs.push(leaf);
    rungs.extend(finer);
    (rungs, place)
}

/// Levels above the leaf, finest first, each from where most people of its communities were.
fn coarser_near(mut merged: Network, leaf: &Rung, last: &LastLadder, seed: Seed) -> Vec<Rung> {
    let mut rungs: Vec<Rung> = Vec::new();
    let mut below = leaf.clone();
    for rung in last.rungs[..last.leaf].iter().rev() {
        let start = before(&below, rung);
        let mut groups = near(&merged, Some(rung.resolution), start, seed);
        let count = renumber(&mut groups);
        if count < 2 || count == below.count {
            continue;
        }
        merged = merged.aggregate(&groups, count);
        below = below.merged(&groups, count, rung.resolution);
        rungs.push(below.clone());
    }
    rungs
}

/// Where most people of each community were in `last`; those of new people alone.
fn before(below: &Rung, last: &Rung) -> Vec<u32> {
    let groups = Groups::new(&below.community_of, below.count);
    let mut people = Sums::new(last.count);
    let most = |group: usize| {
        let known = groups.of(group).iter().map(|&node| last.community_of[node as usize]);
        known.filter(|&own| own != NO_COMMUNITY).for_each(|own| people.add(own, 1.0));
        let mut most = (0.0, (last.count + group) as u32);
        people.drain(|own, people| {
            if people > most.0 || (people == most.0 && own < most.1) {
                most = (people, own);
            }
        });
        most.1
    };
    (0..below.count).map(most).collect()
}

/// Levels below the leaf, coarsest first, each from the last run's communities.
fn finer_near(network: &Network, leaf: &Rung, last: &LastLadder, seed: Seed) -> Vec<Rung> {
    let mut rungs: Vec<Rung> = Vec::new();
    let mut above = leaf.clone();
    for rung in &last.rungs[last.leaf + 1..] {
        let inside = network.within(&above.community_of);
        let fresh = rung.count as u32..;
        let known = rung.community_of.iter().zip(fresh);
        let start = known.map(|(&own, fresh)| if own == NO_COMMUNITY { fresh } else { own });
        let mut community_of = near(&inside, Some(rung.resolution), start.collect(), seed);
        let count = renumber(&mut community_of);
        if count > above.count {
            above = Rung { resolution: rung.resolution, community_of, count };
            rungs.push(above.clone());
        }
    }
    rungs
}

/// Levels above the leaf, finest first.
fn coarser(mut merged: Network, leaf: &Rung, seed: Seed) -> Vec<Rung> {
    let mut rungs: Vec<Rung> = Vec::new();
    let mut below = leaf.clone();
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
            below = below.merged(&groups, count, resolution);
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
            // Volumes and weight of the whole graph keep the null model, hence the meaning of γ.
            inside.volumes =
                groups.of(group).iter().map(|&node| network.volumes[node as usize]).collect();
            inside.total = network.total;
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
