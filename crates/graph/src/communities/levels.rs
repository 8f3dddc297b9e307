//! Partitions of the backbone's people → levels of all people.

use model::index::{CommunityIndex, PersonIndex};
use typed_index_collections::{TiSlice, TiVec};

use super::groups::GroupMembers;
use super::hierarchy::{Level, NO_COMMUNITY, OptionalCommunity};
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
        let level = level(partition, &community_of, levels.last());
        levels.push(level);
    }
    levels
}

/// The level of a partition, numbered by falling size, then by first member; empty communities vanish.
fn level(partition: &LevelPartition, community_of: &[u32], above: Option<&Level>) -> Level {
    let count = partition.count;
    let groups = GroupMembers::new(community_of, count);
    let mut order: Vec<usize> = (0..count).filter(|&group| !groups.of(group).is_empty()).collect();
    order.sort_by_key(|&group| (std::cmp::Reverse(groups.of(group).len()), groups.of(group)[0]));
    let mut numbers = vec![NO_COMMUNITY; count];
    for (number, &group) in order.iter().enumerate() {
        numbers[group] = number as u32;
    }
    let number = |&group: &u32| numbers.get(group as usize).copied().unwrap_or(NO_COMMUNITY);
    let community_of = community_of.iter().map(number).map(OptionalCommunity::from_number);
    let community_of: TiVec<PersonIndex, OptionalCommunity> = community_of.collect();
    let communities = order.len() as u32;
    let parents = match above {
        Some(above) => parents(&community_of, communities, above),
        None => TiVec::new(),
    };
    Level { resolution: partition.resolution, community_of, communities, parents }
}

/// The community above of each community: that of any of its members.
fn parents(
    community_of: &TiSlice<PersonIndex, OptionalCommunity>,
    communities: u32,
    above: &Level,
) -> TiVec<CommunityIndex, CommunityIndex> {
    let mut parents = vec![CommunityIndex::new(NO_COMMUNITY); communities as usize];
    for (community, parent) in community_of.iter().zip(&above.community_of) {
        if let (Some(community), Some(parent)) = (community.get(), parent.get()) {
            parents[community.index()] = parent;
        }
    }
    parents.into()
}
