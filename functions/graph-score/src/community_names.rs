//! The stable ids and the labels of a run's communities.

use model::{CommunityId, LineageEvent, SensitiveTopics};
use serde::{Deserialize, Serialize};

/// The names of one level's communities, in the level's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelNames {
    /// The stable ids.
    pub ids: Vec<CommunityId>,
    /// Words that set each apart, the most significant first; none before the run is labelled, since they
    /// are sealed apart, as `labels`.
    pub labels: Vec<Vec<String>>,
    /// What each is about that is sensitive; none before the run is labelled, and in runs sealed before
    /// this was found. Sealed apart, as `topics`.
    #[serde(skip)]
    pub topics: Vec<SensitiveTopics>,
}

/// The names of a run's communities, and how they follow from the previous run's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommunityNames {
    /// By level, the coarsest first.
    pub levels: Vec<LevelNames>,
    /// The events since the previous run, level by level.
    pub lineage: Vec<LineageEvent>,
}

/// The labels of each community of each level, the most significant first.
pub(crate) type CommunityLabels = Vec<Vec<Vec<String>>>;

/// What each community of each level is about that is sensitive.
pub(crate) type CommunityTopics = Vec<Vec<SensitiveTopics>>;

impl CommunityNames {
    /// The same names with labels.
    pub(crate) fn with_labels(mut self, labels: CommunityLabels) -> CommunityNames {
        for (level, labels) in self.levels.iter_mut().zip(labels) {
            level.labels = labels;
        }
        self
    }

    /// The same names with what is sensitive about the communities.
    pub(crate) fn with_topics(mut self, topics: CommunityTopics) -> CommunityNames {
        for (level, topics) in self.levels.iter_mut().zip(topics) {
            level.topics = topics;
        }
        self
    }
}
