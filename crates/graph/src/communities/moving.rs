//! Local moving and refinement: the two phases of Leiden that look at single nodes.
//!
//! Sweeps go over the nodes in a given order and visit those that are awake: each moves to the
//! neighbouring community with the largest gain, and wakes its neighbours elsewhere (Traag, Waltman,
//! van Eck 2019; Ozaki et al. 2016). Ties go to the smallest community number, so the result
//! depends on the order of the nodes alone. A visit costs O(degree).

use super::network::TieNetwork;
use super::objective::{
    CommunityCost, CommunityTotals, DetachedState, JoinTarget, MovingNode, PartitionObjective,
};
use super::sums::TouchedKeys;

/// Gains at most this share of a node's volume are rounding, not improvement.
pub(super) const GAIN_MIN: f64 = 1e-9;

/// A search that does not settle is cut off after this number of sweeps.
const SWEEPS_MAX: usize = 100;

#[cfg(test)]
thread_local! {
    /// Arcs that searches visited, on this thread.
    pub(super) static ARCS_VISITED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// What a visit reads of a community, adjacent in memory: one cache line for each neighbouring one.
#[derive(Debug, Clone, Copy, Default)]
struct CommunitySlot {
    /// Weight from the visited node; 0 between visits.
    weight: f64,
    /// Volume.
    volume: f64,
}

/// What the map equation reads too.
#[derive(Debug, Clone, Copy, Default)]
struct CommunityExit {
    /// Weight that leaves the community.
    weight: f64,
    /// [`PartitionObjective::cost`] of the community.
    cost: CommunityCost,
}

/// A partition whose nodes move.
#[derive(Debug)]
pub(super) struct MovingPartition<'a, O> {
    network: &'a TieNetwork,
    objective: O,
    /// Community of each node; numbers below the number of nodes, with gaps.
    pub(super) community_of: Vec<u32>,
    slots: Vec<CommunitySlot>,
    /// Beside the slots; empty if the objective does not use them.
    exits: Vec<CommunityExit>,
    /// Sum of all weights that leave.
    exits_sum: f64,
    sizes: Vec<u32>,
    empty: Vec<u32>,
    /// Communities with weight from the visited node.
    touched: TouchedKeys,
}

/// A move of a node.
struct NodeMove {
    node: usize,
    moving: MovingNode,
    /// The new community.
    to: u32,
    /// Weight from the node to the others in its community.
    weight_from: f64,
    /// Weight from the node to the new community.
    weight_to: f64,
}

/// A community to join.
struct BestTarget {
    community: u32,
    gain: f64,
}

impl<'a, O: PartitionObjective> MovingPartition<'a, O> {
    /// Starts from given communities, numbered below the number of nodes.
    pub(super) fn new(network: &'a TieNetwork, objective: O, community_of: Vec<u32>) -> Self {
        let nodes = network.nodes();
        let mut slots = vec![CommunitySlot::default(); nodes];
        let mut sizes = vec![0u32; nodes];
        for (&own, &volume) in community_of.iter().zip(&network.volumes) {
            sizes[own as usize] += 1;
            slots[own as usize].volume += volume;
        }
        let weights = if O::EXITS { network.exits(&community_of) } else { Vec::new() };
        let exit = |(&weight, slot): (&f64, &CommunitySlot)| CommunityExit {
            weight,
            cost: objective.cost(CommunityTotals { volume: slot.volume, exit: weight }),
        };
        MovingPartition {
            network,
            objective,
            exits_sum: weights.iter().sum(),
            exits: weights.iter().zip(&slots).map(exit).collect(),
            empty: (0..nodes as u32).rev().filter(|&c| sizes[c as usize] == 0).collect(),
            community_of,
            slots,
            sizes,
            touched: TouchedKeys::new(nodes),
        }
    }

    #[inline]
    fn target(&self, community: u32) -> JoinTarget {
        let exit = if O::EXITS { self.exits[community as usize] } else { CommunityExit::default() };
        let volume = self.slots[community as usize].volume;
        JoinTarget { totals: CommunityTotals { volume, exit: exit.weight }, cost: exit.cost }
    }

    fn set_totals(&mut self, community: u32, totals: CommunityTotals) {
        self.slots[community as usize].volume = totals.volume;
        if O::EXITS {
            let exit = &mut self.exits[community as usize];
            self.exits_sum += totals.exit - exit.weight;
            *exit = CommunityExit { weight: totals.exit, cost: self.objective.cost(totals) };
        }
    }

    #[inline]
    fn moving(&self, node: usize) -> MovingNode {
        let exit = if O::EXITS { self.network.exit(node) } else { 0.0 };
        MovingNode { volume: self.network.volumes[node], exit }
    }

    /// Totals of a node's community without it.
    #[inline]
    fn without(&self, node: usize, moving: MovingNode, weight: f64) -> CommunityTotals {
        let own = self.community_of[node];
        match self.sizes[own as usize] {
            1 => CommunityTotals::default(),
            _ => self.target(own).totals.without(moving, weight),
        }
    }

    fn apply(&mut self, change: &NodeMove) {
        let &NodeMove { node, moving, to, weight_from, weight_to } = change;
        let from = self.community_of[node];
        self.set_totals(from, self.without(node, moving, weight_from));
        self.set_totals(to, self.target(to).totals.with(moving, weight_to));
        self.sizes[from as usize] -= 1;
        self.sizes[to as usize] += 1;
        self.community_of[node] = to;
    }

