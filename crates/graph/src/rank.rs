//! The walk `a = α Pᵀ a + (1 − α) t` and the global rank.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::attention::Attention;
use crate::trust::Trust;

/// When the walk stops.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RankSettings {
    /// α: the share that follows arcs, the rest restarts.
    pub damping: f64,
    /// The walk stops when Σ|aₖ₊₁ − aₖ| falls below.
    pub tolerance: f64,
    /// … or after so many iterations.
    pub iterations_max: usize,
}

/// Global attention.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GlobalRank {
    /// Share of all attention of each person; sums to 1.
    pub shares: Vec<f32>,
    /// The same on a fixed logarithmic scale, 0 to 1000.
    pub scores: Vec<f32>,
    /// 1 for the most attended; `None` for people under the noise level of trust.
    pub ranks: Vec<Option<NonZeroU32>>,
    /// Iterations used.
    pub iterations: usize,
    /// Σ|aₖ₊₁ − aₖ| of the last one.
    pub error: f64,
}

/// The global rank with `trust.prior` as restart. `last` is the previous run's shares, a warm start.
pub fn rank_stage(
    attention: &Attention,
    trust: &Trust,
    last: Option<&[f32]>,
    settings: &RankSettings,
) -> GlobalRank {
    todo!()
}
