//! Where attention goes beyond the reach of a personal view: one model for all views.
//!
//! The residues r of a view, which it has not passed on, would reach v with
//! `α Σ_{k≥0} (1 − α) αᵏ ((Pᵀ)ᵏ Pᵀ r)_v`. Wherever r is, most of `Pᵀ r` is at celebrities. So it is approximated by |r| f, where f = Pᵀ g / |Pᵀ g| is one step of the global
//! ranks g. For the candidates for the first places of a view, the first step is exact:
//! `(Pᵀ r)_v` along the arcs that v receives, instead of |r| f_v.
//!
//! Memory: 4 B/arc, 8 B with weights, and 16 B/person. Source: combining push with a step backwards
//! is Lofgren, Banerjee, Goel 2016; f is ours.

use crate::csr::Csr;
use crate::walk::{RandomWalk, RankSettings};

/// An estimate of where residues go, made from the global ranks.
#[derive(Debug)]
pub struct ResidueModel {
    /// Arcs by receiver; a weight is the source's, times its number of arcs, over all its weights.
    received: Csr,
    /// f.
    first_step: Vec<f32>,
    /// `Σ_{k≥0} (1 − α) αᵏ ((Pᵀ)ᵏ f)_v`; sums to less than 1, since mass ends at people who attend to
    /// no one.
    all_steps: Vec<f32>,
}

impl ResidueModel {
    /// From the global ranks of a graph. Time O(m · iterations).
    pub fn new(
        arcs: &Csr,
        walk: &RandomWalk,
        global: &[f32],
        settings: &RankSettings,
    ) -> ResidueModel {
        let strengths = arcs.strengths();
        let ResidueSteps { first_step, all_steps } =
            steps(arcs, &strengths, (walk, settings), global);
        ResidueModel { received: received(arcs, &strengths), first_step, all_steps }
    }

    /// The part of each unit of residue that reaches a person.
    pub(super) fn share(&self, person: u32) -> f32 {
        self.all_steps[person as usize]
    }

    /// Number of arcs that a person receives.
    pub(super) fn degree(&self, person: u32) -> usize {
        self.received.degree(person)
    }

    /// How much more reaches a person with the first step than f estimates, if `rate` is what a
    /// source passes along each arc, on average, and `residue` what all pass on.
    pub(super) fn correction(&self, person: u32, residue: f64, rate: impl Fn(u32) -> f32) -> f64 {
        let arcs = self.received.arcs_of(person);
        let received: f32 = arcs.map(|(source, weight)| rate(source) * weight).sum();
        f64::from(received) - residue * f64::from(self.first_step[person as usize])
    }
}

/// The part of each unit of residue that reaches each person, from the global ranks of a graph:
/// what [`ResidueModel`] estimates without the arcs by receiver. Time O(m · iterations).
pub fn residue_shares(arcs: &Csr, global: &[f32], settings: &RankSettings) -> Vec<f32> {
    let walk = RandomWalk::new(arcs);
    steps(arcs, &arcs.strengths(), (&walk, settings), global).all_steps
}

/// Where residues go with the first step, and with all.
struct ResidueSteps {
    first_step: Vec<f32>,
    all_steps: Vec<f32>,
}

fn steps(
    arcs: &Csr,
    strengths: &[f64],
    (walk, settings): (&RandomWalk, &RankSettings),
    global: &[f32],
) -> ResidueSteps {
    let part = |source: u32, weight: f32| f64::from(weight) / strengths[source as usize];
    let first: Vec<f64> = arcs.sum_received(|sum: &mut f64, arc| {
        *sum += f64::from(global[arc.source as usize]) * part(arc.source, arc.weight);
    });
    let sum: f64 = first.iter().sum();
    let first_step: Vec<f32> =
        first.iter().map(|share| (share / sum.max(f64::MIN_POSITIVE)) as f32).collect();
    let shares = walk.run(&first_step, None, settings).shares;
    let idle = shares.iter().zip(strengths).filter(|&(_, &strength)| strength == 0.0);
    let idle: f64 = idle.map(|(&share, _)| f64::from(share)).sum();
    // The walk restarts with the mass that ends; without that all shares shrink by one factor.
    let kept = 1.0 / (1.0 + settings.damping / (1.0 - settings.damping) * idle);
    let all_steps = shares.iter().map(|&share| (kept * f64::from(share)) as f32).collect();
    ResidueSteps { first_step, all_steps }
}

/// Arcs by receiver, those of each source weighing 1 on average.
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
