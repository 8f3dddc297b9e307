//! Power iteration of `a = α Pᵀ a + (1 − α) t` with `P(u→v) = w_uv / W_u`, several vectors at once.
//!
//! Mass of people who attend to nobody goes to t. Time O(arcs) an iteration, about
//! ln(1/tolerance)/ln(1/α) iterations. Source: Page et al. 1999; Haveliwala 2002.
//!
//! **Memory** beside the arcs: the layout and 4 B/person; during a walk 4 B for every message and
//! vector, 8 B/person and vector and 4 B more for what comes out, 8·2^16 B for every thread and vector;
//! 4 B/person more for a warm start.
//!
//! **Accuracy.** Ranks are stored as f32 and summed as f64, so a sum is as good as its terms however
//! many there are. An iteration rounds three times (1/W, what is sent, the new rank), each by at
//! most 2⁻²⁴ of the value: at most 1.8·10⁻⁷ of all mass in Σ|a|, whatever the number of people, and
//! 1/(1 − α) times that in the end, if all errors had one sign. Measured it is 1 to 3·10⁻⁷. From one
//! iteration to the next a settled rank moves by one step of f32 at most, 1.2·10⁻⁷ of all mass
//! together: a tolerance of 10⁻⁶ is reached on any graph. What is left of the walk itself is at most
//! α/(1 − α) times the last change.
//!
//! **Determinism.** Each block sums its messages in the order of their sources, eight people side by
//! side add up changes and idle mass, and blocks are added in their order. The bits depend on
//! neither threads nor instruction sets: nothing is fused or reordered.

use rayon::prelude::*;

use super::RankSettings;
use super::layout::{BLOCK, Layout, people};
use super::product::{Room, Work, widely};
use super::rows::Rows;
use crate::csr::Csr;

/// People whose changes and idle mass are added up side by side, so that no sum waits for another.
const ABREAST: usize = 8;

/// People whose numbers are put side by side, or taken apart, vector by vector: few enough for the
/// nearest cache.
const TURNED: usize = 512;

/// A graph made ready for walks; build once, walk often.
#[derive(Debug)]
pub struct Walk {
    layout: Layout,
    /// 1 / W_u: the part of a rank that goes along a unit of weight. −1 for people who attend to
    /// nobody, so that who is idle shows in the sign.
    scales: Vec<f32>,
}

/// Where a walk ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Walked {
    /// Share of each person; sums to 1.
    pub shares: Vec<f32>,
    /// Iterations made, by all vectors of the pass.
    pub iterations: usize,
    /// Σ|aₖ₊₁ − aₖ| of the last iteration.
    pub error: f64,
}

/// The vectors of one pass, by person.
struct State<const K: usize> {
    /// Ranks times [`Walk::scales`].
    sent: Rows<f32, K>,
    room: Room<K>,
    tally: Tally<K>,
}

/// What an iteration adds up, for each vector.
#[derive(Clone, Copy)]
struct Tally<const K: usize> {
    /// Σ|aₖ₊₁ − aₖ|.
    change: [f64; K],
    /// Mass of people who attend to nobody.
    idle: [f64; K],
}

/// One block of people while its messages become ranks.
struct Step<'a, const K: usize> {
    layout: &'a Layout,
    block: usize,
    messages: &'a [[f32; K]],
    /// Zeroes, and zeroes again afterwards.
    sums: &'a mut [[f64; K]],
    sent: &'a mut [[f32; K]],
    scales: &'a [f32],
    t: &'a [[f32; K]],
    damping: f64,
    /// The share of t that each person gets.
    restart: [f64; K],
}

impl Walk {
    /// Prepares walks along `arcs`.
    pub fn new(arcs: &Csr) -> Walk {
        let scale = |person: u32| match arcs.strength(person) {
            0.0 => -1.0,
            strength => (1.0 / strength) as f32,
        };
        let scales = (0..arcs.nodes() as u32).into_par_iter().map(scale).collect();
        Walk { layout: Layout::new(arcs), scales }
    }

    /// Number of people.
    pub fn nodes(&self) -> usize {
        self.layout.nodes
    }

    /// Bytes held between walks.
    pub fn bytes(&self) -> usize {
        self.layout.bytes() + 4 * self.scales.len()
    }

    /// Messages per iteration: how often a rank crosses from block to block.
    pub fn messages(&self) -> usize {
        self.layout.messages()
    }

    /// Walks from the preference vector `t` (any non-negative numbers; all zero means uniform).
    /// `start` is a warm start in any scale.
    pub fn run(&self, t: &[f32], start: Option<&[f32]>, settings: &RankSettings) -> Walked {
        let t = normalised(t);
        let start = start.map(normalised);
        let (t, start) = (lane(&t), lane(start.as_ref().unwrap_or(&t)));
        let [walked] = self.iterate(t, start, settings);
        walked
    }

