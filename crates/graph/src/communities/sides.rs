//! The sides of one community on several platforms.
//!
//! People who share no platform cannot attend to each other, so that a community which lives on
//! two platforms looks like two. Whoever is on both tells them apart: where those of one side give
//! their other platform's attention to the other side as that side's own people do, and the
//! reverse, the two are one. For sides P (mostly on p) and Q (mostly on q):
//!
//! `reach(P → Q) = w(people of P on p and others → people of Q on q only) / w(… → q only)`
//! against `own(Q)`, the same share for the people of Q that are on q only.
//!
//! P and Q join if each is the other's best reach, and each reach is at least half of the other's
//! own. People on one platform only change nothing. Time O(arcs), memory O(pairs of sides).

use std::collections::BTreeMap;

use super::leiden::renumber;
use super::network::Network;

/// A reach of at least this part of the other side's own joins the two.
const REACH_MIN: f64 = 0.5;

/// At least so many people must be on both sides' platforms: one traveller joins nothing.
const TRAVELLERS_MIN: u32 = 3;

/// Where the attention of some people to the people of one platform goes.
#[derive(Debug, Default)]
struct Flow {
    to: BTreeMap<u32, f64>,
    total: f64,
    people: u32,
}

/// In the place of a platform's number: on several of them.
const SEVERAL: u8 = 0;

/// Joins the sides in a dense partition. `platform_of` has the number of the only platform of each
/// node, or [`SEVERAL`].
pub(super) fn join(network: &Network, platform_of: &[u8], community_of: &mut [u32]) {
    if platform_of.iter().all(|&platform| platform == platform_of[0]) {
        return;
    }
    let count = renumber(community_of);
    let flows = flows(network, platform_of, community_of);
    let mains = mains(platform_of, community_of, count);
    let partner = |side: u32| partner(&flows, &mains, side);
    let mut into: Vec<u32> = (0..count as u32).collect();
    for side in 0..count as u32 {
        for other in partner(side) {
            if other > side && partner(other).contains(&side) {
                let (a, b) = (root(&into, side), root(&into, other));
                into[a.max(b) as usize] = a.min(b);
            }
        }
    }
    for community in community_of.iter_mut() {
        *community = root(&into, *community);
    }
    renumber(community_of);
}

fn root(into: &[u32], mut side: u32) -> u32 {
    while into[side as usize] != side {
        side = into[side as usize];
    }
    side
}

/// Flows by community and platform: of people who are also elsewhere, and (own) of those who are
/// there only.
type Flows = BTreeMap<(u32, u8, bool), Flow>;

fn flows(network: &Network, platform_of: &[u8], community_of: &[u32]) -> Flows {
    let mut flows = Flows::new();
    // The last node that was seen to attend to people of each platform.
    let mut last = [None; 1 << u8::BITS];
    for node in 0..network.nodes() {
        let own = platform_of[node] != SEVERAL;
        for (to, weight) in network.edges(node) {
            let platform = platform_of[to as usize];
            if platform == SEVERAL {
                continue;
            }
            let flow = flows.entry((community_of[node], platform, own)).or_default();
            *flow.to.entry(community_of[to as usize]).or_insert(0.0) += weight;
            flow.total += weight;
            let before = last[usize::from(platform)].replace(node);
            flow.people += u32::from(before != Some(node));
        }
    }
    flows
}

/// The platform on which most of each community's single-platform people are.
fn mains(platform_of: &[u8], community_of: &[u32], count: usize) -> Vec<Option<u8>> {
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

/// The communities on other platforms, at most one on each, that a side reaches as their own do.
fn partner(flows: &Flows, mains: &[Option<u8>], side: u32) -> Vec<u32> {
    let travelled = flows.range((side, 0, false)..=(side, u8::MAX, true));
    let abroad = travelled
        .filter(|((_, platform, own), _)| !own && Some(*platform) != mains[side as usize])
        .filter_map(|((_, platform, _), flow)| best_reach(flows, mains, flow, *platform));
    abroad.collect()
}

fn best_reach(flows: &Flows, mains: &[Option<u8>], flow: &Flow, platform: u8) -> Option<u32> {
    let there = flow.to.iter().filter(|(other, _)| mains[**other as usize] == Some(platform));
    let best = there.max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(a.0)));
    let (&other, &reached) = best.filter(|_| flow.people >= TRAVELLERS_MIN)?;
    let home = flows.get(&(other, platform, true))?;
    let own = home.to.get(&other).copied().unwrap_or(0.0) / home.total;
    (reached / flow.total >= REACH_MIN * own).then_some(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csr::{ArcList, Csr};

    /// Communities of one side on each of two platforms, cliques of 8 each, the sides of a community
    /// side by side; four people of every side also live in the other side of their own community, if
    /// `linked`.
    fn world(pairs: &[[u8; 2]], linked: bool) -> (Network, Vec<u8>, Vec<u32>) {
        let (mut sources, mut targets) = (Vec::new(), Vec::new());
        let mut arc = |a: u32, b: u32| {
            sources.extend([a, b]);
            targets.extend([b, a]);
        };
        let people = 16 * pairs.len() as u32;
        let mut platform_of: Vec<u8> = pairs.iter().flatten().flat_map(|&on| [on; 8]).collect();
        for side in 0..people / 8 {
            for (a, b) in (0..8).flat_map(|a| (a + 1..8).map(move |b| (a, b))) {
                arc(side * 8 + a, side * 8 + b);
            }
            for traveller in (0..4).filter(|_| linked) {
                platform_of[(side * 8 + traveller) as usize] = SEVERAL;
                (4..8).for_each(|other| arc(side * 8 + traveller, (side ^ 1) * 8 + other));
            }
        }
        let list = ArcList { sources: &sources, targets: &targets, weights: None };
        let csr = Csr::from_arcs(people as usize, list).unwrap().csr;
        (Network::from_symmetric(csr), platform_of, (0..people).map(|node| node / 8).collect())
    }

    #[test]
    fn the_sides_of_a_community_join_where_people_live_on_both() {
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
            let side = if linked { 16 } else { 8 };
            let wanted: Vec<u32> = (0..community_of.len() as u32).map(|n| n / side).collect();
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
