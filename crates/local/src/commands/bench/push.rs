//! `borg bench push`: what a personal view costs, and how much of the exact one it finds.

mod rows;

use anyhow::Result;
use graph::generate::{PlantedSpec, planted, rmat};
use graph::rank::{ForwardPush, PushSettings, RandomWalk, ResidueModel};
use graph::seed::RandomSeed;
use graph::{Csr, RankSettings};
use model::index::PersonIndex;
use serde::Serialize;

use self::rows::{RowFigures, RowViews};
use super::rank::unweighted;
use super::{median, rounded};
use crate::cli::PushBenchArgs;
use crate::measure::CostMeter;
use crate::output::{CommandOutput, CommandReport};

/// The seed of graphs and of people.
const SEED: u64 = 1;

/// People of a view that count.
const FIRST: usize = 100;

/// The exact views' tolerance.
const TOLERANCE: f64 = 1e-7;

/// Figures for each graph.
#[derive(Debug, Serialize)]
pub(super) struct PushReport {
    graphs: [ViewFigures; 2],
    assertions: bool,
}

impl CommandReport for PushReport {
    const SHARES: &'static [&'static str] =
        &["top100_overlap_mean", "top100_overlap_min", "warm_top100_overlap_mean"];
}

#[derive(Debug, Serialize)]
struct ViewFigures {
    graph: String,
    people: usize,
    arcs: usize,
    views: u32,
    cpu_ms_p50: f64,
    cpu_ms_p95: f64,
    top100_overlap_mean: f64,
    top100_overlap_min: f64,
    arcs_followed_p50: f64,
    rows: RowFigures,
}

/// Personal views of people with arcs, on an R-MAT graph and on a planted one.
pub(super) fn push(args: &PushBenchArgs, output: CommandOutput) -> Result<PushReport> {
    let arcs = args.arcs as usize;
    let spinner = output.spinner("drawing");
    let scale = (arcs / 10).max(16).ilog2();
    let drawn = rmat(scale, (arcs >> scale).max(1), RandomSeed(SEED));
    let csr = unweighted(Csr::from_arcs(1 << scale, drawn.list())?.csr)?;
    spinner.set_message("viewing R-MAT");
    let random = measure(&format!("R-MAT scale {scale}, seed {SEED}"), &csr, args.views)?;
    spinner.set_message("drawing");
    let spec = PlantedSpec { degree_max: 1_000.0, ..PlantedSpec::usual((arcs / 18).max(400), 0.3) };
    let drawn = planted(&spec, RandomSeed(SEED));
    let csr = Csr::from_arcs(spec.nodes, drawn.arcs.list())?.csr;
    let csr = unweighted(csr.relabel(&by_community(&drawn.community_of))?)?;
    spinner.set_message("viewing planted");
    let communities = measure(&format!("planted, mixing 0.3, seed {SEED}"), &csr, args.views)?;
    spinner.finish_and_clear();
    Ok(PushReport { graphs: [random, communities], assertions: cfg!(debug_assertions) })
}

/// New numbers of people, by community, as in a snapshot.
fn by_community(community_of: &[u32]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..community_of.len() as u32).collect();
    order.sort_by_key(|&person| community_of[person as usize]);
    let mut numbers = vec![0; order.len()];
    (0..).zip(order).for_each(|(number, person)| numbers[person as usize] = number);
    numbers
}

fn measure(graph: &str, csr: &Csr, views: u32) -> Result<ViewFigures> {
    let walk = RandomWalk::new(csr);
    let settings = RankSettings { tolerance: TOLERANCE, ..RankSettings::default() };
    let global = walk.run(&vec![1.0; csr.nodes()], None, &settings).shares;
    let residues = ResidueModel::new(csr, &walk, &global, &settings);
    let mut push = ForwardPush::new(csr, Some(&residues));
    let mut rows = RowViews::seal(csr, &global, &settings)?;
    let mut random = RandomSeed(SEED);
    let mut people = std::iter::repeat_with(|| random.below(csr.nodes() as u64) as u32)
        .filter(|&person| csr.degree(person) > 0);
    let (mut ms, mut found, mut followed) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..views {
        let seed = people.next().unwrap_or(0);
        let meter = CostMeter::start();
        let view = push.ranks(&[PersonIndex::new(seed)], FIRST, &PushSettings::default());
        ms.push(meter.used().cpu_seconds * 1e3);
        followed.push(push.arcs_followed() as f64);
        let exact = exact(&walk, seed, &settings);
        let hits = view.iter().filter(|rank| exact.contains(&rank.person.number())).count();
        found.push(hits as f64 / exact.len() as f64);
        rows.view(PersonIndex::new(seed), &exact)?;
    }
    ms.sort_by(f64::total_cmp);
    let p95 = ms[(ms.len() * 95 / 100).min(ms.len() - 1)];
    Ok(ViewFigures {
        graph: graph.to_owned(),
        people: csr.nodes(),
        arcs: csr.arcs(),
        views,
        cpu_ms_p50: rounded(median(ms), 2),
        cpu_ms_p95: rounded(p95, 2),
        top100_overlap_mean: rounded(found.iter().sum::<f64>() / found.len() as f64, 4),
        top100_overlap_min: rounded(found.into_iter().fold(1.0, f64::min), 4),
        arcs_followed_p50: median(followed),
        rows: rows.figures(),
    })
}

/// The first people of the exact view.
fn exact(walk: &RandomWalk, seed: u32, settings: &RankSettings) -> Vec<u32> {
    let mut restart = vec![0.0; walk.nodes()];
    restart[seed as usize] = 1.0;
    let shares = walk.run(&restart, None, settings).shares;
    let share = |person: u32| shares[person as usize];
    let mut reached: Vec<u32> =
        (0..shares.len() as u32).filter(|&person| share(person) > 0.0).collect();
    reached.sort_unstable_by(|&a, &b| share(b).total_cmp(&share(a)).then(a.cmp(&b)));
    reached.truncate(FIRST);
    reached
}
