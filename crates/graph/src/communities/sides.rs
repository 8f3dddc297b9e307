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

/// Joins the sides in a dense partition. `platforms` has a bit for each platform of each node.
pub(super) fn join(network: &Network, platforms: &[u16], community_of: &mut [u32]) {
    if platforms.iter().all(|&mask| mask == platforms[0]) {
        return;
    }
    let count = renumber(community_of);
    let flows = flows(network, platforms, community_of);
    let mains = mains(platforms, community_of, count);
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

/// Flows by community and platform bit: of people who are also elsewhere, and (own) of those who
/// are there only.
type Flows = BTreeMap<(u32, u32, bool), Flow>;

fn flows(network: &Network, platforms: &[u16], community_of: &[u32]) -> Flows {
    let mut flows = Flows::new();
    for node in 0..network.nodes() {
        let own = platforms[node].count_ones() == 1;
        let mut seen = 0u16;
        for (to, weight) in network.edges(node) {
            let mask = platforms[to as usize];
            if mask.count_ones() != 1 {
                continue;
            }
            let key = (community_of[node], mask.trailing_zeros(), own);
            let flow = flows.entry(key).or_default();
            *flow.to.entry(community_of[to as usize]).or_insert(0.0) += weight;
            flow.total += weight;
            flow.people += u32::from(seen & mask == 0);
            seen |= mask;
        }
    }
    flows
}

/// The platform bit on which most of each community's single-platform people are.
fn mains(platforms: &[u16], community_of: &[u32], count: usize) -> Vec<Option<u32>> {
    let mut people: Vec<BTreeMap<u32, u32>> = vec![BTreeMap::new(); count];
    for (&mask, &community) in platforms.iter().zip(community_of) {
        if mask.count_ones() == 1 {
            *people[community as usize].entry(mask.trailing_zeros()).or_insert(0) += 1;
        }
    }
    let main = |counts: &BTreeMap<u32, u32>| {
        counts.iter().max_by_key(|(bit, count)| (**count, u32::MAX - **bit)).map(|(bit, _)| *bit)
    };
    people.iter().map(main).collect()
}

/// The communities on other platforms, at most one on each, that a side reaches as their own do.
fn partner(flows: &Flows, mains: &[Option<u32>], side: u32) -> Vec<u32> {
    let travelled = flows.range((side, 0, false)..=(side, u32::MAX, true));
    let abroad = travelled
        .filter(|((_, bit, own), _)| !own && Some(*bit) != mains[side as usize])
        .filter_map(|((_, bit, _), flow)| best_reach(flows, mains, flow, *bit));
    abroad.collect()
}

fn best_reach(flows: &Flows, mains: &[Option<u32>], flow: &Flow, bit: u32) -> Option<u32> {
    let there = flow.to.iter().filter(|(other, _)| mains[**other as usize] == Some(bit));
    let best = there.max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(a.0)));
    let (&other, &reached) = best.filter(|_| flow.people >= TRAVELLERS_MIN)?;
    let home = flows.get(&(other, bit, true))?;
    let own = home.to.get(&other).copied().unwrap_or(0.0) / home.total;
    (reached / flow.total >= REACH_MIN * own).then_some(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csr::{ArcList, Csr};

    /// Two communities of 8 on each of two platforms, cliques each; people 0 and 1 of every side
    /// also live in the other side of their own community, if `linked`.
    fn world(linked: bool) -> (Network, Vec<u16>, Vec<u32>) {
        let (mut sources, mut targets) = (Vec::new(), Vec::new());
        let mut arc = |a: u32, b: u32| {
            sources.extend([a, b]);
            targets.extend([b, a]);
        };
        for side in 0..4u32 {
            for (a, b) in (0..8).flat_map(|a| (a + 1..8).map(move |b| (a, b))) {
                arc(side * 8 + a, side * 8 + b);
            }
        }
        let mut platforms: Vec<u16> =
            (0..32).map(|node| if node / 8 % 2 == 0 { 1 } else { 2 }).collect();
        if linked {
            for side in 0..4u32 {
                for traveller in 0..4 {
                    platforms[(side * 8 + traveller) as usize] = 3;
                    (4..8).for_each(|other| arc(side * 8 + traveller, (side ^ 1) * 8 + other));
                }
            }
        }
        let list = ArcList { sources: &sources, targets: &targets, weights: None };
        let csr = Csr::from_arcs(32, list).unwrap().csr;
        (Network::from_symmetric(csr), platforms, (0..32).map(|node| node / 8).collect())
    }

    #[test]
    fn the_sides_of_a_community_join_where_people_live_on_both() {
        let (network, platforms, mut community_of) = world(true);
        join(&network, &platforms, &mut community_of);
        let wanted: Vec<u32> = (0..32).map(|node| node / 16).collect();
        assert_eq!(community_of, wanted);
    }

    #[test]
    fn communities_without_travellers_stay_apart() {
        let (network, platforms, mut community_of) = world(false);
        let before = community_of.clone();
        join(&network, &platforms, &mut community_of);
        assert_eq!(community_of, before);
    }

    #[test]
    fn one_platform_changes_nothing() {
        let (network, _, mut community_of) = world(true);
        let before = community_of.clone();
        join(&network, &[1; 32], &mut community_of);
        assert_eq!(community_of, before);
    }
}
