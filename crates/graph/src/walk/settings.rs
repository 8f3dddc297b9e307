//! When a random walk stops.

use serde::{Deserialize, Serialize};

/// How a random walk restarts and when it stops.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RankSettings {
    /// α: the share that follows arcs, the rest restarts.
    pub damping: f64,
    /// The walk stops when Σ|aₖ₊₁ − aₖ| falls below.
    pub tolerance: f64,
    /// … or after this number of iterations.
    pub iterations_max: usize,
}

impl Default for RankSettings {
    fn default() -> RankSettings {
        RankSettings { damping: 0.85, tolerance: 1e-6, iterations_max: 200 }
    }
}
