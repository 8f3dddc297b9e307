//! The people of a community and their scores.

use std::num::NonZeroU32;

use model::index::{CommunityIndex, PersonIndex, RankPosition};
use model::interval::SUPPORT_CONFIDENT;
use model::membership::score;

use crate::evidence::SourceMass;
use crate::sorting::sort_by_number;

/// One person in one community.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredPerson {
    /// The person.
    pub person: PersonIndex,
    /// Whether the community is the person's own on this level.
    pub member: bool,
    /// Share of the community's attention; over all receivers it sums to 1.
    pub share: f32,
    /// a_u, the mass with which a member passes attention on; 0 for others. With it a share can be
    /// recomputed: `Σ_u mass_u · w_uv / W_u / flow`.
    pub mass: f32,
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

impl ScoredPerson {
    /// The share on a fixed logarithmic scale, 0 to 1000: [`crate::rank::score`].
    pub fn score(&self) -> f32 {
        score(self.share)
    }

    /// Whether the support is too small for a narrow interval.
    pub fn is_low_confidence(&self) -> bool {
        self.support < SUPPORT_CONFIDENT
    }
}

/// The people of one community. It is serialized column by column, without what follows from the
/// rest, as [`PackedPeople`](super::PackedPeople): 17 B a row, 21 B a member's.
#[derive(Debug, Clone, PartialEq)]
pub struct CommunityPeople {
    /// Community of the level.
    pub community: CommunityIndex,
    /// Mean trust of its members.
    pub trust: f32,
    /// Whether its members are trusted no more than strangers; then every rank is `None`.
    pub low_trust: bool,
    /// Attention shares below this have no rank.
    pub noise: f32,
    /// Attention that members pass on altogether: the divisor of every share.
    pub flow: f64,
    /// Members and receivers, by falling share, then by number.
    pub people: Vec<ScoredPerson>,
}

/// A row and its key in an order.
#[derive(Clone, Copy)]
struct KeyedRow {
    key: u32,
    row: u32,
}

impl CommunityPeople {
    /// The same people as another community.
    pub fn renumbered(self, community: CommunityIndex) -> CommunityPeople {
        CommunityPeople { community, ..self }
    }

    /// The members who pass attention on, with the mass of each.
    pub fn masses(&self) -> impl Iterator<Item = SourceMass> + '_ {
        let members = self.people.iter().filter(|one| one.mass > 0.0);
        members.map(|one| SourceMass { person: one.person, mass: one.mass })
    }

    /// The positions in `people` of those with a rank, by falling insider score, then in order. O(n).
    pub fn by_insider(&self) -> Vec<RankPosition> {
        let ranked = self.people.iter().zip(0..).filter(|(one, _)| one.rank.is_some());
        let keyed =
            ranked.map(|(one, row)| KeyedRow { key: u32::MAX - one.insider.to_bits(), row });
        let mut insiders: Vec<KeyedRow> = keyed.collect();
        sort_by_number(&mut insiders, |one| one.key);
        insiders.into_iter().map(|one| RankPosition::new(one.row)).collect()
    }
}
