//! Levels of communities, and overlapping membership.

use serde::{Deserialize, Serialize};

/// Marks a person in no community: one without any arc.
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
    /// The index of the leaf level, which describes the graph best.
    pub leaf: usize,
    /// Bits in which the leaf level describes an edge of the backbone.
    pub bits: f64,
    /// The fewest bits since the last search from nothing. The next run starts from the leaf level,
    /// and searches elsewhere only if that level by then describes the graph less well.
    pub fewest: f64,
    /// Share of the backbone's weight inside of each leaf community: where it has changed, the next
    /// run searches for parts.
    pub insides: Vec<f64>,
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

impl Level {
    /// Community of a person, if it has one.
    pub(crate) fn community(&self, person: u32) -> Option<u32> {
        let community = self.community_of.get(person as usize).copied();
        community.filter(|&community| community != NO_COMMUNITY)
    }

    /// Number of members of each community.
    pub fn sizes(&self) -> Vec<usize> {
        let mut sizes = vec![0; self.communities as usize];
        let communities = self.community_of.iter().filter(|&&community| community != NO_COMMUNITY);
        communities.for_each(|&community| sizes[community as usize] += 1);
        sizes
    }
}

impl Overlap {
    /// Memberships of one person: communities of the leaf level and shares.
    pub fn of(&self, person: u32) -> impl Iterator<Item = (u32, f32)> + '_ {
        let at = person as usize;
        let range = self.offsets[at] as usize..self.offsets[at + 1] as usize;
        self.communities[range.clone()].iter().copied().zip(self.shares[range].iter().copied())
    }

    /// The members of each of `communities`, ascending; a person in several is in each.
    pub fn cover(&self, communities: u32) -> Vec<Vec<u32>> {
        let mut members = vec![Vec::new(); communities as usize];
        for person in 0..(self.offsets.len() - 1) as u32 {
            self.of(person).for_each(|(community, _)| members[community as usize].push(person));
        }
        members
    }
}

impl Hierarchy {
    /// The leaf level.
    pub fn leaf_level(&self) -> &Level {
        &self.levels[self.leaf]
    }

    /// For each community of a level the one above that has the same people. `None` also if one of
    /// the two levels is the leaf level, where people belong to communities in part.
    pub fn same_above(&self, level: usize) -> Vec<Option<u32>> {
        let own = &self.levels[level];
        if level == 0 || level == self.leaf || level == self.leaf + 1 {
            return vec![None; own.communities as usize];
        }
        let mut parts = vec![0u32; self.levels[level - 1].communities as usize];
        own.parents.iter().for_each(|&parent| parts[parent as usize] += 1);
        let is_whole = |&parent: &u32| parts[parent as usize] == 1;
        own.parents.iter().map(|&parent| Some(parent).filter(is_whole)).collect()
    }
}
