//! The packed form of evidence: what it keeps, and its bytes.

use std::collections::BTreeMap;

use super::*;
use proptest::prelude::*;

const SOURCES: u32 = 300;

fn sources() -> Vec<EvidenceSource> {
    let source = |at: u32| EvidenceSource {
        person: RunPerson::new(at * 7 % 1_000),
        attention: 1.0 / (at + 2) as f32,
        unit: 1.0 / (at % 9 + 1) as f32,
    };
    (0..SOURCES).map(source).collect()
}

fn edges(arcs: &BTreeMap<u32, u8>) -> Vec<EvidenceEdge> {
    let edge = |(&source, &weight): (&u32, &u8)| EvidenceEdge { source, weight: f32::from(weight) };
    arcs.iter().map(edge).collect()
}

proptest! {
    #[test]
    fn evidence_reads_back(
        people in proptest::collection::vec(
            proptest::option::of(proptest::collection::btree_map(0..SOURCES, 1u8..9, 0..20)),
            0..200,
        ),
    ) {
        let sources = sources();
        let mut packer = EvidencePacker::new(0.85, &sources);
        for arcs in &people {
            match arcs {
                Some(arcs) => packer.add(0.5, 0.25, &mut edges(arcs)),
                None => packer.skip(),
            }
        }
        let packed = packer.finish();
        prop_assert_eq!(unpack_sources(&packed.sources), Ok(sources));
        let mut found = vec![None; people.len()];
        for (block, bytes) in packed.blocks {
            for (entry, at) in unpack(&bytes).unwrap().into_iter().zip(block as usize * BLOCK_PEOPLE..) {
                found[at] = entry;
            }
        }
        for (arcs, entry) in people.iter().zip(found) {
            let named = |entry: EvidenceEntry| -> BTreeMap<u32, u8> {
                entry.edges.iter().map(|edge| (edge.source, edge.weight as u8)).collect()
            };
            prop_assert_eq!(arcs.clone(), entry.map(named));
        }
    }

    #[test]
    fn any_bytes_are_evidence_or_an_error(mut bytes: Vec<u8>, versioned: bool) {
        if versioned {
            bytes.insert(0, VERSION);
        }
        if let Ok(entries) = unpack(&bytes) {
            let edges = entries.iter().flatten().map(|entry| entry.edges.len());
            prop_assert!(entries.len() + edges.sum::<usize>() <= bytes.len());
        }
    }
}

#[test]
fn the_parts_make_the_score_and_the_largest_comes_first() {
    let source = |person, attention, unit| EvidenceSource {
        person: RunPerson::new(person),
        attention,
        unit,
    };
    let sources = [source(4, 0.5, 0.125), source(9, 0.25, 0.5)];
    let arcs = |weights: [f32; 2]| {
        [0, 1].map(|at| EvidenceEdge { source: at, weight: weights[at as usize] })
    };
    let mut packer = EvidencePacker::new(0.85, &sources);
    packer.skip();
    packer.add(0.4, 0.02, &mut arcs([2.0, 2.0]));
    packer.skip();
    let packed = packer.finish();
    let entries = unpack(&packed.blocks[0].1).unwrap();
    assert_eq!((entries.len(), &entries[0]), (2, &None), "the person after it has none");
    let found = entries[1].as_ref().unwrap().to_evidence(&sources, 0.4, 3.0);
    assert_eq!(
        found.contributors[0],
        Contributor { person: RunPerson::new(9), attention: 0.25, share: 1.0 }
    );
    let named: f32 = found.contributors.iter().map(|one| one.contribution(0.85)).sum();
    assert!((found.restart + found.rest + named - 0.4).abs() < 1e-6, "{found:?}");
    assert_eq!(unpack(&[1]), Err(EvidenceError::UnknownVersion(1)));
}

#[test]
fn the_stored_form_has_these_bytes() {
    let source =
        |person, attention| EvidenceSource { person: RunPerson::new(person), attention, unit: 1.0 };
    let sources = [source(4, 0.5), source(0x0203, 0.25)];
    let mut packer = EvidencePacker::new(1.0, &sources);
    packer.skip();
    let edge = |source, weight| EvidenceEdge { source, weight };
    packer.add(1.25, 0.25, &mut [edge(1, 1.0), edge(0, 1.0)]);
    let packed = packer.finish();
    let golden_sources = [
        [4, 0, 0, 0, 0, 0, 0, 0x3f, 0, 0, 0x80, 0x3f],
        [3, 2, 0, 0, 0, 0, 0x80, 0x3e, 0, 0, 0x80, 0x3f],
    ];
    assert_eq!(packed.sources, golden_sources.concat());
    // Version and damping; a person without evidence; one weight, restart 0.25, rest 0.25; weight 1, two sources.
    let golden_block = [
        [2, 0, 0, 0x80, 0x3f].as_slice(),
        &[0],
        &[2, 0, 0, 0x80, 0x3e, 0, 0, 0x80, 0x3e],
        &[0, 0, 0x80, 0x3f, 2, 0, 0],
    ];
    assert_eq!(packed.blocks, [(0, golden_block.concat())]);
}
