//! `borg bench communities`: what the search costs, and what it finds of what is known.

mod graph;

use ::graph::communities::{UndirectedGraph, leaf_partition};
use ::graph::eval::{agreement, modularity, onmi};
use ::graph::{CommunitySettings, Hierarchy, Level, NO_COMMUNITY, community_stage};
use anyhow::Result;
use serde::Serialize;

use self::graph::BenchGraph;
use super::files::graph_bytes;
use super::rounded;
use crate::cli::CommunityBenchArgs;
use crate::measure::{CostMeter, reset_peak, resident_bytes};
use crate::output::{CommandOutput, CommandReport};

/// The seed of the graph.
const SEED: u64 = 1;

/// Of Leiden alone: plain modularity.
const RESOLUTION: f64 = 1.0;

/// What the search cost and found.
#[derive(Debug, Serialize)]
pub(super) struct CommunityReport {
    graph: String,
    people: usize,
    arcs: usize,
    cpu_ns_per_arc: f64,
    peak_bytes_per_arc: f64,
    leaf_cpu_ns_per_arc: f64,
    leaf_peak_bytes_per_arc: f64,
    undirected_cpu_ns_per_arc: f64,
    leiden_cpu_ns_per_arc: f64,
    leiden_peak_bytes_per_arc: f64,
    leiden_modularity: f64,
    graph_bytes_per_arc: f64,
    seconds: f64,
    threads: usize,
    #[serde(flatten)]
    quality: QualityFigures,
    #[serde(skip_serializing_if = "Option::is_none")]
    onmi: Option<f64>,
}

impl CommandReport for CommunityReport {}

/// The leaf level, and the level that agrees best with the truth.
#[derive(Debug, Serialize)]
struct QualityFigures {
    planted: u32,
    levels: Vec<u32>,
    leaf: usize,
    best: usize,
    modularity_leaf: f64,
    ami_leaf: f64,
    nmi_leaf: f64,
    ari_leaf: f64,
    modularity_best: f64,
    ami_best: f64,
    nmi_best: f64,
    ari_best: f64,
}

/// What a search costs an arc: processor time, and memory beyond what was held before.
struct CostPerArc {
    cpu_ns: f64,
    peak_bytes: f64,
    seconds: f64,
}

/// Measures searches on one graph.
#[derive(Clone, Copy)]
struct SearchMeter {
    arcs: usize,
    /// Memory held before the first search.
    held_bytes: u64,
}

impl SearchMeter {
    fn cost<T>(self, search: impl FnOnce() -> T) -> (T, CostPerArc) {
        reset_peak();
        let meter = CostMeter::start();
        let result = search();
        let used = meter.used();
        let peak_bytes = used.peak_bytes.saturating_sub(self.held_bytes) as f64;
        let cost = CostPerArc {
            cpu_ns: self.per_arc(used.cpu_seconds * 1e9),
            peak_bytes: self.per_arc(peak_bytes),
            seconds: used.seconds,
        };
        (result, cost)
    }

    fn per_arc(self, number: f64) -> f64 {
        rounded(number / self.arcs.max(1) as f64, 1)
    }
}

