//! Insider score: does the attention that a person receives come from the community's own?
//!
//! `focus_c(u) = Σ_{v∈c} P(u→v) · s_v / (s_v + s̄)`: the share of a member's attention that goes to
//! members, those with more attention counting more. Members with at least half of the mean focus are
//! the community's own. `insider_c(v)` is the lower 95 % Wilson bound of the share of v's global
//! attention that comes from them, over the effective number of people it comes from: one fan makes
//! no one an insider, and a celebrity with attention from outside is none. Time O(arcs that start in the
//! community), memory 16 B/member; the attention that each person receives is added up once,
//! 24 B/person. Sources: Wilson 1927; Kish's effective sample size.

use rayon::prelude::*;

use super::input::PeopleInput;
use super::member_walk::MemberWalk;
use super::received::ReceivedArcs;
use crate::wilson::lower_bound;

/// The global attention that every person gives and receives: Σ q and Σ q², with
/// `q_uv = a_u · P(u→v)`.
pub(super) struct GlobalAttention {
    /// q of each source, before the arc's weight: a_u / W_u.
    rates: Vec<f64>,
    received: Vec<AttentionSums>,
}

#[derive(Clone, Copy, Default)]
struct AttentionSums {
    sum: f64,
    squares: f64,
}

impl GlobalAttention {
    pub(super) fn new(input: &PeopleInput<'_>) -> GlobalAttention {
        let arcs = &input.attention.arcs;
        let rate = |person: u32| match arcs.strength(person) {
            0.0 => 0.0,
            strength => f64::from(input.global.shares.raw[person as usize]) / strength,
        };
        let rates: Vec<f64> = (0..arcs.nodes() as u32).into_par_iter().map(rate).collect();
        let received = arcs.sum_received(|received: &mut AttentionSums, arc| {
            let sent = rates[arc.source as usize] * f64::from(arc.weight);
            received.sum += sent;
            received.squares += sent * sent;
        });
        GlobalAttention { rates, received }
    }

    /// Global attention that passes along an arc of a source, for each unit of its weight.
    pub(super) fn rate(&self, source: u32) -> f64 {
        self.rates[source as usize]
    }

    /// The effective number of arcs under an attention whose variance is Σ q²; 0 if there are none.
    pub(super) fn support(&self, person: u32, attention: f64) -> f32 {
        let squares = self.received[person as usize].squares;
        if squares > 0.0 { (attention * attention / squares) as f32 } else { 0.0 }
    }

    /// The insider score of a person who receives `from_own` of its attention from the community's
    /// own.
    pub(super) fn insider(&self, person: u32, from_own: f64) -> f64 {
        let AttentionSums { sum, squares } = self.received[person as usize];
        if sum <= 0.0 || squares <= 0.0 {
            return 0.0;
        }
        lower_bound((from_own / sum).min(1.0), sum * sum / squares)
    }
}

/// Which members, by member index, are the community's own: at least half of the mean focus.
pub(super) fn own_members(inner: &ReceivedArcs, walk: &MemberWalk) -> Vec<bool> {
    let count = walk.rates.len();
    let share = |member| inner.sum(member, &walk.rates) / walk.flow.max(f64::MIN_POSITIVE);
    let shares: Vec<f64> = (0..count).map(share).collect();
    let mean = shares.iter().sum::<f64>() / count.max(1) as f64;
    let mut focus = vec![0.0; count];
    for (member, &share) in shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
        let factor = share / (share + mean);
        inner.for_each(member, |source, weight| {
            focus[source] += f64::from(weight) / walk.strengths[source] * factor;
        });
    }
    let half = 0.5 * focus.iter().sum::<f64>() / count.max(1) as f64;
    focus.into_iter().map(|focus| focus > 0.0 && focus >= half).collect()
}
