//! Terms and evidence of global shares.

use std::collections::{BTreeMap, BTreeSet};

use model::index::PersonIndex;

use super::cover::{EvidenceCover, ShareEvidence, ShareTerm, SourceTerm};
use super::terms::{SourceMass, terms_of};
use crate::csr::Csr;
use crate::rank::GlobalRank;
use crate::trust::Trust;

/// Global shares and what they are made of.
#[derive(Debug, Clone, Copy)]
pub struct GlobalShares<'a> {
    /// The attention between people.
    pub arcs: &'a Csr,
    /// The shares.
    pub global: &'a GlobalRank,
    /// The trust whose prior is the restart.
    pub trust: &'a Trust,
    /// α.
    pub damping: f64,
}

/// Every term of some people's global shares except the restart's, unsorted. Time O(arcs).
pub fn global_terms(
    arcs: &Csr,
    global: &GlobalRank,
    damping: f64,
    people: &BTreeSet<PersonIndex>,
) -> BTreeMap<PersonIndex, Vec<ShareTerm>> {
    let shares = global.shares.iter_enumerated();
    let masses = shares.map(|(person, &mass)| SourceMass { person, mass });
    terms_of(arcs, masses, damping, people)
}

/// Evidence for the global shares of some people, by number. The terms come from the final shares,
/// so they add up to the share within the walk's tolerance. Time O(arcs).
pub fn global_evidence(
    shares: &GlobalShares<'_>,
    people: &BTreeSet<PersonIndex>,
    cover: EvidenceCover,
) -> Vec<ShareEvidence> {
    let &GlobalShares { arcs, global, trust, damping } = shares;
    let mut terms_of = global_terms(arcs, global, damping, people);
    // The mass of people who attend to no one goes to the prior.
    let shares = global.shares.iter_enumerated();
    let idle = shares.filter(|(person, _)| arcs.degree(person.number()) == 0);
    let idle: f64 = idle.map(|(_, &share)| f64::from(share)).sum();
    let restart = 1.0 - damping + damping * idle;
    let evidence = |&person: &PersonIndex| {
        let found = terms_of.remove(&person).unwrap_or_default();
        let term = |(one, source): (&ShareTerm, u32)| SourceTerm {
            part: one.part,
            source,
            weight: one.weight,
        };
        let mut terms: Vec<SourceTerm> = found.iter().zip(0..).map(term).collect();
        let restart = restart * f64::from(trust.prior[person]);
        let covered = cover.split(&mut terms, restart);
        covered.evidence(person, restart, |term| found[term.source as usize])
    };
    people.iter().map(evidence).collect()
}
