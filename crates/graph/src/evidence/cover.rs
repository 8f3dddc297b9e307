//! The largest terms of a share, and the sum of the others.

use std::cmp::Ordering;

use model::index::PersonIndex;
use serde::{Deserialize, Serialize};

/// One term of a share.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ShareTerm {
    /// The source of the attention.
    pub person: PersonIndex,
    /// The mass with which it attends: in the community, or its global share.
    pub mass: f32,
    /// w_uv.
    pub weight: f32,
    /// W_u, all its attention.
    pub strength: f64,
    /// The term: its part of the share.
    pub part: f64,
}

/// The terms of one person's share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShareEvidence {
    /// The person with the share.
    pub person: PersonIndex,
    /// The share, as the sum of all terms.
    pub share: f64,
    /// The largest terms, falling, as many as the requested cover needs.
    pub contributors: Vec<ShareTerm>,
    /// Number of terms that are not listed.
    pub others: u32,
    /// Their sum.
    pub rest: f64,
    /// The restart's part of a global share; 0 in a community.
    pub restart: f64,
}

/// How much of each share its evidence names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EvidenceCover {
    /// The least part of the share that the named terms make, 0 to 1, …
    pub part: f64,
    /// … unless that takes more than this number of terms.
    pub terms_max: usize,
}

/// A term, by the source's number in some order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SourceTerm {
    /// Its part of the share.
    pub part: f64,
    /// The source; of equal terms the smallest comes first.
    pub source: u32,
    /// w_uv.
    pub weight: f32,
}

/// The terms of a share in two groups.
#[derive(Debug, Clone, Copy)]
pub struct CoveredTerms<'a> {
    /// Those that the evidence names, the largest first.
    pub named: &'a [SourceTerm],
    /// The others, in no order.
    pub others: &'a [SourceTerm],
}

impl SourceTerm {
    fn falling(&self, other: &SourceTerm) -> Ordering {
        other.part.total_cmp(&self.part).then(self.source.cmp(&other.source))
    }
}

impl EvidenceCover {
    /// Splits the terms of a share with a restart. Time O(terms) if they fall, otherwise
    /// O(terms + named · log).
    pub(crate) fn split(self, terms: &mut [SourceTerm], restart: f64) -> CoveredTerms<'_> {
        let share = terms.iter().map(|term| term.part).sum::<f64>() + restart;
        let head = terms.len().min(self.terms_max);
        if !terms.is_sorted_by(|a, b| a.falling(b).is_le()) {
            if head < terms.len() {
                terms.select_nth_unstable_by(head, SourceTerm::falling);
            }
            terms[..head].sort_unstable_by(SourceTerm::falling);
        }
        let mut covered = 0.0;
        let needed = terms[..head].iter().take_while(|term| {
            let is_needed = covered < self.part * share;
            covered += term.part;
            is_needed
        });
        let (named, others) = terms.split_at(needed.count());
        CoveredTerms { named, others }
    }
}

impl CoveredTerms<'_> {
    /// The evidence for the share of a person. `name` completes a term.
    pub(crate) fn evidence(
        self,
        person: PersonIndex,
        restart: f64,
        name: impl Fn(&SourceTerm) -> ShareTerm,
    ) -> ShareEvidence {
        let sum = |terms: &[SourceTerm]| terms.iter().map(|term| term.part).sum::<f64>();
        let rest = sum(self.others);
        ShareEvidence {
            person,
            share: sum(self.named) + rest + restart,
            contributors: self.named.iter().map(name).collect(),
            others: self.others.len() as u32,
            rest,
            restart,
        }
    }
}
