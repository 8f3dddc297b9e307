//! Building graphs and turning them around.

use graph::{ArcList, Csr, CsrError};
use proptest::prelude::*;

use crate::worlds::{any_arcs, csr, on, weighted};

#[test]
fn self_loops_are_dropped_and_repeats_added_up() {
    let (sources, targets) = ([0, 1, 0, 0], [1, 1, 1, 2]);
    let list =
        ArcList { sources: &sources, targets: &targets, weights: Some(&[0.5, 9.0, 0.25, 1.0]) };
    let built = Csr::from_arcs(3, list).unwrap();
    assert_eq!((built.self_loops, built.duplicates), (1, 1));
    assert_eq!(built.csr.arcs_of(0).collect::<Vec<_>>(), [(1, 0.75), (2, 1.0)]);
    assert_eq!(built.csr.weight(1, 1), None);
}

#[test]
fn wrong_arcs_are_refused_with_their_place() {
    let list = |targets, weights| ArcList { sources: &[0, 1], targets, weights };
    let refused = |list| Csr::from_arcs(2, list).unwrap_err();
    let outside = CsrError::PersonOutside { arc: 1, person: 7, nodes: 2 };
    assert_eq!(refused(list(&[1, 7], None)), outside);
    assert!(matches!(refused(list(&[1], None)), CsrError::Lengths { .. }));
    let weight = refused(list(&[1, 0], Some(&[1.0, f32::NAN])));
    assert_eq!(weight.to_string(), "read arc 1: weight NaN must be finite and above 0");
}

#[test]
fn finished_arrays_are_checked() {
    let parts =
        |offsets: &[u64], targets: &[u32]| Csr::from_parts(offsets.into(), targets.into(), None);
    assert!(parts(&[0, 1, 2], &[1, 0]).is_ok());
    assert_eq!(parts(&[0, 2, 1], &[1, 0]), Err(CsrError::Offsets { row: 1 }));
    assert_eq!(parts(&[0, 1, 3], &[1, 0]), Err(CsrError::Offsets { row: 2 }));
    assert_eq!(parts(&[0, 2, 2], &[1, 1]), Err(CsrError::Order { row: 0 }));
    assert_eq!(parts(&[0, 1, 1], &[0]), Err(CsrError::Order { row: 0 }));
    assert!(matches!(parts(&[0, 1, 1], &[5]), Err(CsrError::PersonOutside { .. })));
}

#[test]
fn a_new_numbering_must_be_a_permutation() {
    let graph = csr(3, &[(0, 1), (1, 2)]);
    assert!(graph.relabel(&[0, 0, 1]).is_err());
    assert!(graph.relabel(&[0, 1]).is_err());
    assert_eq!(graph.relabel(&[2, 1, 0]).unwrap(), csr(3, &[(2, 1), (1, 0)]));
}

proptest! {
    #[test]
    fn the_order_of_arcs_does_not_matter((nodes, mut arcs) in any_arcs()) {
        let built = on(1, || weighted(nodes, &arcs));
        arcs.reverse();
        prop_assert_eq!(on(3, || weighted(nodes, &arcs)), built);
    }

    #[test]
    fn transposing_twice_changes_nothing((nodes, arcs) in any_arcs()) {
        let graph = weighted(nodes, &arcs);
        let transposed = graph.transpose();
        prop_assert_eq!(transposed.transpose(), graph.clone());
        for source in 0..nodes as u32 {
            for (target, weight) in graph.arcs_of(source) {
                prop_assert_eq!(transposed.weight(target, source), Some(weight));
            }
        }
    }

    #[test]
    fn a_symmetrised_graph_equals_its_transpose((nodes, arcs) in any_arcs()) {
        let graph = weighted(nodes, &arcs);
        let both = graph.symmetrise(&graph.transpose());
        prop_assert_eq!(both.transpose(), both.clone());
        let sum = |csr: &Csr| csr.strengths().iter().sum::<f64>();
        prop_assert!((sum(&both) - 2.0 * sum(&graph)).abs() < 1e-3);
    }

    #[test]
    fn renumbering_there_and_back_changes_nothing((nodes, arcs) in any_arcs(), seed: u64) {
        let graph = weighted(nodes, &arcs);
        let new = graph::seed::RandomSeed(seed).order(nodes);
        let mut old = vec![0; nodes];
        new.iter().enumerate().for_each(|(at, &name)| old[name as usize] = at as u32);
        prop_assert_eq!(graph.relabel(&new).unwrap().relabel(&old).unwrap(), graph);
    }
}
