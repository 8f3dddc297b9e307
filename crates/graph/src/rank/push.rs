//! Personal ranks by forward push: the walk that restarts at a few seeds, computed around them only.
//!
//! A person keeps (1 − α) of its residue and passes the rest on, while the residue exceeds ε for
//! each of its arcs. Time O(1 / (ε (1 − α))) whatever the size of the graph. Mass of people who
//! attend to nobody goes back to the seeds, which is the same as dividing by what is left.
//! Source: Andersen, Chung, Lang 2006.

use std::collections::{HashMap, VecDeque};

use super::RankSettings;
use crate::csr::Csr;

/// Personal ranks from `seeds`, which start with equal shares; by falling rank, then by number; they
/// sum to 1. `settings.tolerance` is ε; at most `iterations_max` people are pushed.
pub fn push(arcs: &Csr, seeds: &[u32], settings: &RankSettings) -> Vec<(u32, f64)> {
    let mut front = Front::default();
    for &seed in seeds {
        front.receive(arcs, seed, 1.0 / seeds.len() as f64, 0.0);
    }
    let mut pushes = 0;
    while let Some(at) = front.queue.pop_front()
        && pushes < settings.iterations_max
    {
        pushes += 1;
        front.push(arcs, at, settings);
    }
    front.ranks()
}

/// The people reached so far.
#[derive(Default)]
struct Front {
    places: HashMap<u32, usize>,
    masses: Vec<Mass>,
    queue: VecDeque<usize>,
}

struct Mass {
    person: u32,
    rank: f64,
    residue: f64,
    waiting: bool,
}

impl Front {
    fn receive(&mut self, arcs: &Csr, person: u32, share: f64, epsilon: f64) {
        let next = self.masses.len();
        let at = *self.places.entry(person).or_insert(next);
        if at == next {
            self.masses.push(Mass { person, rank: 0.0, residue: 0.0, waiting: false });
        }
        let mass = &mut self.masses[at];
        mass.residue += share;
        if !mass.waiting && mass.residue > epsilon * arcs.degree(person).max(1) as f64 {
            mass.waiting = true;
            self.queue.push_back(at);
        }
    }

    fn push(&mut self, arcs: &Csr, at: usize, settings: &RankSettings) {
        let mass = &mut self.masses[at];
        let residue = std::mem::take(&mut mass.residue);
        mass.waiting = false;
        mass.rank += (1.0 - settings.damping) * residue;
        let person = mass.person;
        let strength = arcs.strength(person);
        for (target, weight) in arcs.arcs_of(person) {
            let share = settings.damping * residue * f64::from(weight) / strength;
            self.receive(arcs, target, share, settings.tolerance);
        }
    }

    fn ranks(self) -> Vec<(u32, f64)> {
        let sum: f64 = self.masses.iter().map(|mass| mass.rank).sum();
        let reached = self.masses.iter().filter(|mass| mass.rank > 0.0);
        let mut ranks: Vec<(u32, f64)> =
            reached.map(|mass| (mass.person, mass.rank / sum)).collect();
        ranks.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        ranks
    }
}
