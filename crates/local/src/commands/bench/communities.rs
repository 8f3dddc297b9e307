//! `borg bench communities`: what the search costs, and what it finds of what is known.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use flate2::Compression;
use flate2::write::GzEncoder;
use graph::communities::{UndirectedGraph, leaf_partition};
use graph::eval::{agreement, modularity, onmi};
use graph::generate::{PlantedSpec, planted};
use graph::seed::RandomSeed;
use graph::{
    ArcList, Attention, CommunitySettings, Csr, Hierarchy, Level, NO_COMMUNITY, community_stage,
};
use serde_json::{Value, json};

use super::rounded;
use crate::import::arcs::{self, Arc};
use crate::import::lines::Lines;
use crate::measure::{Meter, reset_peak, resident_bytes};
use crate::output::Output;
use crate::truth;

/// What the graph is drawn from.
const SEED: u64 = 1;

/// Of Leiden alone: plain modularity.
const RESOLUTION: f64 = 1.0;

/// A graph and what is known about it.
pub(super) struct Case {
    title: String,
    /// Names of people; empty if they are called by their numbers.
    names: Vec<String>,
    attention: Attention,
    /// The known community of each person, or [`NO_COMMUNITY`].
    truth: Vec<u32>,
    /// The members of each community, where people may be in two; else empty.
    cover: Vec<Vec<u32>>,
}

/// Draws the benchmark's usual shape: mean degree 20, power laws of degrees and community sizes.
pub(super) fn draw(people: u32, mixing: f64, overlapping: f64) -> Result<Case> {
    ensure!((0.0..=1.0).contains(&mixing), "--mixing is a share between 0 and 1");
    ensure!((0.0..=1.0).contains(&overlapping), "--overlapping is a share between 0 and 1");
    let nodes = people as usize;
    let spec = PlantedSpec { overlapping, ..PlantedSpec::usual(nodes, mixing) };
    let world = planted(&spec, RandomSeed(SEED));
    let mut title = format!("planted, {people} people, mixing {mixing}, seed {SEED}");
    if overlapping > 0.0 {
        title += &format!(", {overlapping} of them in two communities");
    }
    Ok(Case {
        title,
        names: Vec::new(),
        cover: if overlapping > 0.0 { world.cover() } else { Vec::new() },
        attention: Attention::of(Csr::from_arcs(nodes, world.arcs.list())?.csr),
        truth: world.community_of,
    })
}

/// Reads `edges.tsv.gz` and, if it is there, `truth.tsv.gz`.
pub(super) fn read(folder: &Path) -> Result<Case> {
    let edges = folder.join("edges.tsv.gz");
    let file =
        arcs::read_tsv(Lines::open(&edges)?, None).with_context(|| edges.display().to_string())?;
    if let Some(bad) = file.bad.quoted().first() {
        bail!("{}: {bad}", edges.display());
    }
    let truth_file = folder.join("truth.tsv.gz");
    let known = if truth_file.exists() { truth::read(&truth_file)? } else { Vec::new() };
    let mut names = file.names.clone();
    names.extend(known.iter().map(|(node, _)| node.clone()));
    // Numbers ascend so; the order of the lines does not matter.
    names.sort_unstable_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    names.dedup();
    let place = |name: &str| {
        let found =
            names.binary_search_by(|other| (other.len(), &**other).cmp(&(name.len(), name)));
        found.unwrap_or_default() as u32
    };
    let places: Vec<u32> = file.names.iter().map(|name| place(name)).collect();
    let csr = csr(names.len(), &places, &file.arcs).with_context(|| edges.display().to_string())?;
    let mut truth = vec![NO_COMMUNITY; names.len()];
    let labels = truth::numbered(known.iter().map(|(_, label)| label.as_str()));
    for ((node, _), label) in known.iter().zip(labels) {
        truth[place(node) as usize] = label;
    }
    let title = folder.file_name().unwrap_or(folder.as_os_str()).display().to_string();
    Ok(Case { title, names, attention: Attention::of(csr), truth, cover: Vec::new() })
}

/// The arcs of a file, whose people get the numbers in `places`.
fn csr(people: usize, places: &[u32], arcs: &[Arc]) -> Result<Csr> {
    let of = |person: u32| places[person as usize];
    let sources: Vec<u32> = arcs.iter().map(|arc| of(arc.src)).collect();
    let targets: Vec<u32> = arcs.iter().map(|arc| of(arc.dst)).collect();
    let weights: Vec<f32> = arcs.iter().map(|arc| arc.weight).collect();
    // Weights of 1 need not be kept.
    let weights = weights.iter().any(|weight| *weight != 1.0).then_some(&*weights);
    let list = ArcList { sources: &sources, targets: &targets, weights };
    Ok(Csr::from_arcs(people, list)?.csr)
}

