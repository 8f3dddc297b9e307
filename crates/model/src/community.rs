//! Communities as they are stored and served.

use serde::{Deserialize, Serialize};

use crate::id::CommunityId;

/// Trust of a person of whom nothing is known.
pub const STRANGER_TRUST: f32 = 0.2;

/// One community of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Community {
    /// The stable id.
    pub id: CommunityId,
    /// The community around it, one level up; `None` at level 0.
    pub parent: Option<CommunityId>,
    /// 0 is the coarsest.
    pub level: u8,
    /// How many persons belong to it.
    pub members: u32,
    /// Mean trust of its members, 0 to 1; a stranger's is [`STRANGER_TRUST`].
    pub trust: f32,
    /// Whether its trust is under the noise level: its people are served without ranks.
    pub low_trust: bool,
    /// Words that set it apart, the most telling first.
    pub labels: Vec<String>,
}

impl Community {
    /// Whether we know too little of its people to rank them, or to say how far they are trusted:
    /// no more than strangers.
    pub fn is_too_little_known(&self) -> bool {
        self.low_trust || self.trust <= STRANGER_TRUST
    }
}
