//! The quality of a partition: modularity at a resolution, or the map equation.
//!
//! Modularity (Reichardt & Bornholdt): `Q = Σ_c [in_c / 2m − γ (K_c / 2m)²]`. Map equation (Rosvall
//! & Bergstrom), undirected: `L = x(Σq) − 2 Σ x(q_c) + Σ x(q_c + p_c) − Σ x(p_u)` with
//! `x(p) = p log₂ p`, p a share of the volume and q the share of weight that leaves a community.
//! The gain of a move is O(1) once the weights towards both communities are known. Sources: Reichardt
//! & Bornholdt 2006; Rosvall & Bergstrom 2008.

use std::f64::consts::LOG2_E;

/// Totals of one community.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CommunityTotals {
    /// Volume.
    pub(super) volume: f64,
    /// Weight of the edges that leave.
    pub(super) exit: f64,
}

/// A node that may move.
#[derive(Debug, Clone, Copy)]
pub(super) struct MovingNode {
    /// Volume.
    pub(super) volume: f64,
    /// Weight to all other nodes; 0 if the objective does not use it.
    pub(super) exit: f64,
}

impl CommunityTotals {
    /// Totals after `node`, with `weight` to the community, has joined it.
    #[inline]
    pub(super) fn with(self, node: MovingNode, weight: f64) -> CommunityTotals {
        CommunityTotals {
            volume: self.volume + node.volume,
            exit: (self.exit + node.exit - 2.0 * weight).max(0.0),
        }
    }

    /// Totals after `node`, with `weight` to the others in it, has left it.
    #[inline]
    pub(super) fn without(self, node: MovingNode, weight: f64) -> CommunityTotals {
        CommunityTotals {
            volume: (self.volume - node.volume).max(0.0),
            exit: (self.exit - node.exit + 2.0 * weight).max(0.0),
        }
    }
}

/// A community that a node may join.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct JoinTarget {
    /// Its totals.
    pub(super) totals: CommunityTotals,
    /// Its cost.
    pub(super) cost: CommunityCost,
}

/// The cost of a community and its slopes, stored since many nodes are compared with it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CommunityCost {
    /// The cost.
    pub(super) value: f64,
    /// Slope of `x(q_c + p_c)`.
    both_slope: f64,
    /// Slope of `x(q_c)` without its constant.
    exit_slope: f64,
    /// Growth of that slope.
    exit_curvature: f64,
}

/// All communities, while the moving node is in none.
#[derive(Debug, Clone, Copy)]
pub(super) struct DetachedState {
    /// The exits of all.
    pub(super) exits: f64,
    /// The cost of the node and of the exits of all.
    pub(super) cost: f64,
    /// Slope of the latter.
    slope: f64,
    /// The cost of the node as a community of its own.
    alone: f64,
}

/// A quality of partitions, with the gains of single moves.
pub(super) trait PartitionObjective: Copy {
    /// Whether gains depend on the weight that leaves communities; it is kept only then.
    const EXITS: bool;

    /// The cost of one community.
    fn cost(self, totals: CommunityTotals) -> CommunityCost;

    /// All communities, whose exits add up to `exits`, while `node` is in none.
    fn detached(self, node: MovingNode, exits: f64) -> DetachedState;

    /// Gain of `node` joining a community that it is not in, with `weight` towards it.
    fn join(self, node: MovingNode, to: JoinTarget, weight: f64, detached: DetachedState) -> f64;

    /// An upper bound of [`PartitionObjective::join`], apart from rounding, that is faster to compute.
    fn join_at_most(
        self,
        node: MovingNode,
        to: JoinTarget,
        weight: f64,
        detached: DetachedState,
    ) -> f64;
}

/// Modularity at a resolution; gains are in units of edge weight.
#[derive(Debug, Clone, Copy)]
pub(super) struct ModularityObjective {
    /// γ / 2m.
    scale: f64,
}

impl ModularityObjective {
    /// At resolution γ, on a graph of this total volume.
    pub(super) fn new(resolution: f64, total: f64) -> ModularityObjective {
        ModularityObjective { scale: resolution / total.max(f64::MIN_POSITIVE) }
    }
}

impl PartitionObjective for ModularityObjective {
    const EXITS: bool = false;

    #[inline]
    fn cost(self, _: CommunityTotals) -> CommunityCost {
        CommunityCost::default()
    }

    #[inline]
    fn detached(self, _: MovingNode, exits: f64) -> DetachedState {
        DetachedState { exits, cost: 0.0, slope: 0.0, alone: 0.0 }
    }

    #[inline]
    fn join(self, node: MovingNode, to: JoinTarget, weight: f64, _: DetachedState) -> f64 {
        weight - self.scale * node.volume * to.totals.volume
    }

    #[inline]
    fn join_at_most(self, _: MovingNode, _: JoinTarget, _: f64, _: DetachedState) -> f64 {
        f64::INFINITY
    }
}

/// The map equation; gains are in bits × total weight.
#[derive(Debug, Clone, Copy)]
pub(super) struct MapEquation {
    /// 1 / sum of the volumes.
    per_total: f64,
}

impl MapEquation {
    /// On a graph of this total volume.
    pub(super) fn new(total: f64) -> MapEquation {
        MapEquation { per_total: 1.0 / total.max(f64::MIN_POSITIVE) }
    }

    /// `log₂` of a share of the volume, 0 at 0.
    #[inline]
    fn log(self, weight: f64) -> f64 {
        if weight > 0.0 { (weight * self.per_total).log2() } else { 0.0 }
    }
}

impl PartitionObjective for MapEquation {
    const EXITS: bool = true;

    fn cost(self, totals: CommunityTotals) -> CommunityCost {
        let CommunityTotals { volume, exit } = totals;
        let (both, log_exit) = (self.log(exit + volume), self.log(exit));
        CommunityCost {
            value: (exit + volume) * both - 2.0 * exit * log_exit,
            both_slope: both + LOG2_E,
            exit_slope: log_exit,
            exit_curvature: if exit > 0.0 { LOG2_E / exit } else { f64::INFINITY },
        }
    }

    fn detached(self, node: MovingNode, exits: f64) -> DetachedState {
        let alone = self.cost(CommunityTotals { volume: node.volume, exit: node.exit }).value;
        let log = self.log(exits);
        DetachedState { exits, cost: alone + exits * log, slope: log + LOG2_E, alone }
    }

    #[inline]
    fn join(self, node: MovingNode, to: JoinTarget, weight: f64, detached: DetachedState) -> f64 {
        let after = to.totals.with(node, weight);
        let exits = detached.exits + after.exit - to.totals.exit - node.exit;
        to.cost.value + detached.cost - self.cost(after).value - exits * self.log(exits)
    }

    /// Tangents lie below `x`, and `log₂ q' ≤ log₂ q + (q' − q) / (q ln 2)`.
    #[inline]
    fn join_at_most(
        self,
        node: MovingNode,
        to: JoinTarget,
        weight: f64,
        detached: DetachedState,
    ) -> f64 {
        let after = to.totals.with(node, weight).exit;
        let grown = after - to.totals.exit;
        detached.alone + 2.0 * grown * (to.cost.exit_slope + after * to.cost.exit_curvature)
            - (grown + node.volume) * to.cost.both_slope
            - (grown - node.exit) * detached.slope
    }
}

/// `p log₂ p`, 0 at 0.
#[inline]
pub(super) fn plogp(p: f64) -> f64 {
    if p > 0.0 { p * p.log2() } else { 0.0 }
}
