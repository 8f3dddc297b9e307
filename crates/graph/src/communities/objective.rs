//! What a partition is judged by: modularity at a resolution, or the map equation.
//!
//! Modularity (Reichardt & Bornholdt): `Q = Σ_c [in_c / 2m − γ (K_c / 2m)²]`. Map equation (Rosvall
//! & Bergstrom), undirected: `L = x(Σq) − 2 Σ x(q_c) + Σ x(q_c + p_c) − Σ x(p_u)` with
//! `x(p) = p log₂ p`, p a share of the volume and q the share of weight that leaves a community.
//! What a move changes is O(1) once the weights towards both communities are known. Sources: Reichardt
//! & Bornholdt 2006; Rosvall & Bergstrom 2008.

use std::f64::consts::LOG2_E;

/// Totals of one community.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Totals {
    /// Volume.
    pub(crate) volume: f64,
    /// Weight of the edges that leave.
    pub(crate) exit: f64,
}

/// A node in motion.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mover {
    /// Volume.
    pub(crate) volume: f64,
    /// Weight to all other nodes; 0 if the objective does not ask.
    pub(crate) exit: f64,
}

impl Totals {
    /// Totals after `mover`, with `weight` to the community, has joined it.
    #[inline]
    pub(crate) fn with(self, mover: Mover, weight: f64) -> Totals {
        Totals {
            volume: self.volume + mover.volume,
            exit: (self.exit + mover.exit - 2.0 * weight).max(0.0),
        }
    }

    /// Totals after `mover`, with `weight` to the others in it, has left it.
    #[inline]
    pub(crate) fn without(self, mover: Mover, weight: f64) -> Totals {
        Totals {
            volume: (self.volume - mover.volume).max(0.0),
            exit: (self.exit - mover.exit + 2.0 * weight).max(0.0),
        }
    }
}

/// A community as movers see it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Offer {
    /// Its totals.
    pub(crate) totals: Totals,
    /// What the objective keeps of them.
    pub(crate) price: Price,
}

/// What the map equation keeps of a community, since many movers ask.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Price {
    /// What the community costs.
    pub(crate) cost: f64,
    /// Slope of `x(q_c + p_c)`.
    both: f64,
    /// Slope of `x(q_c)` without its constant, and how fast that grows.
    exit: f64,
    bend: f64,
}

/// All communities, while a mover stands alone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Apart {
    /// The exits of all.
    pub(crate) all: f64,
    /// What the mover and the exits of all cost.
    pub(crate) cost: f64,
    /// Slope of the latter.
    slope: f64,
    /// What the mover costs.
    alone: f64,
}

/// A quality of partitions that grows by gains of single moves.
pub(crate) trait Objective: Copy {
    /// Whether gains depend on the weight that leaves communities; it is kept only then.
    const EXITS: bool;

    /// What one community costs.
    fn price(self, totals: Totals) -> Price;

    /// All communities, whose exits add up to `all`, while `mover` stands alone.
    fn apart(self, mover: Mover, all: f64) -> Apart;

    /// Gain of `mover` joining a community which it is not in with `weight` towards it.
    fn join(self, mover: Mover, to: Offer, weight: f64, apart: Apart) -> f64;

    /// Not less than [`Objective::join`], but for rounding, and quicker.
    fn join_at_most(self, mover: Mover, to: Offer, weight: f64, apart: Apart) -> f64;
}

/// Modularity at a resolution; gains are in units of edge weight.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Modularity {
    /// γ / 2m.
    scale: f64,
}

impl Modularity {
    /// At resolution γ, on a graph of this total volume.
    pub(crate) fn new(resolution: f64, total: f64) -> Modularity {
        Modularity { scale: resolution / total.max(f64::MIN_POSITIVE) }
    }
}

impl Objective for Modularity {
    const EXITS: bool = false;

    #[inline]
    fn price(self, _: Totals) -> Price {
        Price::default()
    }

    #[inline]
    fn apart(self, _: Mover, all: f64) -> Apart {
        Apart { all, cost: 0.0, slope: 0.0, alone: 0.0 }
    }

    #[inline]
    fn join(self, mover: Mover, to: Offer, weight: f64, _: Apart) -> f64 {
        weight - self.scale * mover.volume * to.totals.volume
    }

    #[inline]
    fn join_at_most(self, _: Mover, _: Offer, _: f64, _: Apart) -> f64 {
        f64::INFINITY
    }
}

/// The map equation; gains are in bits × total weight.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MapEquation {
    /// 1 / sum of the volumes.
    per_total: f64,
}

impl MapEquation {
    /// On a graph of this total volume.
    pub(crate) fn new(total: f64) -> MapEquation {
        MapEquation { per_total: 1.0 / total.max(f64::MIN_POSITIVE) }
    }

    /// `log₂` of a share of the volume, 0 at 0.
    #[inline]
    fn log(self, weight: f64) -> f64 {
        if weight > 0.0 { (weight * self.per_total).log2() } else { 0.0 }
    }
}

impl Objective for MapEquation {
    const EXITS: bool = true;

    fn price(self, totals: Totals) -> Price {
        let Totals { volume, exit } = totals;
        let (both, out) = (self.log(exit + volume), self.log(exit));
        Price {
            cost: (exit + volume) * both - 2.0 * exit * out,
            both: both + LOG2_E,
            exit: out,
            bend: if exit > 0.0 { LOG2_E / exit } else { f64::INFINITY },
        }
    }

    fn apart(self, mover: Mover, all: f64) -> Apart {
        let alone = self.price(Totals { volume: mover.volume, exit: mover.exit }).cost;
        let log = self.log(all);
        Apart { all, cost: alone + all * log, slope: log + LOG2_E, alone }
    }

    #[inline]
    fn join(self, mover: Mover, to: Offer, weight: f64, apart: Apart) -> f64 {
        let after = to.totals.with(mover, weight);
        let all = apart.all + after.exit - to.totals.exit - mover.exit;
        to.price.cost + apart.cost - self.price(after).cost - all * self.log(all)
    }

    /// Tangents lie below `x`, and `log₂ q' ≤ log₂ q + (q' − q) / (q ln 2)`.
    #[inline]
    fn join_at_most(self, mover: Mover, to: Offer, weight: f64, apart: Apart) -> f64 {
        let after = to.totals.with(mover, weight).exit;
        let grown = after - to.totals.exit;
        apart.alone + 2.0 * grown * (to.price.exit + after * to.price.bend)
            - (grown + mover.volume) * to.price.both
            - (grown - mover.exit) * apart.slope
    }
}

/// `p log₂ p`, 0 at 0.
#[inline]
pub(crate) fn plogp(p: f64) -> f64 {
    if p > 0.0 { p * p.log2() } else { 0.0 }
}