/// Measures Leiden as other libraries have it, on an undirected graph; the leaf level alone; and the
/// whole stage (backbone, leaf level, hierarchy, overlap).
pub(super) fn communities(
    args: &CommunityBenchArgs,
    output: CommandOutput,
) -> Result<CommunityReport> {
    let graph = match &args.graph {
        Some(folder) => graph::read(folder)?,
        None => graph::draw(args)?,
    };
    let spinner = output.spinner("searching");
    let arcs = &graph.attention.arcs;
    let settings = CommunitySettings::default();
    reset_peak();
    let meter = SearchMeter { arcs: arcs.arcs(), held_bytes: resident_bytes() };
    let (links, undirected) = meter.cost(|| UndirectedGraph::of(arcs));
    let (found, leiden) = meter.cost(|| links.partition(RESOLUTION, settings.seed));
    drop(links);
    let (_, leaf) = meter.cost(|| leaf_partition(&graph.attention, &settings));
    let (hierarchy, stage) = meter.cost(|| community_stage(&graph.attention, None, &settings));
    if let Some(folder) = &args.write {
        spinner.set_message("writing");
        graph::write(folder, &graph, &hierarchy, &found)?;
    }
    spinner.finish_and_clear();
    let onmi = (!graph.cover.is_empty()).then(|| {
        let cover = hierarchy.overlap.cover(hierarchy.leaf_level().communities);
        rounded(onmi(arcs.nodes(), &cover, &graph.cover), 4)
    });
    Ok(CommunityReport {
        people: arcs.nodes(),
        arcs: arcs.arcs(),
        cpu_ns_per_arc: stage.cpu_ns,
        peak_bytes_per_arc: stage.peak_bytes,
        leaf_cpu_ns_per_arc: leaf.cpu_ns,
        leaf_peak_bytes_per_arc: leaf.peak_bytes,
        undirected_cpu_ns_per_arc: undirected.cpu_ns,
        leiden_cpu_ns_per_arc: leiden.cpu_ns,
        leiden_peak_bytes_per_arc: leiden.peak_bytes,
        leiden_modularity: rounded(modularity(arcs, &found), 4),
        graph_bytes_per_arc: meter.per_arc(graph_bytes(arcs) as f64),
        seconds: stage.seconds,
        threads: rayon::current_num_threads(),
        quality: quality(&graph, &hierarchy),
        onmi,
        graph: graph.title,
    })
}

/// How good the levels are; without a truth the leaf level is the best that is known.
fn quality(graph: &BenchGraph, hierarchy: &Hierarchy) -> QualityFigures {
    let levels = hierarchy.levels.iter();
    let levels: Vec<LevelQuality> = levels.map(|level| LevelQuality::new(graph, level)).collect();
    let comparable = (0..levels.len()).filter(|&at| !levels[at].ami.is_nan());
    let best = comparable.max_by(|&a, &b| levels[a].ami.total_cmp(&levels[b].ami));
    let (leaf, best) = (hierarchy.leaf, best.unwrap_or(hierarchy.leaf));
    let known = graph.truth.iter().filter(|label| **label != NO_COMMUNITY);
    QualityFigures {
        planted: known.max().map_or(0, |last| last + 1),
        levels: hierarchy.levels.iter().map(|level| level.communities).collect(),
        leaf,
        best,
        modularity_leaf: rounded(levels[leaf].modularity, 4),
        ami_leaf: rounded(levels[leaf].ami, 4),
        nmi_leaf: rounded(levels[leaf].nmi, 4),
        ari_leaf: rounded(levels[leaf].ari, 4),
        modularity_best: rounded(levels[best].modularity, 4),
        ami_best: rounded(levels[best].ami, 4),
        nmi_best: rounded(levels[best].nmi, 4),
        ari_best: rounded(levels[best].ari, 4),
    }
}

/// How good a level is; without a truth only its modularity is a number.
struct LevelQuality {
    modularity: f64,
    ami: f64,
    nmi: f64,
    ari: f64,
}

impl LevelQuality {
    fn new(graph: &BenchGraph, level: &Level) -> LevelQuality {
        let modularity = modularity(&graph.attention.arcs, &level.numbers());
        let both = level.numbers().into_iter().zip(&graph.truth);
        let (found, truth): (Vec<u32>, Vec<u32>) =
            both.filter(|(_, truth)| **truth != NO_COMMUNITY).unzip();
        if truth.is_empty() {
            return LevelQuality { modularity, ami: f64::NAN, nmi: f64::NAN, ari: f64::NAN };
        }
        let agreement = agreement(&found, &truth);
        LevelQuality { modularity, ami: agreement.ami, nmi: agreement.nmi, ari: agreement.ari }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_truth_the_leaf_is_the_best_that_is_known() {
        let args = CommunityBenchArgs {
            people: 200,
            mixing: 0.2,
            overlapping: 0.0,
            threads: None,
            graph: None,
            write: None,
        };
        let mut graph = graph::draw(&args).unwrap();
        graph.truth.fill(NO_COMMUNITY);
        let hierarchy = community_stage(&graph.attention, None, &CommunitySettings::default());
        let quality = quality(&graph, &hierarchy);
        assert_eq!(quality.best, hierarchy.leaf);
        assert!(quality.ami_best.is_nan());
        assert!(quality.modularity_best > 0.0);
    }
}
