//! From the outside in: what a community contains is turned towards what it attends to, and everything
//! gets its place in the world.

use model::index::CommunityIndex;
use rayon::prelude::*;

use super::inside::{Inside, InsideOut};
use super::place::{People, Whereabouts};
use super::point::{Point, Turn, TurnFinder};
use crate::communities::{Hierarchy, NO_COMMUNITY};
use crate::csr::Csr;

/// The middles of the communities of each level and of all people, around that of the world.
pub(super) struct Middles {
    pub(super) regions: Vec<Vec<Point>>,
    pub(super) people: Vec<Point>,
}

/// Turns every community's inside, the coarsest first.
pub(super) struct Turning<'a> {
    pub(super) hierarchy: &'a Hierarchy,
    pub(super) arcs: &'a Csr,
    pub(super) relations: &'a [Csr],
    pub(super) people: &'a People,
    pub(super) inside_out: &'a InsideOut,
}

impl Turning<'_> {
    /// Places everything.
    pub(super) fn middles(&self) -> Middles {
        let mut people = vec![Point::ORIGIN; self.people.radii.len()];
        let world = &self.inside_out.world;
        put(&mut people, &self.people.outside, world.ring.iter().copied());
        let mut regions = vec![world.parts.clone()];
        for level in 0..self.hierarchy.levels.len() {
            let middles = &regions[level];
            let turns: Vec<Turn> = (0..middles.len() as u32)
                .into_par_iter()
                .map(|community| self.turn(level, community, middles))
                .collect();
            let insides = &self.inside_out.levels[level];
            let mut below = vec![Point::ORIGIN; self.parts_below(level)];
            for (community, inside) in insides.iter().enumerate() {
                let place = |&at: &Point| middles[community] + turns[community].of(at);
                let parts = inside.parts.iter().map(place);
                match level + 1 == self.hierarchy.levels.len() {
                    true => put(&mut people, self.people.members.of(community), parts),
                    false => put(&mut below, self.inside_out.parts[level].of(community), parts),
                }
                let aside = self.people.aside(Whereabouts { level, community: community as u32 });
                put(&mut people, aside, inside.ring.iter().map(place));
            }
            if level + 1 < self.hierarchy.levels.len() {
                regions.push(below);
            }
        }
        if self.hierarchy.levels.is_empty() {
            regions.clear();
        }
        Middles { regions, people }
    }

    fn parts_below(&self, level: usize) -> usize {
        self.hierarchy.levels.get(level + 1).map_or(0, |below| below.communities as usize)
    }

    /// The turn of one community's inside; none where that has kept its direction from the run before.
    fn turn(&self, level: usize, community: u32, middles: &[Point]) -> Turn {
        let inside = &self.inside_out.levels[level][community as usize];
        if inside.keeps_direction {
            return Turn::NONE;
        }
        let own = middles[community as usize];
        let way = |other: u32| (middles[other as usize] - own).unit();
        if level + 1 == self.hierarchy.levels.len() {
            let home_of = &self.people.home_of;
            let members = self.people.members.of(community as usize);
            best_turn(inside, members, self.arcs, |other| {
                let home = home_of[other as usize];
                (home != community && home != NO_COMMUNITY).then(|| way(home))
            })
        } else {
            let parents = &self.hierarchy.levels[level + 1].parents;
            let parts = self.inside_out.parts[level].of(community as usize);
            best_turn(inside, parts, &self.relations[level + 1], |other| {
                let parent = parents[CommunityIndex::new(other)].number();
                (parent != community).then(|| way(parent))
            })
        }
    }
}

/// The turn that brings each part nearest to where its arcs draw it, as far as they leave the community: `way` is the
/// direction of what is outside of it.
fn best_turn(
    inside: &Inside,
    parts: &[u32],
    arcs: &Csr,
    way: impl Fn(u32) -> Option<Point>,
) -> Turn {
    let mut finder = TurnFinder::default();
    for (&part, &at) in parts.iter().zip(&inside.parts) {
        let mut drawn = Point::ORIGIN;
        for (other, weight) in arcs.arcs_of(part) {
            if let Some(way) = way(other) {
                drawn += way * f64::from(weight);
            }
        }
        finder.add(at, drawn);
    }
    finder.best()
}

/// Puts the values of these items in their places.
fn put(all: &mut [Point], items: &[u32], points: impl Iterator<Item = Point>) {
    items.iter().zip(points).for_each(|(&item, point)| all[item as usize] = point);
}
