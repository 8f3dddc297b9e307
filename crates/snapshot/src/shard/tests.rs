//! The codec against itself, its golden bytes, and bytes that are no shard.

use super::*;
use crate::dense_arcs;
use graph::seed::RandomSeed;
use graph::{ArcList, Csr, LayerArcs};
use model::Layer;
use proptest::prelude::*;

const NODES: u32 = 40;

/// What a layer may carry beside its arcs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weighing {
    None,
    Few,
    Many,
}

fn layer(arcs: &[(u32, u32, u8)], weighing: Weighing, counted: bool) -> LayerArcs {
    let sources: Vec<u32> = arcs.iter().map(|arc| arc.0).collect();
    let targets: Vec<u32> = arcs.iter().map(|arc| arc.1).collect();
    let weight = |(at, arc): (usize, &(u32, u32, u8))| match weighing {
        Weighing::Many => at as f32 + 0.5,
        _ => f32::from(arc.2 % 3) + 0.5,
    };
    let weights: Vec<f32> = arcs.iter().enumerate().map(weight).collect();
    let weighted = weighing != Weighing::None;
    let list =
        ArcList { sources: &sources, targets: &targets, weights: weighted.then_some(&weights) };
    let arcs = Csr::from_arcs(NODES as usize, list).unwrap().csr;
    let count = if counted { arcs.arcs() } else { 0 };
    LayerArcs {
        layer: Layer::Mention,
        counts: (0..count as u32).map(|at| at * at).collect(),
        last_days: (0..count as u16).map(|at| Day(20_000 - at % 7)).collect(),
        arcs,
    }
}

/// The arcs of the sources `first..end`, and their extent.
fn part(layer: &LayerArcs, first: u32, end: u32) -> (ShardExtent, Vec<DenseArc>) {
    let is_in = |arc: &DenseArc| (first..end).contains(&arc.source);
    let arcs: Vec<DenseArc> = dense_arcs(layer).filter(is_in).collect();
    (ShardExtent { nodes: NODES, first, end, arcs: arcs.len() as u64 }, arcs)
}

fn some_layer() -> impl Strategy<Value = LayerArcs> {
    let arc = (0..NODES, 0..NODES, any::<u8>());
    let weighing = prop_oneof![Just(Weighing::None), Just(Weighing::Few), Just(Weighing::Many)];
    (proptest::collection::vec(arc, 0..120), weighing, any::<bool>())
        .prop_map(|(arcs, weighing, counted)| layer(&arcs, weighing, counted))
}

proptest! {
    #[test]
    fn shards_read_back(layer in some_layer(), cut in 0..=NODES) {
        for (first, end) in [(0, cut), (cut, NODES)] {
            let (extent, arcs) = part(&layer, first, end);
            prop_assert_eq!(decode(&encode(&extent, &arcs), &extent), Ok(arcs));
        }
    }

    #[test]
    fn a_cut_shard_and_one_of_another_range_are_refused(
        layer in some_layer(),
        cut: prop::sample::Index,
    ) {
        let (extent, arcs) = part(&layer, 0, NODES);
        let bytes = encode(&extent, &arcs);
        prop_assert!(decode(&bytes[..cut.index(bytes.len())], &extent).is_err());
        let other = ShardExtent { arcs: extent.arcs + 1, ..extent };
        let refused = matches!(decode(&bytes, &other), Err(ShardError::OtherExtent { .. }));
        prop_assert!(refused);
    }
}

/// What arcs that were read promise, whatever their bytes were.
fn check(arcs: &[DenseArc], extent: &ShardExtent) {
    assert_eq!(arcs.len() as u64, extent.arcs);
    let ends = |arc: &DenseArc| (arc.source, arc.target);
    assert!(arcs.is_sorted_by(|one, next| ends(one) < ends(next)), "{arcs:?}");
    for arc in arcs {
        assert!(extent.first <= arc.source && arc.source < extent.end);
        assert!(arc.target < extent.nodes && arc.target != arc.source);
        assert!(arc.weight.is_finite() && arc.weight > 0.0);
    }
}

/// Bytes changed, cut out, doubled or put in, in one to four places.
fn mutate(bytes: &mut Vec<u8>, random: &mut RandomSeed) {
    for _ in 0..=random.below(4) {
        if bytes.is_empty() {
            return;
        }
        let at = random.below(bytes.len() as u64) as usize;
        let to = (at + random.below(9) as usize).min(bytes.len());
        match random.below(5) {
            0 => bytes[at] = random.next_u64() as u8,
            1 => bytes[at] ^= 1 << random.below(8),
            2 => drop(bytes.drain(at..to)),
            3 => drop(bytes.splice(at..at, bytes[at..to].to_vec())),
            _ => bytes[at..to].fill(0xff),
        }
    }
}

