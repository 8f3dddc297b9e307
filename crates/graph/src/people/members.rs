//! The members of each community of one level, and where the walk of a community restarts: at
//! members, by trust beyond a stranger's, on the leaf level times their share in it. Time and memory
//! O(n).

use model::index::PersonIndex;

use super::input::PeopleInput;
use crate::communities::GroupMembers;
use crate::trust::STRANGER_TRUST;

/// The members of each community of one level.
pub(super) struct LevelMembers {
    is_leaf: bool,
    groups: GroupMembers,
    /// The position of each person among all members, community after community; `u32::MAX` outside.
    positions: Vec<u32>,
}

/// The members of one community, ascending. A member's position in the list is its member index.
#[derive(Clone, Copy)]
pub(super) struct MemberList<'a> {
    pub(super) people: &'a [u32],
    /// Position of the first member among those of all communities.
    first: u32,
    positions: &'a [u32],
}

/// Where the walk of a community restarts.
pub(super) struct WalkRestart {
    /// By member index; sums to 1.
    pub(super) shares: Vec<f64>,
    /// Mean trust of the members.
    pub(super) trust: f64,
    /// Whether any member is trusted more than a stranger.
    pub(super) trusted: bool,
}

impl LevelMembers {
    pub(super) fn new(input: &PeopleInput<'_>, level: usize) -> LevelMembers {
        let is_leaf = level == input.hierarchy.leaf;
        let level = &input.hierarchy.levels[level];
        let groups = GroupMembers::from_numbers(level.iter_numbers(), level.communities as usize);
        let mut positions = vec![u32::MAX; level.community_of.len()];
        for (&member, position) in groups.in_order().iter().zip(0..) {
            positions[member as usize] = position;
        }
        LevelMembers { is_leaf, groups, positions }
    }

    pub(super) fn members(&self, community: usize) -> MemberList<'_> {
        let people = self.groups.of(community);
        let first = people.first().map_or(0, |&first| self.positions[first as usize]);
        MemberList { people, first, positions: &self.positions }
    }

    /// The walk restarts at members by trust beyond a stranger's and by membership share; at all
    /// equally if none is trusted.
    pub(super) fn restart(&self, input: &PeopleInput<'_>, community: usize) -> WalkRestart {
        let members = self.groups.of(community);
        let count = members.len().max(1) as f64;
        let trust = |member: u32| input.trust.values.raw[member as usize];
        let shares: Vec<f64> = members
            .iter()
            .map(|&member| {
                let beyond = f64::from((trust(member) - STRANGER_TRUST).max(0.0));
                beyond * self.membership_share(input, community, member)
            })
            .collect();
        let sum: f64 = shares.iter().sum();
        let trusted = sum > 0.0;
        let shares = match trusted {
            true => shares.iter().map(|share| share / sum).collect(),
            false => vec![1.0 / count; members.len()],
        };
        let trust = members.iter().map(|&member| f64::from(trust(member))).sum::<f64>() / count;
        WalkRestart { shares, trust, trusted }
    }

    /// Share of a member's ties that are with the community; 1 on other levels than the leaf level,
    /// where it is not computed.
    fn membership_share(&self, input: &PeopleInput<'_>, community: usize, member: u32) -> f64 {
        if !self.is_leaf {
            return 1.0;
        }
        let mut memberships = input.hierarchy.overlap.of(PersonIndex::new(member));
        let own = memberships.find(|own| own.community.index() == community);
        own.map_or(1.0, |own| f64::from(own.share))
    }
}

impl MemberList<'_> {
    pub(super) fn len(&self) -> usize {
        self.people.len()
    }

    /// The member index of a person; for people who are not members, one more than the last.
    #[inline]
    pub(super) fn index_of(&self, person: u32) -> u32 {
        self.positions[person as usize].wrapping_sub(self.first).min(self.people.len() as u32)
    }
}
