//! Layers of arcs → one weight per arc, and the negative evidence apart.
//!
//! `w_uv = Σ_lasting c·weight + Σ_interaction c·weight·ln(1 + count)·2^(−age / 90 days)`, with a
//! coefficient c for each layer. A person who blocks or mutes another gives it no attention.
//!
//! In a layer of lasting arcs, a weight is also a *rating* of the target. The weight that a tenth of
//! the layer's arcs have or exceed means full approval, a lower one proportionally less. Arcs without
//! a weight and interactions, however rare, are full approval: a single like is not a low rating. Time O(m log layers), memory 8 B for every arc of the result, and as much again with
//! ratings.

use model::{Day, Layer};
use serde::{Deserialize, Serialize};

use crate::csr::{Csr, RowBuilder};

/// Days after which an interaction counts half.
pub const HALF_LIFE_DAYS: f64 = 90.0;

/// Interactions that weigh less are noise and dropped: a like of three years ago.
const WEIGHT_MIN: f64 = 1e-4;

/// Arcs of one layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerArcs {
    /// Which layer.
    pub layer: Layer,
    /// Its arcs, with weights where they are not 1.
    pub arcs: Csr,
    /// How often, beside `arcs.targets()`; empty in layers without counts.
    pub counts: Vec<u32>,
    /// The last day it happened, beside `arcs.targets()`; empty if unknown, then nothing decays.
    pub last_days: Vec<Day>,
}

/// The attention between people, over all layers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attention {
    /// `w_uv`, by source.
    pub arcs: Csr,
    /// Blocks and mutes, by source; never propagated.
    pub negative: Csr,
    /// `w_uv` times the rating of the target, 0 to 1; `None` if there are no ratings, which is full
    /// approval.
    pub rated: Option<Csr>,
}

impl Attention {
    /// Attention without ratings or negative evidence.
    pub fn of(arcs: Csr) -> Attention {
        Attention { negative: Csr::empty(arcs.nodes()), arcs, rated: None }
    }

    /// The attention of a source to a target for which `keep` holds.
    pub fn filter(&self, keep: impl Fn(u32, u32) -> bool + Sync) -> Attention {
        let kept = |arcs: &Csr| arcs.filter(|source, target, _| keep(source, target));
        let rated = self.rated.as_ref().map(kept);
        Attention { arcs: kept(&self.arcs), negative: self.negative.clone(), rated }
    }
}

/// Why layers do not combine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttentionError {
    /// A layer has another number of people than the graph.
    #[error("combine layer {layer}: it has {found} people, the graph has {nodes}")]
    People {
        /// The layer.
        layer: Layer,
        /// People in the layer.
        found: usize,
        /// People in the graph.
        nodes: usize,
    },
    /// Counts or days are not beside the arcs.
    #[error("combine layer {layer}: {arcs} arcs with {counts} counts and {days} days")]
    Columns {
        /// The layer.
        layer: Layer,
        /// Number of arcs.
        arcs: usize,
        /// Number of counts.
        counts: usize,
        /// Number of days.
        days: usize,
    },
}

/// Combines the layers of `nodes` people into one weight per arc, as of `today`.
///
/// ```
/// use graph::{ArcList, Csr, LayerArcs, attention_stage};
/// use model::{Day, Layer};
///
/// // Person 0 follows 1, and replied to it three times, last 90 days ago.
/// let layer = |layer, counts, last_days| {
///     let list = ArcList { sources: &[0], targets: &[1], weights: None };
///     Csr::from_arcs(2, list).map(|built| LayerArcs { layer, arcs: built.csr, counts, last_days })
/// };
/// let follows = layer(Layer::Follow, vec![], vec![])?;
/// let replies = layer(Layer::Reply, vec![3], vec![Day(910)])?;
/// let attention = attention_stage(2, &[follows, replies], Day(1000))?;
/// let weight = attention.arcs.weight(0, 1).unwrap_or_default();
/// assert!((weight - (1.0 + 4f32.ln() / 2.0)).abs() < 1e-6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn attention_stage(
    nodes: usize,
    layers: &[LayerArcs],
    today: Day,
) -> Result<Attention, AttentionError> {
    layers.iter().try_for_each(|layer| layer.check(nodes))?;
    let (negative, positive): (Vec<&LayerArcs>, Vec<&LayerArcs>) =
        layers.iter().partition(|layer| layer.layer.is_negative());
    let full: Vec<f64> = positive.iter().map(|layer| layer.full_approval()).collect();
    let arcs = combine(nodes, &positive, |at, arc| positive[at].attention(arc, today));
    let rated = positive.iter().any(|layer| layer.is_rated()).then(|| {
        combine(nodes, &positive, |at, arc| {
            positive[at].attention(arc, today) * positive[at].approval(arc, full[at])
        })
    });
    let negative = combine(nodes, &negative, |at, arc| negative[at].arc_weight(arc));
    let attention = Attention { arcs, negative, rated };
    Ok(match attention.negative.arcs() {
        0 => attention,
        _ => attention.filter(|from, to| attention.negative.weight(from, to).is_none()),
    })
}

