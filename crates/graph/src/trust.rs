//! Sybil-resistant trust.

use serde::{Deserialize, Serialize};

use crate::attention::Attention;
use crate::communities::Hierarchy;

/// How trust is spread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrustSettings {
    /// Number of independent automatic seed sets.
    pub sets: usize,
}

/// Trust of every person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trust {
    /// Trust, 0 to 1, comparable between runs: 0.5 is as trusted as the median person with trust.
    pub values: Vec<f32>,
    /// The restart distribution made of it; sums to 1.
    pub prior: Vec<f32>,
    /// Below this a person is not served in any ranking.
    pub noise: f32,
    /// The seed sets that the walks started from.
    pub seeds: Vec<Vec<u32>>,
}

/// Spreads trust from `given` seeds, or from automatic ones if there are none.
pub fn trust_stage(
    attention: &Attention,
    hierarchy: &Hierarchy,
    given: &[u32],
    settings: &TrustSettings,
) -> Trust {
    todo!()
}
