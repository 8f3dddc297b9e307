//! A person's membership in a community.

use crate::index::RunPerson;
use crate::interval::{Interval, interval};
use crate::profile::PersonKind;

/// A person's row in the table of one community in one run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Membership {
    /// The person's number within the run.
    pub person: RunPerson,
    /// The kind of the person: it decides which of the separate rankings it belongs to.
    pub kind: PersonKind,
    /// Whether the person belongs to the community. Outsiders receive attention there too.
    pub member: bool,
    /// Whether it has a rank: it is listed, and its trust is above the noise level.
    pub ranked: bool,
    /// Whether the support is too small to rely on.
    pub low_confidence: bool,
    /// The effective number of arcs that its attention rests on; 0 if there are none, or if the run
    /// is older than this value.
    pub support: f32,
    /// Its share of the community's attention; all shares sum to 1.
    pub attention: f32,
    /// Attention on the scale 0 to 1000, by logarithm.
    pub score: u16,
    /// Lower 95 % bound of the share of its attention that comes from insiders, 0 to 1.
    pub insider: f32,
    /// How much it belongs to the community, 0 to 1; shares of one person sum to at most 1.
    pub belonging: f32,
}

/// The share below which the logarithmic scale is nearly linear.
const SCALE: f64 = 1e-7;

/// The score of a share on the fixed scale from 0 to 1000: `1000·ln(1 + s/10⁻⁷) / ln(1 + 10⁷)`. Ten
/// times the share is about 143 points more, in every community and in every run.
///
/// ```
/// use model::membership::score;
///
/// assert_eq!([0.0, 0.001, 0.01, 1.0].map(|share| score(share).round()), [0.0, 571.0, 714.0, 1000.0]);
/// ```
pub fn score(share: f32) -> f32 {
    (1000.0 * (f64::from(share) / SCALE).ln_1p() / (1.0 / SCALE).ln_1p()) as f32
}

/// The share that has this score: the inverse of [`score()`].
///
/// ```
/// use model::membership::{score, share};
///
/// assert!((share(score(0.01)) / 0.01 - 1.0).abs() < 1e-4);
/// assert_eq!(share(0.0), 0.0);
/// ```
pub fn share(score: f32) -> f32 {
    (SCALE * (f64::from(score) / 1000.0 * (1.0 / SCALE).ln_1p()).exp_m1()) as f32
}

impl Membership {
    /// The bounds of its attention; `None` if no arc supports it.
    pub fn interval(&self) -> Option<Interval> {
        interval(self.attention, self.support)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_that_of_attention_and_support() {
        let membership = Membership {
            person: RunPerson::new(1),
            kind: PersonKind::Person,
            member: true,
            ranked: true,
            low_confidence: false,
            support: 8.0,
            attention: 0.125,
            score: 850,
            insider: 0.5,
            belonging: 1.0,
        };
        assert_eq!(membership.interval(), interval(0.125, 8.0));
        assert_eq!(Membership { support: 0.0, ..membership }.interval(), None);
    }
}
