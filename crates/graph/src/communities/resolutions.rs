//! The levels above and below the leaf level: a series of resolutions, each level refining the one
//! above.
//!
//! Coarser levels merge whole communities: modularity at a falling γ on the aggregated graph, which
//! costs next to nothing. Finer ones split the leaf communities at a rising γ, each search confined to
//! a community by leaving out the edges between them. Time O(edges) for each finer level. Where the
//! leaf level was found near the previous run's, so are the other levels, at the resolutions that they
//! had. Source: multiresolution modularity (Reichardt & Bornholdt 2006; Arenas et al. 2008).

use rayon::prelude::*;

use super::description::RESOLUTION_MIN;
use super::groups::GroupMembers;
use super::hierarchy::NO_COMMUNITY;
use super::leiden::{leiden, near, renumber};
use super::network::TieNetwork;
use super::sums::KeyedSums;
use crate::seed::RandomSeed;

/// Step between resolutions.
const STEP: f64 = 1.75;

/// A level must have at most this share of the communities of the level below to be one of its own.
const SHRINK_MAX: f64 = 0.75;

/// Levels above the leaf level.
const COARSER_MAX: usize = 9;

/// Levels below the leaf level.
const FINER_MAX: usize = 2;

/// The least mean number of people in a community of a finer level.
const FINER_SIZE_MIN: usize = 8;

/// A partition and its resolution.
#[derive(Debug, Clone)]
pub(super) struct LevelPartition {
    /// γ.
    pub(super) resolution: f64,
    /// Dense communities.
    pub(super) community_of: Vec<u32>,
    /// Number of communities.
    pub(super) count: usize,
}

/// The partitions of all levels, coarsest first.
#[derive(Debug)]
pub(super) struct LevelPartitions {
    pub(super) partitions: Vec<LevelPartition>,
    /// The index of the leaf level.
    pub(super) leaf: usize,
}

/// The previous run's levels over this run's nodes, coarsest first. Nodes that a level does not have
/// are in [`NO_COMMUNITY`].
#[derive(Debug)]
pub(super) struct PreviousLevels {
    pub(super) partitions: Vec<LevelPartition>,
    /// The index of the leaf level.
    pub(super) leaf: usize,
}

impl LevelPartition {
    /// The level in which these communities are merged into groups.
    fn merged(&self, groups: &[u32], count: usize, resolution: f64) -> LevelPartition {
        let group_of = |&community: &u32| groups[community as usize];
        let community_of = self.community_of.iter().map(group_of).collect();
        LevelPartition { resolution, community_of, count }
    }
}

/// The partitions of all levels; near the previous run's if given. `merged` has a node for each
/// community of `leaf`.
pub(super) fn partitions(
    network: &TieNetwork,
    merged: TieNetwork,
    leaf: LevelPartition,
    previous: Option<&PreviousLevels>,
    seed: RandomSeed,
) -> LevelPartitions {
    let (mut partitions, finer) = match previous {
        None => (coarser(merged, &leaf, seed), finer(network, &leaf, seed)),
        Some(previous) => (
            coarser_near(merged, &leaf, previous, seed),
            finer_near(network, &leaf, previous, seed),
        ),
    };
    partitions.reverse();
    let index = partitions.len();
    partitions.push(leaf);
    partitions.extend(finer);
    LevelPartitions { partitions, leaf: index }
}

/// Levels above the leaf level, finest first, each from the previous communities of most nodes.
fn coarser_near(
    mut merged: TieNetwork,
    leaf: &LevelPartition,
    previous: &PreviousLevels,
    seed: RandomSeed,
) -> Vec<LevelPartition> {
    let mut levels: Vec<LevelPartition> = Vec::new();
    let mut below = leaf.clone();
    for level in previous.partitions[..previous.leaf].iter().rev() {
        let start = groups_before(&below, level);
        let mut groups = near(&merged, Some(level.resolution), start, seed);
        let count = renumber(&mut groups);
        if count < 2 || count == below.count {
            continue;
        }
        merged = merged.aggregate(&groups, count);
        below = below.merged(&groups, count, level.resolution);
        levels.push(below.clone());
    }
    levels
}

