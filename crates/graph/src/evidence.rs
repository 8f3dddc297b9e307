//! Who a score is made of, and why it changed.
//!
//! Attention in a community is `share_v = Σ_u standing_u · w_uv / W_u / flow`; an [`Evidence`] lists
//! the largest terms with all their factors, and the sum of the others, so that anybody can
//! recompute the share. It is made while a community is scored: [`crate::Ranked::evidence`]. Terms
//! apart from that are for few people: [`community_terms`] of a table that was sealed, and
//! [`global_terms`].

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::csr::Csr;
use crate::people::CommunityPeople;
use crate::rank::{GlobalRank, RankSettings};
use crate::trust::Trust;

/// One term of a share.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Contributor {
    /// Who attends.
    pub person: u32,
    /// The mass with which it attends: `standing` in the community, or its global share.
    pub standing: f32,
    /// w_uv.
    pub weight: f32,
    /// W_u, all its attention.
    pub strength: f64,
    /// The term: its part of the share.
    pub part: f64,
}

/// The terms of one person's share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Whose share.
    pub person: u32,
    /// The share, as the sum of all terms.
    pub share: f64,
    /// The largest terms, falling, as many as are needed to cover what was asked for.
    pub contributors: Vec<Contributor>,
    /// Number of terms that are not listed.
    pub others: u32,
    /// Their sum.
    pub rest: f64,
    /// The restart's part of a global share; 0 in a community.
    pub restart: f64,
}

/// How much of each share its evidence names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cover {
    /// The part of the share that the named terms make at least, 0 to 1, …
    pub part: f64,
    /// … unless that takes more than so many.
    pub terms_max: usize,
}

/// A term, by the giver's number in some order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Term {
    /// Its part of the share.
    pub part: f64,
    /// Whose it is; of equal terms the smallest comes first.
    pub giver: u32,
    /// w_uv.
    pub weight: f32,
}

/// Some terms, apart.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// Those that the evidence names, the largest first.
    pub named: &'a [Term],
    /// The others, in no order.
    pub others: &'a [Term],
}

impl Term {
    fn falling(&self, other: &Term) -> Ordering {
        other.part.total_cmp(&self.part).then(self.giver.cmp(&other.giver))
    }
}

impl Cover {
    /// The terms to be named of those that make a share with a restart. Time O(terms) if they fall,
    /// otherwise O(terms + named · log).
    pub(crate) fn of(self, terms: &mut [Term], restart: f64) -> Terms<'_> {
        let share = terms.iter().map(|term| term.part).sum::<f64>() + restart;
        let head = terms.len().min(self.terms_max);
        if !terms.is_sorted_by(|a, b| a.falling(b).is_le()) {
            if head < terms.len() {
                terms.select_nth_unstable_by(head, Term::falling);
            }
            terms[..head].sort_unstable_by(Term::falling);
        }
        let mut covered = 0.0;
        let needed = terms[..head].iter().take_while(|term| {
            let more = covered < self.part * share;
            covered += term.part;
            more
        });
        let (named, others) = terms.split_at(needed.count());
        Terms { named, others }
    }
}

impl Terms<'_> {
    /// The evidence for a person of whose share these are the terms.
    pub(crate) fn evidence(
        self,
        person: u32,
        restart: f64,
        name: impl Fn(&Term) -> Contributor,
    ) -> Evidence {
        let sum = |terms: &[Term]| terms.iter().map(|term| term.part).sum::<f64>();
        let rest = sum(self.others);
        Evidence {
            person,
            share: sum(self.named) + rest + restart,
            contributors: self.named.iter().map(name).collect(),
            others: self.others.len() as u32,
            rest,
            restart,
        }
    }
}

/// Every term of the shares that some people have in one community, unsorted. Time O(arcs that start
/// in the community).
pub fn community_terms(
    arcs: &Csr,
    table: &CommunityPeople,
    people: &BTreeSet<u32>,
) -> BTreeMap<u32, Vec<Contributor>> {
    let members = table.people.iter().filter(|score| score.standing > 0.0);
    let standings = members.map(|member| (member.person, member.standing));
    terms_of(arcs, standings, 1.0 / table.flow, people)
}

