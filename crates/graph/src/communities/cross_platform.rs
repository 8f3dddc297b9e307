//! The halves of one community on two platforms.
//!
//! People who share no platform cannot attend to each other, so that a community with people on two
//! platforms looks like two. The people who are on both platforms show whether they are one: where
//! those of one half give their attention on the other platform to the other half as its own people
//! do, and the reverse, the two are joined. For halves P (mostly on p) and Q (mostly on q):
//!
//! `reach(P → Q) = w(people of P on p and others → people of Q on q only) / w(… → q only)`
//! against `own(Q)`, the same share for the people of Q that are on q only.
//!
//! P and Q join if each is the other's best reach, and each reach is at least half of the other's
//! own. People on one platform only change nothing. Time O(arcs), memory O(pairs of halves).

use std::collections::BTreeMap;

use petgraph::unionfind::UnionFind;

use super::leiden::renumber;
use super::network::TieNetwork;

/// A reach of at least this part of the other half's own joins the two.
const REACH_MIN: f64 = 0.5;

/// At least this number of people of a half must be on the other platform: one person joins nothing.
const TRAVELLERS_MIN: u32 = 3;

/// In place of a platform's number: on several of them.
const SEVERAL: u8 = 0;

/// Attention of some people to the people of one platform, by community.
#[derive(Debug, Default)]
struct PlatformFlow {
    to: BTreeMap<u32, f64>,
    total: f64,
    /// Number of the people.
    people: u32,
}

/// The people of a community who are on a platform only (`own`), or also elsewhere, and attend to
/// people of that platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct FlowKey {
    community: u32,
    platform: u8,
    own: bool,
}

/// Communities by the platforms of their people.
struct CommunityHalves {
    flows: BTreeMap<FlowKey, PlatformFlow>,
    /// The platform on which most of each community's single-platform people are.
    mains: Vec<Option<u8>>,
}

/// Joins the halves in a dense partition. `platform_of` has the number of the only platform of each
/// node, or [`SEVERAL`].
pub(super) fn join(network: &TieNetwork, platform_of: &[u8], community_of: &mut [u32]) {
    if platform_of.iter().all(|&platform| platform == platform_of[0]) {
        return;
    }
    let count = renumber(community_of);
    let halves = CommunityHalves {
        flows: flows(network, platform_of, community_of),
        mains: main_platforms(platform_of, community_of, count),
    };
    let mut joined = UnionFind::<u32>::new(count);
    for half in 0..count as u32 {
        for other in halves.partners(half) {
            if other > half && halves.partners(other).contains(&half) {
                joined.union(half, other);
            }
        }
    }
    community_of.iter_mut().for_each(|community| *community = joined.find(*community));
    renumber(community_of);
}

fn flows(
    network: &TieNetwork,
    platform_of: &[u8],
    community_of: &[u32],
) -> BTreeMap<FlowKey, PlatformFlow> {
    let mut flows: BTreeMap<FlowKey, PlatformFlow> = BTreeMap::new();
    // The last node that was seen to attend to people of each platform.
    let mut last = [None; 1 << u8::BITS];
    for node in 0..network.nodes() {
        let own = platform_of[node] != SEVERAL;
        for (to, weight) in network.edges(node) {
            let platform = platform_of[to as usize];
            if platform == SEVERAL {
                continue;
            }
            let key = FlowKey { community: community_of[node], platform, own };
            let flow = flows.entry(key).or_default();
            *flow.to.entry(community_of[to as usize]).or_insert(0.0) += weight;
            flow.total += weight;
            let before = last[usize::from(platform)].replace(node);
            flow.people += u32::from(before != Some(node));
        }
    }
    flows
}

fn main_platforms(platform_of: &[u8], community_of: &[u32], count: usize) -> Vec<Option<u8>> {
    let mut people: Vec<BTreeMap<u8, u32>> = vec![BTreeMap::new(); count];
    for (&platform, &community) in platform_of.iter().zip(community_of) {
        if platform != SEVERAL {
            *people[community as usize].entry(platform).or_insert(0) += 1;
        }
    }
    let main = |counts: &BTreeMap<u8, u32>| {
        let most = counts.iter().max_by_key(|(platform, count)| (**count, u8::MAX - **platform));
        most.map(|(platform, _)| *platform)
    };
    people.iter().map(main).collect()
}

