//! The evidence for a person's attention in one community.
//!
//! Attention is a fixed point: `score = restart + rest + damping · Σ attention · share`, summed over
//! the contributors that are named; `rest` is the sum of all others. So the score can be computed
//! again from its evidence, within a part in a million.

use crate::index::RunPerson;

/// One person's attention that reaches the subject.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contributor {
    /// The contributor's number within the run.
    pub person: RunPerson,
    /// Its own attention in the community: a share of the whole.
    pub attention: f32,
    /// The share of its attention that it gives to the subject.
    pub share: f32,
}

/// The parts of a person's attention in a community.
///
/// ```
/// use model::evidence::{Contributor, Evidence};
/// use model::index::RunPerson;
///
/// let contributor = Contributor { person: RunPerson::new(4), attention: 0.5, share: 0.25 };
/// let evidence = Evidence {
///     damping: 0.8,
///     score: 0.25,
///     restart: 0.05,
///     rest: 0.1,
///     support: 3.0,
///     contributors: vec![contributor],
/// };
/// let named: f32 = evidence.contributors.iter().map(|one| one.contribution(0.8)).sum();
/// assert_eq!(evidence.restart + evidence.rest + named, evidence.score);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The part of its attention that each person passes on (α).
    pub damping: f32,
    /// The attention that is explained: a share of the whole.
    pub score: f32,
    /// The part that comes from the restart, damping already applied.
    pub restart: f32,
    /// The part that comes from contributors not named, damping already applied, with the errors of
    /// rounding and of the walk's tolerance: all parts together are the served score.
    pub rest: f32,
    /// The effective number of arcs that the score rests on.
    pub support: f32,
    /// The largest contributors, the largest first.
    pub contributors: Vec<Contributor>,
}

impl Contributor {
    /// Its part of the subject's score.
    pub fn contribution(&self, damping: f32) -> f32 {
        damping * self.attention * self.share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contribution_is_damped() {
        let one = Contributor { person: RunPerson::new(1), attention: 0.5, share: 0.25 };
        assert_eq!(one.contribution(0.5), 0.0625);
    }
}
