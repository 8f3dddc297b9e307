//! The early-terminated walk: mass starts at the seeds of a set and goes ⌈log₂ n⌉ steps along
//! attention, through each person as far as it stands well. It mixes among people who attend to each
//! other; little passes the few arcs into a farm.
//!
//! `reach(v) = min(1, (Σ_steps x_step(v) / max(in(v), W_v)) / typical)`: mass received for each unit
//! of attention that v receives or gives, whichever is more. By what it receives, since hubs of farms
//! collect much mass from many; by what it gives, since one who got little could hand it to
//! thousands. All sets go along the arcs in one pass, as lanes.

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
        let received = arcs.received(|_, _| true);
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
        let mut mass = vec![Lanes::default(); nodes];
        for (lane, seeds) in seeds.iter().enumerate() {
            seeds.iter().for_each(|&seed| mass[seed as usize][lane] = 1.0 / seeds.len() as f32);
        }
        let mut total = vec![Lanes::default(); nodes];
        let mut room = self.layout.room();
        for _ in 0..nodes.max(2).ilog2() + 1 {
            self.scale(&mut mass, passes);
            self.layout.pass_on(&mut mass, &mut room);
            total.par_iter_mut().zip(&mass).for_each(|(total, mass)| {
                total.iter_mut().zip(mass).for_each(|(total, mass)| *total += mass);
            });
        }
        let most: Vec<f64> =
            self.given.iter().zip(&self.received).map(|(w, r)| w.max(*r)).collect();
        for (lane, _) in seeds.iter().enumerate() {
            let ratio = |(mass, most): (&Lanes, &f64)| (f64::from(mass[lane]) / most) as f32;
            let ratios: Vec<f32> = total.iter().zip(&most).map(ratio).collect();
            let typical = typical(&ratios, &total, (lane, below));
            total.iter_mut().zip(ratios).for_each(|(total, ratio)| {
                total[lane] = if total[lane] > 0.0 { (ratio / typical).min(1.0) } else { 0.0 };
            });
        }
        total
    }

    /// The part of each person's mass that it passes on along a unit of attention.
    fn scale(&self, mass: &mut [Lanes], passes: &[Lanes]) {
        let people = mass.par_iter_mut().zip(passes).zip(&self.given);
        people.for_each(|((mass, passes), &given)| {
            let each = if given > 0.0 { (1.0 / given) as f32 } else { 0.0 };
            mass.iter_mut().zip(passes).for_each(|(mass, pass)| *mass *= pass * each);
        });
    }
}

/// The ratio of the person below whom the share `below` of a lane's mass is. Mass, not people: a farm
/// has as many people as it likes, but only the mass that leaks into it.
fn typical(ratios: &[f32], mass: &[Lanes], (lane, below): (usize, f64)) -> f32 {
    let reached = ratios.iter().zip(mass).filter(|(_, mass)| mass[lane] > 0.0);
    let mut reached: Vec<(f32, f32)> = reached.map(|(&ratio, mass)| (ratio, mass[lane])).collect();
    reached.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let all: f64 = reached.iter().map(|person| f64::from(person.1)).sum();
    let mut sum = 0.0;
    let found = reached.iter().find(|(_, mass)| {
        sum += f64::from(*mass);
        sum >= below * all
    });
    found.map_or(1.0, |(ratio, _)| *ratio)
}
