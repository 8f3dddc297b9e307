//! The change of a person's rank in a community from one run to the next, with its reasons.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::id::{CommunityId, PersonId, RunId};

/// A person's rank and attention in one run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RankState {
    /// Its rank; `None` below the noise level.
    pub rank: Option<NonZeroU32>,
    /// Its share of the community's attention.
    pub attention: f32,
}

/// What one contributor changed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RankChangeReason {
    /// The contributor.
    pub person: PersonId,
    /// Its part of the person's attention in the run before.
    pub before: f32,
    /// Its part in this run.
    pub after: f32,
}

/// One change of a rank.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RankChange {
    /// The person whose rank changed.
    pub person: PersonId,
    /// The community; the id 0 is the whole world.
    pub community: CommunityId,
    /// The run that found it.
    pub run: RunId,
    /// Rank and attention in the run before.
    pub before: RankState,
    /// Rank and attention in this run.
    pub after: RankState,
    /// The contributors whose gains and losses explain it, the largest first.
    pub reasons: Vec<RankChangeReason>,
}
