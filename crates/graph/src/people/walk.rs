//! The walk in one community: `a_v = α Σ_{u∈c} P(u→v) a_u + (1 − α) t_v` over its members, with P the
//! shares of all their attention, so that what leaves the community is lost to it.
//!
//! Time O(arcs between members · iterations), memory 40 B/member.

use super::inflow::Inflow;
use crate::rank::RankSettings;

/// How much each member gives, by seat.
pub(super) struct Giving {
    /// a_u, the mass with which it passes attention on.
    pub(super) standings: Vec<f64>,
    /// W_u, the weight of all its arcs.
    pub(super) strengths: Vec<f64>,
    /// a_u / W_u: what it gives along an arc for each unit of weight.
    pub(super) rates: Vec<f64>,
    /// What all give together.
    pub(super) flow: f64,
}

impl Giving {
    /// Walks along the arcs between members to the tolerance, relative to the mass that stays.
    pub(super) fn walk(
        inner: &Inflow,
        restart: &[f64],
        strengths: Vec<f64>,
        settings: &RankSettings,
    ) -> Giving {
        let mut standings = restart.to_vec();
        let mut sent = vec![0.0; standings.len()];
        for _ in 0..settings.iterations_max {
            let givers = standings.iter().zip(&strengths);
            for (sent, (standing, strength)) in sent.iter_mut().zip(givers) {
                // Whoever gives nothing is never asked for it.
                *sent = settings.damping * standing / strength;
            }
            let (mut change, mut sum) = (0.0, 0.0);
            for (seat, standing) in standings.iter_mut().enumerate() {
                let mut next = (1.0 - settings.damping) * restart[seat];
                inner.each(seat, |giver, weight| next += sent[giver] * f64::from(weight));
                change += (next - *standing).abs();
                sum += next;
                *standing = next;
            }
            if change < settings.tolerance * sum {
                break;
            }
        }
        let givers = standings.iter().zip(&strengths);
        let rates: Vec<f64> =
            givers.map(|(&standing, &strength)| rate(standing, strength)).collect();
        let flow = rates.iter().zip(&strengths).map(|(rate, strength)| rate * strength).sum();
        Giving { standings, strengths, rates, flow }
    }

    /// The seats by falling rate as evidence has it, from rounded standings; then by number.
    pub(super) fn falling(&self) -> Vec<u32> {
        let givers = self.standings.iter().zip(&self.strengths);
        let rounded =
            |(&standing, &strength): (&f64, &f64)| rate((standing as f32).into(), strength);
        let rates: Vec<f64> = givers.map(rounded).collect();
        let mut order: Vec<u32> = (0..rates.len() as u32).collect();
        let rate = |seat: u32| rates[seat as usize];
        order.sort_unstable_by(|&a, &b| rate(b).total_cmp(&rate(a)).then(a.cmp(&b)));
        order
    }
}

/// What somebody gives along an arc, for each unit of its weight; nothing if it has no arcs.
fn rate(standing: f64, strength: f64) -> f64 {
    if strength > 0.0 { standing / strength } else { 0.0 }
}
