//! Lays out a planted world and prints what it costs. Arguments: people, 1,000,000 if there is none.

use std::error::Error;
use std::time::Instant;

use graph::generate::{PlantedSpec, planted};
use graph::seed::RandomSeed;
use graph::{
    Attention, CommunitySettings, Csr, LayoutInput, PreviousLayout, community_stage, layout_stage,
};
use model::index::PersonIndex;
use typed_index_collections::TiVec;

fn main() -> Result<(), Box<dyn Error>> {
    let people = std::env::args().nth(1).map_or(Ok(1_000_000), |people| people.parse())?;
    let spec = PlantedSpec { siblings: 4, kept_by_parent: 0.5, ..PlantedSpec::usual(people, 0.3) };
    let arcs = Csr::from_arcs(people, planted(&spec, RandomSeed(1)).arcs.list())?.csr;
    let attention = Attention::of(arcs);
    let hierarchy = community_stage(&attention, None, &CommunitySettings::default());
    let levels: Vec<u32> = hierarchy.levels.iter().map(|level| level.communities).collect();
    println!("{people} people, {} arcs, levels {levels:?}", attention.arcs.arcs());
    let received = attention.arcs.transpose().strengths();
    let all: f64 = received.iter().sum();
    let shares: TiVec<PersonIndex, f32> =
        received.iter().map(|received| (received / all) as f32).collect();
    let input = LayoutInput {
        hierarchy: &hierarchy,
        arcs: &attention.arcs,
        shares: &shares,
        depths: Default::default(),
        previous: None,
    };
    let start = Instant::now();
    let first = layout_stage(input);
    println!("from nothing {:.1} s", start.elapsed().as_secs_f64());
    let people = first.people.iter().copied().map(Some).collect();
    let previous = PreviousLayout { unit: first.unit, people };
    let start = Instant::now();
    let second = layout_stage(LayoutInput { previous: Some(&previous), ..input });
    println!("near the last {:.1} s", start.elapsed().as_secs_f64());
    let covered = |radii: f64| radii * f64::from(first.unit).powi(2);
    let areas: f64 = first.people.iter().map(|disc| f64::from(disc.radius).powi(2)).sum();
    println!("discs cover {:.3} of the world; unit area {:.2e}", areas, covered(1.0));
    let mut moves: Vec<f64> =
        first.people.iter().zip(&second.people).map(|(a, b)| a.distance(b)).collect();
    moves.sort_by(f64::total_cmp);
    println!("median move {:.2e}", moves[moves.len() / 2]);
    Ok(())
}
