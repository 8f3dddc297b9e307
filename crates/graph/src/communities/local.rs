//! Local moving and refinement: the two phases of Leiden that look at single nodes.
//!
//! Sweeps go over the nodes in a given order and visit those that are awake: each moves to the
//! neighbouring community with the largest gain, and wakes its neighbours elsewhere (Traag, Waltman,
//! van Eck 2019; Ozaki et al. 2016). Ties go to the smallest community number, so the result
//! depends on the order of the nodes alone. A visit costs O(degree).

use super::network::{Network, Touched};
use super::objective::{Apart, Mover, Objective, Offer, Price, Totals};

/// Gains at most this share of a node's volume are rounding, not improvement.
pub(crate) const GAIN_MIN: f64 = 1e-9;

/// A search that does not settle is cut off after so many sweeps.
const SWEEPS_MAX: usize = 100;

#[cfg(test)]
thread_local! {
    /// Arcs that searches looked at, on this thread.
    pub(crate) static TOUCHED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// What a visit needs of a community, side by side: one cache line for each neighbouring one.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    /// Weight from the visited node; 0 between visits.
    weight: f64,
    /// Volume.
    volume: f64,
}

/// What the map equation needs besides.
#[derive(Debug, Clone, Copy, Default)]
struct Exit {
    /// Weight that leaves the community.
    weight: f64,
    /// [`Objective::price`] of the community.
    price: Price,
}

/// A partition in the making.
#[derive(Debug)]
pub(crate) struct Partition<'a, O> {
    network: &'a Network,
    objective: O,
    /// Community of each node; numbers below the number of nodes, with gaps.
    pub(crate) community_of: Vec<u32>,
    slots: Vec<Slot>,
    /// Beside the slots; empty if the objective does not ask.
    exits: Vec<Exit>,
    /// Sum of all weights that leave.
    all: f64,
    sizes: Vec<u32>,
    empty: Vec<u32>,
    /// Communities with weight from the visited node.
    touched: Touched,
}

impl<'a, O: Objective> Partition<'a, O> {
    /// Starts from given communities, numbered below the number of nodes.
    pub(crate) fn new(network: &'a Network, objective: O, community_of: Vec<u32>) -> Self {
        let nodes = network.nodes();
        let mut slots = vec![Slot::default(); nodes];
        let mut sizes = vec![0u32; nodes];
        for (&own, &volume) in community_of.iter().zip(&network.volumes) {
            sizes[own as usize] += 1;
            slots[own as usize].volume += volume;
        }
        let weights = if O::EXITS { network.exits(&community_of) } else { Vec::new() };
        let exit = |(&weight, slot): (&f64, &Slot)| Exit {
            weight,
            price: objective.price(Totals { volume: slot.volume, exit: weight }),
        };
        Partition {
            network,
            objective,
            all: weights.iter().sum(),
            exits: weights.iter().zip(&slots).map(exit).collect(),
            empty: (0..nodes as u32).rev().filter(|&c| sizes[c as usize] == 0).collect(),
            community_of,
            slots,
            sizes,
            touched: Touched::new(nodes),
        }
    }

    #[inline]
    fn offer(&self, community: u32) -> Offer {
        let exit = if O::EXITS { self.exits[community as usize] } else { Exit::default() };
        let volume = self.slots[community as usize].volume;
        Offer { totals: Totals { volume, exit: exit.weight }, price: exit.price }
    }

    fn set(&mut self, community: u32, totals: Totals) {
        self.slots[community as usize].volume = totals.volume;
        if O::EXITS {
            let exit = &mut self.exits[community as usize];
            self.all += totals.exit - exit.weight;
            *exit = Exit { weight: totals.exit, price: self.objective.price(totals) };
        }
    }

    /// A node, as its community sees it.
    #[inline]
    fn mover(&self, node: usize) -> Mover {
        let exit = if O::EXITS { self.network.exit(node) } else { 0.0 };
        Mover { volume: self.network.volumes[node], exit }
    }

    /// Totals of a node's community without it.
    #[inline]
    fn without(&self, node: usize, mover: Mover, weight: f64) -> Totals {
        let own = self.community_of[node];
        match self.sizes[own as usize] {
            1 => Totals::default(),
            _ => self.offer(own).totals.without(mover, weight),
        }
    }

    /// Moves a node that is tied to its own community by one weight, to another by the other.
    fn shift(&mut self, node: usize, mover: Mover, to: u32, (own, other): (f64, f64)) {
        let from = self.community_of[node];
        self.set(from, self.without(node, mover, own));
        self.set(to, self.offer(to).totals.with(mover, other));
        self.sizes[from as usize] -= 1;
        self.sizes[to as usize] += 1;
        self.community_of[node] = to;
    }

