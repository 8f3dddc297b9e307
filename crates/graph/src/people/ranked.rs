//! A community's table with what its shares are made of at hand.

use super::CommunityPeople;
use super::inflow::Inflow;
use super::place::Members;
use super::walk::Giving;
use crate::evidence::{Contributor, Cover, Evidence, Term};

/// A community that is scored, and what its scores are made of. Memory: 4 B for each arc that starts
/// in its members, 8 B with weights, and 16 B for each of its people.
pub struct Ranked {
    /// Its people.
    pub table: CommunityPeople,
    inflow: Inflow,
    /// The row of each of the table's people.
    rows: Vec<u32>,
    givers: Vec<Giver>,
}

/// A member, as a contributor.
struct Giver {
    person: u32,
    standing: f32,
    strength: f64,
}

impl Ranked {
    pub(super) fn new(
        table: CommunityPeople,
        inflow: Inflow,
        rows: Vec<u32>,
        (members, giving): (Members<'_>, &Giving),
    ) -> Ranked {
        let giver = |(seat, &person)| Giver {
            person,
            standing: giving.standings[seat] as f32,
            strength: giving.strengths[seat],
        };
        let givers = members.people.iter().enumerate();
        Ranked { givers: givers.map(giver).collect(), table, inflow, rows }
    }

    /// The evidence for everybody who has a rank, in the table's order. Time O(arcs that start in
    /// the community), and O(k log k) for each person's k terms if arcs differ in weight.
    pub fn evidence(&self, cover: Cover) -> impl Iterator<Item = Evidence> + '_ {
        let factor = 1.0 / self.table.flow;
        let part = |giver: &Giver| f64::from(giver.standing) / giver.strength * factor;
        let parts: Vec<f64> = self.givers.iter().map(part).collect();
        let people = self.table.people.iter().zip(&self.rows);
        let ranked = people.filter(|(score, _)| score.rank.is_some());
        let mut terms = Vec::new();
        ranked.map(move |(score, &row)| {
            terms.clear();
            self.inflow.each(row as usize, |giver, weight| {
                let part = parts[giver] * f64::from(weight);
                terms.push(Term { part, giver: giver as u32, weight });
            });
            terms.retain(|term| term.part > 0.0);
            cover.of(score.person, &mut terms, 0.0, |term| {
                let Giver { person, standing, strength } = self.givers[term.giver as usize];
                Contributor { person, standing, weight: term.weight, strength, part: term.part }
            })
        })
    }
}
