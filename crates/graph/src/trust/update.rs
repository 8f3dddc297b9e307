//! The evidence for and against each person, and the trust that follows.
//!
//! For: attention from people who may vouch (T). Against: attention from people who are doubted (U),
//! and blocks by people who may vouch (B), in units of an average arc. With μ the trust of a stranger,
//! a person's value is `g · (E + λμ) / (T + min(U, cap(T / 2)) + B + λ)`: the mean of a Beta posterior,
//! so that more evidence of the same kind counts more. E is the approving part of T: all of it where
//! there are no ratings, and otherwise an arc counts μ to 1 by its rating (as in Kamvar's EigenTrust
//! and GrapeRank). So a low rating by trusted people counts less than a high one, but never less than
//! no attention at all. g, at most 1, is the neighbour quality: the mean credibility of those that
//! the person attends to, where [`CREDIBILITY_FULL`] counts as 1. Following farms costs, following the
//! honest gains nothing.
//!
//! *Credibility* is 1 if at least half of the evidence is from people who may vouch, and falls with the
//! evidence to the contrary: `g · (2T + λ) / (T + min(U, cap(T)) + B + λ)`, at most 1. A *vouch weight*
//! has three bounds: reach, credibility², and the attention that the person has itself received from
//! people who may vouch, of which it gives on at most [`VOUCH_BUDGET`] times as much: a few people
//! with attention cannot vouch for thousands. With the cap, `cap(x) = x + 64 / (1 + T)`, a crowd
//! outweighs the few arcs that a farm bought, but no more than matches many arcs from trusted people;
//! in the value two thirds are kept, so that a mob alone takes no one's rank.
//!
//! Four rounds widen the set of people who are reached ([`UNREACHED_MASS`]): the later walks avoid the
//! people whose credibility has become low, so that little leaks out of the widest. In the rounds,
//! people with evidence but without a vouch weight count against, by that evidence. In the last update
//! only the doubted do: newcomers do no harm.
//!
//! Time O(m · sets) for each of five updates; memory is most of the 224 B/person of [`super`].

use model::community::STRANGER_TRUST;
use model::index::PersonIndex;
use rayon::prelude::*;

use super::lanes::{LANES, SetLanes, fill_seeds};
use super::walk::TrustWalk;
use crate::attention::Attention;
use crate::csr::Csr;

/// λ: the weight of the prior, in average arcs.
const PRIOR_WEIGHT: f32 = 3.0;

/// Bound of the evidence against a person without evidence for it, in average arcs.
const AGAINST_MAX: f32 = 64.0;

/// In a value, the part of the evidence for a person that the evidence against it may match. With less
/// than 1 a mob alone takes no one's rank, for which half of the usual trust is needed: 2/3 is kept.
const AGAINST_SHARE: f32 = 0.5;

/// The same in credibility.
const AGAINST_SHARE_CREDIBILITY: f32 = 1.0;

/// Weight of a trusted block, in average arcs.
const BLOCK_WEIGHT: f32 = 2.0;

/// How much more attention than it has received a person may give with a full vouch weight. People
/// give as much as they receive only on average: celebrities receive what most others lack.
const VOUCH_BUDGET: f32 = 3.0;

/// Credibility that counts in full in neighbour quality. Less than 1, since people who also receive
/// attention from strangers are a little below 1, and those who attend to them would be lower again.
const CREDIBILITY_FULL: f32 = 0.75;

/// Credibility, in the first round, of people whose community most voters do not approve of.
const CREDIBILITY_UNAPPROVED: f32 = 0.5;

/// The share of a walk's mass that may arrive at people who are not fully reached, in each round. A
/// tenth at first, since most of the mass stays where the seeds are and quiet honest communities are
/// elsewhere; then a tenth of that in each round, as the walk comes to avoid low credibility.
const UNREACHED_MASS: [f64; 4] = [0.1, 0.01, 0.001, 0.0001];

