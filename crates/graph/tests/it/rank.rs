//! The walk against a dense one, and the properties of ranks.

use graph::rank::{Walk, push, score};
use graph::seed::Seed;
use graph::{Csr, RankSettings};
use proptest::prelude::*;

use crate::worlds::{any_arcs, csr, on, weighted};

const EXACT: RankSettings = RankSettings { damping: 0.85, tolerance: 1e-7, iterations_max: 1_000 };

/// Power iteration in f64, person by person.
fn dense(arcs: &Csr, t: &[f64]) -> Vec<f64> {
    let strengths = arcs.strengths();
    let mut ranks = t.to_vec();
    for _ in 0..300 {
        let idle: f64 =
            ranks.iter().zip(&strengths).filter(|(_, w)| **w == 0.0).map(|(a, _)| a).sum();
        let mut next: Vec<f64> = t.iter().map(|t| (0.15 + 0.85 * idle) * t).collect();
        for source in 0..arcs.nodes() as u32 {
            for (target, weight) in arcs.arcs_of(source) {
                let share = f64::from(weight) / strengths[source as usize];
                next[target as usize] += 0.85 * ranks[source as usize] * share;
            }
        }
        ranks = next;
    }
    ranks
}

fn distance(a: &[f32], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (f64::from(*a) - b).abs()).sum()
}

/// A graph over several blocks, with idle people.
fn large() -> Csr {
    let mut random = Seed(3);
    let person = |random: &mut Seed, bound| random.below(bound) as u32;
    let arcs: Vec<(u32, u32, f32)> = (0..300_000)
        .map(|_| {
            let (from, to) = (person(&mut random, 60_000), person(&mut random, 80_000));
            (from, to, 0.5 + random.unit() as f32)
        })
        .collect();
    weighted(80_000, &arcs)
}

proptest! {
    #[test]
    fn ranks_are_those_of_a_dense_walk((nodes, arcs) in any_arcs(), liked in 0usize..40) {
        let graph = weighted(nodes, &arcs);
        let mut t = vec![0.0f32; nodes];
        t[liked % nodes] = 3.0;
        let walked = Walk::new(&graph).run(&t, None, &EXACT);
        let t: Vec<f64> = t.iter().map(|t| f64::from(*t) / 3.0).collect();
        prop_assert!(distance(&walked.shares, &dense(&graph, &t)) < 2e-6);
    }

    #[test]
    fn being_followed_by_one_more_never_lowers_a_rank((nodes, mut arcs) in any_arcs(), who: u32) {
        let (from, to) = (who % nodes as u32, (who / 64) % nodes as u32);
        prop_assume!(from != to);
        let uniform = vec![1.0; nodes];
        let rank = |arcs: &[(u32, u32, f32)]| {
            Walk::new(&weighted(nodes, arcs)).run(&uniform, None, &EXACT).shares[to as usize]
        };
        let before = rank(&arcs);
        arcs.push((from, to, 1.0));
        prop_assert!(rank(&arcs) >= before - 1e-6);
    }

    #[test]
    fn ranks_do_not_depend_on_the_numbering((nodes, arcs) in any_arcs(), seed: u64) {
        let graph = weighted(nodes, &arcs);
        let new = Seed(seed).order(nodes);
        let renamed = graph.relabel(&new).unwrap();
        let walk = |graph: &Csr| Walk::new(graph).run(&vec![1.0; nodes], None, &EXACT).shares;
        let (ranks, moved) = (walk(&graph), walk(&renamed));
        for (old, &new) in new.iter().enumerate() {
            prop_assert!((ranks[old] - moved[new as usize]).abs() < 1e-6);
        }
    }
}

#[test]
fn ranks_over_many_blocks_are_those_of_a_dense_walk() {
    let graph = large();
    let walked = Walk::new(&graph).run(&vec![1.0; 80_000], None, &RankSettings::default());
    let exact = dense(&graph, &vec![1.0 / 80_000.0; 80_000]);
    assert!(distance(&walked.shares, &exact) < 1e-5);
    let sum: f64 = walked.shares.iter().map(|&share| f64::from(share)).sum();
    assert!((sum - 1.0).abs() < 1e-6);
}

#[test]
fn ranks_are_equal_to_the_bit_on_any_number_of_threads() {
    let graph = large();
    let walk = |threads| {
        on(threads, || Walk::new(&graph).run(&vec![1.0; 80_000], None, &RankSettings::default()))
    };
    let one = walk(1);
    assert!(one == walk(2) && one == walk(3));
}

#[test]
fn several_vectors_in_one_pass_are_the_same_walks() {
    let graph = large();
    let walk = Walk::new(&graph);
    let t =
        |seed: u32| -> Vec<f32> { (0..80_000u32).map(|at| ((at * seed) % 97) as f32).collect() };
    let ts: Vec<Vec<f32>> = (1..12).map(t).collect();
    let settings = RankSettings { tolerance: 0.0, iterations_max: 20, ..RankSettings::default() };
    let together = walk.run_many(&ts, &settings);
    assert_eq!(together.len(), 11);
    for (t, walked) in ts.iter().zip(together) {
        assert_eq!(walk.run(t, None, &settings).shares, walked.shares);
    }
}

#[test]
fn a_warm_start_needs_fewer_iterations() {
    let graph = large();
    let walk = Walk::new(&graph);
    let uniform = vec![1.0; 80_000];
    let cold = walk.run(&uniform, None, &RankSettings::default());
    let warm = walk.run(&uniform, Some(&cold.shares), &RankSettings::default());
    assert!(cold.iterations > 5 && warm.iterations <= 2);
}

#[test]
fn nobody_and_nothing_have_sane_ranks() {
    let settings = RankSettings::default();
    assert!(Walk::new(&Csr::empty(0)).run(&[], None, &settings).shares.is_empty());
    let idle = Walk::new(&Csr::empty(4)).run(&[0.0; 4], None, &settings);
    assert_eq!(idle.shares, [0.25; 4]);
}

#[test]
fn personal_ranks_by_push_are_those_of_the_walk() {
    let graph = large();
    let mut t = vec![0.0; 80_000];
    for seed in [5, 17, 99] {
        t[seed] = 1.0;
    }
    let exact = Walk::new(&graph).run(&t, None, &EXACT);
    let settings = RankSettings { tolerance: 1e-9, iterations_max: 10_000_000, damping: 0.85 };
    let pushed = push(&graph, &[5, 17, 99], &settings);
    let error: f64 = pushed
        .iter()
        .map(|&(who, rank)| (rank - f64::from(exact.shares[who as usize])).abs())
        .sum();
    assert!(error < 1e-3, "{error}");
    assert!(pushed.windows(2).all(|pair| pair[0].1 >= pair[1].1));
}

#[test]
fn push_stays_near_the_seeds() {
    let settings = RankSettings { tolerance: 1e-3, iterations_max: 1_000, damping: 0.85 };
    let chain: Vec<(u32, u32)> = (0..999).map(|at| (at, at + 1)).collect();
    let pushed = push(&csr(1_000, &chain), &[0], &settings);
    assert_eq!(pushed[0].0, 0);
    assert!(pushed.len() < 60);
}

#[test]
fn scores_run_from_0_to_1000_with_the_share() {
    assert_eq!((score(0.0), score(1.0)), (0.0, 1000.0));
    assert!((score(1e-2) - score(1e-3) - 142.8).abs() < 0.2);
}