impl CommunityHalves {
    /// The communities on other platforms, at most one on each, that a half reaches as well as their
    /// own people do.
    fn partners(&self, half: u32) -> Vec<u32> {
        let first = FlowKey { community: half, platform: 0, own: false };
        let last = FlowKey { community: half, platform: u8::MAX, own: true };
        let elsewhere = self
            .flows
            .range(first..=last)
            .filter(|(key, _)| !key.own && Some(key.platform) != self.mains[half as usize]);
        elsewhere.filter_map(|(key, flow)| self.best_reach(flow, key.platform)).collect()
    }

    fn best_reach(&self, flow: &PlatformFlow, platform: u8) -> Option<u32> {
        let on_platform =
            flow.to.iter().filter(|(other, _)| self.mains[**other as usize] == Some(platform));
        let best = on_platform.max_by(|(a, to_a), (b, to_b)| to_a.total_cmp(to_b).then(b.cmp(a)));
        let (&other, &reached) = best.filter(|_| flow.people >= TRAVELLERS_MIN)?;
        let home = self.flows.get(&FlowKey { community: other, platform, own: true })?;
        let own = home.to.get(&other).copied().unwrap_or(0.0) / home.total;
        (reached / flow.total >= REACH_MIN * own).then_some(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csr::{ArcList, Csr};

    /// Cliques of 8 people, two for each community: its halves on the two platforms of a pair. If `linked`,
    /// four people of each half are also in the other half of their community.
    fn world(pairs: &[[u8; 2]], linked: bool) -> (TieNetwork, Vec<u8>, Vec<u32>) {
        let (mut sources, mut targets) = (Vec::new(), Vec::new());
        let mut arc = |a: u32, b: u32| {
            sources.extend([a, b]);
            targets.extend([b, a]);
        };
        let people = 16 * pairs.len() as u32;
        let mut platform_of: Vec<u8> = pairs.iter().flatten().flat_map(|&on| [on; 8]).collect();
        for half in 0..people / 8 {
            for (a, b) in (0..8).flat_map(|a| (a + 1..8).map(move |b| (a, b))) {
                arc(half * 8 + a, half * 8 + b);
            }
            for traveller in (0..4).filter(|_| linked) {
                platform_of[(half * 8 + traveller) as usize] = SEVERAL;
                (4..8).for_each(|other| arc(half * 8 + traveller, (half ^ 1) * 8 + other));
            }
        }
        let list = ArcList { sources: &sources, targets: &targets, weights: None };
        let csr = Csr::from_arcs(people as usize, list).unwrap().csr;
        (TieNetwork::from_symmetric(csr), platform_of, (0..people).map(|node| node / 8).collect())
    }

    #[test]
    fn the_halves_of_a_community_join_where_people_are_on_both_platforms() {
        let (network, platform_of, mut community_of) = world(&[[1, 2], [1, 2]], true);
        join(&network, &platform_of, &mut community_of);
        let wanted: Vec<u32> = (0..32).map(|node| node / 16).collect();
        assert_eq!(community_of, wanted);
    }

    #[test]
    fn any_two_platforms_are_two() {
        let platforms = [1, 2, 17, 18, 19, 200, 255];
        let all = platforms.iter().flat_map(|&a| platforms.map(|b| [a, b]));
        let pairs: Vec<[u8; 2]> = all.filter(|[a, b]| a < b).collect();
        for linked in [true, false] {
            let (network, platform_of, mut community_of) = world(&pairs, linked);
            join(&network, &platform_of, &mut community_of);
            let half = if linked { 16 } else { 8 };
            let wanted: Vec<u32> = (0..community_of.len() as u32).map(|n| n / half).collect();
            assert_eq!(community_of, wanted, "linked: {linked}");
        }
    }

    #[test]
    fn communities_without_travellers_stay_apart() {
        let (network, platform_of, mut community_of) = world(&[[1, 2], [1, 2]], false);
        let before = community_of.clone();
        join(&network, &platform_of, &mut community_of);
        assert_eq!(community_of, before);
    }

    #[test]
    fn one_platform_changes_nothing() {
        let (network, _, mut community_of) = world(&[[1, 2], [1, 2]], true);
        let before = community_of.clone();
        join(&network, &[1; 32], &mut community_of);
        assert_eq!(community_of, before);
    }
}