/// The evidence of a graph.
pub(super) struct TrustUpdate<'a> {
    walk: &'a TrustWalk<'a>,
    /// Blocks, by the person who is blocked.
    blocked: Csr,
    /// Ratings, by the person who is rated, if there are any.
    rated: Option<Csr>,
    /// 1 / mean arc weight.
    unit: f32,
}

/// The belief about a person, from each set of seeds.
#[derive(Clone, Copy)]
struct Belief {
    /// The value, 0 to 1.
    value: SetLanes,
    /// How much the person counts as a neighbour of others, 0 to 1.
    credibility: SetLanes,
    /// T: attention from people who may vouch, in average arcs.
    received: SetLanes,
}

/// How much each person counts for and against others.
struct EvidenceWeights {
    vouch: Vec<SetLanes>,
    doubt: Vec<SetLanes>,
}

/// The evidence about one person, in average arcs.
struct PersonEvidence {
    /// T.
    received: SetLanes,
    /// E.
    approval: SetLanes,
    /// U.
    doubted: SetLanes,
    /// B, in blocks.
    blocks: SetLanes,
    /// g.
    neighbour_quality: SetLanes,
}

impl<'a> TrustUpdate<'a> {
    /// Prepares updates on a graph.
    pub(super) fn new(attention: &Attention, walk: &'a TrustWalk<'a>) -> TrustUpdate<'a> {
        let weight: f64 = walk.given.iter().sum();
        let unit = if weight > 0.0 { walk.arcs.arcs() as f64 / weight } else { 1.0 };
        let rated = attention.rated.as_ref().map(Csr::transpose);
        TrustUpdate { walk, blocked: attention.negative.transpose(), rated, unit: unit as f32 }
    }

    /// The value of each person, 0 to 1, from each of at most [`LANES`] sets of seeds.
    pub(super) fn values(&self, seeds: &[Vec<PersonIndex>], approved: &[bool]) -> Vec<SetLanes> {
        let first = |&approved: &bool| Belief {
            value: [STRANGER_TRUST; LANES],
            credibility: [if approved { 1.0 } else { CREDIBILITY_UNAPPROVED }; LANES],
            received: [f32::MAX; LANES],
        };
        let mut beliefs: Vec<Belief> = approved.iter().map(first).collect();
        let mut vouch = Vec::new();
        for unreached in UNREACHED_MASS {
            vouch = self.vouch_weights(seeds, &beliefs, unreached);
            let doubt = self.unvouched_weights(&vouch);
            vouch = self.update(EvidenceWeights { vouch, doubt }, &mut beliefs);
        }
        let doubt = |belief: &Belief| belief.credibility.map(|credibility| 1.0 - credibility);
        let doubt = beliefs.par_iter().map(doubt).collect();
        self.update(EvidenceWeights { vouch, doubt }, &mut beliefs);
        beliefs.into_iter().map(|belief| belief.value).collect()
    }

    /// How much each person vouches for others; seeds in full.
    fn vouch_weights(
        &self,
        seeds: &[Vec<PersonIndex>],
        beliefs: &[Belief],
        unreached: f64,
    ) -> Vec<SetLanes> {
        let pass =
            |belief: &Belief| belief.credibility.map(|credibility| credibility * credibility);
        let mut passes: Vec<SetLanes> = beliefs.par_iter().map(pass).collect();
        fill_seeds(seeds, &mut passes);
        let mut weights = self.walk.reach(seeds, &passes, unreached);
        let people = passes.par_iter().zip(beliefs).zip(&self.walk.given);
        weights.par_iter_mut().zip(people).for_each(|(weights, ((passes, belief), &given))| {
            let given = (given as f32 * self.unit).max(f32::MIN_POSITIVE);
            for lane in 0..LANES {
                let budget = (VOUCH_BUDGET * (belief.received[lane] / given)).min(1.0);
                weights[lane] *= passes[lane] * budget;
            }
        });
        fill_seeds(seeds, &mut weights);
        weights
    }

    /// How much each person counts against others in the rounds: the less it vouches the more, by the
    /// attention that it receives; nothing if it receives none.
    fn unvouched_weights(&self, vouch: &[SetLanes]) -> Vec<SetLanes> {
        let doubt = |(weights, &received): (&SetLanes, &f64)| {
            let received = received as f32 * self.unit;
            weights.map(|weight| (1.0 - weight) * received / (received + PRIOR_WEIGHT))
        };
        vouch.par_iter().zip(&self.walk.received).map(doubt).collect()
    }

    /// New beliefs from the weights and from the credibility of neighbours before. Returns the vouch
    /// weights.
    fn update(&self, weights: EvidenceWeights, beliefs: &mut [Belief]) -> Vec<SetLanes> {
        let EvidenceWeights { vouch, doubt: mut doubted } = weights;
        let mut received = vouch.clone();
        let full = |belief: &Belief| {
            belief.credibility.map(|credibility| (credibility / CREDIBILITY_FULL).min(1.0))
        };
        let mut neighbours: Vec<SetLanes> = beliefs.par_iter().map(full).collect();
        self.walk.sum_evidence(&mut received, &mut doubted, &mut neighbours);
        beliefs.par_iter_mut().enumerate().for_each(|(person, belief)| {
            let [received, doubted] =
                [&received, &doubted].map(|sums| sums[person].map(|sum| sum * self.unit));
            let evidence = PersonEvidence {
                approval: self.approval(person as u32, &vouch, received),
                blocks: self.blocks(person as u32, &vouch),
                neighbour_quality: mean(&neighbours[person], self.walk.given[person]),
                received,
                doubted,
            };
            *belief = evidence.belief();
        });
        vouch
    }

    /// The blocks of a person, by the vouch weights of those who block it.
    fn blocks(&self, person: u32, vouch: &[SetLanes]) -> SetLanes {
        let mut blocks = SetLanes::default();
        for &by in self.blocked.row(person) {
            blocks.iter_mut().zip(&vouch[by as usize]).for_each(|(sum, weight)| *sum += weight);
        }
        blocks
    }

    /// E: the approving part of the attention `received`, in average arcs.
    fn approval(&self, person: u32, vouch: &[SetLanes], received: SetLanes) -> SetLanes {
        let Some(rated) = &self.rated else { return received };
        let mut sums = [0.0f64; LANES];
        for (from, rating) in rated.arcs_of(person) {
            let weights = &vouch[from as usize];
            sums.iter_mut().zip(weights).for_each(|(sum, vouch)| *sum += f64::from(rating * vouch));
        }
        let rated = |lane: usize| sums[lane] as f32 * self.unit;
        std::array::from_fn(|lane| {
            STRANGER_TRUST * received[lane] + (1.0 - STRANGER_TRUST) * rated(lane)
        })
    }
}

