//! Leiden: local moving, refinement, aggregation, until nothing moves.
//!
//! A search from communities of one starts with a [`DraftPartition`], and ends with it if hardly any node
//! moves afterwards. Time O(arcs) a pass, few passes. Refined parts are connected, and so are the nodes
//! that they are aggregated to; a last step splits any community that is not connected. Source: Traag,
//! Waltman, van Eck 2019.

use super::moving::{GAIN_MIN, MovingPartition};
use super::network::TieNetwork;
use super::objective::{MapEquation, ModularityObjective, PartitionObjective};
use crate::seed::RandomSeed;

/// Aggregations in one pass; each shrinks the graph, so this is never reached in practice.
const AGGREGATIONS_MAX: usize = 50;

/// A round ends when at most this share of the nodes move in a sweep: the last moves are better
/// made by whole parts, in the next round.
const SETTLED: f64 = 0.02;

/// Near a good start a node moves only if it gains more than this share of its volume: for a small
/// gain it keeps its community.
const GAIN_WORTH: f64 = 0.1;

/// How many times finer the resolution is at which nodes of their own move first …
const FINER: f64 = 3.0;

/// … until at most this share of them move in a sweep.
const FINER_SETTLED: f64 = 0.05;

/// From this number of nodes the order is shuffled by runs …
const RUNS_FROM: usize = 100_000;

/// … of this length.
const RUN_LENGTH: usize = 64;

/// The unit that a search moves after single nodes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum MoveUnit {
    /// Well connected parts of communities.
    Parts,
    /// Whole communities.
    Communities,
}

/// Searches from `start` (communities `0..n` in any numbering) for modularity at a resolution, or
/// for the map equation, and returns dense communities.
pub(super) fn leiden(
    network: &TieNetwork,
    resolution: Option<f64>,
    start: Vec<u32>,
    passes: usize,
    seed: RandomSeed,
) -> Vec<u32> {
    let mut community_of = start;
    renumber(&mut community_of);
    for pass in 0..passes {
        let seed = seed.fork(pass as u64);
        let next = search(network, resolution, community_of.clone(), MoveUnit::Parts, seed);
        let changed = next != community_of;
        community_of = next;
        if !changed {
            break;
        }
    }
    community_of
}

/// Nodes grouped into parts at a finer resolution than the requested one.
#[derive(Debug)]
pub(super) struct DraftPartition {
    /// The part of each node, dense.
    parts: Vec<u32>,
    /// The graph with a node for each part.
    merged: TieNetwork,
}

/// The communities that the parts of a draft are joined into.
#[derive(Debug)]
pub(super) struct JoinedDraft {
    /// Communities, each connected.
    pub(super) community_of: Vec<u32>,
    /// Whether hardly any node moved in a last sweep: then a search finds no better partition.
    pub(super) settled: bool,
}

impl DraftPartition {
    /// Nodes of their own move at [`FINER`] times the resolution and are grouped for good: small
    /// communities that are right can be joined later, large ones that are wrong would stay.
    pub(super) fn new(network: &TieNetwork, resolution: f64, seed: RandomSeed) -> DraftPartition {
        let nodes = network.nodes();
        let alone = (0..nodes as u32).collect();
        let finer = ModularityObjective::new(resolution * FINER, network.total);
        let mut partition = MovingPartition::new(network, finer, alone);
        partition.move_nodes(&order(nodes, seed), GAIN_MIN, share(nodes, FINER_SETTLED));
        let mut parts = partition.community_of;
        let count = renumber(&mut parts);
        DraftPartition { merged: network.aggregate(&parts, count), parts }
    }

    /// Joins the parts by modularity at a resolution, then visits each node once more.
    pub(super) fn joined(
        &self,
        network: &TieNetwork,
        resolution: f64,
        seed: RandomSeed,
    ) -> JoinedDraft {
        let nodes = network.nodes();
        let alone = (0..self.merged.nodes() as u32).collect();
        let joined = leiden(&self.merged, Some(resolution), alone, 1, seed);
        let start: Vec<u32> = self.parts.iter().map(|&part| joined[part as usize]).collect();
        let objective = ModularityObjective::new(resolution, network.total);
        let mut partition = MovingPartition::new(network, objective, start);
        let moves = partition.sweep(&mut vec![true; nodes], &order(nodes, seed), GAIN_MIN);
        let mut community_of = partition.community_of;
        split_components(network, &mut community_of);
        JoinedDraft { community_of, settled: moves <= share(nodes, SETTLED) }
    }

    /// The same for a network whose nodes are put in this order.
    pub(super) fn arrange(&mut self, order: &[u32]) {
        self.parts = order.iter().map(|&node| self.parts[node as usize]).collect();
    }
}

/// Searches from communities of one, for modularity at a resolution.
pub(super) fn leiden_from_singletons(
    network: &TieNetwork,
    resolution: f64,
    seed: RandomSeed,
) -> Vec<u32> {
    let joined =
        DraftPartition::new(network, resolution, seed).joined(network, resolution, seed.fork(1));
    match joined.settled {
        true => joined.community_of,
        false => leiden(network, Some(resolution), joined.community_of, 1, seed.fork(2)),
    }
}