/// The previous community of most nodes of each community; new ones for communities of new nodes.
fn groups_before(below: &LevelPartition, previous: &LevelPartition) -> Vec<u32> {
    let groups = GroupMembers::new(&below.community_of, below.count);
    let mut sizes = KeyedSums::new(previous.count);
    let most = |group: usize| {
        let known = groups.of(group).iter().map(|&node| previous.community_of[node as usize]);
        known.filter(|&own| own != NO_COMMUNITY).for_each(|own| sizes.add(own, 1.0));
        let (mut most, mut most_size) = ((previous.count + group) as u32, 0.0);
        sizes.drain(|own, size| {
            if size > most_size || (size == most_size && own < most) {
                (most, most_size) = (own, size);
            }
        });
        most
    };
    (0..below.count).map(most).collect()
}

/// Levels below the leaf level, coarsest first, each from the previous communities.
fn finer_near(
    network: &TieNetwork,
    leaf: &LevelPartition,
    previous: &PreviousLevels,
    seed: RandomSeed,
) -> Vec<LevelPartition> {
    let mut levels: Vec<LevelPartition> = Vec::new();
    let mut above = leaf.clone();
    for level in &previous.partitions[previous.leaf + 1..] {
        let inside = network.within(&above.community_of);
        let new = level.count as u32..;
        let known = level.community_of.iter().zip(new);
        let start = known.map(|(&own, new)| if own == NO_COMMUNITY { new } else { own });
        let mut community_of = near(&inside, Some(level.resolution), start.collect(), seed);
        let count = renumber(&mut community_of);
        if count > above.count {
            above = LevelPartition { resolution: level.resolution, community_of, count };
            levels.push(above.clone());
        }
    }
    levels
}

/// Levels above the leaf level, finest first.
fn coarser(mut merged: TieNetwork, leaf: &LevelPartition, seed: RandomSeed) -> Vec<LevelPartition> {
    let mut levels: Vec<LevelPartition> = Vec::new();
    let mut below = leaf.clone();
    let mut resolution = leaf.resolution / STEP;
    while resolution >= RESOLUTION_MIN && levels.len() < COARSER_MAX {
        let alone = (0..below.count as u32).collect();
        let mut groups =
            leiden(&merged, Some(resolution), alone, 2, seed.fork(levels.len() as u64));
        let count = renumber(&mut groups);
        if count < 2 {
            break;
        }
        if (count as f64) <= SHRINK_MAX * below.count as f64 {
            merged = merged.aggregate(&groups, count);
            below = below.merged(&groups, count, resolution);
            levels.push(below.clone());
        }
        resolution /= STEP;
    }
    levels
}

/// Levels below the leaf level, coarsest first.
fn finer(network: &TieNetwork, leaf: &LevelPartition, seed: RandomSeed) -> Vec<LevelPartition> {
    let mut levels: Vec<LevelPartition> = Vec::new();
    let mut above = leaf.clone();
    for step in 1..=FINER_MAX {
        let resolution = leaf.resolution * STEP.powi(step as i32);
        let mut community_of = divide(network, &above, resolution, seed.fork(step as u64));
        let count = renumber(&mut community_of);
        if count <= above.count || count * FINER_SIZE_MIN > community_of.len() {
            break;
        }
        if above.count as f64 <= SHRINK_MAX * count as f64 {
            above = LevelPartition { resolution, community_of, count };
            levels.push(above.clone());
        }
    }
    levels
}

/// Splits each community of `above` at a resolution with the same meaning as on the whole graph.
fn divide(
    network: &TieNetwork,
    above: &LevelPartition,
    resolution: f64,
    seed: RandomSeed,
) -> Vec<u32> {
    let groups = GroupMembers::new(&above.community_of, above.count);
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
