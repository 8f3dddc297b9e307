//! The stable ids and the labels of a run's communities.

use graph::lineage::EventKind;
use model::CommunityId;
use serde::{Deserialize, Serialize};

/// The names of one level's communities, in the level's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelNames {
    /// The stable ids.
    pub ids: Vec<CommunityId>,
    /// Words that set each apart, the most significant first; none before the run is labelled, since they
    /// are sealed apart, as `labels`.
    pub labels: Vec<Vec<String>>,
}

/// What became of a community.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineageEvent {
    /// The level, of this run; of the previous one, where none continues its level.
    pub level: u8,
    /// The community that it is about.
    pub community: CommunityId,
    /// What happened.
    pub event: EventKind,
    /// The community that it came from or went into.
    pub other: Option<CommunityId>,
    /// How many people the two share.
    pub shared: u32,
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

impl CommunityNames {
    /// The same names with labels.
    pub(crate) fn with_labels(mut self, labels: CommunityLabels) -> CommunityNames {
        for (level, labels) in self.levels.iter_mut().zip(labels) {
            level.labels = labels;
        }
        self
    }
}