impl LayerArcs {
    fn check(&self, nodes: usize) -> Result<(), AttentionError> {
        let (layer, arcs) = (self.layer, self.arcs.arcs());
        if self.arcs.nodes() != nodes {
            return Err(AttentionError::People { layer, found: self.arcs.nodes(), nodes });
        }
        let (counts, days) = (self.counts.len(), self.last_days.len());
        if (counts != 0 && counts != arcs) || (days != 0 && days != arcs) {
            return Err(AttentionError::Columns { layer, arcs, counts, days });
        }
        Ok(())
    }

    fn arc_weight(&self, arc: usize) -> f64 {
        self.arcs.weights().map_or(1.0, |weights| f64::from(weights[arc]))
    }

    /// Whether its weights are ratings.
    fn is_rated(&self) -> bool {
        !self.layer.is_interaction()
            && self.arcs.weights().is_some_and(|weights| !weights.is_empty())
    }

    /// The weight that means full approval. A high quantile: on a scale with a top, few use the top,
    /// and on an open scale the maximum says nothing about the rest.
    fn full_approval(&self) -> f64 {
        let mut weights = match self.arcs.weights() {
            Some(weights) if self.is_rated() => weights.to_vec(),
            _ => return 1.0,
        };
        let quantile = (0.9 * weights.len() as f64) as usize;
        let (_, weight, _) = weights.select_nth_unstable_by(quantile, f32::total_cmp);
        f64::from(*weight)
    }

    fn approval(&self, arc: usize, full: f64) -> f64 {
        if self.is_rated() { (self.arc_weight(arc) / full).min(1.0) } else { 1.0 }
    }

    fn attention(&self, arc: usize, today: Day) -> f64 {
        let lasting = self.layer.coefficient() * self.arc_weight(arc);
        if !self.layer.is_interaction() {
            return lasting;
        }
        let count = self.counts.get(arc).map_or(1.0, |&count| f64::from(count));
        let age = self.last_days.get(arc).map_or(0.0, |day| f64::from(day.until(today)));
        let weight = lasting * count.ln_1p() * (-age / HALF_LIFE_DAYS).exp2();
        if weight < WEIGHT_MIN { 0.0 } else { weight }
    }
}

/// Adds up the layers' arcs, each weighed by `weight(index of the layer, arc)`. One layer of plain
/// follows stays unweighted: it halves the memory of everything after.
fn combine(
    nodes: usize,
    layers: &[&LayerArcs],
    weight: impl Fn(usize, usize) -> f64 + Sync,
) -> Csr {
    if let [only] = layers
        && only.arcs.is_unweighted()
        && !only.layer.is_interaction()
    {
        return only.arcs.clone();
    }
    Csr::from_each(nodes, true, |person, rows| combine_row(person, layers, &weight, rows))
}

/// One layer's part of an arc.
struct LayerTerm {
    target: u32,
    weight: f64,
}

fn combine_row(
    person: u32,
    layers: &[&LayerArcs],
    weight: &impl Fn(usize, usize) -> f64,
    rows: &mut RowBuilder,
) {
    let mut terms: Vec<LayerTerm> = Vec::new();
    for (at, layer) in layers.iter().enumerate() {
        let range = layer.arcs.range(person);
        let term = |arc| LayerTerm { target: layer.arcs.targets()[arc], weight: weight(at, arc) };
        terms.extend(range.map(term));
    }
    // A stable sort keeps the layers' order, so the terms of an arc are always added in one order.
    terms.sort_by_key(|term| term.target);
    for same in terms.chunk_by(|a, b| a.target == b.target) {
        let sum: f64 = same.iter().map(|term| term.weight).sum();
        if sum > 0.0 {
            rows.push(same[0].target, sum as f32);
        }
    }
}
