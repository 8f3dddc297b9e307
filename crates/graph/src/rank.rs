//! The walk `a = α Pᵀ a + (1 − α) t` and the global rank.

mod layout;
mod onward;
mod product;
mod push;
mod rows;
mod walk;

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::attention::Attention;
use crate::trust::Trust;

pub(crate) use layout::Layout;
pub use model::membership::score;
pub use onward::Onward;
pub use push::{Push, PushSettings};
pub(crate) use walk::normalised;
pub use walk::{Walk, Walked};

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

impl Default for RankSettings {
    fn default() -> RankSettings {
        RankSettings { damping: 0.85, tolerance: 1e-6, iterations_max: 200 }
    }
}

/// Ranks from 1 by falling key, ties by position, of those that `served` holds for.
pub(crate) fn ranks_by(
    count: usize,
    served: impl Fn(usize) -> bool,
    key: impl Fn(usize) -> f32,
) -> Vec<Option<NonZeroU32>> {
    let mut order: Vec<usize> = (0..count).filter(|&at| served(at)).collect();
    order.sort_unstable_by(|&a, &b| key(b).total_cmp(&key(a)).then(a.cmp(&b)));
    let mut ranks = vec![None; count];
    for (place, at) in order.into_iter().enumerate() {
        ranks[at] = NonZeroU32::new(place as u32 + 1);
    }
    ranks
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
///
/// Peak memory beside what is given: 2 B/arc (6 B with weights), 6 B/message and 20 B/person. There
/// are 0.05 to 0.5 messages for an arc, the fewer the better the order of ids.
pub fn rank_stage(
    attention: &Attention,
    trust: &Trust,
    last: Option<&[f32]>,
    settings: &RankSettings,
) -> GlobalRank {
    let walked = Walk::new(&attention.arcs).run(&trust.prior, last, settings);
    let served = |at: usize| trust.values[at] >= trust.noise && walked.shares[at] > 0.0;
    GlobalRank {
        scores: walked.shares.iter().map(|&share| score(share)).collect(),
        ranks: ranks_by(walked.shares.len(), served, |at| walked.shares[at]),
        shares: walked.shares,
        iterations: walked.iterations,
        error: walked.error,
    }
}
