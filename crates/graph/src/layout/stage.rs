//! The stage: sizes from the inside out, then directions from the outside in.

use model::index::PersonIndex;
use model::map::MapDisc;
use rayon::prelude::*;

use super::arrange::{Arrangement, arranged, rearranged};
use super::input::{Layout, LayoutInput};
use super::inside::{Inside, InsideOut};
use super::known::Known;
use super::place::{People, Whereabouts};
use super::point::Point;
use super::relation::relations;
use super::ring::ring;
use super::ties::{TiedPair, Ties};
use super::turn::{Middles, Turning};
use crate::communities::GroupMembers;
use crate::csr::Csr;

/// Lays out people and communities.
pub fn layout_stage(input: LayoutInput<'_>) -> Layout {
    let people = People::new(&input);
    let relations = relations(input.hierarchy, input.arcs);
    let inside_out = Arranging { input, people: &people, relations: &relations }.inside_out();
    let turning = Turning {
        hierarchy: input.hierarchy,
        arcs: input.arcs,
        relations: &relations,
        people: &people,
        inside_out: &inside_out,
    };
    in_world(&turning.middles(), &people, &inside_out)
}

/// Everything in the measure of the world.
fn in_world(middles: &Middles, people: &People, inside_out: &InsideOut) -> Layout {
    let scale = inside_out.world.radius.recip();
    let disc = |middle: Point, radius: f64| MapDisc {
        x: (middle.x * scale) as f32,
        y: (middle.y * scale) as f32,
        radius: (radius * scale) as f32,
    };
    let radii = people.radii.iter().map(|&radius| f64::from(radius));
    let region = |(middles, insides): (&Vec<Point>, &Vec<Inside>)| {
        middles.iter().zip(insides).map(|(&middle, inside)| disc(middle, inside.radius)).collect()
    };
    Layout {
        unit: scale as f32,
        people: middles.people.iter().zip(radii).map(|(&at, radius)| disc(at, radius)).collect(),
        regions: middles.regions.iter().zip(&inside_out.levels).map(region).collect(),
    }
}

/// Arranges what communities contain.
struct Arranging<'a> {
    input: LayoutInput<'a>,
    people: &'a People,
    relations: &'a [Csr],
}

/// What is arranged: the parts of one community, with their radii and ties, and where they were.
struct Parts {
    radii: Vec<f64>,
    pairs: Vec<TiedPair>,
    were: Vec<Option<Point>>,
    /// How many people they have, and how many of these were on the map before.
    people: usize,
    known: usize,
}

impl Arranging<'_> {
    fn inside_out(&self) -> InsideOut {
        let levels = &self.input.hierarchy.levels;
        let parents = levels.iter().skip(1).zip(levels);
        let parts: Vec<GroupMembers> = parents
            .map(|(level, above)| {
                let parents = level.parents.iter().map(|parent| parent.number());
                GroupMembers::from_numbers(parents, above.communities as usize)
            })
            .collect();
        let mut insides: Vec<Vec<Inside>> = Vec::with_capacity(levels.len());
        for (at, level) in levels.iter().enumerate().rev() {
            let below = insides.last();
            let inside = |community: u32| match below {
                None => self.of_people(community),
                Some(below) => {
                    let aside = self.people.aside(Whereabouts { level: at, community });
                    let parts = parts[at].of(community as usize);
                    self.of_communities(at + 1, parts, below, aside)
                }
            };
            let found = (0..level.communities).into_par_iter().with_max_len(1).map(inside);
            let found = found.collect();
            insides.push(found);
        }
        let all: Vec<u32> =
            (0..levels.first().map_or(0, |coarsest| coarsest.communities)).collect();
        let coarsest = insides.last().map_or(&[][..], Vec::as_slice);
        let world = self.of_communities(0, &all, coarsest, &self.people.outside);
        insides.reverse();
        InsideOut { levels: insides, world, parts }
    }

    /// Arranges the people of a finest community.
    fn of_people(&self, community: u32) -> Inside {
        let people = self.people.members.of(community as usize);
        let was = |person: u32| self.was(person);
        let parts = Parts {
            radii: self.people.radii_of(people),
            pairs: self.ties_of_people(community, people),
            were: people.iter().map(|&person| was(person)).collect(),
            people: people.len(),
            known: people.iter().filter(|&&person| was(person).is_some()).count(),
        };
        let mut inside = self.arrange(&parts, &[]);
        for (&was, &at) in parts.were.iter().zip(&inside.parts) {
            if let Some(was) = was {
                inside.known.add_person(was, at);
            }
        }
        inside
    }

    /// Where a person was, in units of this layout.
    fn was(&self, person: u32) -> Option<Point> {
        let previous = self.input.previous?;
        let disc = (*previous.people.get(PersonIndex::new(person))?)?;
        let unit = f64::from(previous.unit).recip();
        Some(Point { x: f64::from(disc.x), y: f64::from(disc.y) } * unit)
    }

    fn ties_of_people(&self, community: u32, people: &[u32]) -> Vec<TiedPair> {
        let mut pairs = Vec::new();
        for (item, &person) in (0..).zip(people) {
            for (target, weight) in self.input.arcs.arcs_of(person) {
                if self.people.home_of[target as usize] == community {
                    let items = [item, self.people.members.member_index(target)];
                    pairs.push(TiedPair { items, weight });
                }
            }
        }
        pairs
    }

    /// Arranges communities of one level beside each other, and people in a ring around.
    fn of_communities(
        &self,
        level: usize,
        communities: &[u32],
        insides: &[Inside],
        aside: &[u32],
    ) -> Inside {
        let of = |&community: &u32| &insides[community as usize];
        let known = |inside: &Inside| inside.known.middle();
        let parts = Parts {
            radii: communities.iter().map(|community| of(community).radius).collect(),
            pairs: self.ties_of_communities(level, communities),
            were: communities.iter().map(|community| known(of(community))).collect(),
            people: communities.iter().map(|community| of(community).people).sum(),
            known: communities.iter().map(|community| of(community).known.people()).sum(),
        };
        let mut inside = self.arrange(&parts, aside);
        for (community, &at) in communities.iter().zip(&inside.parts) {
            inside.known.add_part(&of(community).known, at);
        }
        inside
    }

    fn ties_of_communities(&self, level: usize, communities: &[u32]) -> Vec<TiedPair> {
        let Some(relations) = self.relations.get(level) else { return Vec::new() };
        let mut pairs = Vec::new();
        for (item, &community) in (0u32..).zip(communities) {
            for (other, weight) in relations.arcs_of(community) {
                // Both are ascending, and each pair is in both rows.
                if let Ok(at) = communities.binary_search(&other)
                    && item < at as u32
                {
                    pairs.push(TiedPair { items: [item, at as u32], weight });
                }
            }
        }
        pairs
    }

    /// Arranges parts from where they were, if that is known of half of their people, else from nothing.
    fn arrange(&self, parts: &Parts, aside: &[u32]) -> Inside {
        let ties = Ties::new(parts.radii.len(), &parts.pairs);
        let keeps_direction = parts.known * 2 >= parts.people && parts.known > 0;
        let Arrangement { centres, radius } = match keeps_direction {
            true => rearranged(&ties, &parts.radii, &parts.were),
            false => arranged(&ties, &parts.radii),
        };
        let ring = ring(radius, aside.len(), self.people.largest(aside));
        Inside {
            parts: centres,
            ring: ring.centres,
            radius: ring.radius.max(1.0),
            keeps_direction,
            known: Known::default(),
            people: parts.people + aside.len(),
        }
    }
}
