//! Attention → a hierarchy of communities, from continents to villages.

use serde::{Deserialize, Serialize};

use crate::attention::Attention;

/// Stands for "in no community": a person without any arc.
pub const NO_COMMUNITY: u32 = u32::MAX;

/// One partition of the people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// Resolution γ at which it was found.
    pub resolution: f64,
    /// Community of each person, `0..communities`, or [`NO_COMMUNITY`]. Numbered by falling size,
    /// then by first member.
    pub community_of: Vec<u32>,
    /// Number of communities.
    pub communities: u32,
    /// The community of the level above that contains each of these; empty on level 0.
    pub parents: Vec<u32>,
}

/// Partitions from the coarsest (level 0) to the finest, each refining the one before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hierarchy {
    /// The levels; at least one.
    pub levels: Vec<Level>,
    /// The level that describes the graph best.
    pub leaf: usize,
    /// Overlapping memberships on the leaf level.
    pub overlap: Overlap,
}

/// Up to 8 communities per person, by the share of its attention, given and received.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Overlap {
    /// Where each person's memberships start; one more at the end.
    pub offsets: Vec<u64>,
    /// Communities of the leaf level, by falling share.
    pub communities: Vec<u32>,
    /// Shares beside `communities`; each person's sum to at most 1.
    pub shares: Vec<f32>,
}

/// How communities are looked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CommunitySettings {
    /// Resolutions γ of the ladder, ascending.
    pub resolutions: Vec<f64>,
    /// How many of its strongest one-sided arcs the backbone keeps for each person.
    pub strongest: usize,
    /// Chooses the order in which people are visited.
    pub seed: u64,
}

/// Finds the hierarchy. `last` is the previous run's, over the same person numbers: the search
/// starts from it. People beyond its length are new.
pub fn community_stage(
    attention: &Attention,
    last: Option<&Hierarchy>,
    settings: &CommunitySettings,
) -> Hierarchy {
    todo!()
}
