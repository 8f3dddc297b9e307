//! The early-terminated walk: after log₂ n steps it has mixed among people who attend to each other,
//! but little has passed the few arcs into a farm.
//!
//! `reach(v) = min(1, (Σ_steps x_step(v) / in(v)) / typical)`: mass received for each unit of
//! attention received, where [`TYPICAL`] of all mass is received at less than `typical`.

use rayon::prelude::*;

use crate::csr::Csr;

/// The share of a walk's mass that is below what counts as well reached. Mass, not people: a farm
/// has as many people as it likes, but only the mass that leaks into it. And much less than half,
/// since most of the mass stays where the seeds are: quiet honest communities are elsewhere.
const TYPICAL: f64 = 0.15;

/// A graph made ready for trust walks.
pub(super) struct Spread<'a> {
    /// Who attends to whom.
    pub(super) arcs: &'a Csr,
    /// Who is attended to by whom.
    pub(super) transposed: Csr,
    /// Attention given by each person.
    pub(super) given: Vec<f64>,
    /// Attention received by each person.
    pub(super) received: Vec<f64>,
}

impl<'a> Spread<'a> {
    /// Prepares walks along `arcs`.
    pub(super) fn new(arcs: &'a Csr) -> Spread<'a> {
        let transposed = arcs.transpose();
        Spread { given: arcs.strengths(), received: transposed.strengths(), arcs, transposed }
    }

    /// How well each person is reached from `seeds`, 0 to 1; seeds are 1. Of what a person receives
    /// it passes on the share `passes`.
    pub(super) fn reach(&self, seeds: &[u32], passes: &[f32]) -> Vec<f32> {
        let nodes = self.arcs.nodes();
        let mut mass = vec![0.0; nodes];
        for &seed in seeds {
            mass[seed as usize] = 1.0 / seeds.len() as f64;
        }
        let mut total = vec![0.0; nodes];
        for _ in 0..nodes.max(2).ilog2() + 1 {
            mass.iter_mut().zip(passes).for_each(|(mass, share)| *mass *= f64::from(*share));
            mass = self.step(&mass);
            total.iter_mut().zip(&mass).for_each(|(total, mass)| *total += mass);
        }
        let scale = 1.0 / self.typical(&total).max(1e-300);
        let ratio = |(&mass, &received): (&f64, &f64)| match received > 0.0 {
            true => (mass / received * scale).min(1.0) as f32,
            false => 0.0,
        };
        let mut reach: Vec<f32> = total.iter().zip(&self.received).map(ratio).collect();
        for &seed in seeds {
            reach[seed as usize] = 1.0;
        }
        reach
    }

    /// Mass for each unit of attention, of the person below whom [`TYPICAL`] of the mass is.
    fn typical(&self, mass: &[f64]) -> f64 {
        let reached = mass.iter().zip(&self.received).filter(|(mass, _)| **mass > 0.0);
        let mut ratios: Vec<(f64, f64)> =
            reached.map(|(&mass, &received)| (mass / received, mass)).collect();
        ratios.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let share = TYPICAL * mass.iter().sum::<f64>();
        let mut below = 0.0;
        let found = ratios.iter().find(|(_, mass)| {
            below += mass;
            below >= share
        });
        found.map_or(1.0, |(ratio, _)| *ratio)
    }

    fn step(&self, mass: &[f64]) -> Vec<f64> {
        let sent: Vec<f64> = mass
            .iter()
            .zip(&self.given)
            .map(|(mass, given)| if *given > 0.0 { mass / given } else { 0.0 })
            .collect();
        let receive = |person: u32| {
            let arcs = self.transposed.arcs_of(person);
            arcs.map(|(from, weight)| sent[from as usize] * f64::from(weight)).sum()
        };
        (0..mass.len() as u32).into_par_iter().with_min_len(256).map(receive).collect()
    }
}
