//! What a partition is judged by: modularity at a resolution, or the map equation.
//!
//! Modularity (Reichardt & Bornholdt): `Q = Σ_c [in_c / 2m − γ (K_c / 2m)²]`. Map equation (Rosvall
//! & Bergstrom), undirected: `L = x(Σq) − 2 Σ x(q_c) + Σ x(q_c + p_c) − Σ x(p_u)` with
//! `x(p) = p log₂ p`, p a share of the volume and q the share of weight that leaves a community.

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

/// A quality of partitions that grows by gains of single moves.
pub(crate) trait Objective: Copy {
    /// Whether gains depend on the weight that leaves communities; it is kept only then.
    const EXITS: bool;

    /// What one community costs; kept with its totals, since many movers ask.
    fn cost(self, totals: Totals) -> f64;

    /// What communities cost together, whose exits add up to `all`.
    fn shared(self, all: f64) -> f64;

    /// Gain of `mover` joining a community (which it is not in) of known totals and cost with
    /// `weight` towards it; `apart` is [`Objective::shared`] of `all` and [`Objective::cost`] of the
    /// mover, while it stands alone.
    fn join(self, mover: Mover, to: (Totals, f64), weight: f64, all: f64, apart: f64) -> f64;
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
    fn cost(self, _: Totals) -> f64 {
        0.0
    }

    #[inline]
    fn shared(self, _: f64) -> f64 {
        0.0
    }

    #[inline]
    fn join(self, mover: Mover, to: (Totals, f64), weight: f64, _: f64, _: f64) -> f64 {
        weight - self.scale * mover.volume * to.0.volume
    }
}

/// The map equation; gains are in bits × total weight.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MapEquation {
    /// Sum of the volumes.
    total: f64,
    per_total: f64,
}

impl MapEquation {
    /// On a graph of this total volume.
    pub(crate) fn new(total: f64) -> MapEquation {
        let total = total.max(f64::MIN_POSITIVE);
        MapEquation { total, per_total: 1.0 / total }
    }
}

impl Objective for MapEquation {
    const EXITS: bool = true;

    #[inline]
    fn cost(self, totals: Totals) -> f64 {
        let x = |value: f64| plogp(value * self.per_total);
        (x(totals.exit + totals.volume) - 2.0 * x(totals.exit)) * self.total
    }

    #[inline]
    fn shared(self, all: f64) -> f64 {
        plogp(all * self.per_total) * self.total
    }

    #[inline]
    fn join(self, mover: Mover, to: (Totals, f64), weight: f64, all: f64, apart: f64) -> f64 {
        let after = to.0.with(mover, weight);
        let exits = all + after.exit - to.0.exit - mover.exit;
        to.1 + apart - self.cost(after) - self.shared(exits)
    }
}

/// `p log₂ p`, 0 at 0.
#[inline]
pub(crate) fn plogp(p: f64) -> f64 {
    if p > 0.0 { p * p.log2() } else { 0.0 }
}
