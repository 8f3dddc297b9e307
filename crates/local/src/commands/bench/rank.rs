//! `borg bench rank`: Borg's kernel beside a plain pull kernel, in turns on one graph.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use graph::generate::{PlantedSpec, planted, rmat};
use graph::rank::{RandomWalk, WalkResult};
use graph::seed::RandomSeed;
use graph::{Csr, RankSettings};
use rayon::prelude::*;
use serde::Serialize;

use super::files::{graph_bytes, write_arcs, write_gz};
use super::{median, rounded};
use crate::cli::RankBenchArgs;
use crate::measure::{CostMeter, reset_peak, resident_bytes};
use crate::output::{CommandOutput, CommandReport};

/// The seed of the graph.
const SEED: u64 = 1;

/// Iterations of one measurement.
const ITERATIONS: usize = 10;

/// Vectors of a wide pass.
const VECTORS: usize = 8;

/// People whose sums one task of the plain kernel makes.
const CHUNK: usize = 4_096;

/// Share of planted arcs that leave their community.
const MIXING: f64 = 0.3;

/// The most that the rank stage should hold beside its graph.
const PEAK_BYTES_PER_ARC: f64 = 5.0;
const PEAK_BYTES_PER_PERSON: f64 = 40.0;

/// Figures of the kernel, beside the plain one.
#[derive(Debug, Serialize)]
pub(super) struct RankReport {
    graph: String,
    people: usize,
    arcs: usize,
    messages_per_arc: f64,
    cpu_ns_per_arc_iteration: f64,
    pull_cpu_ns_per_arc_iteration: f64,
    times_faster_than_pull: f64,
    vectors8_cpu_ns_per_arc_iteration: f64,
    vectors8_times_one: f64,
    build_cpu_ns_per_arc: f64,
    whole_cpu_ns_per_arc: f64,
    iterations: usize,
    tolerance: f64,
    peak_bytes_per_arc: f64,
    peak_bytes_per_person: f64,
    peak_of_aim: f64,
    layout_bytes_per_arc: f64,
    graph_bytes_per_arc: f64,
    rounds: u32,
    threads: usize,
    assertions: bool,
}

impl CommandReport for RankReport {
    const SHARES: &'static [&'static str] = &["peak_of_aim"];
}

/// Measures the kernel's processor time for each arc and iteration, and its memory.
pub(super) fn rank(args: &RankBenchArgs, output: CommandOutput) -> Result<RankReport> {
    let spinner = output.spinner("drawing");
    let csr = draw(args)?;
    spinner.set_message("building");
    reset_peak();
    let before = resident_bytes();
    let walk = RandomWalk::new(&csr);
    let whole = walk.run(&vec![1.0; csr.nodes()], None, &RankSettings::default());
    let peak = CostMeter::start().used().peak_bytes.saturating_sub(before) as f64;
    let (people, arcs) = (csr.nodes() as f64, csr.arcs() as f64);
    spinner.set_message("measuring");
    let times = measure(&walk, &csr, args.rounds)?;
    if let Some(folder) = &args.write {
        spinner.set_message("writing");
        write_ranks(folder, &csr, &whole)?;
    }
    spinner.finish_and_clear();
    let aim = PEAK_BYTES_PER_ARC * arcs + PEAK_BYTES_PER_PERSON * people;
    Ok(RankReport {
        graph: graph_title(args),
        people: csr.nodes(),
        arcs: csr.arcs(),
        messages_per_arc: rounded(walk.messages() as f64 / arcs, 3),
        cpu_ns_per_arc_iteration: rounded(times.one, 3),
        pull_cpu_ns_per_arc_iteration: rounded(times.pull, 3),
        times_faster_than_pull: rounded(times.pull / times.one, 2),
        vectors8_cpu_ns_per_arc_iteration: rounded(times.wide, 3),
        vectors8_times_one: rounded(times.wide / times.one, 2),
        build_cpu_ns_per_arc: rounded(times.build, 2),
        whole_cpu_ns_per_arc: rounded(times.whole, 2),
        iterations: whole.iterations,
        tolerance: RankSettings::default().tolerance,
        peak_bytes_per_arc: rounded(peak / arcs, 2),
        peak_bytes_per_person: rounded(peak / people, 1),
        peak_of_aim: rounded(peak / aim, 2),
        layout_bytes_per_arc: rounded(walk.bytes() as f64 / arcs, 2),
        graph_bytes_per_arc: rounded(graph_bytes(&csr) as f64 / arcs, 2),
        rounds: args.rounds,
        threads: rayon::current_num_threads(),
        assertions: cfg!(debug_assertions),
    })
}

/// Writes `edges.tsv.gz`, and `ranks.tsv.gz` with each person's share. People are named by number.
fn write_ranks(folder: &Path, csr: &Csr, walked: &WalkResult) -> Result<()> {
    write_arcs(folder, csr, |person| person.to_string())?;
    let shares = walked.shares.iter().enumerate();
    let rows = shares.map(|(person, share)| format!("{person}\t{share}"));
    write_gz(&folder.join("ranks.tsv.gz"), "node\tscore", rows)
}

