//! Power iteration of `a = α Pᵀ a + (1 − α) t` with `P(u→v) = w_uv / W_u`, several vectors at once.
//!
//! Mass of people who attend to no one goes to t. Time O(arcs) an iteration, about
//! ln(1/tolerance)/ln(1/α) iterations. Source: Page et al. 1999; Haveliwala 2002.
//!
//! **Memory** beside the arcs: the layout and 4 B/person; during a walk 4 B for every message and
//! vector, 8 B/person and vector and 4 B more for the result, 8·2^16 B for every thread and vector;
//! 4 B/person more for a warm start.
//!
//! **Accuracy.** Ranks are stored as f32 and summed as f64, so a sum is as good as its terms, however
//! many there are. An iteration rounds three times (1/W, the message, the new rank), each by at
//! most 2⁻²⁴ of the value: at most 1.8·10⁻⁷ of all mass in Σ|a|, whatever the number of people, and
//! 1/(1 − α) times that in the end, if all errors had one sign. Measured it is 1 to 3·10⁻⁷. From one
//! iteration to the next a settled rank moves by one step of f32 at most, 1.2·10⁻⁷ of all mass
//! together: a tolerance of 10⁻⁶ is reached on any graph. The remaining error of the walk itself is
//! at most α/(1 − α) times the last change.
//!
//! **Determinism.** Each block sums its messages in the order of their sources, changes and idle mass
//! are added up in eight independent sums, and blocks are added in their order. The bits depend on
//! neither threads nor instruction sets: nothing is fused or reordered.

use rayon::prelude::*;

use super::blocks::{BLOCK, people_of};
use super::layout::BlockLayout;
use super::product::WalkBuffers;
use super::rows::AlignedRows;
use super::settings::RankSettings;
use super::shares::{ShareScale, normalise, normalised};
use super::simd::{BlockTask, with_simd};
use crate::csr::Csr;

/// People whose changes and idle mass are added up independently, so that no addition waits for the
/// one before.
const UNROLLED: usize = 8;

/// Rows that are transposed at a time: few enough for the first-level cache.
const TRANSPOSED_ROWS: usize = 512;

/// A graph made ready for random walks; build once, walk often.
///
/// ```
/// use graph::rank::{RandomWalk, RankSettings};
/// use graph::{ArcList, Csr};
///
/// // Two people attend to person 2, who attends to person 0.
/// let list = ArcList { sources: &[0, 1, 2], targets: &[2, 2, 0], weights: None };
/// let walk = RandomWalk::new(&Csr::from_arcs(3, list)?.csr);
/// let shares = walk.run(&[1.0; 3], None, &RankSettings::default()).shares;
/// assert!(shares[2] > shares[0] && shares[0] > shares[1]);
/// # Ok::<(), graph::CsrError>(())
/// ```
#[derive(Debug)]
pub struct RandomWalk {
    layout: BlockLayout,
    /// 1 / W_u: the part of a rank that goes along a unit of weight. −1 for people who attend to
    /// no one: the sign marks them as idle.
    scales: Vec<f32>,
}

/// The end of a random walk.
#[derive(Debug, Clone, PartialEq)]
pub struct WalkResult {
    /// Share of each person; sums to 1.
    pub shares: Vec<f32>,
    /// Iterations made, by all vectors of the pass.
    pub iterations: usize,
    /// Σ|aₖ₊₁ − aₖ| of the last iteration.
    pub error: f64,
}

/// The vectors of one pass, by person.
struct WalkState<const K: usize> {
    /// Ranks times [`RandomWalk::scales`].
    sent: AlignedRows<f32, K>,
    buffers: WalkBuffers<K>,
    totals: WalkTotals<K>,
}

/// Sums over all people, for each vector.
#[derive(Clone, Copy)]
struct WalkTotals<const K: usize> {
    /// Σ|aₖ₊₁ − aₖ|.
    change: [f64; K],
    /// Mass of people who attend to no one.
    idle: [f64; K],
}

/// Turns the messages to one block of people into their ranks.
struct RankTask<'a, const K: usize> {
    layout: &'a BlockLayout,
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

impl RandomWalk {
    /// Prepares walks along `arcs`.
    pub fn new(arcs: &Csr) -> RandomWalk {
        let scale = |person: u32| match arcs.strength(person) {
            0.0 => -1.0,
            strength => (1.0 / strength) as f32,
        };
        let scales = (0..arcs.nodes() as u32).into_par_iter().map(scale).collect();
        RandomWalk { layout: BlockLayout::new(arcs), scales }
    }

    /// Number of people.
    pub fn nodes(&self) -> usize {
        self.layout.nodes()
    }

