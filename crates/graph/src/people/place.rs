//! One community's part of the graph, and the walk in it.

use super::PeopleInput;
use crate::communities::{Groups, Level, NO_COMMUNITY};
use crate::rank::RankSettings;
use crate::trust::UNKNOWN;

/// Who is where on one level.
pub(super) struct Place<'a> {
    level: &'a Level,
    is_leaf: bool,
    groups: Groups,
    /// Position of each person among the members of its community.
    seats: Vec<u32>,
}

/// The walk of one community.
pub(super) struct Inside {
    /// a_u beside the members.
    pub(super) standings: Vec<f64>,
    /// Mean trust of the members.
    pub(super) trust: f64,
    /// Whether any member is trusted more than a stranger.
    pub(super) trusted: bool,
}

impl<'a> Place<'a> {
    pub(super) fn new(input: &PeopleInput<'a>, level: usize) -> Place<'a> {
        let is_leaf = level == input.hierarchy.leaf;
        let level = &input.hierarchy.levels[level];
        let groups = Groups::new(&level.community_of, level.communities as usize);
        let mut seats = vec![0; level.community_of.len()];
        for group in 0..groups.len() {
            for (seat, &member) in groups.of(group).iter().enumerate() {
                seats[member as usize] = seat as u32;
            }
        }
        Place { level, is_leaf, groups, seats }
    }

    pub(super) fn communities(&self) -> usize {
        self.groups.len()
    }

    /// Members, ascending.
    pub(super) fn members(&self, community: usize) -> &[u32] {
        self.groups.of(community)
    }

    /// Position of a person among the members, if it is one.
    pub(super) fn seat(&self, community: usize, person: u32) -> Option<usize> {
        let own = self.level.community_of[person as usize];
        (own != NO_COMMUNITY && own as usize == community)
            .then(|| self.seats[person as usize] as usize)
    }

    /// Walks to the tolerance, relative to the mass that stays.
    pub(super) fn walk(
        &self,
        input: &PeopleInput<'_>,
        community: usize,
        settings: &RankSettings,
    ) -> Inside {
        let members = self.members(community);
        let arcs = self.inner_arcs(input, community);
        let (restart, trusted) = self.restart(input, community);
        let mut standings = restart.clone();
        for _ in 0..settings.iterations_max {
            let mut next: Vec<f64> = restart.iter().map(|t| (1.0 - settings.damping) * t).collect();
            for (from, to, share) in &arcs {
                next[*to as usize] += settings.damping * standings[*from as usize] * share;
            }
            let change: f64 = next.iter().zip(&standings).map(|(a, b)| (a - b).abs()).sum();
            standings = next;
            if change < settings.tolerance * standings.iter().sum::<f64>() {
                break;
            }
        }
        let trust = members.iter().map(|&member| f64::from(input.trust.values[member as usize]));
        let trust = trust.sum::<f64>() / members.len().max(1) as f64;
        Inside { standings, trust, trusted }
    }

    /// Arcs between members as (seat, seat, share of the source's attention).
    fn inner_arcs(&self, input: &PeopleInput<'_>, community: usize) -> Vec<(u32, u32, f64)> {
        let mut arcs = Vec::new();
        for (seat, &member) in self.members(community).iter().enumerate() {
            let strength = input.attention.arcs.strength(member);
            for (target, weight) in input.attention.arcs.arcs_of(member) {
                if let Some(to) = self.seat(community, target) {
                    arcs.push((seat as u32, to as u32, f64::from(weight) / strength));
                }
            }
        }
        arcs
    }

    /// Where the walk restarts: members by trust beyond a stranger's and by belonging; all alike if
    /// nobody is trusted.
    fn restart(&self, input: &PeopleInput<'_>, community: usize) -> (Vec<f64>, bool) {
        let members = self.members(community);
        let shares: Vec<f64> = members
            .iter()
            .map(|&member| {
                let known = f64::from((input.trust.values[member as usize] - UNKNOWN).max(0.0));
                known * self.belonging(input, community, member)
            })
            .collect();
        let sum: f64 = shares.iter().sum();
        match sum > 0.0 {
            true => (shares.iter().map(|share| share / sum).collect(), true),
            false => (vec![1.0 / members.len().max(1) as f64; members.len()], false),
        }
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
