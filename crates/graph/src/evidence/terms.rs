//! All terms of the shares of some people.

use std::collections::{BTreeMap, BTreeSet};

use model::index::PersonIndex;

use super::cover::ShareTerm;
use crate::csr::Csr;

/// A person and the mass with which it passes attention on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SourceMass {
    /// The person.
    pub person: PersonIndex,
    /// Its mass.
    pub mass: f32,
}

/// Every term of the shares that some people have in one community, unsorted. `masses` and `flow` are
/// the community's. Time O(arcs that start in the community).
pub fn community_terms(
    arcs: &Csr,
    masses: impl Iterator<Item = SourceMass>,
    flow: f64,
    people: &BTreeSet<PersonIndex>,
) -> BTreeMap<PersonIndex, Vec<ShareTerm>> {
    terms_of(arcs, masses, 1.0 / flow, people)
}

pub(super) fn terms_of(
    arcs: &Csr,
    masses: impl Iterator<Item = SourceMass>,
    factor: f64,
    people: &BTreeSet<PersonIndex>,
) -> BTreeMap<PersonIndex, Vec<ShareTerm>> {
    let mut is_wanted = vec![false; arcs.nodes()];
    people.iter().for_each(|&person| is_wanted[person.index()] = true);
    let mut terms: BTreeMap<PersonIndex, Vec<ShareTerm>> = BTreeMap::new();
    for SourceMass { person, mass } in masses {
        let strength = arcs.strength(person.number());
        for (to, weight) in arcs.arcs_of(person.number()).filter(|&(to, _)| is_wanted[to as usize])
        {
            let part = f64::from(mass) * f64::from(weight) / strength * factor;
            let term = ShareTerm { person, mass, weight, strength, part };
            terms.entry(PersonIndex::new(to)).or_default().push(term);
        }
    }
    terms
}
