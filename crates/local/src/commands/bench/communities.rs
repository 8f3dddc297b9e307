//! `borg bench communities`: what the search costs, and what it finds of what was planted.

use anyhow::{Result, ensure};
use graph::eval::agreement;
use graph::generate::{PlantedSpec, planted};
use graph::seed::Seed;
use graph::{Attention, CommunitySettings, Csr, community_stage};
use serde_json::{Value, json};

use super::rounded;
use crate::measure::{Meter, reset_peak, resident_bytes};
use crate::output::Output;

/// What the graph is drawn from.
const SEED: u64 = 1;

/// The benchmark's usual shape: mean degree 20, power laws of degrees and community sizes.
fn spec(people: u32, mixing: f64) -> PlantedSpec {
    let nodes = people as usize;
    PlantedSpec {
        nodes,
        mean_degree: 20.0,
        degree_max: 200.0,
        degree_exponent: 2.5,
        sizes: (20, 2_000.min(nodes / 4)),
        size_exponent: 1.5,
        mixing,
        siblings: 1,
        kept_by_parent: 0.0,
    }
}

/// The whole stage: backbone, leaf, ladder, overlap.
pub(super) fn communities(people: u32, mixing: f64, output: Output) -> Result<Value> {
    ensure!((0.0..=1.0).contains(&mixing), "--mixing is a share between 0 and 1");
    let spinner = output.spinner("drawing");
    let world = planted(&spec(people, mixing), Seed(SEED));
    let arcs = Csr::from_arcs(people as usize, world.arcs.list())?.csr;
    let attention = Attention { negative: Csr::empty(arcs.nodes()), arcs };
    spinner.set_message("searching");
    reset_peak();
    let before = resident_bytes();
    let meter = Meter::start();
    let hierarchy = community_stage(&attention, None, &CommunitySettings::default());
    let used = meter.used();
    spinner.finish_and_clear();
    let arcs = attention.arcs.arcs() as f64;
    let found = agreement(&hierarchy.leaf_level().community_of, &world.community_of);
    let levels: Vec<u32> = hierarchy.levels.iter().map(|level| level.communities).collect();
    Ok(json!({
        "graph": format!("planted, {people} people, mixing {mixing}, seed {SEED}"),
        "arcs": attention.arcs.arcs(),
        "planted": world.community_of.iter().max().map_or(0, |last| last + 1),
        "levels": levels,
        "leaf": hierarchy.leaf,
        "ami_leaf": rounded(found.ami, 4),
        "nmi_leaf": rounded(found.nmi, 4),
        "ari_leaf": rounded(found.ari, 4),
        "cpu_ns_per_arc": rounded(used.cpu_seconds * 1e9 / arcs, 1),
        "peak_bytes_per_arc": rounded(used.peak_bytes.saturating_sub(before) as f64 / arcs, 1),
        "seconds": used.seconds,
        "threads": rayon::current_num_threads(),
    }))
}
