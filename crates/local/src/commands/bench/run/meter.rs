//! Measures the stages of a run, one after another.

use anyhow::Result;
use graph::Hierarchy;
use graph_score::{ObjectStore, artifact};
use serde::Serialize;
use store::objects::Folder;

use super::drawn_graph::{MIXING, PLANTED};
use super::{LargeGraphFigures, RunReport, SEED, StageFigures};
use crate::commands::bench::rounded;
use crate::measure::{CostMeter, reset_peak, resident_bytes};
use crate::output::CommandOutput;

/// The graph and the machine that figures are extrapolated to: twitter-2010 on the largest Lambda.
const LARGE_ARCS: f64 = 1.47e9;
const LARGE_CORES: f64 = 6.0;

/// How a stage uses the cores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StageCores {
    One,
    All,
}

/// Runs the stages and measures each.
pub(super) struct StageMeter<'a> {
    output: CommandOutput,
    folder: &'a Folder,
    pub(super) arcs: usize,
    /// Memory held before the first stage.
    held_bytes: u64,
    stages: Vec<StageFigures>,
    seconds: f64,
    sealing_seconds: f64,
    sealing_cpu_seconds: f64,
    large_seconds: f64,
    peak_bytes: u64,
}

impl StageMeter<'_> {
    /// Measures the stages of a graph with this many arcs.
    pub(super) fn new(output: CommandOutput, folder: &Folder, arcs: usize) -> StageMeter<'_> {
        StageMeter {
            output,
            folder,
            arcs,
            // The drawn arcs stand for what is read from a snapshot: they are freed before the peak.
            held_bytes: resident_bytes().saturating_sub(8 * arcs as u64),
            stages: Vec::new(),
            seconds: 0.0,
            sealing_seconds: 0.0,
            sealing_cpu_seconds: 0.0,
            large_seconds: 0.0,
            peak_bytes: 0,
        }
    }

    /// Runs and measures one stage.
    pub(super) fn stage<T>(&mut self, name: &str, cores: StageCores, run: impl FnOnce() -> T) -> T {
        let spinner = self.output.spinner(name);
        reset_peak();
        let meter = CostMeter::start();
        let result = run();
        let used = meter.used();
        spinner.finish_and_clear();
        let peak = used.peak_bytes.saturating_sub(self.held_bytes);
        let cores = if cores == StageCores::All { LARGE_CORES } else { 1.0 };
        let large = used.cpu_seconds * LARGE_ARCS / self.arcs as f64 / cores;
        self.seconds += used.seconds;
        self.large_seconds += large;
        self.peak_bytes = self.peak_bytes.max(peak);
        self.stages.push(StageFigures {
            stage: name.to_owned(),
            seconds: rounded(used.seconds, 1),
            cpu_seconds: rounded(used.cpu_seconds, 1),
            cpu_ns_per_arc: rounded(used.cpu_seconds * 1e9 / self.arcs as f64, 1),
            peak_mb: peak >> 20,
            at_1_47_billion_arcs_seconds: large.round(),
        });
        result
    }

    /// Seals the result of a stage.
    pub(super) fn seal<T: Serialize>(&mut self, name: &str, value: &T) -> Result<()> {
        let meter = CostMeter::start();
        let sealing = artifact::seal(ObjectStore::new(self.folder), name, value);
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(sealing))?;
        let used = meter.used();
        self.sealing_seconds += used.seconds;
        self.sealing_cpu_seconds += used.cpu_seconds;
        self.seconds += used.seconds;
        Ok(())
    }

    pub(super) fn report(self, people: usize, hierarchy: &Hierarchy) -> RunReport {
        let peak_per_arc = self.peak_bytes as f64 / self.arcs as f64;
        RunReport {
            graph: format!(
                "{people} people, {} arcs: {PLANTED} planted at mixing {MIXING}, the others R-MAT, \
                 seed {SEED}",
                self.arcs
            ),
            people,
            arcs: self.arcs,
            levels: hierarchy.levels.iter().map(|level| level.communities).collect(),
            leaf: hierarchy.leaf,
            seconds: self.seconds.round(),
            sealing_seconds: rounded(self.sealing_seconds, 1),
            sealing_cpu_seconds: rounded(self.sealing_cpu_seconds, 1),
            peak_mb: self.peak_bytes >> 20,
            peak_bytes_per_arc: rounded(peak_per_arc, 1),
            threads: rayon::current_num_threads(),
            at_1_47_billion_arcs: LargeGraphFigures {
                seconds_on_6_cores: self.large_seconds.round(),
                gb: (peak_per_arc * LARGE_ARCS / 1e9).round(),
                assumes: "time and memory linear in arcs; communities and build on one core, trust, \
                          rank and people on all",
            },
            stages: self.stages,
        }
    }
}
