//! Who is where on one level, and where the walk of a community restarts: at members, by trust beyond
//! a stranger's, on the leaf level times their share in it. Time and memory O(n).

use super::PeopleInput;
use crate::communities::Groups;
use crate::trust::UNKNOWN;

/// Who is where on one level.
pub(super) struct Place {
    is_leaf: bool,
    groups: Groups,
    /// The spot of each person among all members, community after community; `u32::MAX` outside.
    spots: Vec<u32>,
}

/// The members of one community, ascending. A member's place among them is its seat.
#[derive(Clone, Copy)]
pub(super) struct Members<'a> {
    pub(super) people: &'a [u32],
    /// Spot of the first.
    first: u32,
    spots: &'a [u32],
}

/// Where the walk of a community restarts.
pub(super) struct Restart {
    /// By seat; sums to 1.
    pub(super) shares: Vec<f64>,
    /// Mean trust of the members.
    pub(super) trust: f64,
    /// Whether any member is trusted more than a stranger.
    pub(super) trusted: bool,
}

impl Place {
    pub(super) fn new(input: &PeopleInput<'_>, level: usize) -> Place {
        let is_leaf = level == input.hierarchy.leaf;
        let level = &input.hierarchy.levels[level];
        let groups = Groups::new(&level.community_of, level.communities as usize);
        let mut spots = vec![u32::MAX; level.community_of.len()];
        for (&member, spot) in groups.in_order().iter().zip(0..) {
            spots[member as usize] = spot;
        }
        Place { is_leaf, groups, spots }
    }

    pub(super) fn members(&self, community: usize) -> Members<'_> {
        let people = self.groups.of(community);
        let first = people.first().map_or(0, |&first| self.spots[first as usize]);
        Members { people, first, spots: &self.spots }
    }

    /// The walk restarts at members by trust beyond a stranger's and by belonging; at all alike if
    /// nobody is trusted.
    pub(super) fn restart(&self, input: &PeopleInput<'_>, community: usize) -> Restart {
        let members = self.groups.of(community);
        let count = members.len().max(1) as f64;
        let trust = |member: u32| input.trust.values[member as usize];
        let shares: Vec<f64> = members
            .iter()
            .map(|&member| {
                let known = f64::from((trust(member) - UNKNOWN).max(0.0));
                known * self.belonging(input, community, member)
            })
            .collect();
        let sum: f64 = shares.iter().sum();
        let trusted = sum > 0.0;
        let shares = match trusted {
            true => shares.iter().map(|share| share / sum).collect(),
            false => vec![1.0 / count; members.len()],
        };
        let trust = members.iter().map(|&member| f64::from(trust(member))).sum::<f64>() / count;
        Restart { shares, trust, trusted }
    }

    /// Share of a member's ties that are with the community; known on the leaf level only.
    fn belonging(&self, input: &PeopleInput<'_>, community: usize, member: u32) -> f64 {
        if !self.is_leaf {
            return 1.0;
        }
        let own = input.hierarchy.overlap.of(member).find(|own| own.0 as usize == community);
        own.map_or(1.0, |own| f64::from(own.1))
    }
}

impl Members<'_> {
    pub(super) fn len(&self) -> usize {
        self.people.len()
    }

    /// The seat of a person; for all who are not members it is the one after the last.
    #[inline]
    pub(super) fn seat(&self, person: u32) -> u32 {
        self.spots[person as usize].wrapping_sub(self.first).min(self.people.len() as u32)
    }
}
