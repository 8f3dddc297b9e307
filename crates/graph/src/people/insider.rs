//! Insider score: does the attention that a person receives come from the community's own?
//!
//! `focus_c(u) = Σ_{v∈c} P(u→v) · s_v / (s_v + s̄)`: the share of a member's attention that goes to
//! members, those with more attention counting more. Members with at least half of the mean focus are
//! the community's own. `insider_c(v)` is the lower 95 % Wilson bound of the share of v's global
//! attention that comes from them, over the effective number of people it comes from: one fan makes
//! nobody an insider, and a celebrity whom outsiders attend to is none. Time O(arcs that start in the
//! community), memory 16 B/member; what everybody receives is added up once, 24 B/person. Sources:
//! Wilson 1927; Kish's effective sample size.

use rayon::prelude::*;

use super::PeopleInput;
use super::inflow::Inflow;
use super::walk::Giving;
use crate::wilson::lower_bound;

/// What every person receives from everybody: Σ q and Σ q², with `q_uv = a_u · P(u→v)`.
pub(super) struct Audience {
    /// q of each sender, before the arc's weight: a_u / W_u.
    senders: Vec<f64>,
    received: Vec<Received>,
}

#[derive(Clone, Copy, Default)]
struct Received {
    sum: f64,
    squares: f64,
}

impl Audience {
    pub(super) fn new(input: &PeopleInput<'_>) -> Audience {
        let arcs = &input.attention.arcs;
        let sender = |person: u32| match arcs.strength(person) {
            0.0 => 0.0,
            strength => f64::from(input.global.shares[person as usize]) / strength,
        };
        let senders: Vec<f64> = (0..arcs.nodes() as u32).into_par_iter().map(sender).collect();
        let received = arcs.receive(|received: &mut Received, (source, _, weight)| {
            let sent = senders[source as usize] * f64::from(weight);
            received.sum += sent;
            received.squares += sent * sent;
        });
        Audience { senders, received }
    }

    /// Global attention that passes along an arc of a sender, for each unit of its weight.
    pub(super) fn sent(&self, source: u32) -> f64 {
        self.senders[source as usize]
    }

    /// The effective number of arcs under an attention of which the variance is Σ q²; 0 if there are
    /// none.
    pub(super) fn support(&self, person: u32, attention: f64) -> f32 {
        let squares = self.received[person as usize].squares;
        if squares > 0.0 { (attention * attention / squares) as f32 } else { 0.0 }
    }

    /// The insider score of a person who receives `from_own` of its attention from the community's
    /// own.
    pub(super) fn insider(&self, person: u32, from_own: f64) -> f64 {
        let Received { sum, squares } = self.received[person as usize];
        if sum <= 0.0 || squares <= 0.0 {
            return 0.0;
        }
        lower_bound((from_own / sum).min(1.0), sum * sum / squares)
    }
}

/// Which members, by seat, are the community's own: at least half of the mean focus.
pub(super) fn owners(inner: &Inflow, giving: &Giving) -> Vec<bool> {
    let members = giving.rates.len();
    let share = |seat| inner.sum(seat, &giving.rates) / giving.flow.max(f64::MIN_POSITIVE);
    let shares: Vec<f64> = (0..members).map(share).collect();
    let mean = shares.iter().sum::<f64>() / members.max(1) as f64;
    let mut focus = vec![0.0; members];
    for (seat, &share) in shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
        let drawn = share / (share + mean);
        inner.each(seat, |giver, weight| {
            focus[giver] += f64::from(weight) / giving.strengths[giver] * drawn;
        });
    }
    let half = 0.5 * focus.iter().sum::<f64>() / members.max(1) as f64;
    focus.into_iter().map(|focus| focus > 0.0 && focus >= half).collect()
}
