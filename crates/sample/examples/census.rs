//! Prints what a planted world holds and how long it took to make: `census [accounts] [seed]`.

use std::time::Instant;

use model::{Layer, Platform};
use sample::{SampleWorld, WorldConfig};

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|text| text.parse().ok());
    let accounts = numbers.next().unwrap_or(20_000);
    let seed = numbers.next().map_or(1, u64::from);
    let start = Instant::now();
    let world = SampleWorld::generate(&WorldConfig::sized(accounts, seed));
    println!("made in {:?}", start.elapsed());
    let start = Instant::now();
    let truth = world.truth();
    println!("{:#?}\ncounted in {:?}", truth.counts(), start.elapsed());
    for platform in [Platform::BLUESKY, Platform::FEDIVERSE] {
        println!("{platform}: {:?}", world.seed_handles(platform));
    }
    let mut fans: Vec<usize> = world.ids().map(|id| world.followers(id).len()).collect();
    fans.sort_unstable();
    let at = |share: f64| fans[((fans.len() - 1) as f64 * share) as usize];
    println!(
        "followers: p1 {} p50 {} p90 {} p99 {} max {}",
        at(0.01),
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0)
    );
    let mut sizes = vec![0usize; 60];
    for account in world.accounts() {
        if let Some(leaf) = account.leaf {
            sizes[usize::from(leaf)] += 1;
        }
    }
    println!("leaves: {sizes:?}, posts {}", world.all_posts().len());
    println!("follows in truth: {}", truth.arcs(Layer::Follow).len());
}
