//! Sybil-resistant trust: whom the stable cores of many communities attend to, directly or not.
//!
//! From each of several independent seed sets (automatic, or dealt from a given list) a walk goes
//! ⌈log₂ n⌉ steps along attention and is divided by the attention received or given; what a person
//! gets is judged against whom else it is attended by and attends to, in four rounds that widen the
//! circle of those who have a voice. Trust is the median over the sets, so no one set decides. Nobody
//! gains by attending to others. Sources: SybilRank (Cao et al. 2012); GrapeRank's capped averages.
//! Time O(m · sets · log n), all sets of five in one pass over the arcs. Peak memory beside what is
//! given, for five sets: 2 B/arc (6 B with weights), 22 B for each message of the rank kernel's (0.05 to
//! 0.6 an arc) and 224 B/person.

mod judge;
mod seeds;
mod spread;

use serde::{Deserialize, Serialize};

use crate::attention::Attention;
use crate::communities::Hierarchy;
use crate::rank::normalised;
use judge::Judge;
use spread::Spread;

/// Sets that go along the arcs together.
const LANES: usize = 5;

/// A value for each of [`LANES`] sets.
type Lanes = [f32; LANES];

/// Trust of a person of whom nothing is known.
pub const UNKNOWN: f32 = model::community::STRANGER_TRUST;

/// How trust is spread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrustSettings {
    /// Number of independent seed sets; odd, so that there is a median.
    pub sets: usize,
}

impl Default for TrustSettings {
    fn default() -> TrustSettings {
        TrustSettings { sets: 5 }
    }
}

/// Trust of every person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trust {
    /// Trust, 0 to 1: how likely it is that a person is none of a farm, by how much trusted attention
    /// speaks for it and how much doubted attention against. [`UNKNOWN`] if nothing does.
    pub values: Vec<f32>,
    /// The restart distribution made of what exceeds [`UNKNOWN`]; sums to 1, uniform if nothing
    /// does.
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
    let spread = Spread::new(&attention.arcs);
    let (seeds, approved) = match given.is_empty() {
        true => seeds::automatic(&spread, hierarchy, settings.sets),
        // Whoever gives seeds need not ask the majority, which may be fakes.
        false => (seeds::deal(given, settings.sets), vec![true; attention.arcs.nodes()]),
    };
    let judge = Judge::new(attention, &spread);
    let by_set: Vec<Vec<Lanes>> =
        seeds.chunks(LANES).map(|seeds| judge.values(seeds, &approved)).collect();
    let values: Vec<f32> = match by_set.is_empty() {
        true => vec![UNKNOWN; attention.arcs.nodes()],
        false => (0..attention.arcs.nodes()).map(|at| median(&by_set, seeds.len(), at)).collect(),
    };
    let known: Vec<f32> = values.iter().map(|value| (value - UNKNOWN).max(0.0)).collect();
    Trust { prior: normalised(&known), noise: noise(&values), values, seeds }
}

/// Half of the median trust of people who are trusted more than a stranger, if that is more than a
/// stranger's: where most are well known, little trust is a warning.
fn noise(values: &[f32]) -> f32 {
    let mut known: Vec<f32> = values.iter().copied().filter(|&value| value > UNKNOWN).collect();
    known.sort_unstable_by(f32::total_cmp);
    known.get(known.len() / 2).map_or(UNKNOWN, |median| (median / 2.0).max(UNKNOWN))
}

/// The middle value of a person over `sets` sets; of an even number the lower one.
fn median(by_set: &[Vec<Lanes>], sets: usize, person: usize) -> f32 {
    let mut values: Vec<f32> = by_set.iter().flat_map(|values| values[person]).take(sets).collect();
    values.sort_unstable_by(f32::total_cmp);
    values[(values.len() - 1) / 2]
}
