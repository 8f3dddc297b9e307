//! What speaks for a person and against it.
//!
//! For: attention from people who are reached (T). Against: attention from people who stand below a
//! stranger (U), and blocks by people who are reached (B). With μ the value of a stranger, a person's
//! value is `g · (T + λμ) / (T + min(U, cap) + B + λ)`, where g, at most 1, is the mean standing of
//! those the person attends to: following farms costs, following the honest gains nothing.
//!
//! Two views. The hard one lets everybody who is not reached speak against, up to `8 T + 64`; it
//! gives each person a standing, 1 from a stranger's value upwards, and is iterated since g depends
//! on it. The last one follows a second walk that passes only through people of more than three
//! quarters of a stranger's standing, so that what leaked into a farm goes no further; those who
//! stand low speak against, up to `T + 64 / (1 + T)`: a crowd outweighs the few arcs that a farm
//! bought, not the many of somebody whom the trusted attend to, and newcomers do no harm. (Iterating
//! the last view too would let a farm talk itself up: the better its fakes look, the less they speak
//! against each other.)

use rayon::prelude::*;

use super::UNKNOWN;
use super::spread::Spread;
use crate::attention::Attention;

/// λ: how many average arcs it takes to outweigh not knowing a person.
const PATIENCE: f64 = 3.0;

/// Reach below this, or below this share of the median of those above, is what leaks into farms: it
/// speaks for nobody.
const REACH_MIN: f32 = 0.1;
const REACH_OF_MEDIAN: f32 = 0.3;

/// Bound of what speaks against a person for whom nobody speaks, in average arcs …
const AGAINST_MAX: f64 = 64.0;

/// … and how it grows with what speaks for it in the hard view.
const AGAINST_PER_FOR: f64 = 8.0;

/// Weight of a trusted block, in average arcs.
const BLOCK: f64 = 2.0;

/// Hard views.
const VIEWS: usize = 4;

/// How a person counts in the company of others: 1 from a stranger upwards.
fn standing(values: &[f32]) -> Vec<f32> {
    values.iter().map(|value| (value / UNKNOWN).min(1.0)).collect()
}

/// The evidence of a graph.
pub(super) struct Judge<'a> {
    spread: &'a Spread<'a>,
    /// Who is blocked by whom.
    blocked: crate::csr::Csr,
    /// 1 / mean arc weight.
    unit: f64,
}

impl<'a> Judge<'a> {
    /// Prepares judging on a graph.
    pub(super) fn new(attention: &Attention, spread: &'a Spread<'a>) -> Judge<'a> {
        let weight: f64 = spread.given.iter().sum();
        let unit = if weight > 0.0 { spread.arcs.arcs() as f64 / weight } else { 1.0 };
        Judge { spread, blocked: attention.negative.transpose(), unit }
    }

    /// The value of each person, 0 to 1, as seen from `seeds`.
    pub(super) fn values(&self, seeds: &[u32]) -> Vec<f32> {
        let hard = |trusted: f64| AGAINST_PER_FOR * trusted + AGAINST_MAX;
        let mild = |trusted: f64| trusted + AGAINST_MAX / (1.0 + trusted);
        let mut standings = vec![1.0; self.spread.given.len()];
        let trusted = self.trusted(seeds, &standings);
        let doubted: Vec<f32> = trusted.iter().map(|trusted| 1.0 - trusted).collect();
        for _ in 0..VIEWS {
            standings = standing(&self.view((&trusted, &doubted), &standings, hard));
        }
        let trusted = self.trusted(seeds, &standings);
        let doubted: Vec<f32> = standings.iter().map(|standing| 1.0 - standing).collect();
        self.view((&trusted, &doubted), &standings, mild)
    }

    /// How much each person speaks for others: by how well a walk reaches it that passes only
    /// through people who stand well.
    fn trusted(&self, seeds: &[u32], standings: &[f32]) -> Vec<f32> {
        let passes: Vec<f32> = standings.iter().map(|stand| (4.0 * stand - 3.0).max(0.0)).collect();
        let reach = self.spread.reach(seeds, &passes);
        let mut above: Vec<f32> =
            reach.iter().copied().filter(|&reach| reach > REACH_MIN).collect();
        above.sort_unstable_by(f32::total_cmp);
        let median = above.get(above.len() / 2).copied().unwrap_or(REACH_MIN);
        let low = REACH_MIN.max(REACH_OF_MEDIAN * median);
        let beyond = |(reach, pass): (&f32, &f32)| pass * ((reach - low) / (1.0 - low)).max(0.0);
        reach.iter().zip(&passes).map(beyond).collect()
    }

    /// Values by who is trusted and who is doubted, by how their company stands, and by how much may
    /// speak against somebody for whom so much speaks.
    fn view(
        &self,
        (trusted_by, doubted_by): (&[f32], &[f32]),
        standings: &[f32],
        against_max: impl Fn(f64) -> f64 + Sync,
    ) -> Vec<f32> {
        let value = |person: u32| {
            let (mut trusted, mut doubted) = (0.0, 0.0);
            for (from, weight) in self.spread.transposed.arcs_of(person) {
                let weight = f64::from(weight) * self.unit;
                trusted += weight * f64::from(trusted_by[from as usize]);
                doubted += weight * f64::from(doubted_by[from as usize]);
            }
            let blockers = self.blocked.row(person);
            let blocks: f64 = blockers.iter().map(|&by| f64::from(trusted_by[by as usize])).sum();
            let doubted = doubted.min(against_max(trusted)) + BLOCK * blocks;
            let base = (trusted + PATIENCE * f64::from(UNKNOWN)) / (trusted + doubted + PATIENCE);
            (base * self.company(person, standings)) as f32
        };
        (0..standings.len() as u32).into_par_iter().with_min_len(256).map(value).collect()
    }

    /// Mean standing of those whom a person attends to; 1 if it attends to nobody.
    fn company(&self, person: u32, standing: &[f32]) -> f64 {
        let given = self.spread.given[person as usize];
        if given <= 0.0 {
            return 1.0;
        }
        let arcs = self.spread.arcs.arcs_of(person);
        arcs.map(|(to, weight)| f64::from(weight) * f64::from(standing[to as usize])).sum::<f64>()
            / given
    }
}