impl PersonEvidence {
    fn belief(&self) -> Belief {
        let value = |lane| {
            self.posterior(lane, AGAINST_SHARE, self.approval[lane] + PRIOR_WEIGHT * STRANGER_TRUST)
        };
        let credibility = |lane| {
            let favourable = 2.0 * self.received[lane] + PRIOR_WEIGHT;
            self.posterior(lane, AGAINST_SHARE_CREDIBILITY, favourable).min(1.0)
        };
        Belief {
            value: std::array::from_fn(value),
            credibility: std::array::from_fn(credibility),
            received: self.received,
        }
    }

    /// `g · favourable / (all evidence and the prior)`, where the evidence against is capped at
    /// `against · T + 64 / (1 + T)`.
    fn posterior(&self, lane: usize, against: f32, favourable: f32) -> f32 {
        let received = self.received[lane];
        let doubted = self.doubted[lane].min(against * received + AGAINST_MAX / (1.0 + received));
        let all = received + doubted + BLOCK_WEIGHT * self.blocks[lane] + PRIOR_WEIGHT;
        self.neighbour_quality[lane] * favourable / all
    }
}

/// The mean over the attention that a person gives; 1 if it attends to no one.
fn mean(sums: &SetLanes, given: f64) -> SetLanes {
    if given > 0.0 { sums.map(|sum| (f64::from(sum) / given) as f32) } else { [1.0; LANES] }
}
