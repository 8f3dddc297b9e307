//! People whom the backbone left out, such as a celebrity who attends to nobody: each belongs where
//! most of its attention comes from. People without any arc belong nowhere. Time O(edges).

use super::NO_COMMUNITY;
use super::network::{Network, Sums};

/// Spreads dense communities of the backbone's people, `NO_COMMUNITY` for others, over everybody:
/// for each person the one whose community it shares on every level, itself if it has one.
pub(crate) fn homes(everyone: &Network, community_of: &[u32], count: usize) -> Vec<u32> {
    let mut sums = Sums::new(count);
    (0..everyone.nodes())
        .map(|person| match community_of[person] {
            NO_COMMUNITY => home(everyone, community_of, &mut sums, person),
            _ => person as u32,
        })
        .collect()
}

fn home(everyone: &Network, community_of: &[u32], sums: &mut Sums, person: usize) -> u32 {
    let known =
        || everyone.edges(person).filter(|&(to, _)| community_of[to as usize] != NO_COMMUNITY);
    for (to, weight) in known() {
        sums.add(community_of[to as usize], weight);
    }
    let mut best = (0.0, NO_COMMUNITY);
    sums.drain(|community, weight| {
        if weight > best.0 || (weight == best.0 && community < best.1) {
            best = (weight, community);
        }
    });
    let mut members = known().filter(|&(to, _)| community_of[to as usize] == best.1);
    members.next().map_or(NO_COMMUNITY, |(to, _)| to)
}
