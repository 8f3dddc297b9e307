//! Whatever a shard's bytes are, it is refused, or read as arcs that keep their promises and that are
//! written and read as the same again.
//!
//! An input is either bytes as they are, or a layer and what is done to the bytes of its shard: from
//! these the fuzzer soon gets everywhere.

#![no_main]

use graph::{ArcList, Csr, LayerArcs};
use libfuzzer_sys::fuzz_target;
use model::{Day, Layer};
use snapshot::dense_arcs;
use snapshot::shard::{DenseArc, ShardError, ShardExtent, decode, encode};

/// People of a drawn layer, and the most people and arcs for which a shard is read.
const NODES: u32 = 64;
const MOST: u32 = 1 << 16;

fuzz_target!(|input: &[u8]| {
    let Some((&kind, rest)) = input.split_first() else { return };
    if kind % 2 == 0 {
        return read(rest);
    }
    let (drawn, edits) = rest.split_at(rest.len() / 4 * 3);
    let arcs: Vec<DenseArc> = dense_arcs(&layer(drawn, kind)).collect();
    let extent = ShardExtent { nodes: NODES, first: 0, end: NODES, arcs: arcs.len() as u64 };
    let mut bytes = encode(&extent, &arcs);
    assert_eq!(decode(&bytes, &extent).as_ref(), Ok(&arcs));
    for edit in edits.chunks_exact(2) {
        let at = usize::from(edit[0]) * bytes.len() / 256;
        bytes[at] = edit[1];
    }
    read(&bytes);
});

/// A layer of which three bytes draw an arc.
fn layer(drawn: &[u8], kind: u8) -> LayerArcs {
    let arcs = || drawn.chunks_exact(3);
    let sources: Vec<u32> = arcs().map(|arc| u32::from(arc[0]) % NODES).collect();
    let targets: Vec<u32> = arcs().map(|arc| u32::from(arc[1]) % NODES).collect();
    let weights: Vec<f32> = arcs().map(|arc| f32::from(arc[2]) + 0.5).collect();
    let weights = (kind & 2 > 0).then_some(weights.as_slice());
    let list = ArcList { sources: &sources, targets: &targets, weights };
    let arcs = Csr::from_arcs(NODES as usize, list).expect("people and weights are in range").csr;
    let counted = if kind & 4 > 0 { arcs.arcs() as u32 } else { 0 };
    let counts = (0..counted).map(|at| at * at).collect();
    let last_days = (0..counted).map(|at| Day(20_000 - (at % 7) as u16)).collect();
    LayerArcs { layer: Layer::Mention, arcs, counts, last_days }
}

/// Reads what the bytes say that they are, unless that is large.
fn read(bytes: &[u8]) {
    let none = ShardExtent { nodes: 0, first: 1, end: 0, arcs: 0 };
    let Err(ShardError::OtherExtent { found, .. }) = decode(bytes, &none) else { return };
    if found.nodes > MOST || found.arcs > u64::from(MOST) {
        return;
    }
    let Ok(arcs) = decode(bytes, &found) else { return };
    assert!(arcs.is_sorted_by_key(|arc| (arc.source, arc.target)));
    assert!(arcs.iter().all(|arc| (found.first..found.end).contains(&arc.source)));
    assert!(arcs.iter().all(|arc| arc.target < found.nodes && arc.target != arc.source));
    assert!(arcs.iter().all(|arc| arc.weight.is_finite() && arc.weight > 0.0));
    assert_eq!(decode(&encode(&found, &arcs), &found), Ok(arcs));
}
