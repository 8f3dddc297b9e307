//! People outside of the backbone, such as a celebrity who attends to no one: each belongs where most
//! of its attention comes from. People without any arc belong nowhere. Time O(edges).

use super::hierarchy::NO_COMMUNITY;
use super::sums::KeyedSums;
use crate::csr::TwoWayArcs;

/// The home of each person: a person of the backbone whose community it shares on every level, itself
/// if it is one. `community_of` has dense communities of the backbone's people, `NO_COMMUNITY` for
/// others.
pub(super) fn homes(arcs: TwoWayArcs<'_>, community_of: &[u32], count: usize) -> Vec<u32> {
    let mut sums = KeyedSums::new(count);
    (0..arcs.nodes() as u32)
        .map(|person| match community_of[person as usize] {
            NO_COMMUNITY => home(arcs, community_of, &mut sums, person),
            _ => person,
        })
        .collect()
}

fn home(arcs: TwoWayArcs<'_>, community_of: &[u32], sums: &mut KeyedSums, person: u32) -> u32 {
    arcs.for_each(person, |other, to, from| {
        if community_of[other as usize] != NO_COMMUNITY {
            sums.add(community_of[other as usize], f64::from(to + from));
        }
    });
    let (mut best, mut best_weight) = (NO_COMMUNITY, 0.0);
    sums.drain(|community, weight| {
        if weight > best_weight || (weight == best_weight && community < best) {
            (best, best_weight) = (community, weight);
        }
    });
    let mut home = NO_COMMUNITY;
    arcs.for_each(person, |other, _, _| {
        if community_of[other as usize] == best {
            home = home.min(other);
        }
    });
    home
}
