//! Prints what a snapshot's arcs take, in bytes and in CPU time an arc, by order.
//!
//! Arguments: `planted:N,µ`, `rmat:SCALE,FACTOR`, or folders with `edges.tsv.gz`. Each graph is
//! measured in random order, by falling in-degree, by communities as `community_stage` finds them
//! (every level, then falling in-degree) and, where there is one, in the order of its truth.
//! `zeta3` is the size of the best code without a model, and `format 2` what is written. The last columns are encoding and decoding, the best of five.

use std::error::Error;
use std::io::Read;
use std::path::Path;

use graph::generate::{PlantedSpec, planted, rmat};
use graph::seed::RandomSeed;
use graph::{ArcList, Attention, CommunitySettings, Csr, LayerArcs, community_stage};
use model::{Day, Layer};
use snapshot::dense_arcs;
use snapshot::shard::{DenseArc, ShardExtent, decode, encode};

/// Arcs of a shard, as graph-score cuts them.
const SHARD_ARCS: u64 = 4 << 20;
const ROUNDS: usize = 5;

/// A graph with what is known of it.
struct Graph {
    arcs: Csr,
    /// The same with weights, if it has any.
    weighted: Option<Csr>,
    /// Its communities, if they were planted.
    truth: Option<Vec<u32>>,
}

fn main() -> Result<(), Box<dyn Error>> {
    for name in std::env::args().skip(1) {
        let Graph { arcs, weighted, truth } = match name.split_once(':') {
            Some(("planted", spec)) => plant(spec)?,
            Some(("rmat", spec)) => generate(spec)?,
            _ => read(Path::new(&name))?,
        };
        println!("== {name}: {} people, {} arcs", arcs.nodes(), arcs.arcs());
        measure("random", &arcs, &RandomSeed(7).order(arcs.nodes()))?;
        measure("in-degree", &arcs, &order(&arcs, &[]))?;
        let communities = order(&arcs, &found(&arcs));
        measure("communities", &arcs, &communities)?;
        if let Some(truth) = truth {
            measure("truth", &arcs, &order(&arcs, &[truth]))?;
        }
        carried(&arcs.relabel(&communities)?, weighted, &communities)?;
    }
    Ok(())
}

/// New numbers: by community, level by level, then by falling in-degree.
fn order(arcs: &Csr, levels: &[Vec<u32>]) -> Vec<u32> {
    let mut attended = vec![0u32; arcs.nodes()];
    arcs.targets().iter().for_each(|&target| attended[target as usize] += 1);
    let mut people: Vec<u32> = (0..arcs.nodes() as u32).collect();
    let key = |&person: &u32| {
        let path: Vec<u32> = levels.iter().map(|level| level[person as usize]).collect();
        (path, std::cmp::Reverse(attended[person as usize]), person)
    };
    people.sort_by_cached_key(key);
    let mut numbers = vec![0; arcs.nodes()];
    (0..).zip(people).for_each(|(number, person)| numbers[person as usize] = number);
    numbers
}

fn found(arcs: &Csr) -> Vec<Vec<u32>> {
    let attention = Attention::of(arcs.clone());
    let hierarchy = community_stage(&attention, None, &CommunitySettings::default());
    hierarchy.levels.into_iter().map(|level| level.numbers()).collect()
}

fn measure(order: &str, arcs: &Csr, numbers: &[u32]) -> Result<(), Box<dyn Error>> {
    let arcs = arcs.relabel(numbers)?;
    let layer = LayerArcs { layer: Layer::Follow, arcs, counts: Vec::new(), last_days: Vec::new() };
    let arcs: Vec<DenseArc> = dense_arcs(&layer).collect();
    let extents = extents(&layer.arcs);
    let shards: Vec<&[DenseArc]> = extents.iter().map(|extent| part(&arcs, extent)).collect();
    let zeta = zeta_bits(&layer.arcs);
    let both = || extents.iter().zip(&shards);
    let (new, code) =
        timed(|| both().map(|(extent, arcs)| encode(extent, arcs)).collect::<Vec<_>>());
    let read = || new.iter().zip(&extents).map(|(body, extent)| decode(body, extent)).collect();
    let (back, uncode): (Result<Vec<Vec<DenseArc>>, _>, f64) = timed(read);
    assert!(back? == shards, "what was written must read back");
    let count = layer.arcs.arcs() as f64;
    let bytes = |bodies: &[Vec<u8>]| bodies.iter().map(Vec::len).sum::<usize>() as f64 / count;
    let per = |seconds: f64| seconds * 1e9 / count;
    println!("  {order:12} zeta3       {:.3} B/arc", zeta as f64 / 8.0 / count);
    println!(
        "  {order:12} format 2    {:.3} B/arc, {:.1} and {:.1} ns/arc",
        bytes(&new),
        per(code),
        per(uncode)
    );
    Ok(())
}

/// What is carried beside the arcs costs: weights, and drawn counts (each as often again as the next
/// higher one) and last days (any of a year).
fn carried(arcs: &Csr, weighted: Option<Csr>, numbers: &[u32]) -> Result<(), Box<dyn Error>> {
    let bytes = |layer: &LayerArcs| {
        let arcs: Vec<DenseArc> = dense_arcs(layer).collect();
        let extents = extents(&layer.arcs).into_iter();
        let sizes = extents.map(|extent| encode(&extent, part(&arcs, &extent)).len());
        sizes.sum::<usize>() as f64 / arcs.len() as f64
    };
    let plain = |arcs: Csr| LayerArcs {
        layer: Layer::Mention,
        arcs,
        counts: Vec::new(),
        last_days: Vec::new(),
    };
    let mut layer = plain(arcs.clone());
    let mut random = RandomSeed(11);
    layer.counts = (0..arcs.arcs()).map(|_| 1 + random.next_u64().trailing_zeros()).collect();
    println!("  with counts {:.3} B/arc", bytes(&layer));
    layer.last_days = (0..arcs.arcs()).map(|_| Day(20_000 + random.below(365) as u16)).collect();
    println!("  with counts and days {:.3} B/arc", bytes(&layer));
    if let Some(weighted) = weighted {
        println!("  with weights {:.3} B/arc", bytes(&plain(weighted.relabel(numbers)?)));
    }
    Ok(())
}

