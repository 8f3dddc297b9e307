//! What a run is asked to do.

use graph::{CommunitySettings, PeopleSettings, RankSettings, TrustSettings};
use model::{ProfileId, RunId};
use serde::{Deserialize, Serialize};

/// What a run is asked to do; sealed with it, so that every stage and every rerun sees the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSettings {
    /// The run that was served when this one began: communities keep its ids, walks start from its
    /// results, and changes are reported since it. Set by [`crate::start`].
    pub last: Option<RunId>,
    /// The most memory that a stage may plan to use.
    pub memory_bytes: u64,
    /// Trust starts from the persons of these profiles only; from automatic seeds if there are
    /// none.
    pub trust_seeds: Vec<ProfileId>,
    /// How communities are looked for.
    pub communities: CommunitySettings,
    /// How trust is spread.
    pub trust: TrustSettings,
    /// How people are ranked in the whole world.
    pub rank: RankSettings,
    /// How people are ranked in a community.
    pub people: PeopleSettings,
}

/// What a Lambda function can have at most.
const MEMORY_BYTES: u64 = 10 << 30;

impl Default for RunSettings {
    fn default() -> RunSettings {
        RunSettings {
            last: None,
            memory_bytes: MEMORY_BYTES,
            trust_seeds: Vec::new(),
            communities: CommunitySettings::default(),
            trust: TrustSettings::default(),
            rank: RankSettings::default(),
            people: PeopleSettings::default(),
        }
    }
}
