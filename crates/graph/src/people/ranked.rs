//! A community's table with the arcs that its shares are made of, so that the evidence needs no second
//! look-up. Time O(terms · log) for the requested evidence.

use model::index::PersonIndex;

use super::received::ReceivedArcs;
use super::scores::{CommunityPeople, ScoredPerson};
use crate::evidence::{CoveredTerms, EvidenceCover, ShareEvidence, ShareTerm, SourceTerm};

/// A scored community and the evidence of its scores. Memory: 4 B for each arc that starts in its
/// members, 8 B with weights, and 20 B for each of its people.
pub struct RankedCommunity {
    /// Its people.
    pub table: CommunityPeople,
    received: ReceivedArcs,
    /// The receiver of each of the table's people.
    receivers: Vec<u32>,
    sources: Vec<MemberSource>,
}

/// A member, as a source of attention.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MemberSource {
    /// The member.
    pub person: PersonIndex,
    /// a_u, the mass with which it passes attention on.
    pub mass: f32,
    /// W_u, all its attention.
    pub strength: f64,
}

impl RankedCommunity {
    /// `receivers` are those of the table's people.
    pub(super) fn new(
        table: CommunityPeople,
        received: ReceivedArcs,
        receivers: Vec<u32>,
        sources: Vec<MemberSource>,
    ) -> RankedCommunity {
        RankedCommunity { table, received, receivers, sources }
    }

    /// The members, by falling rate: what they pass along an arc for each unit of its weight.
    pub fn sources(&self) -> &[MemberSource] {
        &self.sources
    }

    /// Visits the table's people, with the terms of those who have a rank. Time O(arcs that start
    /// in the community), and O(k log k) for each person's k terms if arcs differ in weight.
    pub fn for_each_terms(
        &self,
        cover: EvidenceCover,
        mut visit: impl FnMut(&ScoredPerson, Option<CoveredTerms<'_>>),
    ) {
        let factor = 1.0 / self.table.flow;
        let part = |source: &MemberSource| f64::from(source.mass) / source.strength * factor;
        let parts: Vec<f64> = self.sources.iter().map(part).collect();
        let mut terms = Vec::new();
        for (scored, &receiver) in self.table.people.iter().zip(&self.receivers) {
            if scored.rank.is_none() {
                visit(scored, None);
                continue;
            }
            terms.clear();
            self.received.for_each(receiver as usize, |source, weight| {
                let part = parts[source] * f64::from(weight);
                terms.push(SourceTerm { part, source: source as u32, weight });
            });
            terms.retain(|term| term.part > 0.0);
            visit(scored, Some(cover.split(&mut terms, 0.0)));
        }
    }

    /// The evidence for each person with a rank, in the table's order. Time as of
    /// [`RankedCommunity::for_each_terms`].
    pub fn evidence(&self, cover: EvidenceCover) -> Vec<ShareEvidence> {
        let name = |term: &SourceTerm| {
            let MemberSource { person, mass, strength } = self.sources[term.source as usize];
            ShareTerm { person, mass, weight: term.weight, strength, part: term.part }
        };
        let mut evidence = Vec::new();
        self.for_each_terms(cover, |scored, terms| {
            evidence.extend(terms.map(|terms| terms.evidence(scored.person, 0.0, name)));
        });
        evidence
    }
}
