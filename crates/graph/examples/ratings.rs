//! Compares trust with the ratings that people give each other: Spearman's correlation with the mean
//! rating received, beside EigenTrust and PageRank on the same arcs.
//!
//! Arguments: folders with `edges.tsv.gz` (source, target, weight), and `ratings.tsv.gz` (source,
//! target, rating) where ratings may be negative; then trust is also shown with those as blocks,
//! and with the AUC of people rated above 0 on average over the others.

use std::error::Error;
use std::io::Read;
use std::path::Path;

use graph::rank::{RandomWalk, RankSettings};
use graph::{
    ArcList, Attention, CommunitySettings, Csr, LayerArcs, Trust, TrustSettings, attention_stage,
    community_stage, eval, trust_stage,
};
use model::index::PersonIndex;
use model::{Day, Layer};

/// Source, target, rating.
type Rating = (String, String, f32);

fn main() -> Result<(), Box<dyn Error>> {
    for name in std::env::args().skip(1) {
        let folder = Path::new(&name);
        let arcs = rows(&folder.join("edges.tsv.gz"))?;
        let ratings = rows(&folder.join("ratings.tsv.gz")).unwrap_or_else(|_| arcs.clone());
        let ends = arcs.iter().flat_map(|row| [&row.0, &row.1]);
        let mut people: Vec<&str> = ends.map(String::as_str).collect();
        people.sort_unstable();
        people.dedup();
        println!("{name}: {} people, {} arcs, {} ratings", people.len(), arcs.len(), ratings.len());
        compare(&people, &arcs, &ratings)?;
    }
    Ok(())
}

fn compare(people: &[&str], arcs: &[Rating], ratings: &[Rating]) -> Result<(), Box<dyn Error>> {
    let received = received(people, ratings);
    let follows = csr(people, arcs.iter().map(|row| (&*row.0, &*row.1, row.2)))?;
    let negative = ratings.iter().filter(|row| row.2 < 0.0).map(|row| (&*row.0, &*row.1, -row.2));
    let blocks = csr(people, negative)?;
    let blocked = blocks.arcs() > 0;
    let layer = |layer, arcs| LayerArcs { layer, arcs, counts: Vec::new(), last_days: Vec::new() };
    let layers = [layer(Layer::Follow, follows), layer(Layer::Block, blocks)];
    let plain = attention_stage(people.len(), &layers[..1], Day(0))?;
    let found = trust(&plain);
    show("trust", &received, &found.values.raw);
    if blocked {
        let both = attention_stage(people.len(), &layers, Day(0))?;
        show("trust with blocks", &received, &trust(&both).values.raw);
    }
    let (arcs, seeds) = (&plain.arcs, found.seeds.concat());
    show("EigenTrust", &received, &walk(arcs, &seeds));
    show("PageRank", &received, &walk(arcs, &[]));
    Ok(())
}

fn trust(attention: &Attention) -> Trust {
    let hierarchy = community_stage(attention, None, &CommunitySettings::default());
    trust_stage(attention, &hierarchy, &[], &TrustSettings::default())
}

/// EigenTrust (Kamvar et al. 2003) is PageRank along ratings that restarts at people who are trusted
/// beforehand; here at those that trust starts from. PageRank restarts anywhere.
fn walk(arcs: &Csr, seeds: &[PersonIndex]) -> Vec<f32> {
    let mut restart = vec![0.0; arcs.nodes()];
    seeds.iter().for_each(|&seed| restart[seed.index()] = 1.0);
    RandomWalk::new(arcs).run(&restart, None, &RankSettings::default()).shares
}

/// Prints how a score agrees with the mean ratings of people with at least 1 and at least 3.
fn show(name: &str, received: &[Vec<f32>], scores: &[f32]) {
    print!("  {name:18}");
    for least in [1, 3] {
        let rated: Vec<usize> =
            (0..scores.len()).filter(|&at| received[at].len() >= least).collect();
        let mean = |&at: &usize| {
            let ratings = &received[at];
            ratings.iter().map(|&rating| f64::from(rating)).sum::<f64>() / ratings.len() as f64
        };
        let truth: Vec<f64> = rated.iter().map(mean).collect();
        let found: Vec<f64> = rated.iter().map(|&at| f64::from(scores[at])).collect();
        let spearman = eval::spearman(&found, &truth).unwrap_or(f64::NAN);
        print!(" rated by {least}+ ({}): spearman {spearman:.3}", rated.len());
        let good: Vec<bool> = truth.iter().map(|&mean| mean > 0.0).collect();
        if let Some(auc) = eval::auc(&found, &good) {
            print!(" auc {auc:.3}");
        }
    }
    println!();
}

/// The ratings of each person who has an arc.
fn received(people: &[&str], ratings: &[Rating]) -> Vec<Vec<f32>> {
    let mut received = vec![Vec::new(); people.len()];
    for (_, target, rating) in ratings {
        if let Ok(at) = people.binary_search(&target.as_str()) {
            received[at].push(*rating);
        }
    }
    received
}

/// Ratings among `people` as a graph.
fn csr<'a>(
    people: &[&str],
    rows: impl Iterator<Item = (&'a str, &'a str, f32)>,
) -> Result<Csr, Box<dyn Error>> {
    let (mut sources, mut targets, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    for (source, target, weight) in rows {
        if let (Ok(source), Ok(target)) =
            (people.binary_search(&source), people.binary_search(&target))
        {
            sources.push(source as u32);
            targets.push(target as u32);
            weights.push(weight);
        }
    }
    let list = ArcList { sources: &sources, targets: &targets, weights: Some(&weights) };
    Ok(Csr::from_arcs(people.len(), list)?.csr)
}

/// The first three fields of a gzipped TSV, without its header.
fn rows(path: &Path) -> Result<Vec<Rating>, Box<dyn Error>> {
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(std::fs::File::open(path)?).read_to_string(&mut text)?;
    let row = |line: &str| -> Result<Rating, Box<dyn Error>> {
        let mut fields = line.split('\t');
        let mut next = || fields.next().ok_or("a row needs three fields");
        Ok((next()?.to_owned(), next()?.to_owned(), next()?.parse()?))
    };
    text.lines().skip(1).map(row).collect()
}
