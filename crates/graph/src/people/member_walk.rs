//! The walk in one community: `a_v = α Σ_{u∈c} P(u→v) a_u + (1 − α) t_v` over its members, with P the
//! shares of all their attention, so that attention that leaves the community is lost to it.
//!
//! Time O(arcs between members · iterations), memory 40 B/member.

use super::received::ReceivedArcs;
use crate::rank::RankSettings;

/// How much attention each member passes on, by member index.
pub(super) struct MemberWalk {
    /// a_u, the mass with which it passes attention on.
    pub(super) masses: Vec<f64>,
    /// W_u, the weight of all its arcs.
    pub(super) strengths: Vec<f64>,
    /// a_u / W_u: what it passes along an arc for each unit of weight.
    pub(super) rates: Vec<f64>,
    /// The sum that all pass on.
    pub(super) flow: f64,
}

impl MemberWalk {
    /// Walks along the arcs between members to the tolerance, relative to the mass that stays.
    pub(super) fn new(
        inner: &ReceivedArcs,
        restart: &[f64],
        strengths: Vec<f64>,
        settings: &RankSettings,
    ) -> MemberWalk {
        let mut masses = restart.to_vec();
        let mut sent = vec![0.0; masses.len()];
        for _ in 0..settings.iterations_max {
            for ((sent, mass), strength) in sent.iter_mut().zip(&masses).zip(&strengths) {
                // Not finite for a member without arcs, from which nothing is received.
                *sent = settings.damping * mass / strength;
            }
            let (mut change, mut sum) = (0.0, 0.0);
            for (member, mass) in masses.iter_mut().enumerate() {
                let mut next = (1.0 - settings.damping) * restart[member];
                inner.for_each(member, |source, weight| next += sent[source] * f64::from(weight));
                change += (next - *mass).abs();
                sum += next;
                *mass = next;
            }
            if change < settings.tolerance * sum {
                break;
            }
        }
        let members = masses.iter().zip(&strengths);
        let rates: Vec<f64> = members.map(|(&mass, &strength)| rate(mass, strength)).collect();
        let flow = rates.iter().zip(&strengths).map(|(rate, strength)| rate * strength).sum();
        MemberWalk { masses, strengths, rates, flow }
    }

    /// The member indexes by falling rate as in the evidence, from rounded masses; then by number.
    pub(super) fn by_falling_rate(&self) -> Vec<u32> {
        let members = self.masses.iter().zip(&self.strengths);
        let rounded = |(&mass, &strength): (&f64, &f64)| rate((mass as f32).into(), strength);
        let rates: Vec<f64> = members.map(rounded).collect();
        let mut order: Vec<u32> = (0..rates.len() as u32).collect();
        let rate = |member: u32| rates[member as usize];
        order.sort_unstable_by(|&a, &b| rate(b).total_cmp(&rate(a)).then(a.cmp(&b)));
        order
    }
}

/// What a person passes along an arc, for each unit of its weight; nothing if it has no arcs.
fn rate(mass: f64, strength: f64) -> f64 {
    if strength > 0.0 { mass / strength } else { 0.0 }
}
