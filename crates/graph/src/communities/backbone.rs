//! The arcs that communities are made of: mutual ones, and each person's strongest.
//!
//! A one-sided arc to somebody whom everybody attends to says little about where a person belongs,
//! so of equally strong arcs those to the least attended are kept. Edge weight is w_uv + w_vu.
//! Time O(m log degree), memory 8 B/arc. Source: k-nearest-neighbour graphs; the choice is ours.

use std::cmp::Reverse;

use rayon::prelude::*;

use super::network::Network;
use crate::csr::{Csr, Ties};

/// Who keeps which arcs.
#[derive(Debug)]
pub(crate) struct Backbone<'a> {
    ties: Ties<'a>,
    strongest: usize,
    /// The last one-sided arc that each person keeps.
    cuts: Vec<Key>,
}

impl<'a> Backbone<'a> {
    /// The backbone with at most `strongest` one-sided arcs out of each person.
    pub(crate) fn new(ties: Ties<'a>, strongest: usize) -> Backbone<'a> {
        let cuts = (0..ties.nodes() as u32)
            .into_par_iter()
            .with_min_len(256)
            .map(|person| cut(ties, person, strongest))
            .collect();
        Backbone { ties, strongest, cuts }
    }

    /// Tells each neighbour of a person, ascending, with the weight of the edge.
    #[inline]
    fn each(&self, person: u32, mut tell: impl FnMut(u32, f32)) {
        let keeps = |source: u32, target: u32, weight: f32| {
            let last = self.cuts[source as usize];
            last == ALL || key(self.ties, target, weight) <= last
        };
        self.ties.each(person, |other, to, from| {
            let kept = match (to > 0.0, from > 0.0) {
                (true, false) => keeps(person, other, to),
                (false, true) => keeps(other, person, from),
                _ => true,
            };
            if kept {
                tell(other, to + from);
            }
        });
    }

    /// People who have an edge, ascending.
    pub(crate) fn people(&self) -> Vec<u32> {
        let has = |&person: &u32| {
            let mut any = self.strongest > 0 && self.ties.arcs.degree(person) > 0;
            if !any {
                self.each(person, |_, _| any = true);
            }
            any
        };
        (0..self.ties.nodes() as u32).filter(has).collect()
    }

    /// The graph of these people, in this order; whoever is left out must have no edge.
    pub(crate) fn network(&self, people: &[u32]) -> Network {
        let mut places = vec![0; self.ties.nodes()];
        for (place, &person) in people.iter().enumerate() {
            places[person as usize] = place as u32;
        }
        let rows = Csr::from_each(people.len(), true, |node, rows| {
            self.each(people[node as usize], |other, weight| {
                rows.push(places[other as usize], weight);
            });
        });
        Network::from_symmetric(rows)
    }
}

/// Orders arcs by falling weight, then by rising attention received, then by number.
type Key = (Reverse<u32>, u32, u32);

/// Not before any arc.
const ALL: Key = (Reverse(0), u32::MAX, u32::MAX);

/// Before every arc.
const NONE: Key = (Reverse(u32::MAX), 0, 0);

#[inline]
fn key(ties: Ties<'_>, target: u32, weight: f32) -> Key {
    // Positive floats order like their bits.
    (Reverse(weight.to_bits()), ties.transposed.degree(target) as u32, target)
}

/// The last one-sided arc of `person` that is kept.
fn cut(ties: Ties<'_>, person: u32, strongest: usize) -> Key {
    if ties.arcs.degree(person) <= strongest {
        return ALL;
    }
    let mut one_sided: Vec<Key> = Vec::new();
    ties.each(person, |target, to, from| {
        if to > 0.0 && from == 0.0 {
            one_sided.push(key(ties, target, to));
        }
    });
    match one_sided.len() {
        _ if strongest == 0 => NONE,
        few if few <= strongest => ALL,
        _ => *one_sided.select_nth_unstable(strongest - 1).1,
    }
}
