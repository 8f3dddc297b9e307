//! Communities and memberships as they are shown.

use model::{Community, CommunityId, PersonKind, SensitiveKind};
use serde::Serialize;
use store::pg::community::WORLD;
use store::pg::membership::RankedMembership;
use utoipa::ToSchema;

use crate::sensitive;

/// A set of people at one level.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CommunityView {
    /// The stable id.
    #[schema(value_type = String, example = "com_1")]
    id: CommunityId,
    /// The community around it; `null` at level 0.
    #[schema(value_type = Option<String>)]
    parent: Option<CommunityId>,
    /// 0 is the coarsest.
    level: u8,
    /// The levels on which it is the same group of people, the coarsest first.
    #[schema(example = json!([0, 1]))]
    levels: Vec<u8>,
    /// How many people belong to it.
    members: u32,
    /// Mean trust of its members, 0 to 1; `null` if it is no more than a stranger's, 0.2.
    trust: Option<f32>,
    /// Whether its members are known no better than strangers: its people have no ranks then.
    too_little_known: bool,
    /// Words that set it apart, the most telling first.
    labels: Vec<String>,
    /// What of it is sensitive: `health`, `sexuality`, `faith`, `politics`, `ethnicity`, `unions`. If anything is,
    /// those of its people are named who say it of themselves, and no others.
    #[schema(value_type = Vec<String>, example = json!([]))]
    sensitive: Vec<SensitiveKind>,
}

/// A community beside something else.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CommunityBrief {
    /// The stable id; `com_0` is the whole world.
    #[schema(value_type = String, example = "com_1")]
    id: CommunityId,
    /// 0 is the coarsest; `null` for the world.
    level: Option<u8>,
    /// How many people belong to it; `null` for the world.
    members: Option<u32>,
    /// Words that set it apart, the most telling first.
    labels: Vec<String>,
    /// What of it is sensitive, such as `health`.
    #[schema(value_type = Vec<String>, example = json!([]))]
    sensitive: Vec<SensitiveKind>,
}

/// A place in a community.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StandingView)]
pub(crate) struct MembershipView {
    /// Place by attention; `null` under the noise level.
    rank: Option<u32>,
    /// Place among humans and those of unknown kind; `null` for others.
    rank_person: Option<u32>,
    /// Place among organisations; `null` for others.
    rank_organisation: Option<u32>,
    /// Share of the community's attention; shares of all who receive any sum to 1.
    attention: f32,
    /// Of 10 true shares 9 are between this one …
    attention_low: Option<f32>,
    /// … and this one, as far as the arcs that we see are a fair sample; `null` where there are
    /// none.
    attention_high: Option<f32>,
    /// Attention on a logarithmic scale from 0 to 1000.
    score: u16,
    /// The score of `attention_low`.
    score_low: Option<u16>,
    /// The score of `attention_high`.
    score_high: Option<u16>,
    /// From how many independent people the attention comes, as an effective number.
    support: f32,
    /// At least this share of its attention comes from insiders (lower 95 % bound).
    insider: f32,
    /// How much it belongs to the community, 0 to 1.
    belonging: f32,
    /// Whether it belongs to the community; many receive attention from outside.
    member: bool,
    /// Whether the support is below 5: the interval then spans more than a factor of 5.
    low_confidence: bool,
    /// Whether there is no rank, since too little is known of the person or of the community.
    pub(crate) too_little_known: bool,
}

impl CommunityView {
    pub(crate) fn new(community: Community) -> CommunityView {
        let too_little_known = community.is_too_little_known();
        CommunityView {
            id: community.id,
            parent: community.parent,
            level: community.level,
            levels: (community.level..=community.last_level).collect(),
            members: community.members,
            trust: (!too_little_known).then_some(community.trust),
            too_little_known,
            sensitive: sensitive::kinds_of(&community),
            labels: community.labels,
        }
    }
}

impl CommunityBrief {
    pub(crate) const fn id(&self) -> CommunityId {
        self.id
    }

    pub(crate) fn new(id: CommunityId, community: Option<&Community>) -> CommunityBrief {
        let world = || if id == WORLD { vec!["world".to_owned()] } else { Vec::new() };
        CommunityBrief {
            id,
            level: community.map(|one| one.level),
            members: community.map(|one| one.members),
            labels: community.map_or_else(world, |one| one.labels.clone()),
            sensitive: community.map(sensitive::kinds_of).unwrap_or_default(),
        }
    }
}

impl MembershipView {
    /// Without ranks, if its community is too little known for them.
    pub(crate) fn new(ranked: RankedMembership, unknown: bool) -> MembershipView {
        let RankedMembership { membership, rank, rank_of_kind } = ranked;
        let human = matches!(membership.kind, PersonKind::Person | PersonKind::Unknown);
        let organisation = membership.kind == PersonKind::Organisation;
        let held = |rank: Option<std::num::NonZeroU32>| {
            rank.filter(|_| membership.ranked && !unknown).map(Into::into)
        };
        let rank = held(rank);
        let interval = membership.interval();
        let score = |share: f32| model::membership::score(share).round() as u16;
        MembershipView {
            rank,
            rank_person: held(rank_of_kind.filter(|_| human)),
            rank_organisation: held(rank_of_kind.filter(|_| organisation)),
            attention: membership.attention,
            attention_low: interval.map(|interval| interval.low),
            attention_high: interval.map(|interval| interval.high),
            score: membership.score,
            score_low: interval.map(|interval| score(interval.low)),
            score_high: interval.map(|interval| score(interval.high)),
            support: membership.support,
            insider: membership.insider,
            belonging: membership.belonging,
            member: membership.member,
            low_confidence: membership.low_confidence,
            too_little_known: rank.is_none(),
        }
    }
}
