//! The rank of every person by the attention of all.

use std::num::NonZeroU32;

use model::index::PersonIndex;
use model::membership::score;
use serde::{Deserialize, Serialize};
use typed_index_collections::{TiSlice, TiVec};

use crate::attention::Attention;
use crate::trust::Trust;
use crate::walk::{RandomWalk, RankSettings};

/// Global attention.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GlobalRank {
    /// Share of all attention of each person; sums to 1.
    pub shares: TiVec<PersonIndex, f32>,
    /// The same on a fixed logarithmic scale, 0 to 1000.
    pub scores: TiVec<PersonIndex, f32>,
    /// 1 for the most attended; `None` for people under the noise level of trust.
    pub ranks: TiVec<PersonIndex, Option<NonZeroU32>>,
    /// Iterations used.
    pub iterations: usize,
    /// Σ|aₖ₊₁ − aₖ| of the last one.
    pub error: f64,
}

/// The global rank with `trust.prior` as restart. `previous` is the previous run's shares, a warm
/// start.
///
/// Peak memory beside the input: 2 B/arc (6 B with weights), 6 B/message and 20 B/person. There
/// are 0.05 to 0.5 messages for an arc, the fewer the better the order of ids.
pub fn rank_stage(
    attention: &Attention,
    trust: &Trust,
    previous: Option<&TiSlice<PersonIndex, f32>>,
    settings: &RankSettings,
) -> GlobalRank {
    let walk = RandomWalk::new(&attention.arcs);
    let start = previous.map(|shares| &shares.raw);
    let result = walk.run(&trust.prior.raw, start, settings);
    let is_served = |person: usize| trust.values.raw[person] >= trust.noise;
    GlobalRank {
        scores: result.shares.iter().map(|&share| score(share)).collect(),
        ranks: ranks(&result.shares, is_served).into(),
        shares: result.shares.into(),
        iterations: result.iterations,
        error: result.error,
    }
}

/// Ranks from 1 by falling share, ties by number, of those that are served and have a share.
fn ranks(shares: &[f32], is_served: impl Fn(usize) -> bool) -> Vec<Option<NonZeroU32>> {
    let mut order: Vec<usize> =
        (0..shares.len()).filter(|&person| is_served(person) && shares[person] > 0.0).collect();
    order.sort_unstable_by(|&a, &b| shares[b].total_cmp(&shares[a]).then(a.cmp(&b)));
    let mut ranks = vec![None; shares.len()];
    for (person, rank) in order.into_iter().zip(1..) {
        ranks[person] = NonZeroU32::new(rank);
    }
    ranks
}
