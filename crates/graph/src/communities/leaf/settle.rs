//! The last moves of single nodes.

use super::tuning::TUNING;
use crate::communities::groups::GroupMembers;
use crate::communities::leiden::{move_single_nodes, renumber};
use crate::communities::network::TieNetwork;
use crate::communities::sums::KeyedSums;
use crate::seed::RandomSeed;

/// For a leaf partition some of whose communities are parts: nodes at the edge of a part were compared
/// by the edges within the whole only, so single nodes move once more, by all edges.
pub(crate) fn move_once_more(
    network: &TieNetwork,
    community_of: Vec<u32>,
    seed: RandomSeed,
) -> Vec<u32> {
    let mut community_of = move_single_nodes(network, community_of, seed);
    dissolve_small(network, &mut community_of);
    community_of
}

/// Moves the nodes of communities below [`LeafTuning::members_min`](super::tuning::LeafTuning), such as
/// a celebrity whose audience is everywhere, to the neighbouring community to which they are tied most
/// beyond chance. Where there is none, as in a component of two, they stay.
pub(super) fn dissolve_small(network: &TieNetwork, community_of: &mut [u32]) {
    let count = renumber(community_of);
    let groups = GroupMembers::new(community_of, count);
    let mut volumes = vec![0.0; count];
    for (node, &community) in community_of.iter().enumerate() {
        volumes[community as usize] += network.volumes[node];
    }
    let mut sums = KeyedSums::new(count);
    let is_small = |community: u32| groups.of(community as usize).len() < TUNING.members_min;
    let nodes: Vec<u32> = (0..count as u32)
        .filter(|&community| is_small(community))
        .flat_map(|community| groups.of(community as usize).iter().copied())
        .collect();
    // Twice, so that a node whose only neighbours are among these follows them.
    for node in nodes.iter().chain(&nodes).map(|&node| node as usize) {
        for (to, weight) in network.edges(node) {
            sums.add(community_of[to as usize], weight);
        }
        let (mut best, mut best_surplus) = (community_of[node], f64::NEG_INFINITY);
        sums.drain(|community, weight| {
            let chance = network.volumes[node] * volumes[community as usize] / network.total;
            if !is_small(community) && weight - chance > best_surplus {
                (best, best_surplus) = (community, weight - chance);
            }
        });
        community_of[node] = best;
    }
    renumber(community_of);
}
