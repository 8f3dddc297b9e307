//! Local moving and refinement: the two phases of Leiden that look at single nodes.
//!
//! Nodes wait in a queue; each moves to the neighbouring community with the largest gain, and wakes
//! its neighbours elsewhere (Traag, Waltman, van Eck 2019; Ozaki et al. 2016). Ties go to the
//! smallest community number, so the result depends on the order of the nodes alone.

use std::collections::VecDeque;

use super::network::{Network, Sums};
use super::objective::{Mover, Objective, Totals};

/// Gains at most this share of a node's volume are rounding, not improvement.
const GAIN_MIN: f64 = 1e-9;

/// A partition in the making.
#[derive(Debug)]
pub(crate) struct Partition {
    /// Community of each node; numbers below the number of nodes, with gaps.
    pub(crate) community_of: Vec<u32>,
    totals: Vec<Totals>,
    sizes: Vec<u32>,
    exits: f64,
    empty: Vec<u32>,
}

impl Partition {
    /// Starts from given communities, numbered below the number of nodes.
    pub(crate) fn new(network: &Network, community_of: Vec<u32>) -> Partition {
        let nodes = network.nodes();
        let mut totals = vec![Totals::default(); nodes];
        let mut sizes = vec![0u32; nodes];
        for node in 0..nodes {
            let own = community_of[node];
            sizes[own as usize] += 1;
            totals[own as usize].volume += network.volumes[node];
            let outside = network.row(node).filter(|&(to, _)| community_of[to as usize] != own);
            totals[own as usize].exit += outside.map(|(_, weight)| f64::from(weight)).sum::<f64>();
        }
        let exits = totals.iter().map(|totals| totals.exit).sum();
        let empty = (0..nodes as u32).rev().filter(|&c| sizes[c as usize] == 0).collect();
        Partition { community_of, totals, sizes, exits, empty }
    }

    /// Every node on its own.
    pub(crate) fn singletons(network: &Network) -> Partition {
        Partition::new(network, (0..network.nodes() as u32).collect())
    }

    fn leave(&mut self, node: usize, mover: Mover, weight: f64) {
        let own = self.community_of[node] as usize;
        self.sizes[own] -= 1;
        let after = match self.sizes[own] {
            0 => Totals::default(),
            _ => self.totals[own].without(mover, weight),
        };
        self.exits += after.exit - self.totals[own].exit + mover.exit;
        self.totals[own] = after;
    }

    fn join(&mut self, node: usize, mover: Mover, to: u32, weight: f64) {
        let after = self.totals[to as usize].with(mover, weight);
        self.exits += after.exit - self.totals[to as usize].exit - mover.exit;
        self.totals[to as usize] = after;
        self.sizes[to as usize] += 1;
        self.community_of[node] = to;
    }
}

fn mover(network: &Network, node: usize) -> Mover {
    let volume = network.volumes[node];
    Mover { volume, exit: network.row(node).map(|(_, weight)| f64::from(weight)).sum() }
}

/// Moves nodes until none gains by moving; returns how many moves were made. At most
/// `visits_max` nodes are looked at for each node of the graph.
pub(crate) fn move_nodes(
    network: &Network,
    objective: Objective,
    partition: &mut Partition,
    order: &[u32],
) -> usize {
    let mut queue: VecDeque<u32> = order.iter().copied().collect();
    let mut waiting = vec![true; network.nodes()];
    let mut sums = Sums::new(network.nodes());
    let mut moves = 0;
    let mut budget = network.nodes().saturating_mul(VISITS_MAX);
    while let Some(node) = queue.pop_front() {
        let node = node as usize;
        waiting[node] = false;
        budget -= 1;
        if budget == 0 {
            break;
        }
        if let Some(to) = move_node(network, objective, partition, &mut sums, node) {
            moves += 1;
            for (neighbour, _) in network.row(node) {
                let there = neighbour as usize;
                if partition.community_of[there] != to && !waiting[there] {
                    waiting[there] = true;
                    queue.push_back(neighbour);
                }
            }
        }
    }
    moves
}

/// Visits per node after which a search that does not settle is cut off.
const VISITS_MAX: usize = 100;

fn move_node(
    network: &Network,
    objective: Objective,
    partition: &mut Partition,
    sums: &mut Sums,
    node: usize,
) -> Option<u32> {
    let own = partition.community_of[node];
    let mut exit = 0.0;
    for (to, weight) in network.row(node) {
        exit += f64::from(weight);
        sums.add(partition.community_of[to as usize], f64::from(weight));
    }
    let mover = Mover { volume: network.volumes[node], exit };
    let stay = sums.get(own);
    partition.leave(node, mover, stay);
    let gain = |partition: &Partition, to: u32, weight: f64| {
        objective.join(mover, partition.totals[to as usize], weight, partition.exits)
    };
    let (mut best, mut best_gain) = (own, gain(partition, own, stay));
    let margin = GAIN_MIN * mover.volume;
    let floor = best_gain + margin;
    for &to in sums.touched() {
        let value = gain(partition, to, sums.get(to));
        if value > best_gain.max(floor) || (value == best_gain && best != own && to < best) {
            (best, best_gain) = (to, value);
        }
    }
    if best_gain < -margin
        && partition.sizes[own as usize] > 0
        && let Some(alone) = partition.empty.pop()
    {
        best = alone;
    }
    partition.join(node, mover, best, sums.get(best));
    sums.clear();
    if best != own && partition.sizes[own as usize] == 0 {
        partition.empty.push(own);
    }
    (best != own).then_some(best)
}

/// Splits each community into well connected parts: starting alone, a node that is still alone
/// joins the part of its own community that gains most. Parts are connected by construction.
pub(crate) fn refine(
    network: &Network,
    objective: Objective,
    community_of: &[u32],
    order: &[u32],
) -> Partition {
    let mut parts = Partition::singletons(network);
    let mut sums = Sums::new(network.nodes());
    for &node in order {
        let node = node as usize;
        if parts.sizes[parts.community_of[node] as usize] != 1 {
            continue;
        }
        for (to, weight) in network.row(node) {
            if community_of[to as usize] == community_of[node] {
                sums.add(parts.community_of[to as usize], f64::from(weight));
            }
        }
        join_part(network, objective, &mut parts, &sums, node);
        sums.clear();
    }
    parts
}

fn join_part(
    network: &Network,
    objective: Objective,
    parts: &mut Partition,
    sums: &Sums,
    node: usize,
) {
    let own = parts.community_of[node];
    let mover = mover(network, node);
    let (mut best, mut best_gain) = (own, GAIN_MIN * mover.volume);
    for &to in sums.touched() {
        let totals = parts.totals[to as usize];
        let value = objective.join(mover, totals, sums.get(to), parts.exits);
        if value > best_gain || (value == best_gain && best != own && to < best) {
            (best, best_gain) = (to, value);
        }
    }
    if best != own {
        parts.leave(node, mover, 0.0);
        parts.join(node, mover, best, sums.get(best));
    }
}
