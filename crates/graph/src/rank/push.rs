//! Personal ranks by forward push: the walk that restarts at a few seeds, computed around them only.
//!
//! A person keeps (1 − α) of its residue and passes the rest on, while the residue exceeds ε for
//! each of its arcs; ε falls in steps, so that the largest residues go first. Mass of people who attend
//! to no one returns to the seeds, which is the same as dividing by the sum of the rest.
//!
//! The residues that are not passed on in the end are not lost: [`ResidueModel`] estimates where they
//! would go. That orders the far end of a view, which is mostly celebrities; by push alone it takes a
//! hundred times the arcs.
//!
//! Time O(1 / (ε (1 − α))) whatever the size of the graph, and never beyond the arcs allowed.
//! Memory: 16 B/person, kept between views, and 4 B for each person reached; all that a view needs of
//! a person is in one cache line. Source: Andersen, Chung, Lang 2006.

use model::index::PersonIndex;
use serde::{Deserialize, Serialize};

use super::residue::ResidueModel;
use crate::csr::Csr;

/// How far a personal view goes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PushSettings {
    /// α: the share that follows arcs, the rest restarts.
    pub damping: f64,
    /// ε: no person keeps more residue than this for each of its arcs …
    pub residue_max: f64,
    /// … unless this number of arcs was followed: a limit in time.
    pub arcs_max: usize,
    /// The most arcs that are followed backwards, from candidates for the first places.
    pub received_max: usize,
    /// The most rows that are read, where they come from afar ([`LocalPush`](crate::nearby::LocalPush)).
    pub rows_max: usize,
}

impl Default for PushSettings {
    fn default() -> PushSettings {
        PushSettings {
            damping: 0.85,
            residue_max: 1e-6,
            arcs_max: 300_000,
            received_max: 1_000_000,
            rows_max: 10_000,
        }
    }
}

impl PushSettings {
    /// The ε after another one; `None` after the last.
    pub(crate) fn epsilon_after(&self, epsilon: Option<f64>) -> Option<f64> {
        match epsilon {
            None => Some(EPSILON_FIRST.max(self.residue_max)),
            Some(last) if last > self.residue_max => {
                Some((last / EPSILON_STEP).max(self.residue_max))
            }
            Some(_) => None,
        }
    }
}

/// The first ε.
const EPSILON_FIRST: f64 = 1e-3;

/// How much smaller each ε is than the one before.
const EPSILON_STEP: f64 = 10.0;

/// One additional candidate for each two first places.
const CANDIDATES_MORE: usize = 2;

/// A person's place in a personal view.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PersonalRank {
    /// The person.
    pub person: PersonIndex,
    /// Its share of the view's mass.
    pub share: f64,
}

/// Computes personal views of a graph: one for each thread, used for one view after another.
#[derive(Debug)]
pub struct ForwardPush<'a> {
    arcs: &'a Csr,
    residues: Option<&'a ResidueModel>,
    masses: Vec<NodeMass>,
    reached: Vec<u32>,
    /// People whose residue is to be passed on, in order.
    queue: Vec<u32>,
    arcs_followed: usize,
}

/// The state of one person in a view.
#[derive(Debug, Clone, Copy)]
struct NodeMass {
    /// Not reached yet if neither this nor the rank is above 0.
    residue: f32,
    rank: f32,
    /// Number of arcs; infinite if there are none, since then nothing is passed on.
    arcs: f32,
    /// [`ResidueModel::share`].
    residue_share: f32,
}

