//! Insider score: does the attention that a person receives come from the community's own?
//!
//! `focus_c(u) = Σ_{v∈c} P(u→v) · s_v / (s_v + s̄)`: the share of a member's attention that goes to
//! members, those with more attention counting more. Members with at least half of the mean focus are
//! the community's own. `insider_c(v)` is the lower 95 % Wilson bound of the share of v's global
//! attention that comes from them, over the effective number of people it comes from: one fan makes
//! nobody an insider, and a celebrity whom outsiders attend to is none.

use super::PeopleInput;

/// One-sided 95 % quantile of the normal distribution.
const Z: f64 = 1.645;

/// What every person receives from everybody: Σ q and Σ q², with `q_uv = a_u · P(u→v)`.
pub(super) struct Audience {
    /// q of each sender, before the arc's weight: a_u / W_u.
    senders: Vec<f64>,
    sums: Vec<f64>,
    squares: Vec<f64>,
}

impl Audience {
    pub(super) fn new(input: &PeopleInput<'_>) -> Audience {
        let arcs = &input.attention.arcs;
        let sender = |person: u32| match arcs.strength(person) {
            0.0 => 0.0,
            strength => f64::from(input.global.shares[person as usize]) / strength,
        };
        let senders: Vec<f64> = (0..arcs.nodes() as u32).map(sender).collect();
        let (mut sums, mut squares) = (vec![0.0; arcs.nodes()], vec![0.0; arcs.nodes()]);
        for source in 0..arcs.nodes() as u32 {
            for (target, weight) in arcs.arcs_of(source) {
                let sent = senders[source as usize] * f64::from(weight);
                sums[target as usize] += sent;
                squares[target as usize] += sent * sent;
            }
        }
        Audience { senders, sums, squares }
    }

    /// Global attention that passes along an arc of this weight.
    pub(super) fn sent(&self, source: u32, weight: f32) -> f64 {
        self.senders[source as usize] * f64::from(weight)
    }

    /// The effective number of arcs under an attention of which the variance is Σ q²; 0 if there are
    /// none.
    pub(super) fn support(&self, person: u32, attention: f64) -> f32 {
        let squares = self.squares[person as usize];
        if squares > 0.0 { (attention * attention / squares) as f32 } else { 0.0 }
    }

    /// The insider score of a person who receives `from_own` of its attention from the community's
    /// own.
    pub(super) fn insider(&self, person: u32, from_own: f64) -> f64 {
        let (sum, squares) = (self.sums[person as usize], self.squares[person as usize]);
        if sum <= 0.0 || squares <= 0.0 {
            return 0.0;
        }
        lower_bound((from_own / sum).min(1.0), sum * sum / squares)
    }
}

/// Wilson's lower bound of a share observed in `count` independent cases.
fn lower_bound(share: f64, count: f64) -> f64 {
    let z2 = Z * Z / count;
    let middle = share + z2 / 2.0;
    let spread = (share * (1.0 - share) / count + z2 / (4.0 * count)).max(0.0).sqrt() * Z;
    ((middle - spread) / (1.0 + z2)).max(0.0)
}
