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

/// A node in motion: its volume, its weight to other nodes, and its weight to one community.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mover {
    /// Volume.
    pub(crate) volume: f64,
    /// Weight to all other nodes.
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

/// The objective, on a graph of known total weight.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Objective {
    /// Modularity at a resolution, divided by nothing: gains are in units of edge weight.
    Modularity {
        /// γ / 2m.
        scale: f64,
    },
    /// The map equation: gains in bits × total weight.
    Map {
        /// Sum of the volumes.
        total: f64,
    },
}

impl Objective {
    /// Gain of `mover` joining `to` (which it is not in) with `weight` towards it. Only differences
    /// between gains count for modularity; the map equation needs `all`, the exits of all
    /// communities while the mover stands alone.
    #[inline]
    pub(crate) fn join(self, mover: Mover, to: Totals, weight: f64, all: f64) -> f64 {
        match self {
            Objective::Modularity { scale } => weight - scale * mover.volume * to.volume,
            Objective::Map { total } => {
                let after = to.with(mover, weight);
                let exits = all + after.exit - to.exit - mover.exit;
                let x = |value: f64| plogp(value / total);
                let before = x(all) - 2.0 * (x(to.exit) + x(mover.exit))
                    + x(to.exit + to.volume)
                    + x(mover.exit + mover.volume);
                let then = x(exits) - 2.0 * x(after.exit) + x(after.exit + after.volume);
                (before - then) * total
            }
        }
    }
}

/// `p log₂ p`, 0 at 0.
#[inline]
pub(crate) fn plogp(p: f64) -> f64 {
    if p > 0.0 { p * p.log2() } else { 0.0 }
}

impl Objective {
    /// Modularity at a resolution, or the map equation, on a graph of this total volume.
    pub(crate) fn of(resolution: Option<f64>, total: f64) -> Objective {
        match resolution {
            Some(resolution) => {
                Objective::Modularity { scale: resolution / total.max(f64::MIN_POSITIVE) }
            }
            None => Objective::Map { total: total.max(f64::MIN_POSITIVE) },
        }
    }
}
