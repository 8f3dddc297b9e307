//! People whom the backbone left out, such as a celebrity who attends to nobody: each belongs where
//! most of its attention comes from. People without any arc belong nowhere. Time O(edges).

use super::NO_COMMUNITY;
use super::network::Sums;
use crate::csr::Ties;

/// Spreads dense communities of the backbone's people, `NO_COMMUNITY` for others, over everybody:
/// for each person the one whose community it shares on every level, itself if it has one.
pub(crate) fn homes(ties: Ties<'_>, community_of: &[u32], count: usize) -> Vec<u32> {
    let mut sums = Sums::new(count);
    (0..ties.nodes() as u32)
        .map(|person| match community_of[person as usize] {
            NO_COMMUNITY => home(ties, community_of, &mut sums, person),
            _ => person,
        })
        .collect()
}

fn home(ties: Ties<'_>, community_of: &[u32], sums: &mut Sums, person: u32) -> u32 {
    ties.each(person, |other, to, from| {
        if community_of[other as usize] != NO_COMMUNITY {
            sums.add(community_of[other as usize], f64::from(to + from));
        }
    });
    let mut best = (0.0, NO_COMMUNITY);
    sums.drain(|community, weight| {
        if weight > best.0 || (weight == best.0 && community < best.1) {
            best = (weight, community);
        }
    });
    let mut home = NO_COMMUNITY;
    ties.each(person, |other, _, _| {
        if community_of[other as usize] == best.1 {
            home = home.min(other);
        }
    });
    home
}
