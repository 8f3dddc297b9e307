//! The graphs of the benchmark: drawn, or read from a folder, and written into one.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use graph::generate::{PlantedSpec, planted};
use graph::seed::RandomSeed;
use graph::{ArcList, Attention, Csr, Hierarchy, NO_COMMUNITY};

use super::SEED;
use crate::cli::CommunityBenchArgs;
use crate::commands::bench::files::{write_arcs, write_gz};
use crate::import::arcs::{self, FileArc};
use crate::import::lines::TextLines;
use crate::truth::{self, TruthRow};

/// A graph and its known communities.
pub(super) struct BenchGraph {
    pub(super) title: String,
    /// Names of people; empty if they are named by number.
    pub(super) names: Vec<String>,
    pub(super) attention: Attention,
    /// The known community of each person, or [`NO_COMMUNITY`].
    pub(super) truth: Vec<u32>,
    /// The members of each community, where people may be in two; else empty.
    pub(super) cover: Vec<Vec<u32>>,
}

/// Draws the benchmark's usual shape: mean degree 20, power laws of degrees and community sizes.
pub(super) fn draw(args: &CommunityBenchArgs) -> Result<BenchGraph> {
    let CommunityBenchArgs { people, mixing, overlapping, .. } = *args;
    ensure!((0.0..=1.0).contains(&mixing), "--mixing is a share between 0 and 1");
    ensure!((0.0..=1.0).contains(&overlapping), "--overlapping is a share between 0 and 1");
    let nodes = people as usize;
    let spec = PlantedSpec { overlapping, ..PlantedSpec::usual(nodes, mixing) };
    let world = planted(&spec, RandomSeed(SEED));
    let mut title = format!("planted, {people} people, mixing {mixing}, seed {SEED}");
    if overlapping > 0.0 {
        title += &format!(", {overlapping} of them in two communities");
    }
    Ok(BenchGraph {
        title,
        names: Vec::new(),
        cover: if overlapping > 0.0 { world.cover() } else { Vec::new() },
        attention: Attention::of(Csr::from_arcs(nodes, world.arcs.list())?.csr),
        truth: world.community_of,
    })
}

/// Reads `edges.tsv.gz` and, if it is there, `truth.tsv.gz`.
pub(super) fn read(folder: &Path) -> Result<BenchGraph> {
    let edges = folder.join("edges.tsv.gz");
    let file = arcs::read_tsv(TextLines::open(&edges)?, None)
        .with_context(|| edges.display().to_string())?;
    if let Some(bad) = file.bad.quoted().first() {
        bail!("{}: {bad}", edges.display());
    }
    let truth_file = folder.join("truth.tsv.gz");
    let known = if truth_file.exists() { truth::read(&truth_file)? } else { Vec::new() };
    let mut names = file.names.clone();
    names.extend(known.iter().map(|row| row.node.clone()));
    // Ascending numbers, whatever the order of the lines.
    names.sort_unstable_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    names.dedup();
    let index = |name: &str| {
        let found =
            names.binary_search_by(|other| (other.len(), &**other).cmp(&(name.len(), name)));
        found.unwrap_or_default() as u32
    };
    let indexes: Vec<u32> = file.names.iter().map(|name| index(name)).collect();
    let csr =
        csr(names.len(), &indexes, &file.arcs).with_context(|| edges.display().to_string())?;
    let mut truth = vec![NO_COMMUNITY; names.len()];
    let labels = truth::to_numbers(known.iter().map(|row| row.value.as_str()));
    for (TruthRow { node, .. }, label) in known.iter().zip(labels) {
        truth[index(node) as usize] = label;
    }
    let title = folder.file_name().unwrap_or(folder.as_os_str()).display().to_string();
    Ok(BenchGraph { title, names, attention: Attention::of(csr), truth, cover: Vec::new() })
}

/// The arcs of a file, whose names have these indexes.
fn csr(people: usize, indexes: &[u32], arcs: &[FileArc]) -> Result<Csr> {
    let of = |person: u32| indexes[person as usize];
    let sources: Vec<u32> = arcs.iter().map(|arc| of(arc.src)).collect();
    let targets: Vec<u32> = arcs.iter().map(|arc| of(arc.dst)).collect();
    let weights: Vec<f32> = arcs.iter().map(|arc| arc.weight).collect();
    // Weights of 1 are implicit.
    let weights = weights.iter().any(|weight| *weight != 1.0).then_some(&*weights);
    let list = ArcList { sources: &sources, targets: &targets, weights };
    Ok(Csr::from_arcs(people, list)?.csr)
}

/// Writes `edges.tsv.gz`, `truth.tsv.gz` and `communities.tsv.gz` with every level and with the
/// partition of Leiden alone.
pub(super) fn write(
    folder: &Path,
    graph: &BenchGraph,
    hierarchy: &Hierarchy,
    leiden: &[u32],
) -> Result<()> {
    let name = |person: u32| match graph.names.get(person as usize) {
        Some(name) => name.clone(),
        None => person.to_string(),
    };
    write_arcs(folder, &graph.attention.arcs, name)?;
    let known = (0u32..).zip(&graph.truth).filter(|(_, label)| **label != NO_COMMUNITY);
    let rows = known.map(|(person, label)| format!("{}\t{label}", name(person)));
    write_gz(&folder.join("truth.tsv.gz"), "node\tcommunity", rows)?;
    let levels = hierarchy.levels.iter().enumerate();
    let levels = levels.map(|(number, level)| (number.to_string(), level.numbers()));
    let levels = levels.chain([("leiden".to_owned(), leiden.to_vec())]);
    let rows = levels.flat_map(|(level, labels)| {
        let people = (0u32..).zip(labels);
        people.map(move |(person, label)| format!("{}\t{level}\t{label}", name(person)))
    });
    write_gz(&folder.join("communities.tsv.gz"), "node\tlevel\tcommunity", rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use graph::eval::agreement;
    use graph::{CommunitySettings, community_stage};

    fn drawn() -> BenchGraph {
        let (overlapping, threads) = (0.0, None);
        let args = CommunityBenchArgs {
            people: 200,
            mixing: 0.2,
            overlapping,
            threads,
            graph: None,
            write: None,
        };
        draw(&args).unwrap()
    }

    #[test]
    fn a_written_graph_reads_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let drawn = drawn();
        let hierarchy = community_stage(&drawn.attention, None, &CommunitySettings::default());
        write(folder.path(), &drawn, &hierarchy, &drawn.truth).unwrap();
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
}
