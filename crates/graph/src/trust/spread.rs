//! The early-terminated walk: mass starts at the seeds of a set and goes ⌈log₂ n⌉ steps along
//! attention, through each person as far as it stands well. It mixes among people who attend to each
//! other; little passes the few arcs into a farm.
//!
//! `reach(v) = min(1, (Σ_steps x_step(v) / max(in(v), W_v)) / typical)`: mass received for each unit
//! of attention that v receives or gives, whichever is more. By what it receives, since hubs of farms
//! collect much mass from many; by what it gives, since one who got little could hand it to
//! thousands. All sets go along the arcs in one pass, as lanes. Time O(m · sets · log n), memory
//! 2 B/arc (6 B with weights) and 22 B/message. Source: SybilRank (Cao et al. 2012), with directions.

use rayon::prelude::*;

use super::Lanes;
use crate::csr::Csr;
use crate::rank::Layout;

/// A graph made ready for trust walks.
pub(super) struct Spread<'a> {
    /// Who attends to whom.
    pub(super) arcs: &'a Csr,
    /// Attention given by each person.
    pub(super) given: Vec<f64>,
    /// Attention received by each person.
    pub(super) received: Vec<f64>,
    layout: Layout,
}

impl<'a> Spread<'a> {
    /// Prepares walks along `arcs`.
    pub(super) fn new(arcs: &'a Csr) -> Spread<'a> {
        let received = arcs.receive(|sum: &mut f64, (_, _, weight)| *sum += f64::from(weight));
        Spread { given: arcs.strengths(), received, layout: Layout::new(arcs), arcs }
    }

    /// Sums over attention, its weight times what is given, in place: `heard` and `doubted` of those
    /// who attend to a person, `asked` of those whom it attends to.
    pub(super) fn exchange(&self, heard: &mut [Lanes], doubted: &mut [Lanes], asked: &mut [Lanes]) {
        let mut room = self.layout.room();
        self.layout.pass_on(heard, &mut room);
        self.layout.pass_on(doubted, &mut room);
        self.layout.ask(asked, &mut room);
    }

    /// How well each person is reached from each set of seeds, 0 to 1. Of what a person receives it
    /// passes on the share `passes`; `below` of the mass is at people who are reached less than
    /// fully.
    pub(super) fn reach(&self, seeds: &[Vec<u32>], passes: &[Lanes], below: f64) -> Vec<Lanes> {
        let nodes = self.arcs.nodes();
        let sent = self.sent(passes);
        let mut mass = vec![Lanes::default(); nodes];
        for (lane, seeds) in seeds.iter().enumerate() {
            seeds.iter().for_each(|&seed| mass[seed as usize][lane] = 1.0 / seeds.len() as f32);
        }
        mass.iter_mut().zip(&sent).for_each(|(mass, sent)| *mass = times(*mass, sent));
        let mut total = vec![Lanes::default(); nodes];
        let mut room = self.layout.room();
        for _ in 0..nodes.max(2).ilog2() + 1 {
            self.layout.pass_on_to(&mut mass, &mut room, &mut total, |person, mass, total| {
                total.iter_mut().zip(mass).for_each(|(total, mass)| *total += mass);
                times(mass, &sent[person])
            });
        }
        let most: Vec<f64> =
            self.given.iter().zip(&self.received).map(|(w, r)| w.max(*r)).collect();
        let typical: Vec<f32> = (0..seeds.len())
            .into_par_iter()
            .map(|lane| typical(&total, &most, lane, below))
            .collect();
        total.par_iter_mut().zip(&most).for_each(|(total, &most)| {
            for (mass, typical) in total.iter_mut().zip(&typical) {
                *mass = if *mass > 0.0 { (ratio(*mass, most) / typical).min(1.0) } else { 0.0 };
            }
        });
        total
    }

    /// The part of each person's mass that it passes on along a unit of attention.
    fn sent(&self, passes: &[Lanes]) -> Vec<Lanes> {
        let each = |given: f64| if given > 0.0 { (1.0 / given) as f32 } else { 0.0 };
        let people = passes.par_iter().zip(&self.given);
        people.map(|(passes, &given)| passes.map(|pass| pass * each(given))).collect()
    }
}

/// Lane by lane.
fn times(a: Lanes, b: &Lanes) -> Lanes {
    std::array::from_fn(|lane| a[lane] * b[lane])
}

/// Mass for each unit of attention.
fn ratio(mass: f32, most: f64) -> f32 {
    (f64::from(mass) / most) as f32
}

/// The ratio of the person below whom the share `below` of a lane's mass is. Mass, not people: a farm
/// has as many people as it likes, but only the mass that leaks into it. Ratios are counted by their
/// first 16 bits, and only those of the count that decides are put in order: O(n).
fn typical(mass: &[Lanes], most: &[f64], lane: usize, below: f64) -> f32 {
    let people = mass.iter().zip(most).map(|(mass, &most)| (mass[lane], most));
    let reached = people.filter(|one| one.0 > 0.0).map(|(mass, most)| (ratio(mass, most), mass));
    let count = |ratio: f32| (ratio.to_bits() >> 16) as usize;
    let mut counts = vec![0.0; 1 << 16];
    reached.clone().for_each(|(ratio, mass)| counts[count(ratio)] += f64::from(mass));
    let wanted = below * counts.iter().sum::<f64>();
    let mut sum = 0.0;
    let deciding = counts.iter().position(|&mass| {
        let decides = mass > 0.0 && sum + mass >= wanted;
        sum += if decides { 0.0 } else { mass };
        decides
    });
    let mut within: Vec<(f32, f32)> =
        reached.filter(|one| Some(count(one.0)) == deciding).collect();
    within.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let found = within.iter().find(|(_, mass)| {
        sum += f64::from(*mass);
        sum >= wanted
    });
    found.or(within.last()).map_or(1.0, |one| one.0)
}