/// Thousands of broken shards: each is read as a shard that keeps its promises, or refused.
#[test]
fn broken_shards_are_refused_or_read_and_never_panic() {
    let mut random = RandomSeed(9);
    let mut refused = 0;
    for round in 0..6_000u32 {
        let arcs: Vec<(u32, u32, u8)> = (0..random.below(150))
            .map(|_| {
                let end = |random: &mut RandomSeed| random.below(NODES.into()) as u32;
                (end(&mut random), end(&mut random), random.next_u64() as u8)
            })
            .collect();
        let weighing = [Weighing::None, Weighing::Few, Weighing::Many][round as usize % 3];
        let (extent, arcs) = part(&layer(&arcs, weighing, round % 2 == 0), 0, NODES);
        let mut bytes = encode(&extent, &arcs);
        mutate(&mut bytes, &mut random);
        match decode(&bytes, &extent) {
            Ok(read) => check(&read, &extent),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 5_000, "{refused}");
}

/// Bodies that begin as a shard and continue at random.
#[test]
fn random_bodies_are_refused_or_read_and_never_panic() {
    let mut random = RandomSeed(10);
    for _ in 0..6_000 {
        let nodes = random.below(1 << 12) as u32;
        let first = random.below(u64::from(nodes) + 1) as u32;
        let extent = ShardExtent { nodes, first, end: nodes, arcs: random.below(1 << 12) };
        let mut bytes = MAGIC.to_vec();
        for number in [FORMAT, nodes, first, nodes] {
            varint::put(&mut bytes, number.into());
        }
        varint::put(&mut bytes, extent.arcs);
        let small = random.below(2) == 0;
        let length = random.below(4_000);
        bytes.extend((0..length).map(|_| {
            let byte = random.next_u64() as u8;
            if small { byte & 3 } else { byte }
        }));
        if let Ok(read) = decode(&bytes, &extent) {
            check(&read, &extent);
        }
    }
}

#[test]
fn other_formats_are_refused_by_number() {
    let extent = ShardExtent { nodes: 1, first: 0, end: 1, arcs: 0 };
    let plain = [MAGIC.as_slice(), &[9]].concat();
    assert_eq!(decode(&plain, &extent), Err(ShardError::UnknownFormat(9)));
    assert_eq!(decode(b"nothing", &extent), Err(ShardError::NoShard));
    let small = ShardExtent { nodes: u32::MAX, first: 0, end: u32::MAX, arcs: u64::MAX };
    assert!(matches!(decode(&encode(&extent, &[]), &small), Err(ShardError::OtherExtent { .. })));
}

#[test]
fn the_widest_graph_reads_back() {
    let (first, end) = (u32::MAX - 3, u32::MAX);
    let arcs = [
        DenseArc { weight: f32::MIN_POSITIVE, ..DenseArc::plain(first, 0) },
        DenseArc::plain(first, u32::MAX - 1),
        DenseArc { weight: f32::MAX, ..DenseArc::plain(u32::MAX - 1, u32::MAX - 2) },
    ];
    let extent = ShardExtent { nodes: u32::MAX, first, end, arcs: 3 };
    assert_eq!(decode(&encode(&extent, &arcs), &extent), Ok(arcs.to_vec()));
}

/// A shard that version 2 wrote. The bytes that a later zstd writes may differ; these must be read.
#[test]
fn golden_bytes_are_read() {
    let arc = |source, target, count, day, weight| DenseArc {
        source,
        target,
        count,
        last_day: Day(day),
        weight,
    };
    let arcs =
        [arc(7, 5, 3, 20_000, 1.0), arc(7, 200, 1, 19_998, 0.5), arc(9, 8, 400, 20_001, 2.0)];
    let extent = ShardExtent { nodes: 300, first: 7, end: 10, arcs: 3 };
    let mut plain = MAGIC.to_vec();
    plain.extend([2, 0xac, 2, 7, 10, 3]);
    let columns = [
        &[3, 2, 0, 1][..],
        &[3, 3, 0xc2, 1, 1],
        &[3, 3, 1, 0x90, 3],
        &[0xa1, 0x9c, 1],
        &[3, 1, 3, 0],
        &[3, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x3f, 0, 0, 0, 0x40],
    ];
    let packed = zstd::bulk::compress(&columns.concat(), 3).unwrap();
    let bytes = [plain, packed].concat();
    assert_eq!(decode(&bytes, &extent), Ok(arcs.to_vec()));
    assert_eq!(encode(&extent, &arcs), bytes);
}
