//! The walk in one community.

use super::inflow::Inflow;
use crate::rank::RankSettings;

/// a_u by seat, walked to the tolerance, relative to the mass that stays. `strengths` is all that
/// each member gives.
pub(super) fn walk(
    inflow: &Inflow,
    restart: &[f64],
    strengths: &[f64],
    settings: &RankSettings,
) -> Vec<f64> {
    let damping = settings.damping;
    let mut standings = restart.to_vec();
    let mut sent = vec![0.0; standings.len()];
    for _ in 0..settings.iterations_max {
        for (sent, (standing, strength)) in sent.iter_mut().zip(standings.iter().zip(strengths)) {
            *sent = damping * standing * (1.0 / strength.max(f64::MIN_POSITIVE));
        }
        let (mut change, mut sum) = (0.0, 0.0);
        for (seat, standing) in standings.iter_mut().enumerate() {
            let mut next = (1.0 - damping) * restart[seat];
            inflow.each(seat, |giver, weight| next += sent[giver] * f64::from(weight));
            change += (next - *standing).abs();
            sum += next;
            *standing = next;
        }
        if change < settings.tolerance * sum {
            break;
        }
    }
    standings
}
