//! What speaks for a person and against it.
//!
//! For: attention from people who are reached (T). Against: attention from people who are known to
//! be less than strangers (U), and trusted blocks (B). A person's value is
//! `g · (T + λμ) / (T + min(U, cap) + B + λ)` with μ the value of a stranger. U is capped at `8 T +
//! 64`, so that a crowd cannot drown somebody whom the trusted attend to. g, at most 1, is the mean
//! standing of those the person attends to: following farms costs, following the honest gains
//! nothing. Standing depends on values, so a hard view, in which everybody who is not reached speaks
//! against, is iterated a few times; the last view lets only those speak against who stand below a
//! stranger in the hard one, so that a crowd of newcomers does no harm. (Iterating the last view too
//! would let a farm talk itself up: the better its fakes look, the less they speak against each
//! other.)

use rayon::prelude::*;

use super::UNKNOWN;
use super::spread::Spread;
use crate::attention::Attention;

/// λ: how many average arcs it takes to outweigh not knowing a person.
const PATIENCE: f64 = 2.0;

/// Reach below this is what leaks into farms: it speaks for nobody.
const REACH_MIN: f32 = 0.1;

/// Bounds of the attention that speaks against a person, in average arcs.
const AGAINST_PER_FOR: f64 = 8.0;
const AGAINST_MAX: f64 = 64.0;

/// Weight of a trusted block, in average arcs.
const BLOCK: f64 = 2.0;

/// Hard views after the first.
const VIEWS: usize = 3;

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

    /// The value of each person, 0 to 1, by how well everybody is reached.
    pub(super) fn values(&self, reach: &[f32]) -> Vec<f32> {
        let for_others: Vec<f32> =
            reach.iter().map(|reach| ((reach - REACH_MIN) / (1.0 - REACH_MIN)).max(0.0)).collect();
        let unreached: Vec<f32> = for_others.iter().map(|trusted| 1.0 - trusted).collect();
        let mut hard = self.view(&for_others, &unreached, &vec![1.0; reach.len()]);
        for _ in 0..VIEWS {
            hard = self.view(&for_others, &unreached, &standing(&hard));
        }
        let standing = standing(&hard);
        let against: Vec<f32> =
            standing.iter().zip(&unreached).map(|(known, most)| (1.0 - known).min(*most)).collect();
        self.view(&for_others, &against, &standing)
    }

    fn view(&self, for_others: &[f32], against: &[f32], standing: &[f32]) -> Vec<f32> {
        let value = |person: u32| {
            let (mut trusted, mut doubted) = (0.0, 0.0);
            for (from, weight) in self.spread.transposed.arcs_of(person) {
                let weight = f64::from(weight) * self.unit;
                trusted += weight * f64::from(for_others[from as usize]);
                doubted += weight * f64::from(against[from as usize]);
            }
            let blockers = self.blocked.row(person);
            let blocks: f64 = blockers.iter().map(|&by| f64::from(for_others[by as usize])).sum();
            let doubted = doubted.min(AGAINST_PER_FOR * trusted + AGAINST_MAX) + BLOCK * blocks;
            let base = (trusted + PATIENCE * f64::from(UNKNOWN)) / (trusted + doubted + PATIENCE);
            (base * self.company(person, standing)) as f32
        };
        (0..for_others.len() as u32).into_par_iter().with_min_len(256).map(value).collect()
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
