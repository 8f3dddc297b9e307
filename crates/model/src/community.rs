//! Communities as they are stored and served.

use serde::{Deserialize, Serialize};

use crate::id::CommunityId;
use crate::sensitive::SensitiveTopics;

/// Trust of a person without any evidence.
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
    /// The finest level on which it is the same group of people; `level`, unless it is on several.
    pub last_level: u8,
    /// The community of a coarser level that is the same group, and stands for it in answers.
    pub same_as: Option<CommunityId>,
    /// The number of its members.
    pub members: u32,
    /// Mean trust of its members, 0 to 1; a stranger's is [`STRANGER_TRUST`].
    pub trust: f32,
    /// Whether its trust is below the noise level: its people are served without ranks.
    pub low_trust: bool,
    /// Words that distinguish it from others, the strongest first.
    pub labels: Vec<String>,
    /// What it is about that is sensitive, as its run found.
    pub sensitive: SensitiveTopics,
}

impl Community {
    /// Whether its people are trusted no more than strangers: they are neither ranked nor is their trust
    /// served.
    pub fn is_too_little_known(&self) -> bool {
        self.low_trust || self.trust <= STRANGER_TRUST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_trusted_no_more_than_strangers_are_too_little_known() {
        let community = |trust, low_trust| Community {
            id: CommunityId::new(1),
            parent: None,
            level: 0,
            last_level: 0,
            same_as: None,
            members: 3,
            trust,
            low_trust,
            labels: Vec::new(),
            sensitive: SensitiveTopics::NONE,
        };
        assert!(!community(0.21, false).is_too_little_known());
        assert!(community(STRANGER_TRUST, false).is_too_little_known());
        assert!(community(0.9, true).is_too_little_known());
    }
}
