//! The previous run's communities over this run's nodes.

use model::index::CommunityIndex;

use super::groups::GroupMembers;
use super::hierarchy::{Hierarchy, Level, NO_COMMUNITY};
use super::leaf::PreviousLeaf;
use super::resolutions::{LevelPartition, PreviousLevels};

/// People by their previous community, those without one at the end.
pub(super) fn order_by_previous(previous: &Hierarchy, people: Vec<u32>) -> Vec<u32> {
    let level = previous.leaf_level();
    let own = people
        .iter()
        .map(|&person| level.community(person).map_or(level.communities, CommunityIndex::number));
    let groups = GroupMembers::new(&own.collect::<Vec<u32>>(), level.communities as usize + 1);
    groups.in_order().iter().map(|&node| people[node as usize]).collect()
}

/// The previous leaf level: new people and people without a community are alone.
pub(super) fn previous_leaf(previous: &Hierarchy, people: &[u32]) -> PreviousLeaf {
    let level = previous.leaf_level();
    let new = people.iter().zip(level.communities..);
    let community_of =
        new.map(|(&person, new)| level.community(person).map_or(new, CommunityIndex::number));
    PreviousLeaf {
        community_of: community_of.collect(),
        fewest: previous.fewest,
        insides: previous.insides.raw.clone(),
    }
}

/// All previous levels.
pub(super) fn previous_levels(previous: &Hierarchy, people: &[u32]) -> PreviousLevels {
    let partition = |level: &Level| {
        let own = people
            .iter()
            .map(|&person| level.community(person).map_or(NO_COMMUNITY, CommunityIndex::number));
        LevelPartition {
            resolution: level.resolution,
            community_of: own.collect(),
            count: level.communities as usize,
        }
    };
    PreviousLevels {
        partitions: previous.levels.iter().map(partition).collect(),
        leaf: previous.leaf,
    }
}
