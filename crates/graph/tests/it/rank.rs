//! The walk against a dense one, and the properties of ranks.

use graph::generate::rmat;
use graph::rank::{ForwardPush, PushSettings, RandomWalk, ResidueModel, score};
use graph::seed::RandomSeed;
use graph::{ArcList, Csr, RankSettings};
use model::index::PersonIndex;
use petgraph::algo::page_rank;
use petgraph::graph::DiGraph;
use proptest::prelude::*;

use crate::worlds::{any_arcs, csr, on, weighted};

const EXACT: RankSettings = RankSettings { damping: 0.85, tolerance: 1e-7, iterations_max: 1_000 };

/// Power iteration in f64, person by person, to the end.
fn dense(arcs: &Csr, t: &[f64]) -> Vec<f64> {
    dense_steps(arcs, t, 300)
}

/// This many iterations from t. Their sum stays 1.
fn dense_steps(arcs: &Csr, t: &[f64], iterations: usize) -> Vec<f64> {
    let strengths = arcs.strengths();
    let mut ranks = t.to_vec();
    for _ in 0..iterations {
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
    let mut random = RandomSeed(3);
    let person = |random: &mut RandomSeed, bound| random.below(bound) as u32;
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
        let walked = RandomWalk::new(&graph).run(&t, None, &EXACT);
        let t: Vec<f64> = t.iter().map(|t| f64::from(*t) / 3.0).collect();
        prop_assert!(distance(&walked.shares, &dense(&graph, &t)) < 2e-6);
    }

    #[test]
    fn no_iteration_makes_or_loses_mass((nodes, arcs) in any_arcs(), iterations in 0usize..12) {
        let graph = weighted(nodes, &arcs);
        let settings = RankSettings { tolerance: 0.0, iterations_max: iterations, damping: 0.85 };
        let walked = RandomWalk::new(&graph).run(&vec![1.0; nodes], None, &settings);
        let exact = dense_steps(&graph, &vec![1.0 / nodes as f64; nodes], iterations);
        prop_assert!((exact.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        prop_assert!(distance(&walked.shares, &exact) < 1e-6);
    }

    #[test]
    fn only_shares_of_attention_count((nodes, arcs) in any_arcs(), seed: u64, liked in 0usize..40) {
        // Powers of 2 change no bits of a quotient.
        let louder: Vec<(u32, u32, f32)> = arcs
            .iter()
            .map(|&(from, to, weight)| {
                let factor = RandomSeed(seed).fork(u64::from(from)).below(17) as i32 - 8;
                (from, to, weight * 2f32.powi(factor))
            })
            .collect();
        let walk = |arcs: &[(u32, u32, f32)], liking: f32| {
            let mut t = vec![0.25 * liking; nodes];
            t[liked % nodes] = liking;
            RandomWalk::new(&weighted(nodes, arcs)).run(&t, None, &EXACT)
        };
        prop_assert_eq!(walk(&arcs, 1.0), walk(&louder, 8.0));
    }

    #[test]
    fn every_start_leads_to_the_same_ranks((nodes, arcs) in any_arcs(), seed: u64) {
        let walk = RandomWalk::new(&weighted(nodes, &arcs));
        let mut random = RandomSeed(seed);
        let anywhere: Vec<f32> = (0..nodes).map(|_| random.unit() as f32).collect();
        let uniform = vec![1.0; nodes];
        let (cold, warm) =
            (walk.run(&uniform, None, &EXACT), walk.run(&uniform, Some(&anywhere), &EXACT));
        let cold: Vec<f64> = cold.shares.iter().map(|&share| f64::from(share)).collect();
        prop_assert!(distance(&warm.shares, &cold) < 3e-6);
    }

    #[test]
    fn without_restarts_ranks_are_petgraphs((nodes, arcs) in any_arcs(), iterations in 1usize..9) {
        // Below α = 1 petgraph 0.8 leaves the restart out wherever there is an arc.
        let settings = RankSettings { damping: 1.0, tolerance: 0.0, iterations_max: iterations };
        let mut graph = DiGraph::<(), ()>::new();
        let people: Vec<_> = (0..nodes).map(|_| graph.add_node(())).collect();
        let pairs: Vec<(u32, u32)> =
            arcs.iter().map(|arc| (arc.0, arc.1)).filter(|(from, to)| from != to).collect();
        for &(from, to) in &pairs {
            graph.update_edge(people[from as usize], people[to as usize], ());
        }
        let walked = RandomWalk::new(&csr(nodes, &pairs)).run(&vec![1.0; nodes], None, &settings);
        prop_assert!(distance(&walked.shares, &page_rank(&graph, 1.0f64, iterations)) < 2e-6);
    }

    /// The theorem (Chien, Dwork, Kumar, Simon, Sivakumar 2004): a person who gets one more arc, from
    /// anyone, has no smaller share of the walk, t being the same. Its score may still fall: if
    /// others gain more, or if trust weighs who attends to it.
    #[test]
    fn being_followed_by_one_more_never_lowers_a_rank((nodes, mut arcs) in any_arcs(), who: u32) {
        let (from, to) = (who % nodes as u32, (who / 64) % nodes as u32);
        prop_assume!(from != to);
        let uniform = vec![1.0; nodes];
        let rank = |arcs: &[(u32, u32, f32)]| {
            RandomWalk::new(&weighted(nodes, arcs)).run(&uniform, None, &EXACT).shares[to as usize]
        };
        let before = rank(&arcs);
        arcs.push((from, to, 1.0));
        prop_assert!(rank(&arcs) >= before - 1e-6);
    }

    #[test]
    fn ranks_do_not_depend_on_the_numbering((nodes, arcs) in any_arcs(), seed: u64) {
        let graph = weighted(nodes, &arcs);
        let new = RandomSeed(seed).order(nodes);
        let renamed = graph.relabel(&new).unwrap();
        let walk = |graph: &Csr| RandomWalk::new(graph).run(&vec![1.0; nodes], None, &EXACT).shares;
        let (ranks, moved) = (walk(&graph), walk(&renamed));
        for (old, &new) in new.iter().enumerate() {
            prop_assert!((ranks[old] - moved[new as usize]).abs() < 1e-6);
        }
    }
}

#[test]
fn ranks_over_many_blocks_are_those_of_a_dense_walk() {
    let graph = large();
    let walked = RandomWalk::new(&graph).run(&vec![1.0; 80_000], None, &RankSettings::default());
    let exact = dense(&graph, &vec![1.0 / 80_000.0; 80_000]);
    assert!(distance(&walked.shares, &exact) < 1e-5);
    let sum: f64 = walked.shares.iter().map(|&share| f64::from(share)).sum();
    assert!((sum - 1.0).abs() < 1e-6);
}

#[test]
fn ranks_of_a_million_people_are_those_of_a_dense_walk() {
    let nodes = 1 << 20;
    let graph = Csr::from_arcs(nodes, rmat(20, 2, RandomSeed(7)).list()).unwrap().csr;
    let walked = RandomWalk::new(&graph).run(&vec![1.0; nodes], None, &RankSettings::default());
    assert!(walked.error < 1e-6 && walked.iterations < 100);
    let exact = dense_steps(&graph, &vec![1.0 / nodes as f64; nodes], 60);
    // α/(1 − α) times the last change, and what rounding adds.
    let off = distance(&walked.shares, &exact);
    assert!(off < 5.7 * walked.error + 1e-6, "{off} after a change of {}", walked.error);
}

#[test]
fn a_tolerance_at_the_edge_of_f32_is_reached() {
    let walk = RandomWalk::new(&large());
    let settings = RankSettings { tolerance: 3e-7, ..RankSettings::default() };
    assert!(walk.run(&vec![1.0; 80_000], None, &settings).iterations < settings.iterations_max);
}

#[test]
fn ranks_are_equal_to_the_bit_on_any_number_of_threads_and_for_arcs_in_any_order() {
    let arcs = rmat(17, 4, RandomSeed(5));
    let ts =
        [vec![1.0; 1 << 17], (0..1 << 17).map(|at| (at % 7) as f32).collect(), vec![0.5; 1 << 17]];
    let run = |threads, order: &[u32]| {
        let pick = |all: &[u32]| order.iter().map(|&at| all[at as usize]).collect();
        let (sources, targets): (Vec<u32>, Vec<u32>) = (pick(&arcs.sources), pick(&arcs.targets));
        let list = ArcList { sources: &sources, targets: &targets, weights: None };
        let graph = Csr::from_arcs(1 << 17, list).unwrap().csr;
        on(threads, || RandomWalk::new(&graph).run_many(&ts, &RankSettings::default()))
    };
    let given: Vec<u32> = (0..arcs.sources.len() as u32).collect();
    let one = run(1, &given);
    for threads in [2, 3] {
        assert!(run(threads, &RandomSeed(threads as u64).order(given.len())) == one);
    }
}

#[test]
fn several_vectors_in_one_pass_are_the_same_walks() {
    let graph = large();
    let walk = RandomWalk::new(&graph);
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
    let walk = RandomWalk::new(&graph);
    let uniform = vec![1.0; 80_000];
    let cold = walk.run(&uniform, None, &RankSettings::default());
    let warm = walk.run(&uniform, Some(&cold.shares), &RankSettings::default());
    assert!(cold.iterations > 5 && warm.iterations <= 2);
}

#[test]
fn nobody_and_nothing_have_sane_ranks() {
    let settings = RankSettings::default();
    assert!(RandomWalk::new(&Csr::empty(0)).run(&[], None, &settings).shares.is_empty());
    let idle = RandomWalk::new(&Csr::empty(4)).run(&[0.0; 4], None, &settings);
    assert_eq!(idle.shares, [0.25; 4]);
}

fn people<const N: usize>(people: [u32; N]) -> [PersonIndex; N] {
    people.map(PersonIndex::new)
}

/// No limit in practice.
const FAR: PushSettings = PushSettings {
    damping: 0.85,
    residue_max: 1e-9,
    arcs_max: 100_000_000,
    received_max: 0,
    rows_max: usize::MAX,
};

#[test]
fn personal_ranks_by_push_are_those_of_the_walk() {
    let graph = large();
    let mut t = vec![0.0; 80_000];
    for seed in [5, 17, 99] {
        t[seed] = 1.0;
    }
    let exact = RandomWalk::new(&graph).run(&t, None, &EXACT);
    let pushed = ForwardPush::new(&graph, None).ranks(&people([5, 17, 99]), 80_000, &FAR);
    let error: f64 = pushed
        .iter()
        .map(|one| (one.share - f64::from(exact.shares[one.person.index()])).abs())
        .sum();
    assert!(error < 1e-3, "{error}");
    assert!(pushed.windows(2).all(|pair| pair[0].share >= pair[1].share));
}

#[test]
fn a_view_stops_at_its_arcs_and_orders_the_rest_by_where_attention_goes() {
    let nodes = 1 << 14;
    let graph = Csr::from_arcs(nodes, rmat(14, 12, RandomSeed(2)).list()).unwrap().csr;
    let walk = RandomWalk::new(&graph);
    let global = walk.run(&vec![1.0; nodes], None, &EXACT);
    let residues = ResidueModel::new(&graph, &walk, &global.shares, &EXACT);
    let seed = (0..nodes as u32).find(|&person| graph.degree(person) > 5).unwrap();
    let mut t = vec![0.0; nodes];
    t[seed as usize] = 1.0;
    let exact = walk.run(&t, None, &EXACT).shares;
    let mut order: Vec<u32> = (0..nodes as u32).collect();
    order.sort_by(|&a, &b| exact[b as usize].total_cmp(&exact[a as usize]));
    let settings = PushSettings { arcs_max: 4_000, ..PushSettings::default() };
    let overlap = |residues| {
        let mut push = ForwardPush::new(&graph, residues);
        let view = push.ranks(&people([seed]), 100, &settings);
        assert!(view.len() == 100 && push.arcs_followed() <= 4_000);
        view.iter().filter(|one| order[..100].contains(&one.person.number())).count()
    };
    let (alone, helped) = (overlap(None), overlap(Some(&residues)));
    assert!(helped >= 98 && helped > alone, "{helped} with, {alone} without");
}

#[test]
fn a_view_goes_by_weights_within_each_row_only() {
    let graph = Csr::from_arcs(1 << 12, rmat(12, 12, RandomSeed(3)).list()).unwrap().csr;
    let view = |graph: &Csr, scale: fn(u32) -> f32| {
        let rows = (0..graph.nodes() as u32).flat_map(|person| {
            graph.arcs_of(person).map(move |(to, weight)| (person, to, weight * scale(person)))
        });
        let (pairs, weights): (Vec<_>, Vec<_>) = rows.map(|(from, to, w)| ((from, to), w)).unzip();
        let (sources, targets): (Vec<u32>, Vec<u32>) = pairs.into_iter().unzip();
        let list = ArcList { sources: &sources, targets: &targets, weights: Some(&weights) };
        let graph = Csr::from_arcs(graph.nodes(), list).unwrap().csr;
        let walk = RandomWalk::new(&graph);
        let global = walk.run(&vec![1.0; graph.nodes()], None, &EXACT).shares;
        let residues = ResidueModel::new(&graph, &walk, &global, &EXACT);
        let settings = PushSettings { arcs_max: 2_000, ..PushSettings::default() };
        let view = ForwardPush::new(&graph, Some(&residues)).ranks(&people([9, 77]), 60, &settings);
        let shares = view.into_iter().map(|one| (one.person.number(), one.share));
        shares.collect::<std::collections::BTreeMap<u32, f64>>()
    };
    let (plain, scaled) = (view(&graph, |_| 1.0), view(&graph, |person| 1.0 + (person % 7) as f32));
    let near = |(person, rank): (&u32, &f64)| (plain[person] - rank).abs() < 1e-6 * rank.max(1e-3);
    assert!(plain.len() == 60 && scaled.iter().all(near));
}

#[test]
fn a_view_does_not_depend_on_the_one_before() {
    let graph = large();
    let mut push = ForwardPush::new(&graph, None);
    let settings = PushSettings { arcs_max: 1_000, ..PushSettings::default() };
    let first = push.ranks(&people([5]), 50, &settings);
    push.ranks(&people([17, 99]), 50, &FAR);
    assert_eq!(push.ranks(&people([5]), 50, &settings), first);
}

#[test]
fn push_stays_near_the_seeds() {
    let settings = PushSettings { residue_max: 1e-3, arcs_max: 1_000, ..PushSettings::default() };
    let chain: Vec<(u32, u32)> = (0..999).map(|at| (at, at + 1)).collect();
    let pushed = ForwardPush::new(&csr(1_000, &chain), None).ranks(&people([0]), 1_000, &settings);
    assert_eq!(pushed[0].person.number(), 0);
    assert!(pushed.len() < 60);
}

#[test]
fn scores_run_from_0_to_1000_with_the_share() {
    assert_eq!((score(0.0), score(1.0)), (0.0, 1000.0));
    assert!((score(1e-2) - score(1e-3) - 142.8).abs() < 0.2);
}
