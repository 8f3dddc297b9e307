//! A person's rank as it is kept over runs: a step where it changed, which holds until the next one.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::id::{CommunityId, PersonId};
use crate::interval::{Interval, interval};
use crate::membership::score;

/// Ranks are followed as far down as this.
pub const FOLLOWED_RANK_MAX: u32 = 1_000;

/// The rank of a person in a community from one run on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RankStep {
    /// The person.
    pub person: PersonId,
    /// The community; the id 0 is the whole world.
    pub community: CommunityId,
    /// Its rank; `None` below the noise level.
    pub rank: Option<NonZeroU32>,
    /// Its share of the community's attention.
    pub attention: f32,
    /// The effective number of arcs that the attention rests on.
    pub support: f32,
    /// Whether it differs from the run before. One that does not is kept as the first of a part of the
    /// history, since the parts before are deleted.
    pub is_change: bool,
}

impl RankStep {
    /// Whether the rank is followed: it holds until the next step. Past that rank it is that of the one run.
    pub fn is_followed(&self) -> bool {
        self.rank.is_some_and(|rank| rank.get() <= FOLLOWED_RANK_MAX)
    }

    /// Attention on the scale from 0 to 1000.
    pub fn score(&self) -> u16 {
        score(self.attention).round() as u16
    }

    /// The bounds of its attention; `None` if no arc supports it.
    pub fn interval(&self) -> Option<Interval> {
        interval(self.attention, self.support)
    }

    /// Whether another step of the same person says the same: the same rank and the same score.
    pub fn is_same(&self, other: &RankStep) -> bool {
        self.rank == other.rank && self.score() == other.score()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_the_same_while_rank_and_score_are() {
        let step = |rank, attention| RankStep {
            person: PersonId::new(1),
            community: CommunityId::new(2),
            rank: NonZeroU32::new(rank),
            attention,
            support: 9.0,
            is_change: true,
        };
        let first = step(7, 0.01);
        assert!(first.is_same(&step(7, 0.010_01)) && !first.is_same(&step(8, 0.01)));
        assert!(!first.is_same(&step(7, 0.011)));
        assert_eq!(first.interval(), interval(0.01, 9.0));
        assert!(first.is_followed() && step(1_000, 0.1).is_followed());
        assert!(!step(1_001, 0.1).is_followed() && !step(0, 0.1).is_followed());
    }
}