/// What something costs an arc: processor time, and memory beyond what was held before all.
struct Cost {
    cpu_ns: f64,
    peak_bytes: f64,
    seconds: f64,
}

/// Runs something on a graph of so many arcs; so many bytes were `held` before all.
fn cost<T>((arcs, held): (usize, u64), run: impl FnOnce() -> T) -> (T, Cost) {
    reset_peak();
    let meter = Meter::start();
    let result = run();
    let used = meter.used();
    let per_arc = |number: f64| rounded(number / arcs.max(1) as f64, 1);
    let cost = Cost {
        cpu_ns: per_arc(used.cpu_seconds * 1e9),
        peak_bytes: per_arc(used.peak_bytes.saturating_sub(held) as f64),
        seconds: used.seconds,
    };
    (result, cost)
}

/// Leiden as other libraries have it, called on a graph that has no directions any more; the leaf
/// alone; and the whole stage (backbone, leaf, ladder, overlap).
pub(super) fn communities(case: &Case, write: Option<&Path>, output: Output) -> Result<Value> {
    let spinner = output.spinner("searching");
    let arcs = &case.attention.arcs;
    let settings = CommunitySettings::default();
    reset_peak();
    let held = (arcs.arcs(), resident_bytes());
    let (graph, undirected) = cost(held, || UndirectedGraph::of(arcs));
    let (found, leiden) = cost(held, || graph.partition(RESOLUTION, settings.seed));
    drop(graph);
    let (_, leaf) = cost(held, || leaf_partition(&case.attention, &settings));
    let (hierarchy, stage) = cost(held, || community_stage(&case.attention, None, &settings));
    let per_arc = |bytes: usize| rounded(bytes as f64 / arcs.arcs().max(1) as f64, 1);
    if let Some(folder) = write {
        spinner.set_message("writing");
        write_case(folder, case, &hierarchy, &found)?;
    }
    spinner.finish_and_clear();
    let mut figures = json!({
        "graph": case.title,
        "people": arcs.nodes(),
        "arcs": arcs.arcs(),
        "cpu_ns_per_arc": stage.cpu_ns,
        "peak_bytes_per_arc": stage.peak_bytes,
        "leaf_cpu_ns_per_arc": leaf.cpu_ns,
        "leaf_peak_bytes_per_arc": leaf.peak_bytes,
        "undirected_cpu_ns_per_arc": undirected.cpu_ns,
        "leiden_cpu_ns_per_arc": leiden.cpu_ns,
        "leiden_peak_bytes_per_arc": leiden.peak_bytes,
        "leiden_modularity": rounded(modularity(arcs, &found), 4),
        "graph_bytes_per_arc": per_arc(graph_bytes(arcs)),
        "seconds": stage.seconds,
        "threads": rayon::current_num_threads(),
    });
    judge(case, &hierarchy, &mut figures);
    if !case.cover.is_empty() {
        let cover = hierarchy.overlap.cover(hierarchy.leaf_level().communities);
        figures["onmi"] = json!(rounded(onmi(arcs.nodes(), &cover, &case.cover), 4));
    }
    Ok(figures)
}

/// Adds what was found: the leaf, and the level that agrees best with the truth.
fn judge(case: &Case, hierarchy: &Hierarchy, figures: &mut Value) {
    let levels: Vec<Found> = hierarchy.levels.iter().map(|level| Found::new(case, level)).collect();
    let judged = (0..levels.len()).filter(|&at| !levels[at].ami.is_nan());
    let best = judged.max_by(|&a, &b| levels[a].ami.total_cmp(&levels[b].ami));
    let best = best.unwrap_or(hierarchy.leaf);
    let known = case.truth.iter().filter(|label| **label != NO_COMMUNITY);
    figures["planted"] = json!(known.max().map_or(0, |last| last + 1));
    figures["levels"] = hierarchy.levels.iter().map(|level| level.communities).collect();
    figures["leaf"] = json!(hierarchy.leaf);
    figures["best"] = json!(best);
    for (name, at) in [("leaf", hierarchy.leaf), ("best", best)] {
        let found = &levels[at];
        figures[format!("modularity_{name}")] = json!(rounded(found.modularity, 4));
        figures[format!("ami_{name}")] = json!(rounded(found.ami, 4));
        figures[format!("nmi_{name}")] = json!(rounded(found.nmi, 4));
        figures[format!("ari_{name}")] = json!(rounded(found.ari, 4));
    }
}

/// How good a level is; without a truth only its modularity is a number.
struct Found {
    modularity: f64,
    ami: f64,
    nmi: f64,
    ari: f64,
}

