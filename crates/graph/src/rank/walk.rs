//! Power iteration of `a = α Pᵀ a + (1 − α) t` with `P(u→v) = w_uv / W_u`, several vectors at once.
//!
//! Mass of people who attend to nobody goes to t. Ranks are stored as f32 and summed as f64; each
//! block sums its messages in the order of their sources, so the bits do not depend on threads.
//! Time O(arcs) an iteration, about ln(1/tolerance)/ln(1/α) iterations. Memory: the layout, 4 B for
//! every message and vector, 12 B/person and vector. Source: Page et al. 1999; Haveliwala 2002.

use rayon::prelude::*;

use super::RankSettings;
use super::layout::{BLOCK, Layout};
use crate::csr::Csr;

/// A graph made ready for walks; build once, walk often.
#[derive(Debug)]
pub struct Walk {
    layout: Layout,
    /// 1 / W_u; 0 for people who attend to nobody.
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
    ranks: Vec<[f32; K]>,
    sent: Vec<[f32; K]>,
    values: Vec<[f32; K]>,
}

impl Walk {
    /// Prepares walks along `arcs`.
    pub fn new(arcs: &Csr) -> Walk {
        let scale = |person: u32| match arcs.strength(person) {
            0.0 => 0.0,
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
        let start = start.map_or_else(|| t.clone(), normalised);
        let [walked] = self.iterate([&t], [&start], settings);
        walked
    }

    /// Walks from several preference vectors, up to eight in one pass over the arcs: a pass costs
    /// little more than one walk. A pass stops when its last vector is within tolerance.
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
        let ts: [Vec<f32>; K] = std::array::from_fn(|lane| normalised(&ts[lane]));
        let views = ts.each_ref().map(Vec::as_slice);
        all.extend(self.iterate(views, views, settings));
        K
    }

    fn iterate<const K: usize>(
        &self,
        ts: [&[f32]; K],
        starts: [&[f32]; K],
        settings: &RankSettings,
    ) -> [Walked; K] {
        let lanes = |person: usize| std::array::from_fn(|lane| starts[lane][person]);
        let ranks: Vec<[f32; K]> = (0..self.nodes()).map(lanes).collect();
        let scaled = ranks.iter().zip(&self.scales).map(|(rank, &scale)| rank.map(|r| r * scale));
        let values = vec![[0.0; K]; self.layout.messages()];
        let mut state = State { sent: scaled.collect(), ranks, values };
        let (mut iterations, mut errors) = (0, [f64::INFINITY; K]);
        let open = |errors: &[f64; K]| errors.iter().any(|&error| error >= settings.tolerance);
        while iterations < settings.iterations_max && open(&errors) && self.nodes() > 0 {
            self.scatter(&mut state);
            errors = self.gather(&mut state, ts, settings.damping);
            iterations += 1;
        }
        std::array::from_fn(|lane| {
            let shares: Vec<f32> = state.ranks.iter().map(|rank| rank[lane]).collect();
            Walked { shares: normalised(&shares), iterations, error: errors[lane] }
        })
    }

    /// Writes every message's value, source block by source block.
    fn scatter<const K: usize>(&self, state: &mut State<K>) {
        let mut rest = state.values.as_mut_slice();
        let mut parts = Vec::with_capacity(self.layout.blocks);
        for block in 0..self.layout.blocks {
            let (part, tail) = rest.split_at_mut(self.layout.sent_by(block).len());
            parts.push(part);
            rest = tail;
        }
        let sent = &state.sent;
        parts.into_par_iter().enumerate().for_each(|(block, values)| {
            let people = &sent[block * BLOCK..((block + 1) * BLOCK).min(sent.len())];
            for (value, &sender) in values.iter_mut().zip(self.layout.senders(block)) {
                *value = people[usize::from(sender)];
            }
        });
    }

    /// Sums the messages block by block; returns the change of each vector.
    fn gather<const K: usize>(
        &self,
        state: &mut State<K>,
        ts: [&[f32]; K],
        damping: f64,
    ) -> [f64; K] {
        let idle = self.idle(&state.ranks);
        let restart = idle.map(|idle| 1.0 - damping + damping * idle);
        let values = &state.values;
        let changes: Vec<[f64; K]> = state
            .ranks
            .par_chunks_mut(BLOCK)
            .zip(state.sent.par_chunks_mut(BLOCK))
            .enumerate()
            .map_init(
                || Box::new([[0.0; K]; BLOCK]),
                |sums, (block, (ranks, sent))| {
                    sums[..ranks.len()].fill([0.0; K]);
                    self.layout.receive(block, values, sums);
                    let first = block * BLOCK;
                    let mut change = [0.0; K];
                    for at in 0..ranks.len() {
                        let scale = self.scales[first + at];
                        for lane in 0..K {
                            let t = f64::from(ts[lane][first + at]);
                            let next = (damping * sums[at][lane] + restart[lane] * t) as f32;
                            change[lane] += f64::from((next - ranks[at][lane]).abs());
                            ranks[at][lane] = next;
                            sent[at][lane] = next * scale;
                        }
                    }
                    change
                },
            )
            .collect();
        fold(&changes)
    }

    /// Mass of people who attend to nobody.
    fn idle<const K: usize>(&self, ranks: &[[f32; K]]) -> [f64; K] {
        let sums: Vec<[f64; K]> = ranks
            .par_chunks(BLOCK)
            .zip(self.scales.par_chunks(BLOCK))
            .map(|(ranks, scales)| {
                let mut sum = [0.0; K];
                for (rank, _) in ranks.iter().zip(scales).filter(|&(_, &scale)| scale == 0.0) {
                    for lane in 0..K {
                        sum[lane] += f64::from(rank[lane]);
                    }
                }
                sum
            })
            .collect();
        fold(&sums)
    }
}

/// Adds up blocks in their order.
fn fold<const K: usize>(blocks: &[[f64; K]]) -> [f64; K] {
    let mut sum = [0.0; K];
    for block in blocks {
        for lane in 0..K {
            sum[lane] += block[lane];
        }
    }
    sum
}

/// The same shares with sum 1; uniform if there is nothing positive.
pub(crate) fn normalised(shares: &[f32]) -> Vec<f32> {
    let sum: f64 = shares.iter().map(|&share| f64::from(share.max(0.0))).sum();
    match sum > 0.0 && sum.is_finite() {
        true => shares.iter().map(|&share| (f64::from(share.max(0.0)) / sum) as f32).collect(),
        false => vec![1.0 / shares.len().max(1) as f32; shares.len()],
    }
}