/// Every term of some people's global shares but the restart's, unsorted. Time O(arcs).
pub fn global_terms(
    arcs: &Csr,
    global: &GlobalRank,
    damping: f64,
    people: &BTreeSet<u32>,
) -> BTreeMap<u32, Vec<Contributor>> {
    terms_of(arcs, (0..).zip(global.shares.iter().copied()), damping, people)
}

fn terms_of(
    arcs: &Csr,
    standings: impl Iterator<Item = (u32, f32)>,
    factor: f64,
    people: &BTreeSet<u32>,
) -> BTreeMap<u32, Vec<Contributor>> {
    let mut wanted = vec![false; arcs.nodes()];
    people.iter().for_each(|&person| wanted[person as usize] = true);
    let mut terms: BTreeMap<u32, Vec<Contributor>> = BTreeMap::new();
    for (person, standing) in standings {
        let strength = arcs.strength(person);
        for (to, weight) in arcs.arcs_of(person).filter(|arc| wanted[arc.0 as usize]) {
            let part = f64::from(standing) * f64::from(weight) / strength * factor;
            let term = Contributor { person, standing, weight, strength, part };
            terms.entry(to).or_default().push(term);
        }
    }
    terms
}

/// Evidence for the global shares of some people, by number. The terms come from the final shares,
/// so they add up to the share within the walk's tolerance. Time O(arcs).
pub fn global_evidence(
    arcs: &Csr,
    (global, trust): (&GlobalRank, &Trust),
    settings: &RankSettings,
    (people, cover): (&BTreeSet<u32>, Cover),
) -> Vec<Evidence> {
    let mut found = global_terms(arcs, global, settings.damping, people);
    // What those who attend to nobody have goes to the prior.
    let idle = (0..arcs.nodes() as u32).filter(|&who| arcs.degree(who) == 0);
    let idle: f64 = idle.map(|who| f64::from(global.shares[who as usize])).sum();
    let restart = 1.0 - settings.damping + settings.damping * idle;
    let evidence = |&person: &u32| {
        let named = found.remove(&person).unwrap_or_default();
        let term =
            |(one, giver): (&Contributor, u32)| Term { part: one.part, giver, weight: one.weight };
        let mut terms: Vec<Term> = named.iter().zip(0..).map(term).collect();
        let restart = restart * f64::from(trust.prior[person as usize]);
        let terms = cover.of(&mut terms, restart);
        terms.evidence(person, restart, |term| named[term.giver as usize])
    };
    people.iter().map(evidence).collect()
}

/// What one contributor changed between two runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reason<Id> {
    /// The contributor.
    pub person: Id,
    /// Its part before, 0 if it gave nothing.
    pub before: f64,
    /// Its part now, 0 if it gives nothing.
    pub after: f64,
}

/// The contributors whose gains and losses explain the change of a share from the parts `before` to
/// the parts `after`, largest first, at most `count`. A contributor that is not listed gave nothing.
pub fn change_reasons<Id: Ord + Copy>(
    before: &[(Id, f64)],
    after: &[(Id, f64)],
    count: usize,
) -> Vec<Reason<Id>> {
    let mut parts: BTreeMap<Id, (f64, f64)> = BTreeMap::new();
    for &(person, part) in before {
        parts.entry(person).or_default().0 = part;
    }
    for &(person, part) in after {
        parts.entry(person).or_default().1 = part;
    }
    let reason = |(person, (before, after))| Reason { person, before, after };
    let changed = parts.into_iter().map(reason).filter(|reason| reason.before != reason.after);
    let mut reasons: Vec<Reason<Id>> = changed.collect();
    let size = |reason: &Reason<Id>| (reason.after - reason.before).abs();
    reasons.sort_by(|a, b| size(b).total_cmp(&size(a)).then(a.person.cmp(&b.person)));
    reasons.truncate(count);
    reasons
}
