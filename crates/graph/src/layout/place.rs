//! The people of each community, and those in the ring around its parts.

use std::collections::BTreeMap;

use model::index::PersonIndex;

use super::home::HomeDepth;
use super::input::LayoutInput;
use crate::communities::{GroupMembers, NO_COMMUNITY};

/// The most that the area of a person is, relative to that of a person who gets the mean attention or less.
const AREA_MAX: f64 = 49.0;

/// A community of a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Whereabouts {
    pub(super) level: usize,
    pub(super) community: u32,
}

/// Where people are placed, and how large.
pub(super) struct People {
    /// The radius of each, 1 for the least.
    pub(super) radii: Vec<f32>,
    /// The finest community in which each is placed, or [`NO_COMMUNITY`].
    pub(super) home_of: Vec<u32>,
    /// The people of each finest community.
    pub(super) members: GroupMembers,
    /// The people who are placed in the ring around the parts of a coarser community.
    aside: BTreeMap<Whereabouts, Vec<u32>>,
    /// The people who are placed outside of all communities.
    pub(super) outside: Vec<u32>,
}

impl People {
    pub(super) fn new(input: &LayoutInput<'_>) -> People {
        let levels = &input.hierarchy.levels;
        let mut people = People {
            radii: radii(input),
            home_of: vec![NO_COMMUNITY; input.shares.len()],
            members: GroupMembers::new(&[], 0),
            aside: BTreeMap::new(),
            outside: Vec::new(),
        };
        for person in 0..input.shares.len() as u32 {
            let shown = input.depths.get(PersonIndex::new(person));
            let depth = shown.map_or(levels.len(), |&HomeDepth(depth)| depth.into());
            let at = depth.min(levels.len()).checked_sub(1);
            let community = at.and_then(|at| levels[at].community(person));
            match (at, community) {
                (Some(at), Some(community)) if at + 1 == levels.len() => {
                    people.home_of[person as usize] = community.number();
                }
                (Some(at), Some(community)) => {
                    let whereabouts = Whereabouts { level: at, community: community.number() };
                    people.aside.entry(whereabouts).or_default().push(person);
                }
                _ => people.outside.push(person),
            }
        }
        let finest = levels.last().map_or(0, |finest| finest.communities as usize);
        people.members = GroupMembers::new(&people.home_of, finest);
        people
    }

    /// The people in the ring of a community that has parts.
    pub(super) fn aside(&self, whereabouts: Whereabouts) -> &[u32] {
        self.aside.get(&whereabouts).map_or(&[], Vec::as_slice)
    }

    /// The radius of the largest of these people, at least 1.
    pub(super) fn largest(&self, people: &[u32]) -> f64 {
        let radii = people.iter().map(|&person| f64::from(self.radii[person as usize]));
        radii.fold(1.0, f64::max)
    }

    /// The radii of these people.
    pub(super) fn radii_of(&self, people: &[u32]) -> Vec<f64> {
        people.iter().map(|&person| f64::from(self.radii[person as usize])).collect()
    }
}

/// Areas grow with attention, from that of the mean on.
fn radii(input: &LayoutInput<'_>) -> Vec<f32> {
    let count = input.shares.len() as f64;
    let total: f64 = input.shares.iter().map(|&share| f64::from(share)).sum();
    let scale = if total > 0.0 { count / total } else { 0.0 };
    let radius = |&share: &f32| (f64::from(share) * scale).clamp(1.0, AREA_MAX).sqrt() as f32;
    input.shares.iter().map(radius).collect()
}
