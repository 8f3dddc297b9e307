//! Events as clients see them.

use model::EventKind;
use model::change::{ChangeRange, LineageChange, MembershipChange};
use model::rank_change::{RankChange, RankChangeReason};
use model::time::Timestamp;
use model::{ChangePosition, CommunityId, Direction, Layer, PersonId, ProfileId, RunId};
use serde::Serialize;
use utoipa::ToSchema;

/// A part of the stream.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = Range)]
pub(crate) struct RangeView {
    /// The `seq` before its first place.
    #[schema(value_type = u64, example = 700)]
    from: ChangePosition,
    /// The `seq` of its last place.
    #[schema(value_type = u64, example = 731)]
    to: ChangePosition,
}

impl From<ChangeRange> for RangeView {
    fn from(ChangeRange { from, to }: ChangeRange) -> RangeView {
        RangeView { from, to }
    }
}

/// One event.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct EventView {
    /// Its place in the stream: larger ones were committed later. Each is given once, and numbers may be left out.
    #[schema(value_type = u64, example = 731)]
    pub(super) seq: ChangePosition,
    /// `seq` and a 0, as in the first release.
    #[schema(value_type = [u64; 2], example = json!([731, 0]), deprecated)]
    pub(super) position: [u64; 2],
    /// When it was recorded.
    #[schema(value_type = String, format = DateTime)]
    pub(super) at: Timestamp,
    /// The profile that it happened to; of a person, one of the person's; absent where it is about a community.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "prf_2000000001")]
    pub(super) profile: Option<ProfileId>,
    /// What happened.
    pub(super) change: ChangeView,
}

/// What happened.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "lowercase", tag = "type")]
pub(crate) enum ChangeView {
    /// One of its lists gained and lost arcs.
    Arcs {
        /// The layer of the arcs.
        #[schema(value_type = String, example = "follow")]
        layer: Layer,
        /// `out`: to whom it attends; `in`: who attends to it.
        #[schema(value_type = String, example = "out")]
        direction: Direction,
        /// How many arcs the list gained, those to and from the unlisted not counted.
        added: usize,
        /// How many arcs the list lost, counted likewise.
        removed: usize,
    },
    /// It is not there any more, or does not want to be found: forget what you know of it.
    Gone,
    /// Profiles joined its person.
    Joined {
        /// Which.
        #[schema(value_type = Vec<String>)]
        profiles: Vec<ProfileId>,
    },
    /// Profiles parted from its person.
    Parted {
        /// Which.
        #[schema(value_type = Vec<String>)]
        profiles: Vec<ProfileId>,
    },
    /// Its person's rank in a community changed from one run to the next: by at least a fifth of
    /// the better rank, or it got or lost its rank, within the first 100.
    #[serde(rename = "rank_changed")]
    Rank {
        /// Whose rank.
        #[schema(value_type = String, example = "per_2000000001")]
        person: PersonId,
        /// Where; `com_0` is the whole world.
        #[schema(value_type = String, example = "com_1")]
        community: CommunityId,
        /// The run that found it.
        #[schema(value_type = String, example = "run_1")]
        run: RunId,
        /// The rank in the run before; `null` under the noise level.
        rank_before: Option<u32>,
        /// The rank now; `null` under the noise level.
        rank_after: Option<u32>,
        /// The share of the community's attention in the run before.
        attention_before: f32,
        /// The share now.
        attention_after: f32,
        /// Those whose gain or loss explains the change, the largest first, at most 5. Who does
        /// not want to be listed is not among them.
        reasons: Vec<ReasonView>,
    },
    /// Its person's main community, on the leaf level, changed from one run to the next. At most 100,000 people of a
    /// run are reported, the most attended first.
    Membership {
        /// Whose.
        #[schema(value_type = String, example = "per_2000000001")]
        person: PersonId,
        /// The run that found it.
        #[schema(value_type = String, example = "run_1")]
        run: RunId,
        /// The community in the run before; `null` if there was none.
        #[schema(value_type = Option<String>, example = "com_1")]
        before: Option<CommunityId>,
        /// The community now; `null` if there is none.
        #[schema(value_type = Option<String>, example = "com_2")]
        after: Option<CommunityId>,
    },
    /// A community was born, grew, shrank, split, merged or died from one run to the next.
    Lineage {
        /// Which.
        #[schema(value_type = String, example = "com_1")]
        community: CommunityId,
        /// The run that found it.
        #[schema(value_type = String, example = "run_1")]
        run: RunId,
        /// Its level, of this run; of the run before, where none continues its level.
        level: u8,
        /// `born`, `grown`, `shrunk`, `split`, `merged` or `died`.
        #[schema(value_type = String, example = "split")]
        event: EventKind,
        /// The community that it came from or went into.
        #[schema(value_type = Option<String>, example = "com_2")]
        other: Option<CommunityId>,
        /// How many people the two share.
        shared: u32,
    },
    /// Texts of its page changed: read it again.
    Profile {
        /// Which: `handle`, `display_name`, `bio`, `avatar_url`, `url`.
        #[schema(value_type = Vec<String>, example = json!(["bio"]))]
        fields: Vec<&'static str>,
    },
}

/// What one contributor changed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ReasonView {
    /// Who attends, or attended, to the person.
    #[schema(value_type = String, example = "per_2000000002")]
    person: PersonId,
    /// Its part of the person's attention before; 0 for nothing.
    before: f32,
    /// Its part now; 0 for nothing.
    after: f32,
}

impl EventView {
    /// The name of its kind.
    pub(super) const fn kind(&self) -> model::ChangeKind {
        use model::ChangeKind;
        match self.change {
            ChangeView::Arcs { .. } => ChangeKind::Arcs,
            ChangeView::Gone => ChangeKind::Gone,
            ChangeView::Joined { .. } => ChangeKind::Joined,
            ChangeView::Parted { .. } => ChangeKind::Parted,
            ChangeView::Rank { .. } => ChangeKind::Rank,
            ChangeView::Membership { .. } => ChangeKind::Membership,
            ChangeView::Lineage { .. } => ChangeKind::Lineage,
            ChangeView::Profile { .. } => ChangeKind::Profile,
        }
    }
}

impl ChangeView {
    /// A changed rank, with those reasons that `is_shown` lets be named.
    pub(super) fn rank(change: RankChange, is_shown: impl Fn(PersonId) -> bool) -> ChangeView {
        let reason =
            |RankChangeReason { person, before, after }| ReasonView { person, before, after };
        let RankChange { person, community, run, before, after, reasons } = change;
        ChangeView::Rank {
            person,
            community,
            run,
            rank_before: before.rank.map(Into::into),
            rank_after: after.rank.map(Into::into),
            attention_before: before.attention,
            attention_after: after.attention,
            reasons: reasons.into_iter().filter(|r| is_shown(r.person)).map(reason).collect(),
        }
    }

    /// A changed membership.
    pub(super) const fn membership(change: MembershipChange) -> ChangeView {
        let MembershipChange { person, run, before, after } = change;
        ChangeView::Membership { person, run, before, after }
    }

    /// What happened to a community.
    pub(super) const fn lineage(change: LineageChange) -> ChangeView {
        let LineageChange { community, run, level, kind, other, shared } = change;
        ChangeView::Lineage { community, run, level, event: kind, other, shared }
    }
}
