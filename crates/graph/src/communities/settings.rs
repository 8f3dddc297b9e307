//! How communities are searched for.

use serde::{Deserialize, Serialize};

/// How communities are searched for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CommunitySettings {
    /// How many of its strongest one-sided arcs the backbone keeps for each person.
    pub strongest: usize,
    /// Chooses the order in which people are visited.
    pub seed: u64,
}

impl Default for CommunitySettings {
    fn default() -> CommunitySettings {
        CommunitySettings { strongest: 32, seed: 0x5eed }
    }
}
