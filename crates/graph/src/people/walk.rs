//! The walk in one community.

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
        let rate = |(standing, &strength): (&f64, &f64)| match strength > 0.0 {
            true => standing / strength,
            false => 0.0,
        };
        let rates: Vec<f64> = standings.iter().zip(&strengths).map(rate).collect();
        let flow = rates.iter().zip(&strengths).map(|(rate, strength)| rate * strength).sum();
        Giving { standings, strengths, rates, flow }
    }

    /// The seats by falling rate as evidence has it, from rounded standings; then by number.
    pub(super) fn falling(&self) -> Vec<u32> {
        let rate = |(&standing, &strength): (&f64, &f64)| match strength > 0.0 {
            true => f64::from(standing as f32) / strength,
            false => 0.0,
        };
        let rates: Vec<f64> = self.standings.iter().zip(&self.strengths).map(rate).collect();
        let mut order: Vec<u32> = (0..rates.len() as u32).collect();
        let rate = |seat: u32| rates[seat as usize];
        order.sort_unstable_by(|&a, &b| rate(b).total_cmp(&rate(a)).then(a.cmp(&b)));
        order
    }
}