    /// Adds up the weight from `node` to the communities of those neighbours for which `counts`.
    #[inline]
    fn touch(&mut self, node: usize, counts: impl Fn(u32) -> bool) {
        let (targets, weights) =
            (self.network.neighbours(node), self.network.neighbour_weights(node));
        #[cfg(test)]
        ARCS_VISITED.with(|visited| visited.set(visited.get() + targets.len()));
        for (&to, &weight) in targets.iter().zip(weights) {
            if !counts(to) {
                continue;
            }
            let community = self.community_of[to as usize];
            let slot = &mut self.slots[community as usize];
            self.touched.add(community, slot.weight == 0.0 && weight > 0.0);
            slot.weight += f64::from(weight);
        }
    }

    #[inline]
    fn untouch(&mut self) {
        for &community in self.touched.keys() {
            self.slots[community as usize].weight = 0.0;
        }
        self.touched.clear();
    }

    /// The touched community, apart from the own one, that a detached node gains most by joining, if
    /// more than `floor`; of equals the one with the smallest number.
    #[inline]
    fn best(
        &self,
        own: u32,
        moving: MovingNode,
        detached: DetachedState,
        floor: f64,
    ) -> Option<BestTarget> {
        let others = || self.touched.keys().iter().copied().filter(|&to| to != own);
        let weight = |to: u32| self.slots[to as usize].weight;
        let at_most =
            |to: u32| self.objective.join_at_most(moving, self.target(to), weight(to), detached);
        // The community with the largest bound comes first: few others then need the exact gain.
        let first = match O::EXITS {
            true => others().max_by(|&a, &b| at_most(a).total_cmp(&at_most(b))),
            false => None,
        };
        let (mut best, mut best_gain) = (None, floor);
        for to in first.into_iter().chain(others()) {
            if at_most(to) < best_gain {
                continue;
            }
            let gain = self.objective.join(moving, self.target(to), weight(to), detached);
            if gain > best_gain || (gain == best_gain && best.is_some_and(|best| to < best)) {
                (best, best_gain) = (Some(to), gain);
            }
        }
        best.map(|community| BestTarget { community, gain: best_gain })
    }

    /// Moves a node to where it gains most, if more than a share of its volume; whether it moved.
    fn visit(&mut self, node: usize, gain_min: f64) -> bool {
        let own = self.community_of[node];
        self.touch(node, |_| true);
        let moving = self.moving(node);
        let weight_from = self.slots[own as usize].weight;
        let totals = self.without(node, moving, weight_from);
        let home = JoinTarget { totals, cost: self.objective.cost(totals) };
        let exits = self.exits_sum + totals.exit - self.target(own).totals.exit + moving.exit;
        let detached = self.objective.detached(moving, exits);
        let staying = self.objective.join(moving, home, weight_from, detached);
        let margin = gain_min * moving.volume;
        let best = self.best(own, moving, detached, staying + margin);
        let BestTarget { community: mut to, gain } =
            best.unwrap_or(BestTarget { community: own, gain: staying });
        if gain < -margin
            && self.sizes[own as usize] > 1
            && let Some(empty) = self.empty.pop()
        {
            to = empty;
        }
        if to != own {
            let weight_to = self.slots[to as usize].weight;
            self.apply(&NodeMove { node, moving, to, weight_from, weight_to });
        }
        self.untouch();
        if self.sizes[own as usize] == 0 {
            self.empty.push(own);
        }
        to != own
    }

    /// Moves nodes that gain more than a share of their volume, in sweeps over `order`, until at most
    /// `moves_min` of them move in a sweep.
    pub(super) fn move_nodes(&mut self, order: &[u32], gain_min: f64, moves_min: usize) {
        let mut awake = vec![true; self.network.nodes()];
        for _ in 0..SWEEPS_MAX {
            if self.sweep(&mut awake, order, gain_min) <= moves_min {
                break;
            }
        }
    }

    /// Visits the nodes that are awake once; returns how many moved.
    pub(super) fn sweep(&mut self, awake: &mut [bool], order: &[u32], gain_min: f64) -> usize {
        let mut moves = 0;
        for &node in order {
            let node = node as usize;
            if std::mem::take(&mut awake[node]) && self.visit(node, gain_min) {
                moves += 1;
                self.wake(awake, node);
            }
        }
        moves
    }

    /// Wakes the neighbours of a node that moved, apart from those in its new community.
    fn wake(&self, awake: &mut [bool], node: usize) {
        let own = self.community_of[node];
        for &to in self.network.neighbours(node) {
            awake[to as usize] |= self.community_of[to as usize] != own;
        }
    }

    /// Splits each community into well connected parts: starting from parts of one node, a node that
    /// is still alone joins the part of its own community that gains most. Parts are connected by
    /// construction.
    pub(super) fn refine(self, order: &[u32]) -> Vec<u32> {
        let alone = (0..self.network.nodes() as u32).collect();
        let mut parts = MovingPartition::new(self.network, self.objective, alone);
        for &node in order {
            let node = node as usize;
            let part = parts.community_of[node];
            if parts.sizes[part as usize] != 1 {
                continue;
            }
            let own = self.community_of[node];
            parts.touch(node, |to| self.community_of[to as usize] == own);
            let moving = parts.moving(node);
            let detached = self.objective.detached(moving, parts.exits_sum);
            let floor = GAIN_MIN * moving.volume;
            if let Some(best) = parts.best(part, moving, detached, floor) {
                let to = best.community;
                let weight_to = parts.slots[to as usize].weight;
                parts.apply(&NodeMove { node, moving, to, weight_from: 0.0, weight_to });
            }
            parts.untouch();
        }
        parts.community_of
    }
}
