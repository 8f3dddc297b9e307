//! The people of the network: real ones, or drawn ones where there are none.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use graph::generate::{PlantedSpec, planted};
use graph::seed::RandomSeed;

/// How many are drawn: more than are taken, so that some who are followed are left out.
const DRAWN: usize = 400;

/// Files of arcs, and of departments.
pub(super) struct Graph {
    /// E-mails: `src dst weight`.
    pub(super) edges: PathBuf,
    /// Who works in which department: `node community`.
    pub(super) departments: PathBuf,
}

impl Graph {
    fn of(folder: &Path) -> Graph {
        let [edges, departments] = ["edges.tsv.gz", "truth.tsv.gz"].map(|name| folder.join(name));
        Graph { edges, departments }
    }

    /// The graph that lies in a folder.
    pub(super) fn in_folder(folder: &Path) -> Option<Graph> {
        let graph = Graph::of(folder);
        (graph.edges.exists() && graph.departments.exists()).then_some(graph)
    }

    /// Draws one into a folder; the same one each time.
    pub(super) fn draw(folder: &Path) -> Graph {
        let spec = PlantedSpec { mean_degree: 12.0, ..PlantedSpec::usual(DRAWN, 0.3) };
        let drawn = planted(&spec, RandomSeed(1));
        let pairs = drawn.arcs.sources.iter().zip(&drawn.arcs.targets);
        let pairs: BTreeSet<_> = pairs.filter(|(src, dst)| src != dst).collect();
        let graph = Graph::of(folder);
        let row = |(src, dst): (&u32, &u32)| format!("{}\t{}\t1", src + 1, dst + 1);
        write(&graph.edges, "src\tdst\tweight", pairs.into_iter().map(row));
        let row = |(node, community): (usize, &u32)| format!("{}\t{community}", node + 1);
        let communities = drawn.community_of.iter().enumerate().map(row);
        write(&graph.departments, "node\tcommunity", communities);
        graph
    }
}

fn write(path: &Path, header: impl Display, rows: impl Iterator<Item = String>) {
    let file = File::create(path).expect("the folder takes files");
    let mut packed = GzEncoder::new(file, Compression::fast());
    let rows: String = rows.map(|row| row + "\n").collect();
    write!(packed, "{header}\n{rows}").expect("the file takes what is written");
    packed.finish().expect("the file takes its end");
}

#[test]
fn without_data_a_graph_for_the_network_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Graph::in_folder(folder.path()).is_none());
    Graph::draw(folder.path());
    let graph = Graph::in_folder(folder.path()).unwrap();
    let rows = |path: &Path| -> Vec<Vec<u32>> {
        let packed = flate2::read::GzDecoder::new(File::open(path).unwrap());
        let text = std::io::read_to_string(packed).unwrap();
        let row = |row: &str| row.split('\t').map(|field| field.parse().unwrap()).collect();
        text.lines().skip(1).map(row).collect()
    };
    let (edges, departments) = (rows(&graph.edges), rows(&graph.departments));
    let distinct: BTreeSet<_> = edges.iter().collect();
    assert_eq!(distinct.len(), edges.len(), "no follow is repeated");
    assert!(edges.iter().all(|edge| edge[0] != edge[1]));
    assert!((DRAWN * 6..DRAWN * 15).contains(&edges.len()), "{} arcs", edges.len());
    let communities: BTreeSet<u32> = departments.iter().map(|row| row[1]).collect();
    assert_eq!(departments.len(), DRAWN);
    assert!(communities.len() > 4, "{} communities", communities.len());
}
