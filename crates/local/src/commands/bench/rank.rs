//! `borg bench rank`: Borg's kernel beside a plain pull kernel, in turns on one graph.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use graph::generate::rmat;
use graph::rank::{Walk, Walked};
use graph::seed::Seed;
use graph::{Csr, RankSettings};
use rayon::prelude::*;
use serde_json::{Value, json};

use super::communities::{graph_bytes, write_arcs, write_gz};
use super::{median, rounded};
use crate::measure::{Meter, reset_peak, resident_bytes};
use crate::output::Output;

/// What the graph is drawn from.
const SEED: u64 = 1;

/// Iterations of one measurement.
const ITERATIONS: usize = 10;

/// Vectors of a wide pass.
const VECTORS: usize = 8;

/// People whose sums one task of the plain kernel makes.
const CHUNK: usize = 4_096;

/// The kernel's processor time for each arc and iteration, and how it compares. `shape` is the
/// scale and the edge factor.
pub(super) fn rank(
    shape: (u32, u32),
    rounds: u32,
    write: Option<&Path>,
    output: Output,
) -> Result<Value> {
    let spinner = output.spinner("drawing");
    let csr = draw(shape.0, shape.1)?;
    spinner.set_message("building");
    reset_peak();
    let before = resident_bytes();
    let building = Meter::start();
    let walk = Walk::new(&csr);
    let build_ns = building.used().cpu_seconds * 1e9 / csr.arcs() as f64;
    let whole = walk.run(&vec![1.0; csr.nodes()], None, &RankSettings::default());
    let peak = Meter::start().used().peak_bytes.saturating_sub(before);
    spinner.set_message("measuring");
    let times = measure(&walk, &csr, rounds)?;
    if let Some(folder) = write {
        spinner.set_message("writing");
        write_ranks(folder, &csr, &whole)?;
    }
    spinner.finish_and_clear();
    Ok(json!({
        "graph": format!("R-MAT scale {}, edge factor {}, seed {SEED}", shape.0, shape.1),
        "people": csr.nodes(),
        "arcs": csr.arcs(),
        "messages_per_arc": rounded(walk.messages() as f64 / csr.arcs() as f64, 3),
        "cpu_ns_per_arc_iteration": rounded(times.one, 3),
        "pull_cpu_ns_per_arc_iteration": rounded(times.pull, 3),
        "times_faster_than_pull": rounded(times.pull / times.one, 2),
        "vectors8_times_one": rounded(times.wide / times.one, 2),
        "build_cpu_ns_per_arc": rounded(build_ns, 2),
        "whole_cpu_ns_per_arc": rounded(times.whole, 2),
        "iterations": whole.iterations,
        "tolerance": RankSettings::default().tolerance,
        "peak_bytes_per_arc": rounded(peak as f64 / csr.arcs() as f64, 2),
        "graph_bytes_per_arc": rounded(graph_bytes(&csr) as f64 / csr.arcs() as f64, 2),
        "rounds": rounds,
        "threads": rayon::current_num_threads(),
    }))
}

/// `edges.tsv.gz`, and `ranks.tsv.gz`: each person's share. People are called by their numbers.
fn write_ranks(folder: &Path, csr: &Csr, walked: &Walked) -> Result<()> {
    write_arcs(folder, csr, |person| person.to_string())?;
    let shares = walked.shares.iter().enumerate();
    let rows = shares.map(|(person, share)| format!("{person}\t{share}"));
    write_gz(&folder.join("ranks.tsv.gz"), "node\tscore", rows)
}

fn draw(scale: u32, edge_factor: u32) -> Result<Csr> {
    let arcs = rmat(scale, edge_factor as usize, Seed(SEED));
    let built = Csr::from_arcs(1 << scale, arcs.list())?.csr;
    // Repeats were merged into weights: the plain kernel has none, so neither has ours.
    Csr::from_parts(built.offsets().to_vec(), built.targets().to_vec(), None).context("rows")
}

/// Median CPU-ns for each arc and iteration; `whole` is for each arc, from the arcs to ranks within
/// the tolerance.
struct Times {
    one: f64,
    wide: f64,
    pull: f64,
    whole: f64,
}

fn measure(walk: &Walk, csr: &Csr, rounds: u32) -> Result<Times> {
    let settings =
        RankSettings { tolerance: 0.0, iterations_max: ITERATIONS, ..RankSettings::default() };
    let transposed = csr.transpose();
    let ts = vec![vec![1.0; csr.nodes()]; VECTORS];
    let per_arc =
        |meter: Meter| meter.used().cpu_seconds * 1e9 / (csr.arcs() as f64 * ITERATIONS as f64);
    let (mut one, mut wide, mut pull) = (Vec::new(), Vec::new(), Vec::new());
    let mut whole = Vec::new();
    for _ in 0..rounds {
        let meter = Meter::start();
        Walk::new(csr).run(&ts[0], None, &RankSettings::default());
        whole.push(per_arc(meter) * ITERATIONS as f64);
        let meter = Meter::start();
        let ours = walk.run(&ts[0], None, &settings);
        one.push(per_arc(meter));
        let meter = Meter::start();
        let plain = pull_ranks(csr, &transposed, &settings);
        pull.push(per_arc(meter));
        let meter = Meter::start();
        walk.run_many(&ts, &settings);
        wide.push(per_arc(meter));
        let apart: f64 =
            ours.shares.iter().zip(&plain).map(|(a, b)| f64::from((a - b).abs())).sum();
        ensure!(apart < 1e-3, "the kernels disagree by {apart}");
    }
    let [one, wide, pull, whole] = [one, wide, pull, whole].map(median);
    Ok(Times { one, wide, pull, whole })
}

/// The pull kernel of the GAP benchmark suite (Beamer, Asanović, Patterson 2015): every person adds
/// up what those send who attend to it. Dangling mass is spread as ours is.
fn pull_ranks(csr: &Csr, transposed: &Csr, settings: &RankSettings) -> Vec<f32> {
    let nodes = csr.nodes();
    let degrees: Vec<u32> = (0..nodes as u32).map(|person| csr.degree(person) as u32).collect();
    let mut ranks = vec![1.0 / nodes as f32; nodes];
    for _ in 0..settings.iterations_max {
        let idle: f64 = ranks
            .iter()
            .zip(&degrees)
            .filter(|(_, degree)| **degree == 0)
            .map(|(&rank, _)| f64::from(rank))
            .sum();
        let base = (1.0 - settings.damping + settings.damping * idle) / nodes as f64;
        let sent: Vec<f32> = ranks
            .par_iter()
            .zip(&degrees)
            .map(|(&rank, &degree)| rank / degree.max(1) as f32)
            .collect();
        ranks.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, ranks)| {
            for (at, rank) in ranks.iter_mut().enumerate() {
                let sources = transposed.row((chunk * CHUNK + at) as u32);
                let sum: f32 = sources.iter().map(|&source| sent[source as usize]).sum();
                *rank = (base + settings.damping * f64::from(sum)) as f32;
            }
        });
    }
    ranks
}
