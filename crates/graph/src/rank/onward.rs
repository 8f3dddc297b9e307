//! Where attention goes beyond the reach of a personal view: what is the same for all views.
//!
//! What a view has not passed on, residues r, would reach v with
//! `α Σ_{k≥0} (1 − α) αᵏ ((Pᵀ)ᵏ Pᵀ r)_v`. Wherever r lies, `Pᵀ r` is mostly with those whom everybody
//! attends to. So it is taken to be |r| f, where f = Pᵀ g / |Pᵀ g| is what the global ranks g pass on;
//! and for those among whom the first of a view are chosen, its first step is taken as it is:
//! `(Pᵀ r)_v` along the arcs that v receives, in the place of |r| f_v.
//!
//! Memory: 4 B/arc, 8 B with weights, and 16 B/person. Source: the meeting of push and a look back is
//! Lofgren, Banerjee, Goel 2016; f is ours.

use super::{RankSettings, Walk};
use crate::csr::Csr;

/// Where attention goes from those who have attention.
#[derive(Debug)]
pub struct Onward {
    /// Who is attended to by whom; a weight is the giver's, times its arcs, over all its weights.
    received: Csr,
    /// f.
    first: Vec<f32>,
    /// `Σ_{k≥0} (1 − α) αᵏ ((Pᵀ)ᵏ f)_v`; less than 1 in all, for what reaches people who attend to
    /// nobody ends there.
    all: Vec<f32>,
}

impl Onward {
    /// From the global ranks of a graph. Time O(m · iterations).
    pub fn new(arcs: &Csr, walk: &Walk, global: &[f32], settings: &RankSettings) -> Onward {
        let strengths = arcs.strengths();
        let part = |source: u32, weight: f32| f64::from(weight) / strengths[source as usize];
        let first: Vec<f64> = arcs.receive(|sum: &mut f64, (source, _, weight)| {
            *sum += f64::from(global[source as usize]) * part(source, weight);
        });
        let sum: f64 = first.iter().sum();
        let first: Vec<f32> =
            first.iter().map(|share| (share / sum.max(f64::MIN_POSITIVE)) as f32).collect();
        let walked = walk.run(&first, None, settings).shares;
        let idle = walked.iter().zip(&strengths).filter(|one| *one.1 == 0.0);
        let idle: f64 = idle.map(|one| f64::from(*one.0)).sum();
        // The walk begins anew with what ends; without that, all shares are smaller alike.
        let ends = 1.0 / (1.0 + settings.damping / (1.0 - settings.damping) * idle);
        let all = walked.iter().map(|&share| (ends * f64::from(share)) as f32).collect();
        Onward { received: received(arcs, &strengths), first, all }
    }

    /// What reaches a person of each unit that somebody passes on.
    pub(super) fn share(&self, person: u32) -> f32 {
        self.all[person as usize]
    }

    /// Number of arcs that a person receives.
    pub(super) fn degree(&self, person: u32) -> usize {
        self.received.degree(person)
    }

    /// How much more reaches a person with the next step than f says, if `rate` is what somebody
    /// passes along each arc, on average, and `passed` what all pass on.
    pub(super) fn beyond(&self, person: u32, passed: f64, rate: impl Fn(u32) -> f32) -> f64 {
        let got = self.received.arcs_of(person);
        let got: f32 = got.map(|(giver, weight)| rate(giver) * weight).sum();
        f64::from(got) - passed * f64::from(self.first[person as usize])
    }
}

/// Arcs by receiver, those of each giver weighing 1 on average.
fn received(arcs: &Csr, strengths: &[f64]) -> Csr {
    if arcs.is_unweighted() {
        return arcs.transpose();
    }
    let even = Csr::from_each(arcs.nodes(), true, |person, rows| {
        let scale = arcs.degree(person) as f64 / strengths[person as usize];
        arcs.arcs_of(person)
            .for_each(|(to, weight)| rows.push(to, (f64::from(weight) * scale) as f32));
    });
    even.transpose()
}