    /// Walks from several preference vectors, up to eight in one pass over the arcs: eight cost as
    /// much as three or four. A pass stops when its last vector is within tolerance.
    pub fn run_many(&self, ts: &[Vec<f32>], settings: &RankSettings) -> Vec<Walked> {
        let mut all = Vec::with_capacity(ts.len());
        let mut rest = ts;
        while !rest.is_empty() {
            let taken = match rest.len() {
                8.. => self.batch::<8>(rest, settings, &mut all),
                4.. => self.batch::<4>(rest, settings, &mut all),
                2.. => self.batch::<2>(rest, settings, &mut all),
                _ => self.batch::<1>(rest, settings, &mut all),
            };
            rest = &rest[taken..];
        }
        all
    }

    fn batch<const K: usize>(
        &self,
        ts: &[Vec<f32>],
        settings: &RankSettings,
        all: &mut Vec<Walked>,
    ) -> usize {
        let shares: [Share; K] = std::array::from_fn(|lane| Share::of(&ts[lane]));
        let mut lanes = Rows::<f32, K>::zeroes(self.nodes());
        lanes.par_chunks_mut(TURNED).enumerate().for_each(|(chunk, lanes)| {
            for (lane, (t, share)) in ts.iter().zip(shares).enumerate() {
                let t = &t[chunk * TURNED..];
                lanes.iter_mut().zip(t).for_each(|(lanes, &part)| lanes[lane] = share.take(part));
            }
        });
        all.extend(self.iterate(&lanes, &lanes, settings));
        K
    }

    fn iterate<const K: usize>(
        &self,
        t: &[[f32; K]],
        start: &[[f32; K]],
        settings: &RankSettings,
    ) -> [Walked; K] {
        let mut state = self.state(start);
        let mut iterations = 0;
        let open = |tally: &Tally<K>| tally.change.iter().any(|&now| now >= settings.tolerance);
        while iterations < settings.iterations_max && open(&state.tally) && self.nodes() > 0 {
            self.layout.send(&state.sent, &mut state.room.messages);
            state.tally = self.gather(&mut state, t, settings.damping);
            iterations += 1;
        }
        let mut errors = state.tally.change.into_iter();
        self.ranks(&state.sent).map(|mut shares| {
            normalise(&mut shares);
            Walked { shares, iterations, error: errors.next().unwrap_or(0.0) }
        })
    }

    /// Before the first iteration.
    fn state<const K: usize>(&self, start: &[[f32; K]]) -> State<K> {
        let mut sent = Rows::zeroes(start.len());
        let mut tally = Tally { change: [f64::INFINITY; K], idle: [0.0; K] };
        for ((sent, start), &scale) in sent.iter_mut().zip(start).zip(&self.scales) {
            *sent = start.map(|rank| rank * scale);
            tally.idle.iter_mut().zip(*sent).for_each(|(sum, sent)| *sum += f64::from(idle(sent)));
        }
        State { sent, room: self.layout.room(), tally }
    }

    /// The ranks of each vector.
    fn ranks<const K: usize>(&self, sent: &[[f32; K]]) -> [Vec<f32>; K] {
        let mut ranks: [Vec<f32>; K] = std::array::from_fn(|_| Vec::with_capacity(sent.len()));
        for (sent, scales) in sent.chunks(TURNED).zip(self.scales.chunks(TURNED)) {
            for (lane, ranks) in ranks.iter_mut().enumerate() {
                ranks.extend(sent.iter().zip(scales).map(|(sent, scale)| sent[lane] / scale));
            }
        }
        ranks
    }

    /// Sums the messages block by block and makes the next ranks of them.
    fn gather<const K: usize>(
        &self,
        state: &mut State<K>,
        t: &[[f32; K]],
        damping: f64,
    ) -> Tally<K> {
        let restart = state.tally.idle.map(|idle| 1.0 - damping + damping * idle);
        let (messages, desks) = (&*state.room.messages, &state.room.desks);
        let step = |(block, sent)| {
            let range = people(self.nodes(), block);
            let (layout, scales, t) = (&self.layout, &self.scales[range.clone()], &t[range]);
            desks.at_one(|sums| {
                widely(Step { layout, block, messages, sums, sent, scales, t, damping, restart })
            })
        };
        let blocks = state.sent.par_chunks_mut(BLOCK).enumerate();
        let tallies: Vec<Tally<K>> = blocks.map(step).collect();
        tallies.into_iter().fold(Tally::none(), Tally::and)
    }
}

