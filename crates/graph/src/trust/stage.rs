//! Trust of every person, from seeds.

use model::community::STRANGER_TRUST;
use model::index::PersonIndex;
use serde::{Deserialize, Serialize};
use typed_index_collections::TiVec;

use super::lanes::{LANES, SetLanes};
use super::seeds::{SeedChoice, automatic, deal};
use super::update::TrustUpdate;
use super::walk::TrustWalk;
use crate::attention::Attention;
use crate::communities::Hierarchy;
use crate::walk::normalised;

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
    /// Trust, 0 to 1: the likelihood that a person is not part of a farm, by the trusted attention for
    /// it and the doubted attention against it. [`STRANGER_TRUST`] if there is neither.
    pub values: TiVec<PersonIndex, f32>,
    /// The restart distribution: trust above [`STRANGER_TRUST`], scaled to sum 1; uniform if no one
    /// has any.
    pub prior: TiVec<PersonIndex, f32>,
    /// Below this a person is not served in any ranking.
    pub noise: f32,
    /// The seed sets that the walks started from.
    pub seeds: Vec<Vec<PersonIndex>>,
}

/// Spreads trust from `given` seeds, or from automatic ones if there are none.
pub fn trust_stage(
    attention: &Attention,
    hierarchy: &Hierarchy,
    given: &[PersonIndex],
    settings: &TrustSettings,
) -> Trust {
    let nodes = attention.arcs.nodes();
    let walk = TrustWalk::new(&attention.arcs);
    let SeedChoice { sets: seeds, approved } = match given.is_empty() {
        true => automatic(&walk, hierarchy, settings.sets),
        // Given seeds do not depend on the majority, which may be fakes.
        false => SeedChoice { sets: deal(given, settings.sets), approved: vec![true; nodes] },
    };
    let update = TrustUpdate::new(attention, &walk);
    let by_pass: Vec<Vec<SetLanes>> =
        seeds.chunks(LANES).map(|seeds| update.values(seeds, &approved)).collect();
    let values: Vec<f32> = match by_pass.is_empty() {
        true => vec![STRANGER_TRUST; nodes],
        false => (0..nodes).map(|person| median(&by_pass, seeds.len(), person)).collect(),
    };
    let above: Vec<f32> = values.iter().map(|value| (value - STRANGER_TRUST).max(0.0)).collect();
    let prior = normalised(&above).into();
    Trust { prior, noise: noise(&values), values: values.into(), seeds }
}

/// Half of the median trust of people who are trusted more than a stranger, but at least a stranger's:
/// where most people are well known, little trust is a warning.
fn noise(values: &[f32]) -> f32 {
    let mut known: Vec<f32> =
        values.iter().copied().filter(|&value| value > STRANGER_TRUST).collect();
    known.sort_unstable_by(f32::total_cmp);
    known.get(known.len() / 2).map_or(STRANGER_TRUST, |median| (median / 2.0).max(STRANGER_TRUST))
}

/// The middle value of a person over `sets` sets; of an even number the lower one.
fn median(by_pass: &[Vec<SetLanes>], sets: usize, person: usize) -> f32 {
    let values = by_pass.iter().flat_map(|values| values[person]);
    let mut values: Vec<f32> = values.take(sets).collect();
    values.sort_unstable_by(f32::total_cmp);
    values[(values.len() - 1) / 2]
}
