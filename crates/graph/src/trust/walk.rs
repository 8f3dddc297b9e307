//! The early-terminated walk: mass starts at the seeds of a set and goes ⌈log₂ n⌉ steps along
//! attention, through each person by its credibility. It mixes among people who attend to each
//! other; little crosses the few arcs into a farm.
//!
//! `reach(v) = min(1, (Σ_steps x_step(v) / max(in(v), W_v)) / typical)`: mass received for each unit
//! of attention that v receives or gives, whichever is more. By the attention it receives, since hubs
//! of farms collect much mass from many; by the attention it gives, since a person who received
//! little could pass it to thousands. All sets go along the arcs in one pass, as lanes. Time
//! O(m · sets · log n), memory 2 B/arc (6 B with weights) and 22 B/message. Source: SybilRank (Cao et
//! al. 2012), with directions.

use model::index::PersonIndex;
use rayon::prelude::*;

use super::lanes::SetLanes;
use crate::csr::Csr;
use crate::walk::BlockLayout;

/// A graph made ready for trust walks.
pub(super) struct TrustWalk<'a> {
    /// The attention between people.
    pub(super) arcs: &'a Csr,
    /// Attention given by each person.
    pub(super) given: Vec<f64>,
    /// Attention received by each person.
    pub(super) received: Vec<f64>,
    layout: BlockLayout,
}

/// What a person has in one lane.
#[derive(Clone, Copy)]
struct ReachedPerson {
    /// Mass for each unit of attention.
    ratio: f32,
    mass: f32,
}

impl<'a> TrustWalk<'a> {
    /// Prepares walks along `arcs`.
    pub(super) fn new(arcs: &'a Csr) -> TrustWalk<'a> {
        let received = arcs.sum_received(|sum: &mut f64, arc| *sum += f64::from(arc.weight));
        TrustWalk { given: arcs.strengths(), received, layout: BlockLayout::new(arcs), arcs }
    }

    /// Sums along attention, in place: `received` and `doubted` over those who attend to a person,
    /// `neighbours` over those that it attends to.
    pub(super) fn sum_evidence(
        &self,
        received: &mut [SetLanes],
        doubted: &mut [SetLanes],
        neighbours: &mut [SetLanes],
    ) {
        let mut buffers = self.layout.buffers();
        self.layout.scatter(received, &mut buffers);
        self.layout.scatter(doubted, &mut buffers);
        self.layout.gather(neighbours, &mut buffers);
    }

    /// How well each person is reached from each set of seeds, 0 to 1. A person passes on the share
    /// `passes` of what it receives; the share `unreached` of the mass is at people who are not fully
    /// reached.
    pub(super) fn reach(
        &self,
        seeds: &[Vec<PersonIndex>],
        passes: &[SetLanes],
        unreached: f64,
    ) -> Vec<SetLanes> {
        let mut total = self.total_mass(seeds, passes);
        let most = self.given.iter().zip(&self.received).map(|(given, got)| given.max(*got));
        let most: Vec<f64> = most.collect();
        let typical: Vec<f32> = (0..seeds.len())
            .into_par_iter()
            .map(|lane| typical_ratio(&total, &most, lane, unreached))
            .collect();
        total.par_iter_mut().zip(&most).for_each(|(total, &most)| {
            for (mass, typical) in total.iter_mut().zip(&typical) {
                *mass = if *mass > 0.0 { (ratio(*mass, most) / typical).min(1.0) } else { 0.0 };
            }
        });
        total
    }

    /// The mass that arrives at each person, over all steps.
    fn total_mass(&self, seeds: &[Vec<PersonIndex>], passes: &[SetLanes]) -> Vec<SetLanes> {
        let nodes = self.arcs.nodes();
        let sent = self.sent(passes);
        let mut mass = vec![SetLanes::default(); nodes];
        for (lane, seeds) in seeds.iter().enumerate() {
            seeds.iter().for_each(|&seed| mass[seed.index()][lane] = 1.0 / seeds.len() as f32);
        }
        mass.iter_mut().zip(&sent).for_each(|(mass, sent)| *mass = times(*mass, sent));
        let mut total = vec![SetLanes::default(); nodes];
        let mut buffers = self.layout.buffers();
        for _ in 0..nodes.max(2).ilog2() + 1 {
            self.layout.scatter_with(&mut mass, &mut buffers, &mut total, |person, mass, total| {
                total.iter_mut().zip(mass).for_each(|(total, mass)| *total += mass);
                times(mass, &sent[person])
            });
        }
        total
    }

    /// The part of each person's mass that it passes on along a unit of attention.
    fn sent(&self, passes: &[SetLanes]) -> Vec<SetLanes> {
        let each = |given: f64| if given > 0.0 { (1.0 / given) as f32 } else { 0.0 };
        let people = passes.par_iter().zip(&self.given);
        people.map(|(passes, &given)| passes.map(|pass| pass * each(given))).collect()
    }
}

/// Lane by lane.
fn times(a: SetLanes, b: &SetLanes) -> SetLanes {
    std::array::from_fn(|lane| a[lane] * b[lane])
}

/// Mass for each unit of attention.
fn ratio(mass: f32, most: f64) -> f32 {
    (f64::from(mass) / most) as f32
}

/// The ratio below which the share `unreached` of a lane's mass is. Mass, not people: a
/// farm can have any number of people, but only the mass that leaks into it. Ratios are counted by
/// their first 16 bits, and only those of the deciding count are sorted: O(n).
fn typical_ratio(mass: &[SetLanes], most: &[f64], lane: usize, unreached: f64) -> f32 {
    let people = mass.iter().zip(most).filter(|(mass, _)| mass[lane] > 0.0);
    let reached = people.map(|(mass, &most)| {
        let mass = mass[lane];
        ReachedPerson { ratio: ratio(mass, most), mass }
    });
    let bucket = |ratio: f32| (ratio.to_bits() >> 16) as usize;
    let mut counts = vec![0.0; 1 << 16];
    reached.clone().for_each(|one| counts[bucket(one.ratio)] += f64::from(one.mass));
    let wanted = unreached * counts.iter().sum::<f64>();
    let mut sum = 0.0;
    let deciding = counts.iter().position(|&mass| {
        let decides = mass > 0.0 && sum + mass >= wanted;
        sum += if decides { 0.0 } else { mass };
        decides
    });
    let within = reached.filter(|one| Some(bucket(one.ratio)) == deciding);
    let mut within: Vec<ReachedPerson> = within.collect();
    within.sort_unstable_by(|a, b| a.ratio.total_cmp(&b.ratio).then(a.mass.total_cmp(&b.mass)));
    let found = within.iter().find(|one| {
        sum += f64::from(one.mass);
        sum >= wanted
    });
    found.or(within.last()).map_or(1.0, |one| one.ratio)
}
