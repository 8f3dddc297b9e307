//! A community's table with what its shares are made of at hand: nothing is looked up again for the
//! evidence. Time O(terms · log) for what is asked for.

use super::inflow::Inflow;
use super::place::Members;
use super::walk::Giving;
use super::{CommunityPeople, PersonScore};
use crate::evidence::{Contributor, Cover, Evidence, Term, Terms};

/// A community that is scored, and what its scores are made of. Memory: 4 B for each arc that starts
/// in its members, 8 B with weights, and 20 B for each of its people.
pub struct Ranked {
    /// Its people.
    pub table: CommunityPeople,
    inflow: Inflow,
    /// The row of each of the table's people.
    rows: Vec<u32>,
    givers: Vec<Giver>,
}

/// A member, as a contributor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Giver {
    /// Who.
    pub person: u32,
    /// a_u, the mass with which it passes attention on.
    pub standing: f32,
    /// W_u, all its attention.
    pub strength: f64,
}

impl Ranked {
    pub(super) fn new(
        table: CommunityPeople,
        (inflow, rows): (Inflow, Vec<u32>),
        (members, order): (Members<'_>, &[u32]),
        giving: &Giving,
    ) -> Ranked {
        let giver = |&seat: &u32| {
            let seat = seat as usize;
            let (standing, strength) = (giving.standings[seat] as f32, giving.strengths[seat]);
            Giver { person: members.people[seat], standing, strength }
        };
        Ranked { givers: order.iter().map(giver).collect(), table, inflow, rows }
    }

    /// The members, by falling rate: what they give along an arc for each unit of its weight.
    pub fn givers(&self) -> &[Giver] {
        &self.givers
    }

    /// Hands out the table's people, with the terms of those who have a rank. Time O(arcs that start
    /// in the community), and O(k log k) for each person's k terms if arcs differ in weight.
    pub fn terms(&self, cover: Cover, mut hand: impl FnMut(&PersonScore, Option<Terms<'_>>)) {
        let factor = 1.0 / self.table.flow;
        let part = |giver: &Giver| f64::from(giver.standing) / giver.strength * factor;
        let parts: Vec<f64> = self.givers.iter().map(part).collect();
        let mut terms = Vec::new();
        for (score, &row) in self.table.people.iter().zip(&self.rows) {
            if score.rank.is_none() {
                hand(score, None);
                continue;
            }
            terms.clear();
            self.inflow.each(row as usize, |giver, weight| {
                let part = parts[giver] * f64::from(weight);
                terms.push(Term { part, giver: giver as u32, weight });
            });
            terms.retain(|term| term.part > 0.0);
            hand(score, Some(cover.of(&mut terms, 0.0)));
        }
    }

    /// The evidence for everybody who has a rank, in the table's order. Time as of [`Ranked::terms`].
    pub fn evidence(&self, cover: Cover) -> Vec<Evidence> {
        let name = |term: &Term| {
            let Giver { person, standing, strength } = self.givers[term.giver as usize];
            Contributor { person, standing, weight: term.weight, strength, part: term.part }
        };
        let mut found = Vec::new();
        self.terms(cover, |score, terms| {
            found.extend(terms.map(|terms| terms.evidence(score.person, 0.0, name)));
        });
        found
    }
}