/// Searches near a good `start`, in a small part of the time: a node that moves wakes its neighbours
/// until none moves, then whole communities may merge; communities are split only where they are not
/// connected.
pub(super) fn near(
    network: &TieNetwork,
    resolution: Option<f64>,
    start: Vec<u32>,
    seed: RandomSeed,
) -> Vec<u32> {
    let mut community_of = start;
    renumber(&mut community_of);
    search(network, resolution, community_of, MoveUnit::Communities, seed)
}

/// Moves single nodes by the map equation, until none gains more than [`GAIN_WORTH`]; communities do
/// not merge, and are split where they are not connected.
pub(super) fn move_single_nodes(
    network: &TieNetwork,
    start: Vec<u32>,
    seed: RandomSeed,
) -> Vec<u32> {
    let mut partition = MovingPartition::new(network, MapEquation::new(network.total), start);
    partition.move_nodes(&order(network.nodes(), seed), GAIN_WORTH, 0);
    let mut community_of = partition.community_of;
    split_components(network, &mut community_of);
    community_of
}

fn search(
    network: &TieNetwork,
    resolution: Option<f64>,
    start: Vec<u32>,
    unit: MoveUnit,
    seed: RandomSeed,
) -> Vec<u32> {
    let total = network.total;
    match resolution {
        Some(resolution) => {
            one_pass(network, ModularityObjective::new(resolution, total), start, unit, seed)
        }
        None => one_pass(network, MapEquation::new(total), start, unit, seed),
    }
}

fn one_pass<O: PartitionObjective>(
    network: &TieNetwork,
    objective: O,
    start: Vec<u32>,
    unit: MoveUnit,
    seed: RandomSeed,
) -> Vec<u32> {
    // The node of the current graph that contains each node of the first one.
    let mut node_of: Vec<u32> = (0..network.nodes() as u32).collect();
    let mut merged: Option<TieNetwork> = None;
    let mut communities = start;
    for round in 0..AGGREGATIONS_MAX {
        let graph = merged.as_ref().unwrap_or(network);
        let order = order(graph.nodes(), seed.fork(round as u64));
        let mut partition = MovingPartition::new(graph, objective, communities);
        match unit {
            MoveUnit::Parts => {
                partition.move_nodes(&order, GAIN_MIN, share(graph.nodes(), SETTLED));
            }
            MoveUnit::Communities => partition.move_nodes(&order, GAIN_WORTH, 0),
        }
        communities = partition.community_of.clone();
        let mut parts = match unit {
            MoveUnit::Parts => partition.refine(&order),
            MoveUnit::Communities => partition.community_of,
        };
        let count = renumber(&mut parts);
        if count == graph.nodes() {
            break;
        }
        let smaller = graph.aggregate(&parts, count);
        communities = lift(&parts, &communities, count);
        node_of.iter_mut().for_each(|node| *node = parts[*node as usize]);
        merged = Some(smaller);
    }
    if unit == MoveUnit::Parts {
        // Every node of the last graph is connected, so this is the same as on the first one.
        split_components(merged.as_ref().unwrap_or(network), &mut communities);
    }
    let mut result: Vec<u32> = node_of.iter().map(|&at| communities[at as usize]).collect();
    if unit == MoveUnit::Communities {
        split_components(network, &mut result);
    }
    renumber(&mut result);
    result
}

/// A share of the nodes.
fn share(nodes: usize, share: f64) -> usize {
    (nodes as f64 * share) as usize
}

/// Nodes in random order; on large graphs runs of consecutive nodes in random order, since there the
/// numbers follow communities and adjacent rows are read together.
fn order(nodes: usize, seed: RandomSeed) -> Vec<u32> {
    if nodes < RUNS_FROM {
        return seed.order(nodes);
    }
    let runs = seed.order(nodes.div_ceil(RUN_LENGTH)).into_iter();
    runs.flat_map(|run| {
        (run as usize * RUN_LENGTH..nodes.min((run as usize + 1) * RUN_LENGTH)).map(|at| at as u32)
    })
    .collect()
}

/// The communities of aggregated parts, numbered below the number of parts.
fn lift(parts: &[u32], communities: &[u32], count: usize) -> Vec<u32> {
    let mut lifted = vec![0; count];
    for (&part, &community) in parts.iter().zip(communities) {
        lifted[part as usize] = community;
    }
    renumber(&mut lifted);
    lifted
}

/// Renumbers communities by first occurrence, `0..count`; returns the count.
pub(super) fn renumber(community_of: &mut [u32]) -> usize {
    let slots = community_of.iter().max().map_or(0, |&max| max as usize + 1);
    let mut numbers = vec![u32::MAX; slots];
    let mut count = 0;
    for community in community_of {
        let number = &mut numbers[*community as usize];
        if *number == u32::MAX {
            *number = count;
            count += 1;
        }
        *community = *number;
    }
    count as usize
}

/// Gives each connected part of a community its own number.
pub(super) fn split_components(network: &TieNetwork, community_of: &mut Vec<u32>) {
    let mut component = vec![u32::MAX; network.nodes()];
    let mut stack = Vec::new();
    let mut count = 0;
    for start in 0..network.nodes() {
        if component[start] != u32::MAX {
            continue;
        }
        component[start] = count;
        stack.push(start);
        while let Some(node) = stack.pop() {
            for &to in network.neighbours(node) {
                let to = to as usize;
                if component[to] == u32::MAX && community_of[to] == community_of[start] {
                    component[to] = count;
                    stack.push(to);
                }
            }
        }
        count += 1;
    }
    *community_of = component;
}