/// The shards of a layer.
fn extents(arcs: &Csr) -> Vec<ShardExtent> {
    let nodes = arcs.nodes() as u32;
    let mut extents = vec![ShardExtent { nodes, first: 0, end: 0, arcs: 0 }];
    for source in 0..nodes {
        let at = extents.len() - 1;
        let last = &mut extents[at];
        last.end = source + 1;
        last.arcs += arcs.degree(source) as u64;
        if last.arcs >= SHARD_ARCS {
            let (first, end) = (source + 1, source + 1);
            extents.push(ShardExtent { nodes, first, end, arcs: 0 });
        }
    }
    extents
}

/// The arcs of an extent, of all in their order.
fn part<'a>(arcs: &'a [DenseArc], extent: &ShardExtent) -> &'a [DenseArc] {
    let place = |number: u32| arcs.partition_point(|arc| arc.source < number);
    &arcs[place(extent.first)..place(extent.end)]
}

/// The gaps of a row: the zigzag difference first, then differences less one.
fn gaps(source: u32, targets: &[u32]) -> impl Iterator<Item = u64> + '_ {
    targets.iter().enumerate().map(move |(at, &target)| match at {
        0 => {
            let distance = i64::from(target) - i64::from(source);
            ((distance << 1) ^ (distance >> 63)) as u64
        }
        _ => u64::from(target - targets[at - 1]) - 1,
    })
}

/// Bits of degrees and gaps in ζ₃ (Boldi and Vigna 2005).
fn zeta_bits(arcs: &Csr) -> u64 {
    let zeta = |number: u64| {
        let h = u64::from((number + 1).ilog2()) / 3;
        let offset = number + 1 - (1 << (3 * h));
        h + 1 + 3 * h + 3 - u64::from(offset < (1 << (3 * h)))
    };
    let row = |source| {
        let gaps = gaps(source, arcs.row(source)).map(zeta).sum::<u64>();
        zeta(arcs.degree(source) as u64) + gaps
    };
    (0..arcs.nodes() as u32).map(row).sum()
}

/// The result, and the least CPU seconds of a few rounds.
fn timed<T>(run: impl Fn() -> T) -> (T, f64) {
    let round = || {
        let start = cpu_seconds();
        let result = run();
        (result, cpu_seconds() - start)
    };
    let (mut result, mut least) = round();
    for _ in 1..ROUNDS {
        let (again, seconds) = round();
        if seconds < least {
            (result, least) = (again, seconds);
        }
    }
    (result, least)
}

/// CPU seconds of this process so far, to the scheduler's nanosecond; 0 where /proc has none.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds = stat.split(' ').next().and_then(|first| first.parse::<f64>().ok());
    nanoseconds.unwrap_or(0.0) / 1e9
}

fn plant(spec: &str) -> Result<Graph, Box<dyn Error>> {
    let (nodes, mixing) = spec.split_once(',').ok_or("planted:N,µ")?;
    let (nodes, mixing) = (nodes.parse::<usize>()?, mixing.parse()?);
    let spec = PlantedSpec::usual(nodes, mixing);
    let world = planted(&spec, RandomSeed(1));
    let arcs = Csr::from_arcs(nodes, world.arcs.list())?.csr;
    Ok(Graph { arcs, weighted: None, truth: Some(world.community_of) })
}

fn generate(spec: &str) -> Result<Graph, Box<dyn Error>> {
    let (scale, factor) = spec.split_once(',').ok_or("rmat:SCALE,FACTOR")?;
    let (scale, factor) = (scale.parse::<u32>()?, factor.parse()?);
    let arcs = Csr::from_arcs(1 << scale, rmat(scale, factor, RandomSeed(1)).list())?.csr;
    Ok(Graph { arcs, weighted: None, truth: None })
}

fn read(folder: &Path) -> Result<Graph, Box<dyn Error>> {
    let mut text = String::new();
    let file = std::fs::File::open(folder.join("edges.tsv.gz"))?;
    flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text)?;
    let ends = |line: &'_ str| -> Option<(String, String, Option<f32>)> {
        let mut fields = line.split('\t').map(str::to_owned);
        let ends = (fields.next()?, fields.next()?);
        Some((ends.0, ends.1, fields.next().and_then(|weight| weight.parse().ok())))
    };
    let rows: Vec<_> = text.lines().skip(1).filter_map(ends).collect();
    let mut names: Vec<&String> = rows.iter().flat_map(|row| [&row.0, &row.1]).collect();
    names.sort_unstable();
    names.dedup();
    let place = |name: &String| names.binary_search(&name).unwrap_or_default() as u32;
    let sources: Vec<u32> = rows.iter().map(|row| place(&row.0)).collect();
    let targets: Vec<u32> = rows.iter().map(|row| place(&row.1)).collect();
    let weights: Option<Vec<f32>> = rows.iter().map(|row| row.2).collect();
    let list = ArcList { sources: &sources, targets: &targets, weights: None };
    let build = |list| Ok::<_, Box<dyn Error>>(Csr::from_arcs(names.len(), list)?.csr);
    let weighted =
        weights.as_ref().map(|weights| build(ArcList { weights: Some(weights), ..list }));
    Ok(Graph { arcs: build(list)?, weighted: weighted.transpose()?, truth: None })
}