    /// Bytes held between walks.
    pub fn bytes(&self) -> usize {
        self.layout.bytes() + 4 * self.scales.len()
    }

    /// Messages per iteration: how often a rank is sent from block to block.
    pub fn messages(&self) -> usize {
        self.layout.messages()
    }

    /// Walks from the preference vector `t` (any non-negative numbers; all zero means uniform).
    /// `start` is a warm start in any scale.
    pub fn run(&self, t: &[f32], start: Option<&[f32]>, settings: &RankSettings) -> WalkResult {
        let t = normalised(t);
        let start = start.map(normalised);
        let (t, start) = (rows_of_one(&t), rows_of_one(start.as_ref().unwrap_or(&t)));
        let [result] = self.iterate(t, start, settings);
        result
    }

    /// Walks from several preference vectors, up to eight in one pass over the arcs: eight cost as
    /// much as three or four. A pass stops when its last vector is within tolerance.
    pub fn run_many(&self, ts: &[Vec<f32>], settings: &RankSettings) -> Vec<WalkResult> {
        let mut results = Vec::with_capacity(ts.len());
        let mut rest = ts;
        while !rest.is_empty() {
            let taken = match rest.len() {
                8.. => self.batch::<8>(rest, settings, &mut results),
                4.. => self.batch::<4>(rest, settings, &mut results),
                2.. => self.batch::<2>(rest, settings, &mut results),
                _ => self.batch::<1>(rest, settings, &mut results),
            };
            rest = &rest[taken..];
        }
        results
    }

    /// Walks from the first `K` vectors; returns `K`.
    fn batch<const K: usize>(
        &self,
        ts: &[Vec<f32>],
        settings: &RankSettings,
        results: &mut Vec<WalkResult>,
    ) -> usize {
        let scales: [ShareScale; K] = std::array::from_fn(|lane| ShareScale::of(&ts[lane]));
        let mut rows = AlignedRows::<f32, K>::zeroes(self.nodes());
        rows.par_chunks_mut(TRANSPOSED_ROWS).enumerate().for_each(|(chunk, rows)| {
            for (lane, (t, scale)) in ts.iter().zip(scales).enumerate() {
                let t = &t[chunk * TRANSPOSED_ROWS..];
                rows.iter_mut().zip(t).for_each(|(row, &part)| row[lane] = scale.share(part));
            }
        });
        results.extend(self.iterate(&rows, &rows, settings));
        K
    }

    fn iterate<const K: usize>(
        &self,
        t: &[[f32; K]],
        start: &[[f32; K]],
        settings: &RankSettings,
    ) -> [WalkResult; K] {
        let mut state = self.state(start);
        let mut iterations = 0;
        let is_open =
            |totals: &WalkTotals<K>| totals.change.iter().any(|&now| now >= settings.tolerance);
        while iterations < settings.iterations_max && is_open(&state.totals) && self.nodes() > 0 {
            self.layout.send(&state.sent, &mut state.buffers.messages);
            state.totals = self.receive(&mut state, t, settings.damping);
            iterations += 1;
        }
        let mut errors = state.totals.change.into_iter();
        self.ranks(&state.sent).map(|mut shares| {
            normalise(&mut shares);
            WalkResult { shares, iterations, error: errors.next().unwrap_or(0.0) }
        })
    }

    /// The state before the first iteration.
    fn state<const K: usize>(&self, start: &[[f32; K]]) -> WalkState<K> {
        let mut sent = AlignedRows::zeroes(start.len());
        let mut totals = WalkTotals { change: [f64::INFINITY; K], idle: [0.0; K] };
        for ((sent, start), &scale) in sent.iter_mut().zip(start).zip(&self.scales) {
            *sent = start.map(|rank| rank * scale);
            totals.idle.iter_mut().zip(*sent).for_each(|(sum, sent)| *sum += f64::from(idle(sent)));
        }
        WalkState { sent, buffers: self.layout.buffers(), totals }
    }

    /// The ranks of each vector.
    fn ranks<const K: usize>(&self, sent: &[[f32; K]]) -> [Vec<f32>; K] {
        let mut ranks: [Vec<f32>; K] = std::array::from_fn(|_| Vec::with_capacity(sent.len()));
        for (sent, scales) in sent.chunks(TRANSPOSED_ROWS).zip(self.scales.chunks(TRANSPOSED_ROWS))
        {
            for (lane, ranks) in ranks.iter_mut().enumerate() {
                ranks.extend(sent.iter().zip(scales).map(|(sent, scale)| sent[lane] / scale));
            }
        }
        ranks
    }

