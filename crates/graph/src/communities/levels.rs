//! Partitions of the backbone's people → levels of all people.

use super::groups::GroupMembers;
use super::hierarchy::{Level, NO_COMMUNITY};
use super::resolutions::LevelPartition;

/// Communities of the `kept` people among all `nodes`.
pub(super) fn spread(community_of: &[u32], kept: &[u32], nodes: usize) -> Vec<u32> {
    let mut spread = vec![NO_COMMUNITY; nodes];
    for (&person, &community) in kept.iter().zip(community_of) {
        spread[person as usize] = community;
    }
    spread
}

/// Levels of all people: each person is in the community of its home, a person of the backbone.
pub(super) fn levels(partitions: &[LevelPartition], kept: &[u32], homes: &[u32]) -> Vec<Level> {
    let mut levels: Vec<Level> = Vec::with_capacity(partitions.len());
    for partition in partitions {
        let own = spread(&partition.community_of, kept, homes.len());
        let of_home = |&home: &u32| own.get(home as usize).copied().unwrap_or(NO_COMMUNITY);
        let community_of: Vec<u32> = homes.iter().map(of_home).collect();
        let above = levels.last().map(|level| level.community_of.as_slice());
        levels.push(level(partition, &community_of, above));
    }
    levels
}

/// The level of a partition, numbered by falling size, then by first member; empty communities vanish.
fn level(partition: &LevelPartition, community_of: &[u32], above: Option<&[u32]>) -> Level {
    let count = partition.count;
    let groups = GroupMembers::new(community_of, count);
    let mut order: Vec<usize> = (0..count).filter(|&group| !groups.of(group).is_empty()).collect();
    order.sort_by_key(|&group| (std::cmp::Reverse(groups.of(group).len()), groups.of(group)[0]));
    let mut numbers = vec![NO_COMMUNITY; count];
    for (number, &group) in order.iter().enumerate() {
        numbers[group] = number as u32;
    }
    let number = |&group: &u32| numbers.get(group as usize).copied().unwrap_or(NO_COMMUNITY);
    let community_of: Vec<u32> = community_of.iter().map(number).collect();
    let parents = above.map_or_else(Vec::new, |above| parents(&community_of, order.len(), above));
    let communities = order.len() as u32;
    Level { resolution: partition.resolution, community_of, communities, parents }
}

fn parents(community_of: &[u32], communities: usize, above: &[u32]) -> Vec<u32> {
    let mut parents = vec![NO_COMMUNITY; communities];
    for (&community, &parent) in community_of.iter().zip(above) {
        if community != NO_COMMUNITY {
            parents[community as usize] = parent;
        }
    }
    parents
}
