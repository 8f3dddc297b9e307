//! Leiden: local moving, refinement, aggregation, until nothing moves.
//!
//! A search from people who stand alone begins with a [`Draft`], and ends with it where hardly anybody
//! moves any more. Time O(arcs) a pass, few passes. Refined parts are connected, so what is aggregated
//! of them is; a last step cuts any community that came apart. Source: Traag, Waltman, van Eck 2019.

use super::local::{GAIN_MIN, Partition};
use super::network::Network;
use super::objective::{MapEquation, Modularity, Objective};
use crate::seed::Seed;

/// Aggregations in one pass; each shrinks the graph, so this is never reached in practice.
const AGGREGATIONS_MAX: usize = 50;

/// A round ends when at most this share of the nodes move in a sweep: the last moves are better
/// made by whole parts, in the next round.
const SETTLED: f64 = 0.02;

/// Near a good start a node moves only if it gains more than this share of its volume: whoever is
/// hardly better off elsewhere stays where it is known.
const GAIN_WORTH: f64 = 0.1;

/// How many times finer the resolution is at which people who stand alone move first, until at most
/// this share of them do.
const FINER: f64 = 3.0;
const FINER_SETTLED: f64 = 0.05;

/// Nodes from which the order is shuffled by runs, and the length of a run.
const RUNS_FROM: usize = 100_000;
const RUN: usize = 64;

/// What a search moves after single nodes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Blocks {
    /// Well connected parts of communities.
    Parts,
    /// Whole communities.
    Communities,
}

/// Searches from `start` (communities `0..n` in any numbering) for modularity at a resolution, or
/// for the map equation, and returns dense communities.
pub(crate) fn leiden(
    network: &Network,
    resolution: Option<f64>,
    start: Vec<u32>,
    passes: usize,
    seed: Seed,
) -> Vec<u32> {
    let mut community_of = start;
    renumber(&mut community_of);
    for pass in 0..passes {
        let seed = seed.fork(pass as u64);
        let next = search(network, resolution, community_of.clone(), Blocks::Parts, seed);
        let changed = next != community_of;
        community_of = next;
        if !changed {
            break;
        }
    }
    community_of
}

/// People put together at a finer resolution than the one that is asked for.
#[derive(Debug)]
pub(crate) struct Draft {
    /// The part of each person, dense.
    parts: Vec<u32>,
    /// The graph with a node for each part.
    merged: Network,
}

/// What parts are joined to.
#[derive(Debug)]
pub(crate) struct Joined {
    /// Communities, each connected.
    pub(crate) community_of: Vec<u32>,
    /// Whether hardly anybody moved when everybody was looked at once more: then a search finds no
    /// better.
    pub(crate) settled: bool,
}

impl Draft {
    /// People who stand alone move at [`FINER`] times the resolution and are put together for good:
    /// small communities that are right are joined later, large ones that are wrong would stay.
    pub(crate) fn new(network: &Network, resolution: f64, seed: Seed) -> Draft {
        let nodes = network.nodes();
        let alone = (0..nodes as u32).collect();
        let finer = Modularity::new(resolution * FINER, network.total);
        let mut partition = Partition::new(network, finer, alone);
        partition.move_nodes(&order(nodes, seed), GAIN_MIN, share(nodes, FINER_SETTLED));
        let mut parts = partition.community_of;
        let count = renumber(&mut parts);
        Draft { merged: network.aggregate(&parts, count), parts }
    }

    /// Joins the parts by modularity at a resolution, then looks at everybody once more.
    pub(crate) fn joined(&self, network: &Network, resolution: f64, seed: Seed) -> Joined {
        let nodes = network.nodes();
        let alone = (0..self.merged.nodes() as u32).collect();
        let joined = leiden(&self.merged, Some(resolution), alone, 1, seed);
        let start: Vec<u32> = self.parts.iter().map(|&part| joined[part as usize]).collect();
        let objective = Modularity::new(resolution, network.total);
        let mut partition = Partition::new(network, objective, start);
        let moves = partition.sweep(&mut vec![true; nodes], &order(nodes, seed), GAIN_MIN);
        let mut community_of = partition.community_of;
        split_components(network, &mut community_of);
        Joined { community_of, settled: moves <= share(nodes, SETTLED) }
    }

    /// Goes with a network whose nodes are put in this order.
    pub(crate) fn arrange(&mut self, order: &[u32]) {
        self.parts = order.iter().map(|&node| self.parts[node as usize]).collect();
    }
}

