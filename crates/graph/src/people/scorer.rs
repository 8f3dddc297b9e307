//! The stage that scores the people of every community.

use model::index::{CommunityIndex, PersonIndex};
use rayon::prelude::*;
use typed_index_collections::TiVec;

use super::input::{PeopleInput, PeopleSettings};
use super::insider::GlobalAttention;
use super::members::LevelMembers;
use super::ranked::RankedCommunity;
use super::scores::CommunityPeople;
use super::table::score_community;
use crate::rank::RankSettings;

/// Scores communities. It holds the sums that all levels have in common.
pub struct CommunityScorer<'a> {
    input: PeopleInput<'a>,
    settings: &'a PeopleSettings,
    attention: GlobalAttention,
}

impl<'a> CommunityScorer<'a> {
    /// Adds up the attention that each person receives. Time O(m), memory 24 B/person.
    pub fn new(input: PeopleInput<'a>, settings: &'a PeopleSettings) -> CommunityScorer<'a> {
        CommunityScorer { attention: GlobalAttention::new(&input), input, settings }
    }

    /// The input.
    pub fn input(&self) -> &PeopleInput<'a> {
        &self.input
    }

    /// Scores the people of every community of one level; `take` makes the result for each, in the
    /// level's order. `above` are the results of the level above, or empty: for a community with the
    /// same people there, `renumber` makes the result from that one.
    pub fn level<T: Send>(
        &self,
        level: usize,
        above: Vec<T>,
        take: impl Fn(RankedCommunity) -> T + Sync,
        renumber: impl Fn(T, CommunityIndex) -> T + Sync,
    ) -> Vec<T> {
        let members = LevelMembers::new(&self.input, level);
        let mut above: Vec<Option<T>> = above.into_iter().map(Some).collect();
        let same = self.input.hierarchy.same_above(level).into_iter();
        let made = same.map(|same| above.get_mut(same?.index())?.take());
        let made: Vec<Option<T>> = made.collect();
        drop(above);
        let score = |community| {
            score_community(&self.input, &members, &self.attention, community, self.settings)
        };
        let make = |(community, made): (usize, Option<T>)| match made {
            Some(made) => renumber(made, CommunityIndex::from(community)),
            None => take(score(community)),
        };
        made.into_par_iter().enumerate().with_max_len(1).map(make).collect()
    }

    /// The support of each person's global share, as an effective number of arcs:
    /// `share² / Σ(α q)²` over what it receives from each; the restart is taken as certain. Time O(n).
    pub fn world_support(&self, walk: &RankSettings) -> TiVec<PersonIndex, f32> {
        let shares = self.input.global.shares.iter().zip(0..);
        let support =
            |(&share, person)| self.attention.support(person, f64::from(share) / walk.damping);
        shares.map(support).collect()
    }
}

/// Scores the people of every community of one level, in the level's order.
pub fn people_stage(
    input: &PeopleInput<'_>,
    level: usize,
    settings: &PeopleSettings,
) -> Vec<CommunityPeople> {
    let scorer = CommunityScorer::new(*input, settings);
    scorer.level(level, Vec::new(), |ranked| ranked.table, CommunityPeople::renumbered)
}