impl<'a> ForwardPush<'a> {
    /// Without `residues`, mass that is not passed on stays where it is.
    pub fn new(arcs: &'a Csr, residues: Option<&'a ResidueModel>) -> ForwardPush<'a> {
        let mass = |person: u32| NodeMass {
            residue: 0.0,
            rank: 0.0,
            arcs: if arcs.degree(person) == 0 { f32::INFINITY } else { arcs.degree(person) as f32 },
            residue_share: residues.map_or(0.0, |residues| residues.share(person)),
        };
        let masses = (0..arcs.nodes() as u32).map(mass).collect();
        let (reached, queue) = (Vec::new(), Vec::new());
        ForwardPush { arcs, residues, masses, reached, queue, arcs_followed: 0 }
    }

    /// Personal ranks from `seeds`, which start with equal shares: the first `count` by falling
    /// share, then by number. The shares of all people reached sum to 1, apart from the corrections
    /// by the step backwards.
    pub fn ranks(
        &mut self,
        seeds: &[PersonIndex],
        count: usize,
        settings: &PushSettings,
    ) -> Vec<PersonalRank> {
        self.arcs_followed = 0;
        for &seed in seeds {
            let mass = &mut self.masses[seed.index()];
            if mass.residue == 0.0 {
                self.reached.push(seed.number());
            }
            mass.residue += 1.0 / seeds.len() as f32;
        }
        let mut epsilon = settings.epsilon_after(None);
        while let Some(now) = epsilon.filter(|&now| self.spread(now, settings)) {
            epsilon = settings.epsilon_after(Some(now));
        }
        let mut ranks = self.estimates(settings.damping);
        let sum: f64 = ranks.iter().map(|rank| rank.share).sum();
        if let Some(residues) = self.residues {
            ranks = first_ranks(ranks, count + count / CANDIDATES_MORE);
            self.correct(residues, &mut ranks, settings);
        }
        self.reset();
        ranks.iter_mut().for_each(|rank| rank.share /= sum);
        first_ranks(ranks, count)
    }

    /// How many arcs the previous view followed.
    pub fn arcs_followed(&self) -> usize {
        self.arcs_followed
    }

    /// Passes on until no person has more than `epsilon` for each arc; false if the arcs ran out.
    fn spread(&mut self, epsilon: f64, settings: &PushSettings) -> bool {
        let (masses, epsilon) = (&self.masses, epsilon as f32);
        let is_above = |person: &u32| {
            let mass = &masses[*person as usize];
            mass.residue > epsilon * mass.arcs
        };
        self.queue.clear();
        self.queue.extend(self.reached.iter().copied().filter(is_above));
        let mut next = 0;
        while let Some(&person) = self.queue.get(next) {
            next += 1;
            if self.arcs_followed + self.arcs.degree(person) > settings.arcs_max {
                return false;
            }
            self.push(person, epsilon, settings.damping);
        }
        true
    }

    /// Passes a person's residue on; targets whose residue comes to exceed `epsilon` for each arc are
    /// added to the queue.
    ///
    /// Whether a target is new, or now above `epsilon`, cannot be predicted. So there are no branches:
    /// the next entry of each list is always written, and kept or not.
    fn push(&mut self, person: u32, epsilon: f32, damping: f64) {
        let mass = &mut self.masses[person as usize];
        let residue = f64::from(std::mem::take(&mut mass.residue));
        mass.rank += ((1.0 - damping) * residue) as f32;
        let arcs = self.arcs;
        let degree = arcs.degree(person);
        self.arcs_followed += degree;
        let share = (damping * residue / arcs.strength(person)) as f32;
        let (mut reached, mut queued) = (self.reached.len(), self.queue.len());
        self.reached.resize(reached + degree + 1, 0);
        self.queue.resize(queued + degree + 1, 0);
        for (target, weight) in arcs.arcs_of(person) {
            let mass = &mut self.masses[target as usize];
            let (before, limit) = (mass.residue, epsilon * mass.arcs);
            let after = before + share * weight;
            mass.residue = after;
            self.reached[reached] = target;
            reached += usize::from((before == 0.0) & (mass.rank == 0.0) & (after > 0.0));
            self.queue[queued] = target;
            queued += usize::from((before <= limit) & (after > limit));
        }
        self.reached.truncate(reached);
        self.queue.truncate(queued);
    }

    /// The estimated mass of each person reached, before it is scaled to shares.
    fn estimates(&self, damping: f64) -> Vec<PersonalRank> {
        let passed = damping * self.residue_left();
        let estimate = |&person: &u32| {
            let mass = &self.masses[person as usize];
            let kept = f64::from(mass.rank) + (1.0 - damping) * f64::from(mass.residue);
            let share = kept + passed * f64::from(mass.residue_share);
            PersonalRank { person: PersonIndex::new(person), share }
        };
        self.reached.iter().map(estimate).collect()
    }

    /// The residues of the people who have a target to pass them to.
    fn residue_left(&self) -> f64 {
        let masses = self.reached.iter().map(|&person| &self.masses[person as usize]);
        masses.filter(|mass| mass.arcs.is_finite()).map(|mass| f64::from(mass.residue)).sum()
    }

    /// Makes the first step of all residues exact for these people, one after another. A person who
    /// receives more arcs than may still be followed is left as it is.
    fn correct(
        &self,
        residues: &ResidueModel,
        ranks: &mut [PersonalRank],
        settings: &PushSettings,
    ) {
        let (damping, residue) = (settings.damping, self.residue_left());
        let rate = |source: u32| {
            let mass = &self.masses[source as usize];
            mass.residue / mass.arcs
        };
        let mut arcs_left = settings.received_max;
        for PersonalRank { person, share } in ranks {
            if let Some(left) = arcs_left.checked_sub(residues.degree(person.number())) {
                arcs_left = left;
                let correction = residues.correction(person.number(), residue, rate);
                *share += damping * (1.0 - damping) * correction;
            }
        }
    }

    /// Restores the state before the view.
    fn reset(&mut self) {
        for person in self.reached.drain(..) {
            let mass = &mut self.masses[person as usize];
            (mass.residue, mass.rank) = (0.0, 0.0);
        }
    }
}

/// The first `count` by falling share, then by number.
pub(crate) fn first_ranks(mut ranks: Vec<PersonalRank>, count: usize) -> Vec<PersonalRank> {
    let falling = |a: &PersonalRank, b: &PersonalRank| {
        b.share.total_cmp(&a.share).then(a.person.cmp(&b.person))
    };
    if count < ranks.len() {
        ranks.select_nth_unstable_by(count, falling);
        ranks.truncate(count);
    }
    ranks.sort_unstable_by(falling);
    ranks
}
