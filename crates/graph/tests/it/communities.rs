//! Communities: connected, nested, found again, the same on any machine.

use graph::generate::{PlantedGraph, PlantedSpec, planted, rmat};
use graph::lineage::{Lineage, follow};
use graph::seed::RandomSeed;
use graph::{
    Attention, CommunitySettings, Csr, Hierarchy, Level, NO_COMMUNITY, OverlapShare,
    community_stage, eval,
};
use model::EventKind;
use model::index::{CommunityIndex, PersonIndex};
use petgraph::unionfind::UnionFind;
use proptest::prelude::*;

use crate::worlds::{any_arcs, attention, csr, on, planted_world, weighted};

fn found(attention: &Attention) -> Hierarchy {
    community_stage(attention, None, &CommunitySettings::default())
}

/// Connected parts of all communities of a level, counted by petgraph's union-find.
fn parts(arcs: &Csr, community_of: &[u32]) -> usize {
    let mut union = UnionFind::<u32>::new(arcs.nodes());
    for source in 0..arcs.nodes() as u32 {
        for &target in arcs.row(source) {
            if community_of[source as usize] == community_of[target as usize] {
                union.union(source, target);
            }
        }
    }
    let inside = (0..arcs.nodes() as u32).filter(|&at| community_of[at as usize] != NO_COMMUNITY);
    let mut roots: Vec<u32> = inside.map(|person| union.find(person)).collect();
    roots.sort_unstable();
    roots.dedup();
    roots.len()
}

