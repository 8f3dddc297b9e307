//! PeopleRank in each community: attention, insider score, and ranks with a noise level.
//!
//! The walk in community c follows the arcs that start in its members, `a = α P_cᵀ a + (1 − α) t`,
//! with P over all arcs of a member (attention that leaves c is lost to it) and t members by trust
//! and belonging. What a person receives, member or not, is its attention in c. Communities are
//! independent of each other: time O(arcs that start in c · iterations), of which an iteration takes
//! the least: the arcs are grouped by receiver once, for the walk, the table and the evidence.
//!
//! Memory for each thread, beside the results: about 20 B for each arc that starts in its community.

mod inflow;
mod insider;
mod packed;
mod place;
mod ranked;
mod table;
mod walk;

use std::num::NonZeroU32;

use model::PersonKind;
use model::interval::SUPPORT_CONFIDENT;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::attention::Attention;
use crate::communities::Hierarchy;
use crate::rank::{GlobalRank, RankSettings, score};
use crate::sorting::sort_by_number;
use crate::trust::Trust;
use insider::Audience;
use place::Place;

pub use packed::PackedPeople;
pub use ranked::{Giver, Ranked};

/// Everything that the scores in communities are made of.
#[derive(Debug, Clone, Copy)]
pub struct PeopleInput<'a> {
    /// Who attends to whom.
    pub attention: &'a Attention,
    /// The communities.
    pub hierarchy: &'a Hierarchy,
    /// Trust of every person.
    pub trust: &'a Trust,
    /// Global attention of every person.
    pub global: &'a GlobalRank,
    /// Kind of every person; empty if all are unknown.
    pub kinds: &'a [PersonKind],
}

/// How people are ranked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PeopleSettings {
    /// The walk in each community.
    pub walk: RankSettings,
    /// At most so many receivers who are not members are kept for each community, by attention.
    pub outsiders_max: usize,
}

impl Default for PeopleSettings {
    fn default() -> PeopleSettings {
        PeopleSettings { walk: RankSettings::default(), outsiders_max: 10_000 }
    }
}

/// One person in one community.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PersonScore {
    /// Who.
    pub person: u32,
    /// Whether the community is the person's own on this level.
    pub member: bool,
    /// Share of the community's attention; over all receivers it sums to 1.
    pub share: f32,
    /// a_u, the mass with which a member passes attention on; 0 for others. With it a share can be
    /// recomputed: `Σ_u standing_u · w_uv / W_u / flow`.
    pub standing: f32,
    /// Lower 95 % bound of the share of its attention that comes from the community's own, 0 to 1.
    pub insider: f32,
    /// How many independent members the attention comes from, as an effective number. With the share
    /// it makes the interval: [`model::interval()`].
    pub support: f32,
    /// 1 for the most attended; `None` under a noise level.
    pub rank: Option<NonZeroU32>,
    /// Rank among persons and people of unknown kind; `None` for other kinds.
    pub rank_person: Option<NonZeroU32>,
    /// Rank among organisations; `None` for other kinds.
    pub rank_organisation: Option<NonZeroU32>,
}

impl PersonScore {
    /// The share on a fixed logarithmic scale, 0 to 1000: [`crate::rank::score`].
    pub fn score(&self) -> f32 {
        score(self.share)
    }

    /// Whether the support is too small to say much.
    pub fn is_low_confidence(&self) -> bool {
        self.support < SUPPORT_CONFIDENT
    }
}

/// The people of one community. It is serialized column by column, without what follows from the
/// rest, as [`PackedPeople`]: 17 B a row, 21 B a member's.
#[derive(Debug, Clone, PartialEq)]
pub struct CommunityPeople {
    /// Community of the level.
    pub community: u32,
    /// Mean trust of its members.
    pub trust: f32,
    /// Whether its members are trusted no more than strangers; then every rank is `None`.
    pub low_trust: bool,
    /// Attention shares below this have no rank.
    pub noise: f32,
    /// Attention that members pass on altogether: the divisor of every share.
    pub flow: f64,
    /// Members and receivers, by falling share, then by number.
    pub people: Vec<PersonScore>,
}

impl CommunityPeople {
    /// The same people as another community.
    pub fn renumbered(self, community: u32) -> CommunityPeople {
        CommunityPeople { community, ..self }
    }

    /// The rows of those who have a rank, by falling insider score, then as they are. O(n).
    pub fn by_insider(&self) -> Vec<u32> {
        let ranked = self.people.iter().zip(0..).filter(|(one, _)| one.rank.is_some());
        let mut insiders: Vec<(u32, u32)> =
            ranked.map(|(one, row)| (u32::MAX - one.insider.to_bits(), row)).collect();
        sort_by_number(&mut insiders, |one| one.0);
        insiders.into_iter().map(|one| one.1).collect()
    }
}

/// What the people of all levels have in common: who is scored by what, and what everybody receives.
pub struct People<'a> {
    input: PeopleInput<'a>,
    audience: Audience,
}

impl<'a> People<'a> {
    /// Adds up what everybody receives. Time O(m), memory 24 B/person.
    pub fn new(input: PeopleInput<'a>) -> People<'a> {
        People { audience: Audience::new(&input), input }
    }

    /// What they are scored by.
    pub fn input(&self) -> &PeopleInput<'a> {
        &self.input
    }

    /// Scores the people of every community of one level, and makes of each what `take` takes, in
    /// the level's order. `above` is what was made of the level above, or empty: what has the same
    /// people there is only numbered anew by `again`.
    pub fn level<T: Send>(
        &self,
        level: usize,
        settings: &PeopleSettings,
        above: Vec<T>,
        take: impl Fn(Ranked) -> T + Sync,
        again: impl Fn(T, u32) -> T + Sync,
    ) -> Vec<T> {
        let place = Place::new(&self.input, level);
        let mut above: Vec<Option<T>> = above.into_iter().map(Some).collect();
        let same = self.input.hierarchy.same_above(level).into_iter();
        let made = same.map(|same| above.get_mut(same? as usize)?.take());
        let made: Vec<Option<T>> = made.collect();
        drop(above);
        let make = |(community, made): (usize, Option<T>)| match made {
            Some(made) => again(made, community as u32),
            None => take(table::table(&self.input, &place, &self.audience, community, settings)),
        };
        made.into_par_iter().enumerate().with_max_len(1).map(make).collect()
    }

    /// What each person's global share rests on, as an effective number of arcs: `share² / Σ(α q)²`
    /// over what it receives from each; the restart is taken as certain. Time O(n).
    pub fn world_support(&self, walk: &RankSettings) -> Vec<f32> {
        let shares = self.input.global.shares.iter().zip(0..);
        let support =
            |(&share, person)| self.audience.support(person, f64::from(share) / walk.damping);
        shares.map(support).collect()
    }
}

/// Scores the people of every community of one level, in the level's order.
pub fn people_stage(
    input: &PeopleInput<'_>,
    level: usize,
    settings: &PeopleSettings,
) -> Vec<CommunityPeople> {
    let people = People::new(*input);
    people.level(level, settings, Vec::new(), |ranked| ranked.table, CommunityPeople::renumbered)
}