    /// Sums the messages block by block and makes the next ranks of them.
    fn receive<const K: usize>(
        &self,
        state: &mut WalkState<K>,
        t: &[[f32; K]],
        damping: f64,
    ) -> WalkTotals<K> {
        let restart = state.totals.idle.map(|idle| 1.0 - damping + damping * idle);
        let (messages, scratch) = (&*state.buffers.messages, &state.buffers.scratch);
        let receive = |(block, sent)| {
            let people = people_of(self.nodes(), block);
            let (layout, scales, t) = (&self.layout, &self.scales[people.clone()], &t[people]);
            scratch.with_sums(|sums| {
                let task =
                    RankTask { layout, block, messages, sums, sent, scales, t, damping, restart };
                with_simd(task)
            })
        };
        let blocks = state.sent.par_chunks_mut(BLOCK).enumerate();
        let totals: Vec<WalkTotals<K>> = blocks.map(receive).collect();
        totals.into_iter().fold(WalkTotals::zero(), WalkTotals::plus)
    }
}

impl<const K: usize> BlockTask for RankTask<'_, K> {
    type Output = WalkTotals<K>;

    #[inline(always)]
    fn run(mut self) -> WalkTotals<K> {
        let count = self.sent.len();
        self.layout.receive(self.block, self.messages, self.sums);
        let (mut changes, mut idles) = ([[0.0; K]; UNROLLED], [[0.0; K]; UNROLLED]);
        // With several vectors a row is wide enough already.
        let even = if K == 1 { count / UNROLLED * UNROLLED } else { 0 };
        for first in (0..even).step_by(UNROLLED) {
            self.rank::<UNROLLED>(first, &mut changes, &mut idles);
        }
        for first in even..count {
            self.rank::<1>(first, &mut changes, &mut idles);
        }
        let sums = changes.into_iter().zip(idles);
        let totals = sums.map(|(change, idle)| WalkTotals { change, idle });
        totals.fold(WalkTotals::zero(), WalkTotals::plus)
    }
}

impl<const K: usize> RankTask<'_, K> {
    /// The next ranks of `N` people. The fixed length lets the compiler vectorise; there is no branch
    /// on idle people, since it would be mispredicted.
    #[inline(always)]
    fn rank<const N: usize>(
        &mut self,
        first: usize,
        changes: &mut [[f64; K]; UNROLLED],
        idles: &mut [[f64; K]; UNROLLED],
    ) {
        let (damping, restart) = (self.damping, self.restart);
        let scales: &[f32; N] = chunk(self.scales, first);
        let t: &[[f32; K]; N] = chunk(self.t, first);
        // Copied out and back as a whole: with references the compiler must assume that they overlap.
        let sums = std::mem::replace(chunk_mut(self.sums, first), [[0.0; K]; N]);
        let sent: &mut [[f32; K]; N] = chunk_mut(self.sent, first);
        let (before, mut now) = (*sent, [[0.0; K]; N]);
        for at in 0..N {
            let (scale, strength) = (f64::from(scales[at]), scales[at].abs().recip());
            for lane in 0..K {
                let rank = damping * sums[at][lane] + restart[lane] * f64::from(t[at][lane]);
                now[at][lane] = (rank * scale) as f32;
                let change = (now[at][lane] - before[at][lane]).abs() * strength;
                changes[at][lane] += f64::from(change);
                idles[at][lane] += f64::from(idle(now[at][lane]));
            }
        }
        *sent = now;
    }
}

/// The mass of a person who attends to no one, by what it would send; else 0.
#[inline(always)]
fn idle(sent: f32) -> f32 {
    (-sent).max(0.0)
}

/// One vector as rows of one number.
fn rows_of_one(shares: &[f32]) -> &[[f32; 1]] {
    let (rows, _) = shares.as_chunks();
    rows
}

#[inline(always)]
fn chunk<const N: usize, T>(all: &[T], first: usize) -> &[T; N] {
    all[first..].first_chunk().expect("`first` is at least `N` before the end of the block")
}

#[inline(always)]
fn chunk_mut<const N: usize, T>(all: &mut [T], first: usize) -> &mut [T; N] {
    all[first..].first_chunk_mut().expect("`first` is at least `N` before the end of the block")
}

impl<const K: usize> WalkTotals<K> {
    fn zero() -> WalkTotals<K> {
        WalkTotals { change: [0.0; K], idle: [0.0; K] }
    }

    fn plus(self, other: WalkTotals<K>) -> WalkTotals<K> {
        WalkTotals {
            change: std::array::from_fn(|lane| self.change[lane] + other.change[lane]),
            idle: std::array::from_fn(|lane| self.idle[lane] + other.idle[lane]),
        }
    }
}