fn check(arcs: &Csr, hierarchy: &Hierarchy) {
    let received = arcs.transpose();
    for (at, level) in hierarchy.levels.iter().enumerate() {
        assert_eq!(parts(arcs, &level.numbers()), level.communities as usize, "level {at}");
        assert_eq!(level.parents.len(), if at == 0 { 0 } else { level.communities as usize });
        for (person, community) in level.community_of.iter_enumerated() {
            let number = person.number();
            let alone = arcs.degree(number) == 0 && received.degree(number) == 0;
            assert_eq!(community.get().is_none(), alone);
            if let Some(community) = community.get().filter(|_| at > 0) {
                let above = &hierarchy.levels[at - 1];
                let parent = above.community_of[person];
                assert_eq!(Some(level.parents[community]), parent.get());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn communities_are_connected_and_each_level_refines_the_one_above((nodes, arcs) in any_arcs()) {
        let whole = attention(weighted(nodes, &arcs));
        let first = found(&whole);
        check(&whole.arcs, &first);
        let left = attention(whole.arcs.filter(|source, target, _| (source + target) % 5 != 0));
        let next = community_stage(&left, Some(&first), &CommunitySettings::default());
        check(&left.arcs, &next);
    }
}

#[test]
fn large_communities_are_connected_too() {
    let world = planted_world(0.6);
    let arcs = Csr::from_arcs(3_000, world.arcs.list()).unwrap().csr;
    let hierarchy = found(&attention(arcs.clone()));
    for level in &hierarchy.levels {
        assert_eq!(parts(&arcs, &level.numbers()), level.communities as usize);
    }
}

#[test]
fn the_leaf_is_the_planted_partition_and_its_parents_are_levels_above() {
    let world = planted_world(0.35);
    let arcs = Csr::from_arcs(3_000, world.arcs.list()).unwrap().csr;
    let hierarchy = found(&attention(arcs));
    let leaf = eval::agreement(&hierarchy.leaf_level().numbers(), &world.community_of);
    assert!(leaf.ami > 0.98, "{}", leaf.ami);
    let above = hierarchy.levels[..hierarchy.leaf].iter();
    let parents = above.map(|level| eval::agreement(&level.numbers(), &world.parent_of).ami);
    assert!(parents.fold(0.0, f64::max) > 0.8);
}

#[test]
fn communities_are_equal_on_any_number_of_threads() {
    let world = planted_world(0.4);
    let attention = attention(Csr::from_arcs(3_000, world.arcs.list()).unwrap().csr);
    let one = on(1, || found(&attention));
    assert!(one == on(2, || found(&attention)) && one == on(3, || found(&attention)));
    let left =
        self::attention(attention.arcs.filter(|source, target, _| (source + target) % 97 != 0));
    let next = || community_stage(&left, Some(&one), &CommunitySettings::default());
    assert!(on(1, next) == on(3, next));
}

#[test]
fn almost_all_people_keep_their_community_when_a_few_arcs_change() {
    let world = planted_world(0.4);
    let before = attention(Csr::from_arcs(3_000, world.arcs.list()).unwrap().csr);
    let first = found(&before);
    // One of 200 is gone, and as many are new.
    let (mut sources, mut targets) = (Vec::new(), Vec::new());
    for from in 0..3_000 {
        for &to in before.arcs.row(from) {
            let mut random = RandomSeed(7).fork(u64::from(from) << 32 | u64::from(to));
            let goes = random.below(200) == 0;
            sources.push(if goes { random.below(3_000) as u32 } else { from });
            targets.push(if goes { random.below(3_000) as u32 } else { to });
        }
    }
    let pairs: Vec<(u32, u32)> = sources.into_iter().zip(targets).collect();
    let after = attention(csr(3_000, &pairs));
    let second = community_stage(&after, Some(&first), &CommunitySettings::default());
    let (old, new) = (first.leaf_level(), second.leaf_level());
    let same = people_kept(old, new);
    assert!(same >= 2_910, "{same} of 3000");
}

/// A planted world, and the same world whose largest community is split: its people attend to
/// those of their own half only.
fn whole_and_halved() -> (Attention, Attention, Vec<u32>) {
    let world = planted_world(0.2);
    let whole = attention(Csr::from_arcs(3_000, world.arcs.list()).unwrap().csr);
    let mut sizes = vec![0u32; 3_000];
    world.community_of.iter().for_each(|&community| sizes[community as usize] += 1);
    let largest = (0..3_000).max_by_key(|&community| sizes[community as usize]).unwrap();
    let half = |person: u32| (world.community_of[person as usize] == largest).then_some(person % 2);
    let halved = whole.arcs.filter(|source, target, _| match (half(source), half(target)) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    });
    let members = (0..3_000).filter(|&person| half(person).is_some()).collect();
    (whole, attention(halved), members)
}

/// How many people are in a community with the same id as before.
fn people_kept(old: &Level, new: &Level) -> usize {
    let lineage = follow(old, new);
    let people = new.community_of.iter().zip(&old.community_of);
    people.filter(|&(new, old)| lineage.kept[new.get().unwrap()] == old.get()).count()
}

/// A person's community on the leaf level.
fn own(hierarchy: &Hierarchy, person: u32) -> CommunityIndex {
    hierarchy.leaf_level().community_of[PersonIndex::new(person)].get().unwrap()
}

/// A first run, the next one, and how they are related.
fn followed(before: &Attention, after: &Attention) -> (Hierarchy, Hierarchy, Lineage) {
    let first = found(before);
    let second = community_stage(after, Some(&first), &CommunitySettings::default());
    let lineage = follow(first.leaf_level(), second.leaf_level());
    (first, second, lineage)
}

#[test]
fn a_community_that_splits_is_a_split_in_the_lineage() {
    let (whole, halved, members) = whole_and_halved();
    let (first, second, lineage) = followed(&whole, &halved);
    let old = own(&first, members[0]);
    let split = lineage.events.iter().find(|event| event.kind == EventKind::Split);
    let split = split.expect("a split");
    assert_eq!(split.old, Some(old));
    // Some lose ties and belong elsewhere now.
    let most = |people: usize| people * 10 >= members.len() * 4;
    assert!(most(split.shared as usize), "{split:?} of {}", members.len());
    let keeps_id = |member: &&u32| lineage.kept[own(&second, **member)] == Some(old);
    assert!(most(members.iter().filter(keeps_id).count()));
}

#[test]
fn communities_that_grow_together_are_found_and_named_as_merged() {
    let (whole, halved, members) = whole_and_halved();
    let (first, second, lineage) = followed(&halved, &whole);
    let one = own(&second, members[0]);
    let halves = [0, 1].map(|at| own(&first, members[at]));
    let merged = lineage.events.iter().find(|event| event.kind == EventKind::Merged);
    let merged = merged.expect("a merger");
    assert_eq!(merged.new, Some(one));
    assert!(halves.contains(&merged.old.unwrap()) || lineage.kept[one] == merged.old);
}

#[test]
fn a_run_near_the_last_is_as_good_as_one_from_nothing() {
    let world = planted_world(0.4);
    let before = attention(Csr::from_arcs(3_000, world.arcs.list()).unwrap().csr);
    let first = found(&before);
    let kept = before.arcs.filter(|source, target, _| (source * 31 + target * 17) % 1000 != 0);
    let after = attention(kept);
    let near = community_stage(&after, Some(&first), &CommunitySettings::default());
    let far = found(&after);
    assert!(near.bits <= far.bits * 1.003, "{} bits an edge against {}", near.bits, far.bits);
    let both = (near.leaf_level().numbers(), far.leaf_level().numbers());
    assert!(eval::agreement(&both.0, &both.1).ami > 0.97);
}

/// A planted world of more arcs than are searched thoroughly, and its truth.
fn large_world(mixing: f64) -> (Attention, Vec<u32>) {
    let world = planted(&PlantedSpec::usual(20_000, mixing), RandomSeed(1));
    (attention(Csr::from_arcs(20_000, world.arcs.list()).unwrap().csr), world.community_of)
}

/// What is left when a share of the arcs is gone, others at each run.
fn without(attention: &Attention, share: f64, run: u64) -> Attention {
    let stays = |source: u32, target: u32, _| {
        RandomSeed(run).fork(u64::from(source) << 32 | u64::from(target)).unit() >= share
    };
    self::attention(attention.arcs.filter(stays))
}

#[test]
fn large_searches_are_connected_and_equal_on_any_threads_and_for_arcs_in_any_order() {
    let (attention, _) = large_world(0.5);
    let one = on(1, || found(&attention));
    check(&attention.arcs, &one);
    assert!(one == on(2, || found(&attention)) && one == on(3, || found(&attention)));
    let rows = 0..attention.arcs.nodes() as u32;
    let arcs = rows.flat_map(|from| attention.arcs.row(from).iter().map(move |&to| (from, to)));
    let mut pairs: Vec<(u32, u32)> = arcs.collect();
    RandomSeed(3).shuffle(&mut pairs);
    assert!(found(&self::attention(csr(20_000, &pairs))) == one);
    let left = without(&attention, 5e-3, 1);
    let next = || community_stage(&left, Some(&one), &CommunitySettings::default());
    let again = on(1, next);
    check(&left.arcs, &again);
    assert!(again == on(3, next));
}

/// Communities in parents, four to each, and more arcs than are searched thoroughly.
fn nested_world(mixing: f64) -> (Attention, PlantedGraph) {
    let spec =
        PlantedSpec { siblings: 4, kept_by_parent: 0.5, ..PlantedSpec::usual(20_000, mixing) };
    let world = planted(&spec, RandomSeed(1));
    (attention(Csr::from_arcs(20_000, world.arcs.list()).unwrap().csr), world)
}

#[test]
fn communities_within_larger_ones_are_the_leaf_and_the_larger_ones_a_level() {
    for mixing in [0.3, 0.4] {
        let (attention, world) = nested_world(mixing);
        let found = found(&attention);
        let leaf = eval::agreement(&found.leaf_level().numbers(), &world.community_of).ami;
        assert!(leaf > 0.995, "{leaf} at {mixing}");
        let above = found.levels[..found.leaf].iter();
        let parents = above.map(|level| eval::agreement(&level.numbers(), &world.parent_of).ami);
        let best = parents.fold(0.0, f64::max);
        assert!(best > 0.95, "{best} at {mixing}");
    }
}

#[test]
fn nobody_who_knows_others_is_left_in_a_community_of_two() {
    let spec = PlantedSpec { siblings: 4, kept_by_parent: 0.5, ..PlantedSpec::usual(65_536, 0.3) };
    let (mut arcs, random) = (planted(&spec, RandomSeed(1)).arcs, rmat(16, 8, RandomSeed(1)));
    arcs.sources.extend(random.sources);
    arcs.targets.extend(random.targets);
    let graph = Csr::from_arcs(65_536, arcs.list()).unwrap().csr;
    let found = found(&attention(graph));
    let leaf = found.leaf_level();
    let mut sizes = vec![0; leaf.communities as usize];
    let homes = leaf.community_of.iter().filter_map(|home| home.get());
    homes.for_each(|home| sizes[home.index()] += 1);
    assert!(sizes.iter().all(|&size| size > 2), "{sizes:?}");
}

#[test]
fn people_keep_their_communities_on_every_level() {
    let (mut attention, _) = nested_world(0.4);
    let mut last = found(&attention);
    for (run, gone) in [(0, 0.0), (1, 1e-2), (2, 1e-2), (3, 0.0)] {
        attention = without(&attention, gone, run);
        let next = community_stage(&attention, Some(&last), &CommunitySettings::default());
        assert_eq!(next.levels.len(), last.levels.len());
        for (old, new) in last.levels.iter().zip(&next.levels) {
            let (same, resolution) = (people_kept(old, new), new.resolution);
            assert!(same >= 19_400, "{same} of 20000 at {resolution} after {gone}");
        }
        last = next;
    }
}

#[test]
fn runs_near_the_last_are_as_good_as_one_from_nothing_again_and_again() {
    let (mut attention, truth) = large_world(0.5);
    let first = found(&attention);
    let mut last = first.clone();
    for run in 0..8 {
        attention = without(&attention, 2e-3, run);
        last = community_stage(&attention, Some(&last), &CommunitySettings::default());
    }
    let cold = found(&attention);
    let ami = |found: &Hierarchy| eval::agreement(&found.leaf_level().numbers(), &truth).ami;
    assert!(ami(&last) > ami(&cold) - 2e-3, "{} after {}", ami(&last), ami(&cold));
    assert!(last.bits < cold.bits * 1.002, "{} bits after {}", last.bits, cold.bits);
    assert_eq!(last.levels.len(), first.levels.len());
    let (old, new) = (first.leaf_level(), last.leaf_level());
    let same = people_kept(old, new);
    assert!(same >= 19_400, "{same} of 20000");
}

#[test]
fn a_run_keeps_the_fewest_bits_until_a_search_from_nothing() {
    let (attention, _) = large_world(0.4);
    let first = found(&attention);
    assert_eq!(first.fewest, first.bits);
    let next = |arcs: &Attention, last: &Hierarchy| {
        community_stage(arcs, Some(last), &CommunitySettings::default())
    };
    let demanding = Hierarchy { fewest: first.bits * 0.999, ..first.clone() };
    assert_eq!(next(&attention, &demanding).fewest, demanding.fewest);
    let stale = Hierarchy { fewest: first.bits * 0.99, ..first };
    let cold = next(&attention, &stale);
    assert_eq!(cold.fewest, cold.bits);
}

#[test]
fn parts_are_looked_for_where_the_weight_inside_has_changed() {
    let (whole, _) = large_world(0.3);
    let first = found(&whole);
    let leaf = first.leaf_level();
    // Of the arcs between two halves of the largest community, one in sixteen is left.
    let half =
        |person: u32| (leaf.community_of.raw[person as usize].number() == 0).then_some(person % 2);
    let halved =
        attention(whole.arcs.filter(|source, target, _| match (half(source), half(target)) {
            (Some(a), Some(b)) => a == b || (source / 2 + target / 2) % 16 == 0,
            _ => true,
        }));
    let next = community_stage(&halved, Some(&first), &CommunitySettings::default());
    let homes = next.leaf_level().numbers();
    let most = |side: u32| {
        let mut people = vec![0; next.leaf_level().communities as usize];
        let members = (0..20_000).filter(|&person| half(person) == Some(side));
        members.for_each(|person| people[homes[person as usize] as usize] += 1);
        let most = (0..people.len()).max_by_key(|&community| people[community]).unwrap();
        (most, people[most] as f64 / people.iter().sum::<i32>() as f64)
    };
    let (a, b) = (most(0), most(1));
    assert!(a.0 != b.0 && a.1.min(b.1) > 0.7, "{a:?} {b:?}");
}

#[test]
fn arcs_in_any_order_make_the_same_communities() {
    let world = planted_world(0.4);
    let mut pairs: Vec<(u32, u32)> =
        world.arcs.sources.iter().copied().zip(world.arcs.targets.iter().copied()).collect();
    let first = found(&attention(csr(3_000, &pairs)));
    RandomSeed(3).shuffle(&mut pairs);
    assert_eq!(found(&attention(csr(3_000, &pairs))), first);
}

#[test]
fn nobody_and_pairs_have_sane_communities() {
    let empty = found(&attention(Csr::empty(0)));
    assert_eq!((empty.levels.len(), empty.leaf_level().communities), (1, 0));
    let alone = found(&attention(Csr::empty(3)));
    assert_eq!(alone.leaf_level().numbers(), [NO_COMMUNITY; 3]);
    let pairs = found(&attention(csr(5, &[(0, 1), (1, 0), (3, 4)])));
    assert_eq!(pairs.leaf_level().numbers(), [0, 0, NO_COMMUNITY, 1, 1]);
}

#[test]
fn a_celebrity_belongs_where_its_attention_comes_from() {
    // Two cliques of eight; all attend to person 16, who attends to no one; with one arc kept
    // per person it is not in the backbone.
    let clique = |first: u32| {
        (0..8u32)
            .flat_map(move |a| (0..8).filter(move |&b| b != a).map(move |b| (first + a, first + b)))
    };
    let mut arcs: Vec<(u32, u32)> = clique(0).chain(clique(8)).collect();
    arcs.extend((0..8).map(|fan| (fan, 16)));
    arcs.extend((8..10).map(|fan| (fan, 16)));
    let attention = attention(csr(17, &arcs));
    let settings = CommunitySettings { strongest: 0, ..CommunitySettings::default() };
    let level = community_stage(&attention, None, &settings).levels.pop().unwrap();
    let of = level.numbers();
    assert_eq!(of[16], of[0]);
    assert_ne!(of[0], of[8]);
}

#[test]
fn a_person_between_two_communities_belongs_to_both() {
    let world = planted_world(0.2);
    let (mut arcs, truth) = (world.arcs, world.community_of);
    let of = |community: u32, count: usize| -> Vec<u32> {
        (0..3_000).filter(|&who| truth[who as usize] == community).take(count).collect()
    };
    for other in [of(0, 20), of(7, 15)].concat() {
        arcs.sources.extend([3_000, other]);
        arcs.targets.extend([other, 3_000]);
    }
    let between = attention(Csr::from_arcs(3_001, arcs.list()).unwrap().csr);
    let hierarchy = found(&between);
    let memberships: Vec<OverlapShare> = hierarchy.overlap.of(PersonIndex::new(3_000)).collect();
    assert_eq!(memberships.len(), 2, "{memberships:?}");
    assert!((memberships[0].share - 20.0 / 35.0).abs() < 1e-6);
    assert!((memberships[1].share - 15.0 / 35.0).abs() < 1e-6);
}