impl<const K: usize> Work for Step<'_, K> {
    type Done = Tally<K>;

    #[inline(always)]
    fn work(mut self) -> Tally<K> {
        let count = self.sent.len();
        self.layout.receive(self.block, self.messages, self.sums);
        let (mut changes, mut idles) = ([[0.0; K]; ABREAST], [[0.0; K]; ABREAST]);
        // Several vectors are side by side already.
        let even = if K == 1 { count / ABREAST * ABREAST } else { 0 };
        for first in (0..even).step_by(ABREAST) {
            self.rank::<ABREAST>(first, &mut changes, &mut idles);
        }
        for first in even..count {
            self.rank::<1>(first, &mut changes, &mut idles);
        }
        let sides = changes.into_iter().zip(idles);
        sides.map(|(change, idle)| Tally { change, idle }).fold(Tally::none(), Tally::and)
    }
}

impl<const K: usize> Step<'_, K> {
    /// The next ranks of `N` people. Fixed lengths let the compiler take them side by side; nothing
    /// branches on who is idle, which nobody can foresee.
    #[inline(always)]
    fn rank<const N: usize>(
        &mut self,
        first: usize,
        changes: &mut [[f64; K]; ABREAST],
        idles: &mut [[f64; K]; ABREAST],
    ) {
        let (damping, restart) = (self.damping, self.restart);
        let scales: &[f32; N] = chunk(self.scales, first);
        let t: &[[f32; K]; N] = chunk(self.t, first);
        // Taken out and put back as a whole, or the compiler fears that one changes the other.
        let sums = std::mem::replace(chunk_mut(self.sums, first), [[0.0; K]; N]);
        let sent: &mut [[f32; K]; N] = chunk_mut(self.sent, first);
        let (before, mut now) = (*sent, [[0.0; K]; N]);
        for side in 0..N {
            let (scale, strength) = (f64::from(scales[side]), scales[side].abs().recip());
            for lane in 0..K {
                let rank = damping * sums[side][lane] + restart[lane] * f64::from(t[side][lane]);
                now[side][lane] = (rank * scale) as f32;
                let change = (now[side][lane] - before[side][lane]).abs() * strength;
                changes[side][lane] += f64::from(change);
                idles[side][lane] += f64::from(idle(now[side][lane]));
            }
        }
        *sent = now;
    }
}

/// The mass of somebody who attends to nobody, by what it would send; else 0.
#[inline(always)]
fn idle(sent: f32) -> f32 {
    (-sent).max(0.0)
}

/// One vector as rows of one lane.
fn lane(shares: &[f32]) -> &[[f32; 1]] {
    shares.as_chunks().0
}

#[inline(always)]
fn chunk<const N: usize, T>(all: &[T], first: usize) -> &[T; N] {
    all[first..].first_chunk().expect("a block holds all that are stepped through")
}

#[inline(always)]
fn chunk_mut<const N: usize, T>(all: &mut [T], first: usize) -> &mut [T; N] {
    all[first..].first_chunk_mut().expect("a block holds all that are stepped through")
}

impl<const K: usize> Tally<K> {
    fn none() -> Tally<K> {
        Tally { change: [0.0; K], idle: [0.0; K] }
    }

    fn and(self, other: Tally<K>) -> Tally<K> {
        Tally {
            change: std::array::from_fn(|lane| self.change[lane] + other.change[lane]),
            idle: std::array::from_fn(|lane| self.idle[lane] + other.idle[lane]),
        }
    }
}

/// The same shares with sum 1; uniform if there is nothing positive.
pub(crate) fn normalised(shares: &[f32]) -> Vec<f32> {
    let mut shares = shares.to_vec();
    normalise(&mut shares);
    shares
}

fn normalise(shares: &mut [f32]) {
    let share = Share::of(shares);
    shares.iter_mut().for_each(|part| *part = share.take(*part));
}

/// How parts become shares of their sum.
#[derive(Clone, Copy)]
struct Share {
    /// The share of a unit; 0 unless there is anything positive and the sum is finite.
    each: f64,
    /// What everybody has at least: 0, or the same for all where there are no shares of units.
    least: f64,
}

impl Share {
    /// Adds up what is positive, of [`ABREAST`] side by side.
    fn of(parts: &[f32]) -> Share {
        let mut sums = [0.0; ABREAST];
        for parts in parts.chunks(ABREAST) {
            let both = sums.iter_mut().zip(parts);
            both.for_each(|(sum, part)| *sum += f64::from(part.max(0.0)));
        }
        let sum: f64 = sums.iter().sum();
        if sum > 0.0 && sum.is_finite() {
            Share { each: 1.0 / sum, least: 0.0 }
        } else {
            Share { each: 0.0, least: 1.0 / parts.len() as f64 }
        }
    }

    /// That of a part.
    fn take(self, part: f32) -> f32 {
        // Infinity times 0 is no number, beside which `max` takes the other.
        (f64::from(part.max(0.0)) * self.each).max(self.least) as f32
    }
}