fn graph_title(args: &RankBenchArgs) -> String {
    let (kind, order) = match (args.planted, args.by_degree) {
        (true, _) => ("planted", "by community and arcs received"),
        (false, true) => ("R-MAT", "by arcs received"),
        (false, false) => ("R-MAT", "random"),
    };
    let RankBenchArgs { scale, edge_factor, .. } = args;
    format!("{kind}, scale {scale}, edge factor {edge_factor}, seed {SEED}, ids {order}")
}

fn draw(args: &RankBenchArgs) -> Result<Csr> {
    let (people, degree) = (1 << args.scale, args.edge_factor as usize);
    if args.planted {
        let spec = PlantedSpec {
            mean_degree: degree as f64,
            degree_max: 1_000f64.min(people as f64 / 4.0),
            ..PlantedSpec::usual(people, MIXING)
        };
        let drawn = planted(&spec, RandomSeed(SEED));
        let csr = unweighted(Csr::from_arcs(people, drawn.arcs.list())?.csr)?;
        return ordered(&csr, |person| drawn.community_of[person]);
    }
    let drawn = rmat(args.scale, degree, RandomSeed(SEED));
    let csr = unweighted(Csr::from_arcs(people, drawn.list())?.csr)?;
    if args.by_degree { ordered(&csr, |_| 0) } else { Ok(csr) }
}

/// The graph with people numbered by community, and within one by falling number of arcs received.
fn ordered(csr: &Csr, community: impl Fn(usize) -> u32) -> Result<Csr> {
    let mut received = vec![0u32; csr.nodes()];
    csr.targets().iter().for_each(|&target| received[target as usize] += 1);
    let mut order: Vec<u32> = (0..csr.nodes() as u32).collect();
    order.sort_by_key(|&person| {
        (community(person as usize), std::cmp::Reverse(received[person as usize]))
    });
    let mut new_ids = vec![0; order.len()];
    (0..).zip(order).for_each(|(new, old)| new_ids[old as usize] = new);
    Ok(csr.relabel(&new_ids)?)
}

/// A graph without the weights of merged repeats: the plain kernel has none.
pub(super) fn unweighted(csr: Csr) -> Result<Csr> {
    Csr::from_parts(csr.offsets().to_vec(), csr.targets().to_vec(), None).context("rows")
}

/// Median CPU-ns for each arc and iteration; `build` and `whole` are for each arc, the latter from
/// the arcs to ranks within the tolerance.
struct KernelTimes {
    one: f64,
    wide: f64,
    pull: f64,
    build: f64,
    whole: f64,
}

fn measure(walk: &RandomWalk, csr: &Csr, rounds: u32) -> Result<KernelTimes> {
    let settings =
        RankSettings { tolerance: 0.0, iterations_max: ITERATIONS, ..RankSettings::default() };
    let transposed = csr.transpose();
    let ts = vec![vec![1.0; csr.nodes()]; VECTORS];
    let per_arc = |meter: CostMeter| meter.used().cpu_seconds * 1e9 / csr.arcs() as f64;
    let mut all: [Vec<f64>; 5] = Default::default();
    for _ in 0..rounds {
        let [one, wide, pull, build, whole] = &mut all;
        let meter = CostMeter::start();
        let built = RandomWalk::new(csr);
        build.push(per_arc(meter));
        built.run(&ts[0], None, &RankSettings::default());
        whole.push(per_arc(meter));
        drop(built);
        let meter = CostMeter::start();
        let borg = walk.run(&ts[0], None, &settings);
        one.push(per_arc(meter) / ITERATIONS as f64);
        let meter = CostMeter::start();
        let plain = pull_ranks(csr, &transposed, &settings);
        pull.push(per_arc(meter) / ITERATIONS as f64);
        let meter = CostMeter::start();
        walk.run_many(&ts, &settings);
        wide.push(per_arc(meter) / ITERATIONS as f64);
        let apart: f64 =
            borg.shares.iter().zip(&plain).map(|(a, b)| f64::from((a - b).abs())).sum();
        ensure!(apart < 1e-3, "the kernels disagree by {apart}");
    }
    let [one, wide, pull, build, whole] = all.map(median);
    Ok(KernelTimes { one, wide, pull, build, whole })
}

/// The pull kernel of the GAP benchmark suite (Beamer, Asanović, Patterson 2015): every person sums
/// up the mass along its incoming arcs. Dangling mass is spread as in Borg, at the least cost: GAP's
/// own kernel loses it.
fn pull_ranks(csr: &Csr, transposed: &Csr, settings: &RankSettings) -> Vec<f32> {
    let nodes = csr.nodes();
    let degrees: Vec<u32> = (0..nodes as u32).map(|person| csr.degree(person) as u32).collect();
    let idle: Vec<usize> = (0..nodes).filter(|&person| degrees[person] == 0).collect();
    let mut ranks = vec![1.0 / nodes as f32; nodes];
    for _ in 0..settings.iterations_max {
        let idle: f64 = idle.iter().map(|&person| f64::from(ranks[person])).sum();
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
