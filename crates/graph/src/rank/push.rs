//! Personal ranks by forward push: the walk that restarts at a few seeds, computed around them only.
//!
//! A person keeps (1 − α) of its residue and passes the rest on, while the residue exceeds ε for
//! each of its arcs; ε falls in steps, so that what is largest goes first. Mass of people who attend
//! to nobody goes back to the seeds, which is the same as dividing by what is left.
//!
//! What is not passed on in the end is not forgotten: [`Onward`] says whom it would reach. That orders
//! the far end of a view, which is mostly people whom everybody attends to; by push alone it takes a
//! hundred times the arcs.
//!
//! Time O(1 / (ε (1 − α))) whatever the size of the graph, and never beyond the arcs allowed.
//! Memory: 16 B/person, kept between views, and 4 B for everybody reached; all that a view needs to
//! know of a person is in one place. Source: Andersen, Chung, Lang 2006.

use serde::{Deserialize, Serialize};

use super::Onward;
use crate::csr::Csr;

/// How far a personal view goes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PushSettings {
    /// α: the share that follows arcs, the rest restarts.
    pub damping: f64,
    /// ε: nobody holds back more than this for each of its arcs …
    pub residue_max: f64,
    /// … unless so many arcs were followed: a limit in time.
    pub arcs_max: usize,
    /// So many arcs at most are looked back along, from those who may be among the first.
    pub received_max: usize,
}

impl Default for PushSettings {
    fn default() -> PushSettings {
        PushSettings {
            damping: 0.85,
            residue_max: 1e-6,
            arcs_max: 300_000,
            received_max: 1_000_000,
        }
    }
}

/// The first ε.
const COARSE: f64 = 1e-3;

/// How much smaller each ε is than the one before.
const STEP: f64 = 10.0;

/// Half as many more than are asked for may turn out to be among the first.
const CANDIDATES_MORE: usize = 2;

/// What personal views of a graph are computed with: one for each thread, used again and again.
#[derive(Debug)]
pub struct Push<'a> {
    arcs: &'a Csr,
    onward: Option<&'a Onward>,
    masses: Vec<Mass>,
    reached: Vec<u32>,
    /// Who passes on, in turn.
    queue: Vec<u32>,
    followed: usize,
}

/// What one person holds, and what is known of it.
#[derive(Debug, Clone, Copy)]
struct Mass {
    /// Not reached yet if neither this nor the rank is above 0.
    residue: f32,
    rank: f32,
    /// Number of arcs; infinite if there are none, since then nothing is passed on.
    arcs: f32,
    onward: f32,
}