    /// Notes the weight from `node` to the communities of those neighbours for which `counts`.
    #[inline]
    fn touch(&mut self, node: usize, counts: impl Fn(u32) -> bool) {
        let (targets, weights) = self.network.row(node);
        #[cfg(test)]
        TOUCHED.with(|touched| touched.set(touched.get() + targets.len()));
        for (&to, &weight) in targets.iter().zip(weights) {
            if !counts(to) {
                continue;
            }
            let community = self.community_of[to as usize];
            let slot = &mut self.slots[community as usize];
            self.touched.note(community, slot.weight == 0.0 && weight > 0.0);
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

    /// The touched community but its own where a mover that stands apart gains most, if more than
    /// `floor`; of equals the one with the smallest number.
    #[inline]
    fn best(&self, own: u32, mover: Mover, apart: Apart, floor: f64) -> Option<(u32, f64)> {
        let others = || self.touched.keys().iter().copied().filter(|&to| to != own);
        let weight = |to: u32| self.slots[to as usize].weight;
        let at_most =
            |to: u32| self.objective.join_at_most(mover, self.offer(to), weight(to), apart);
        // Whoever may gain most is asked first: few others can gain more.
        let first = match O::EXITS {
            true => others().max_by(|&a, &b| at_most(a).total_cmp(&at_most(b))),
            false => None,
        };
        let (mut best, mut best_gain) = (None, floor);
        for to in first.into_iter().chain(others()) {
            if at_most(to) < best_gain {
                continue;
            }
            let gain = self.objective.join(mover, self.offer(to), weight(to), apart);
            if gain > best_gain || (gain == best_gain && best.is_some_and(|best| to < best)) {
                (best, best_gain) = (Some(to), gain);
            }
        }
        best.map(|best| (best, best_gain))
    }

    /// Lets a node go where it gains most, if more than a share of its volume; whether it moved.
    fn visit(&mut self, node: usize, gain_min: f64) -> bool {
        let own = self.community_of[node];
        self.touch(node, |_| true);
        let mover = self.mover(node);
        let weight = self.slots[own as usize].weight;
        let totals = self.without(node, mover, weight);
        let home = Offer { totals, price: self.objective.price(totals) };
        let all = self.all + totals.exit - self.offer(own).totals.exit + mover.exit;
        let apart = self.objective.apart(mover, all);
        let staying = self.objective.join(mover, home, weight, apart);
        let margin = gain_min * mover.volume;
        let found = self.best(own, mover, apart, staying + margin);
        let (mut to, gain) = found.unwrap_or((own, staying));
        if gain < -margin
            && self.sizes[own as usize] > 1
            && let Some(nowhere) = self.empty.pop()
        {
            to = nowhere;
        }
        if to != own {
            self.shift(node, mover, to, (weight, self.slots[to as usize].weight));
        }
        self.untouch();
        if self.sizes[own as usize] == 0 {
            self.empty.push(own);
        }
        to != own
    }

    /// Moves nodes that gain more than a share of their volume, in sweeps over `order`, until at most
    /// `moves_min` of them move in a sweep.
    pub(crate) fn move_nodes(&mut self, order: &[u32], gain_min: f64, moves_min: usize) {
        let mut awake = vec![true; self.network.nodes()];
        for _ in 0..SWEEPS_MAX {
            if self.sweep(&mut awake, order, gain_min) <= moves_min {
                break;
            }
        }
    }

    /// Visits those who are awake once; how many moved.
    pub(crate) fn sweep(&mut self, awake: &mut [bool], order: &[u32], gain_min: f64) -> usize {
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

    /// Wakes the neighbours of a node that moved, but those whom it has joined.
    fn wake(&self, awake: &mut [bool], node: usize) {
        let own = self.community_of[node];
        for &to in self.network.row(node).0 {
            awake[to as usize] |= self.community_of[to as usize] != own;
        }
    }

    /// Splits each community into well connected parts: starting alone, a node that is still alone
    /// joins the part of its own community that gains most. Parts are connected by construction.
    pub(crate) fn refine(self, order: &[u32]) -> Vec<u32> {
        let alone = (0..self.network.nodes() as u32).collect();
        let mut parts = Partition::new(self.network, self.objective, alone);
        for &node in order {
            let node = node as usize;
            if parts.sizes[parts.community_of[node] as usize] != 1 {
                continue;
            }
            let own = self.community_of[node];
            parts.touch(node, |to| self.community_of[to as usize] == own);
            let mover = parts.mover(node);
            let apart = self.objective.apart(mover, parts.all);
            let place = parts.community_of[node];
            if let Some((to, _)) = parts.best(place, mover, apart, GAIN_MIN * mover.volume) {
                parts.shift(node, mover, to, (0.0, parts.slots[to as usize].weight));
            }
            parts.untouch();
        }
        parts.community_of
    }
}