/// Searches from people who stand alone, for modularity at a resolution.
pub(crate) fn leiden_alone(network: &Network, resolution: f64, seed: Seed) -> Vec<u32> {
    let joined = Draft::new(network, resolution, seed).joined(network, resolution, seed.fork(1));
    match joined.settled {
        true => joined.community_of,
        false => leiden(network, Some(resolution), joined.community_of, 1, seed.fork(2)),
    }
}

/// Searches near a good `start`, for a small part of the time: who moves wakes its neighbours until
/// nobody does, then whole communities may merge; only where they come apart they are cut.
pub(crate) fn near(
    network: &Network,
    resolution: Option<f64>,
    start: Vec<u32>,
    seed: Seed,
) -> Vec<u32> {
    let mut community_of = start;
    renumber(&mut community_of);
    search(network, resolution, community_of, Blocks::Communities, seed)
}

/// Lets single people move by the map equation, until nobody gains more than is worth it; communities
/// stay apart, and are cut where they come apart.
pub(crate) fn moved_alone(network: &Network, start: Vec<u32>, seed: Seed) -> Vec<u32> {
    let mut partition = Partition::new(network, MapEquation::new(network.total), start);
    partition.move_nodes(&order(network.nodes(), seed), GAIN_WORTH, 0);
    let mut community_of = partition.community_of;
    split_components(network, &mut community_of);
    community_of
}

fn search(
    network: &Network,
    resolution: Option<f64>,
    start: Vec<u32>,
    blocks: Blocks,
    seed: Seed,
) -> Vec<u32> {
    let total = network.total;
    match resolution {
        Some(resolution) => {
            one_pass(network, Modularity::new(resolution, total), start, blocks, seed)
        }
        None => one_pass(network, MapEquation::new(total), start, blocks, seed),
    }
}

fn one_pass<O: Objective>(
    network: &Network,
    objective: O,
    start: Vec<u32>,
    blocks: Blocks,
    seed: Seed,
) -> Vec<u32> {
    // The node of the current graph that each node of the first one lies in.
    let mut place_of: Vec<u32> = (0..network.nodes() as u32).collect();
    let mut merged: Option<Network> = None;
    let mut communities = start;
    for round in 0..AGGREGATIONS_MAX {
        let graph = merged.as_ref().unwrap_or(network);
        let order = order(graph.nodes(), seed.fork(round as u64));
        let mut partition = Partition::new(graph, objective, communities);
        match blocks {
            Blocks::Parts => {
                partition.move_nodes(&order, GAIN_MIN, share(graph.nodes(), SETTLED));
            }
            Blocks::Communities => partition.move_nodes(&order, GAIN_WORTH, 0),
        }
        communities = partition.community_of.clone();
        let mut parts = match blocks {
            Blocks::Parts => partition.refine(&order),
            Blocks::Communities => partition.community_of,
        };
        let count = renumber(&mut parts);
        if count == graph.nodes() {
            break;
        }
        let smaller = graph.aggregate(&parts, count);
        communities = lift(&parts, &communities, count);
        place_of.iter_mut().for_each(|place| *place = parts[*place as usize]);
        merged = Some(smaller);
    }
    if blocks == Blocks::Parts {
        // Every node of the last graph is connected, so this is the same as on the first one.
        split_components(merged.as_ref().unwrap_or(network), &mut communities);
    }
    let mut result: Vec<u32> = place_of.iter().map(|&at| communities[at as usize]).collect();
    if blocks == Blocks::Communities {
        split_components(network, &mut result);
    }
    renumber(&mut result);
    result
}

/// A share of the nodes.
fn share(nodes: usize, share: f64) -> usize {
    (nodes as f64 * share) as usize
}

/// Nodes in random order; on large graphs random by runs of neighbours in number, since numbers
/// follow communities there and rows that lie side by side are read together.
fn order(nodes: usize, seed: Seed) -> Vec<u32> {
    if nodes < RUNS_FROM {
        return seed.order(nodes);
    }
    let runs = seed.order(nodes.div_ceil(RUN)).into_iter();
    runs.flat_map(|run| {
        (run as usize * RUN..nodes.min((run as usize + 1) * RUN)).map(|at| at as u32)
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
pub(crate) fn renumber(community_of: &mut [u32]) -> usize {
    let slots = community_of.iter().max().map_or(0, |&max| max as usize + 1);
    let mut names = vec![u32::MAX; slots];
    let mut count = 0;
    for community in community_of {
        let name = &mut names[*community as usize];
        if *name == u32::MAX {
            *name = count;
            count += 1;
        }
        *community = *name;
    }
    count as usize
}

/// Gives each connected part of a community its own number.
pub(crate) fn split_components(network: &Network, community_of: &mut Vec<u32>) {
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
            for &to in network.row(node).0 {
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