impl Found {
    fn new(case: &Case, level: &Level) -> Found {
        let modularity = modularity(&case.attention.arcs, &level.numbers());
        let both = level.numbers().into_iter().zip(&case.truth);
        let (found, truth): (Vec<u32>, Vec<u32>) =
            both.filter(|(_, truth)| **truth != NO_COMMUNITY).unzip();
        if truth.is_empty() {
            return Found { modularity, ami: f64::NAN, nmi: f64::NAN, ari: f64::NAN };
        }
        let agreement = agreement(&found, &truth);
        Found { modularity, ami: agreement.ami, nmi: agreement.nmi, ari: agreement.ari }
    }
}

/// Bytes of a graph's arrays.
pub(super) fn graph_bytes(csr: &Csr) -> usize {
    let arc = if csr.is_unweighted() { 4 } else { 8 };
    8 * csr.offsets().len() + arc * csr.arcs()
}

/// `edges.tsv.gz`, `truth.tsv.gz` and `communities.tsv.gz`, which has every level, and what Leiden
/// alone found.
fn write_case(folder: &Path, case: &Case, hierarchy: &Hierarchy, leiden: &[u32]) -> Result<()> {
    let name = |person: u32| match case.names.get(person as usize) {
        Some(name) => name.clone(),
        None => person.to_string(),
    };
    write_arcs(folder, &case.attention.arcs, name)?;
    let known = (0u32..).zip(&case.truth).filter(|(_, label)| **label != NO_COMMUNITY);
    let rows = known.map(|(person, label)| format!("{}\t{label}", name(person)));
    write_gz(&folder.join("truth.tsv.gz"), "node\tcommunity", rows)?;
    let levels = hierarchy.levels.iter().enumerate();
    let levels = levels.map(|(number, level)| (number.to_string(), level.numbers()));
    let rows =
        levels.chain([("leiden".to_owned(), leiden.to_vec())]).flat_map(|(level, labels)| {
            let people = (0u32..).zip(labels);
            people.map(move |(person, label)| format!("{}\t{level}\t{label}", name(person)))
        });
    write_gz(&folder.join("communities.tsv.gz"), "node\tlevel\tcommunity", rows)
}

/// `edges.tsv.gz` of a graph in a folder, which is made if it is missing.
pub(super) fn write_arcs(folder: &Path, csr: &Csr, name: impl Fn(u32) -> String) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    let name = &name;
    let rows = (0..csr.nodes() as u32).flat_map(|source| {
        let from = name(source);
        csr.arcs_of(source).map(move |(to, weight)| format!("{from}\t{}\t{weight}", name(to)))
    });
    write_gz(&folder.join("edges.tsv.gz"), "src\tdst\tweight", rows)
}

/// A header and rows, packed.
pub(super) fn write_gz(
    path: &Path,
    header: &str,
    rows: impl Iterator<Item = String>,
) -> Result<()> {
    let write = || -> std::io::Result<()> {
        let mut out = BufWriter::new(GzEncoder::new(File::create(path)?, Compression::fast()));
        writeln!(out, "{header}")?;
        for row in rows {
            writeln!(out, "{row}")?;
        }
        out.into_inner()?.finish()?.sync_data()
    };
    write().with_context(|| format!("write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_graph_reads_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let drawn = draw(200, 0.2, 0.0).unwrap();
        let hierarchy = community_stage(&drawn.attention, None, &CommunitySettings::default());
        write_case(folder.path(), &drawn, &hierarchy, &drawn.truth).unwrap();
        let read = read(folder.path()).unwrap();
        assert_eq!(read.attention, drawn.attention);
        let agreement = agreement(&read.truth, &drawn.truth);
        assert!((agreement.ari - 1.0).abs() < 1e-12);
        let again = community_stage(&read.attention, None, &CommunitySettings::default());
        assert_eq!(again, hierarchy);
    }

    #[test]
    fn a_bad_line_is_refused_with_its_number() {
        let folder = tempfile::tempdir().unwrap();
        let rows = ["1\t2\t1", "1\t2\tmuch"].map(str::to_owned).into_iter();
        write_gz(&folder.path().join("edges.tsv.gz"), "src\tdst\tweight", rows).unwrap();
        let why = read(folder.path()).err().unwrap().to_string();
        assert!(why.contains("edges.tsv.gz: line 3"), "{why}");
    }

    #[test]
    fn without_a_truth_the_leaf_is_the_best_that_is_known() {
        let mut case = draw(200, 0.2, 0.0).unwrap();
        case.truth.fill(NO_COMMUNITY);
        let hierarchy = community_stage(&case.attention, None, &CommunitySettings::default());
        let mut figures = json!({});
        judge(&case, &hierarchy, &mut figures);
        assert_eq!(figures["best"], json!(hierarchy.leaf));
        assert!(figures["ami_best"].is_null());
        assert!(figures["modularity_best"].as_f64().unwrap() > 0.0);
    }
}