impl<'a> Push<'a> {
    /// Without `onward`, what is not passed on stays where it is.
    pub fn new(arcs: &'a Csr, onward: Option<&'a Onward>) -> Push<'a> {
        let mass = |person: u32| Mass {
            residue: 0.0,
            rank: 0.0,
            arcs: if arcs.degree(person) == 0 { f32::INFINITY } else { arcs.degree(person) as f32 },
            onward: onward.map_or(0.0, |onward| onward.share(person)),
        };
        let masses = (0..arcs.nodes() as u32).map(mass).collect();
        Push { arcs, onward, masses, reached: Vec::new(), queue: Vec::new(), followed: 0 }
    }

    /// Personal ranks from `seeds`, which start with equal shares: the first `count` by falling
    /// rank, then by number. Those of all who were reached sum to 1, but for what a look back adds.
    pub fn ranks(
        &mut self,
        seeds: &[u32],
        count: usize,
        settings: &PushSettings,
    ) -> Vec<(u32, f64)> {
        self.followed = 0;
        for &seed in seeds {
            let mass = &mut self.masses[seed as usize];
            if mass.residue == 0.0 {
                self.reached.push(seed);
            }
            mass.residue += 1.0 / seeds.len() as f32;
        }
        let mut epsilon = COARSE.max(settings.residue_max);
        while self.spread(epsilon, settings) && epsilon > settings.residue_max {
            epsilon = (epsilon / STEP).max(settings.residue_max);
        }
        let mut ranks = self.estimates(settings.damping);
        let sum: f64 = ranks.iter().map(|rank| rank.1).sum();
        if let Some(onward) = self.onward {
            ranks = first(ranks, count + count / CANDIDATES_MORE);
            self.look_back(onward, &mut ranks, settings);
        }
        self.forget();
        ranks.iter_mut().for_each(|rank| rank.1 /= sum);
        first(ranks, count)
    }

    /// How many arcs the last view followed.
    pub fn arcs_followed(&self) -> usize {
        self.followed
    }

    /// Passes on until nobody has more than `epsilon` for each arc; false if the arcs ran out.
    fn spread(&mut self, epsilon: f64, settings: &PushSettings) -> bool {
        let (masses, epsilon) = (&self.masses, epsilon as f32);
        let above = |person: &u32| {
            let mass = &masses[*person as usize];
            mass.residue > epsilon * mass.arcs
        };
        self.queue.clear();
        self.queue.extend(self.reached.iter().copied().filter(above));
        let mut next = 0;
        while let Some(&person) = self.queue.get(next) {
            next += 1;
            if self.followed + self.arcs.degree(person) > settings.arcs_max {
                return false;
            }
            self.pass_on(person, epsilon, settings.damping);
        }
        true
    }

    /// Whoever comes to have more than `epsilon` for each arc will pass it on.
    ///
    /// Whether somebody is new or waits now is anyone's guess, so nothing is guessed: the next
    /// place of each list is written always and kept or not.
    fn pass_on(&mut self, person: u32, epsilon: f32, damping: f64) {
        let mass = &mut self.masses[person as usize];
        let residue = f64::from(std::mem::take(&mut mass.residue));
        mass.rank += ((1.0 - damping) * residue) as f32;
        let arcs = self.arcs;
        let degree = arcs.degree(person);
        self.followed += degree;
        let share = (damping * residue / arcs.strength(person)) as f32;
        let (mut reached, mut waiting) = (self.reached.len(), self.queue.len());
        self.reached.resize(reached + degree + 1, 0);
        self.queue.resize(waiting + degree + 1, 0);
        for (target, weight) in arcs.arcs_of(person) {
            let mass = &mut self.masses[target as usize];
            let (before, limit) = (mass.residue, epsilon * mass.arcs);
            let after = before + share * weight;
            mass.residue = after;
            self.reached[reached] = target;
            reached += usize::from((before == 0.0) & (mass.rank == 0.0) & (after > 0.0));
            self.queue[waiting] = target;
            waiting += usize::from((before <= limit) & (after > limit));
        }
        self.reached.truncate(reached);
        self.queue.truncate(waiting);
    }

    /// What everybody who was reached has and will get, as far as it is known.
    fn estimates(&self, damping: f64) -> Vec<(u32, f64)> {
        let passed = damping * self.unpassed();
        let estimate = |&person: &u32| {
            let mass = &self.masses[person as usize];
            let kept = f64::from(mass.rank) + (1.0 - damping) * f64::from(mass.residue);
            (person, kept + passed * f64::from(mass.onward))
        };
        self.reached.iter().map(estimate).collect()
    }

    /// The residues of those who have somebody to pass them to.
    fn unpassed(&self) -> f64 {
        let masses = self.reached.iter().map(|&person| &self.masses[person as usize]);
        masses.filter(|mass| mass.arcs.is_finite()).map(|mass| f64::from(mass.residue)).sum()
    }

    /// Takes the next step of all residues to these people as it is, one after the other; whoever
    /// receives more arcs than are left to look along stays as it was.
    fn look_back(&self, onward: &Onward, ranks: &mut [(u32, f64)], settings: &PushSettings) {
        let (damping, unpassed) = (settings.damping, self.unpassed());
        let rate = |giver: u32| {
            let mass = &self.masses[giver as usize];
            mass.residue / mass.arcs
        };
        let mut left = settings.received_max;
        for (person, rank) in ranks {
            if let Some(rest) = left.checked_sub(onward.degree(*person)) {
                left = rest;
                *rank += damping * (1.0 - damping) * onward.beyond(*person, unpassed, rate);
            }
        }
    }

    /// Makes all as it was before the view.
    fn forget(&mut self) {
        for person in self.reached.drain(..) {
            let mass = &mut self.masses[person as usize];
            (mass.residue, mass.rank) = (0.0, 0.0);
        }
    }
}

/// The first `count`, in order.
fn first(mut ranks: Vec<(u32, f64)>, count: usize) -> Vec<(u32, f64)> {
    let falling = |a: &(u32, f64), b: &(u32, f64)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    if count < ranks.len() {
        ranks.select_nth_unstable_by(count, falling);
        ranks.truncate(count);
    }
    ranks.sort_unstable_by(falling);
    ranks
}
