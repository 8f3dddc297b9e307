//! The map: nothing overlaps, everything lies in what it belongs to, near means attending to each other.

use graph::generate::{PlantedSpec, planted};
use graph::seed::RandomSeed;
use graph::{
    Attention, CommunitySettings, Csr, Hierarchy, HomeDepth, Layout, LayoutInput, PreviousLayout,
    community_stage, layout_stage, visible_depths,
};
use model::index::{CommunityIndex, PersonIndex};
use model::map::MapDisc;
use typed_index_collections::TiVec;

use crate::worlds::{attention, on};

/// People, their communities, and the share of all attention that each gets.
struct World {
    attention: Attention,
    hierarchy: Hierarchy,
    shares: TiVec<PersonIndex, f32>,
}

impl World {
    /// Communities of four to a parent, and 300 people whom no one knows.
    fn planted(people: usize, mixing: f64) -> World {
        let spec =
            PlantedSpec { siblings: 4, kept_by_parent: 0.5, ..PlantedSpec::usual(people, mixing) };
        let world = planted(&spec, RandomSeed(1));
        World::of(attention(Csr::from_arcs(people + 300, world.arcs.list()).unwrap().csr), None)
    }

    fn of(attention: Attention, last: Option<&Hierarchy>) -> World {
        let hierarchy = community_stage(&attention, last, &CommunitySettings::default());
        let received = attention.arcs.transpose().strengths();
        let all: f64 = received.iter().sum();
        let shares = received.iter().map(|received| (received / all) as f32).collect();
        World { attention, hierarchy, shares }
    }

    /// The same people, and those arcs that stay.
    fn without(&self, share: f64) -> World {
        let stays = |source: u32, target: u32| {
            RandomSeed(7).fork(u64::from(source) << 32 | u64::from(target)).unit() >= share
        };
        World::of(self.attention.filter(stays), Some(&self.hierarchy))
    }

    fn input(&self) -> LayoutInput<'_> {
        LayoutInput {
            hierarchy: &self.hierarchy,
            arcs: &self.attention.arcs,
            shares: &self.shares,
            depths: Default::default(),
            previous: None,
        }
    }

    fn laid_out(&self) -> Layout {
        layout_stage(self.input())
    }

    fn near(&self, layout: &Layout) -> Layout {
        let people = layout.people.iter().copied().map(Some).collect();
        let previous = PreviousLayout { unit: layout.unit, people };
        layout_stage(LayoutInput { previous: Some(&previous), ..self.input() })
    }
}

/// Pairs of discs that overlap, by a sweep from the left.
fn overlaps(discs: &[MapDisc]) -> usize {
    let left = |disc: &MapDisc| disc.x - disc.radius;
    let mut sorted = discs.to_vec();
    sorted.sort_by(|a, b| left(a).total_cmp(&left(b)));
    let mut count = 0;
    for (at, one) in sorted.iter().enumerate() {
        let reached = sorted[at + 1..].iter().take_while(|other| left(other) < one.x + one.radius);
        count += reached.filter(|other| one.overlaps(other)).count();
    }
    count
}

/// Nothing overlaps, and everything is inside of what it belongs to, of no other of the same level.
fn check(world: &World, layout: &Layout) {
    assert_eq!(overlaps(&layout.people.raw), 0, "people");
    let world_holds = |disc: &MapDisc| MapDisc::WORLD.contains(disc);
    assert!(layout.people.iter().all(world_holds));
    for (at, (level, regions)) in world.hierarchy.levels.iter().zip(&layout.regions).enumerate() {
        assert_eq!(overlaps(&regions.raw), 0, "level {at}");
        assert!(regions.iter().all(world_holds));
        for (community, &parent) in level.parents.iter_enumerated() {
            assert!(layout.regions[at - 1][parent].contains(&regions[community]), "level {at}");
        }
        for (person, community) in level.community_of.iter_enumerated() {
            let disc = &layout.people[person];
            match community.get() {
                Some(community) => assert!(regions[community].contains(disc), "level {at}"),
                None => assert!(!regions.iter().any(|region| region.overlaps(disc))),
            }
        }
    }
}

#[test]
fn discs_are_apart_and_inside_of_what_they_belong_to() {
    for mixing in [0.2, 0.5] {
        let world = World::planted(6_000, mixing);
        check(&world, &world.laid_out());
    }
}

/// The part of the mean distance of two strangers at which those whom people attend to most lie, in the whole
/// world and among the people of their own community.
fn nearness(world: &World, layout: &Layout) -> [f64; 2] {
    const STRONGEST: usize = 10;
    let finest = world.hierarchy.levels.last().unwrap();
    let people = layout.people.len() as u64;
    let mut random = RandomSeed(3);
    let (mut near, mut inside, mut anywhere, mut count) = (0.0, 0.0, 0.0, 0.0);
    let mut members = vec![Vec::new(); finest.communities as usize];
    for (person, community) in finest.community_of.iter_enumerated() {
        community.get().into_iter().for_each(|own| members[own.index()].push(person));
    }
    for (person, own) in finest.community_of.iter_enumerated() {
        let Some(own) = own.get() else { continue };
        let arcs = world.attention.arcs.arcs_of(person.number());
        let mut arcs: Vec<(u32, f32)> = arcs
            .filter(|arc| finest.community_of[PersonIndex::new(arc.0)].get() == Some(own))
            .collect();
        arcs.sort_by(|a, b| b.1.total_cmp(&a.1));
        let disc = layout.people[person];
        let others = &members[own.index()];
        for (target, _) in arcs.into_iter().take(STRONGEST) {
            near += disc.distance(&layout.people[PersonIndex::new(target)]);
            let other = others[random.below(others.len() as u64) as usize];
            inside += disc.distance(&layout.people[other]);
            let any = PersonIndex::new(random.below(people) as u32);
            anywhere += disc.distance(&layout.people[any]);
            count += 1.0;
        }
    }
    assert!(count > 0.0);
    [near / anywhere, near / inside]
}

/// Spearman's correlation of attention (relative to what each side has) and nearness, over the pairs of
/// communities of a level that attend to each other.
fn correlation(world: &World, layout: &Layout, level: usize) -> f64 {
    let numbers = world.hierarchy.levels[level].numbers();
    let count = world.hierarchy.levels[level].communities as usize;
    let mut given = vec![vec![0f64; count]; count];
    for source in 0..world.attention.arcs.nodes() as u32 {
        for (target, weight) in world.attention.arcs.arcs_of(source) {
            let (a, b) = (numbers[source as usize] as usize, numbers[target as usize] as usize);
            if a != b && a < count && b < count {
                given[a.min(b)][a.max(b)] += f64::from(weight);
                given[a.max(b)][a.min(b)] += f64::from(weight);
            }
        }
    }
    let strength = |a: usize| given[a].iter().sum::<f64>();
    let (mut ties, mut nearness) = (Vec::new(), Vec::new());
    for a in 0..count {
        for b in (a + 1..count).filter(|&b| given[a][b] > 0.0) {
            ties.push(given[a][b] / (strength(a) * strength(b)).sqrt());
            let region = |at: usize| layout.regions[level][CommunityIndex::new(at as u32)];
            nearness.push(-region(a).distance(&region(b)));
        }
    }
    spearman(&ties, &nearness)
}

fn spearman(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (ranks(a), ranks(b));
    let mean = (a.len() as f64 - 1.0) / 2.0;
    let moment =
        |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>();
    moment(&a, &b) / (moment(&a, &a) * moment(&b, &b)).sqrt()
}

/// Ranks from 0, those of equal values their mean.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for same in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let mean = first as f64 + (same.len() as f64 - 1.0) / 2.0;
        same.iter().for_each(|&at| ranks[at] = mean);
        first += same.len();
    }
    ranks
}

#[test]
fn near_means_attending_to_each_other() {
    for mixing in [0.2, 0.4] {
        let world = World::planted(20_000, mixing);
        let layout = world.laid_out();
        let [anywhere, inside] = nearness(&world, &layout);
        println!("µ {mixing}: {anywhere:.3} of strangers' distance, {inside:.3} of members'");
        assert!(anywhere < 0.25, "{anywhere}");
        assert!(inside < 0.9, "{inside}");
        for (level, found) in world.hierarchy.levels.iter().enumerate() {
            let correlation = correlation(&world, &layout, level);
            println!("  level {level}: {} communities, {correlation:.3}", found.communities);
            assert!(found.communities < 20 || correlation > 0.15, "{correlation}");
        }
    }
}

/// How far people have moved, as parts of the distance of two strangers: the median and the largest of nine
/// in ten.
fn moves(before: &Layout, after: &Layout) -> [f64; 2] {
    let mut moves: Vec<f64> =
        before.people.iter().zip(&after.people).map(|(a, b)| a.distance(b)).collect();
    moves.sort_by(f64::total_cmp);
    [moves[moves.len() / 2], moves[moves.len() * 9 / 10]]
}

#[test]
fn people_stay_near_where_they_were() {
    let world = World::planted(6_000, 0.3);
    let first = world.laid_out();
    let [median, most] = moves(&first, &world.near(&first));
    println!("same arcs: median move {median:.5}, nine of ten {most:.5}");
    assert!(median < 0.01, "{median}");
    let changed = world.without(0.01);
    let second = changed.near(&first);
    check(&changed, &second);
    let [median, most] = moves(&first, &second);
    println!("1 % of arcs gone: median move {median:.5}, nine of ten {most:.5}");
    assert!(median < 0.05, "{median}");
    let [afresh, _] = moves(&first, &changed.laid_out());
    println!("1 % of arcs gone, from nothing: median move {afresh:.5}");
    let [warm, cold] = [&second, &changed.laid_out()].map(|layout| nearness(&changed, layout)[1]);
    assert!(warm < cold * 1.1, "{warm} of members' distance, {cold} from nothing");
}

#[test]
fn layouts_are_equal_on_any_number_of_threads() {
    let world = World::planted(3_000, 0.3);
    let one = on(1, || world.laid_out());
    assert!(one == on(3, || world.laid_out()));
    assert!(on(1, || world.near(&one)) == on(3, || world.near(&one)));
}

#[test]
fn people_who_are_hidden_in_a_community_lie_outside_of_it_and_of_what_it_contains() {
    let world = World::planted(3_000, 0.2);
    let levels = &world.hierarchy.levels;
    let coarse = levels[0].community_of[PersonIndex::new(0)].get().unwrap();
    let fine = levels.last().unwrap().communities / 2;
    let is_hidden = |person: PersonIndex, level: usize, community: CommunityIndex| {
        let in_coarse = level == 0 && community == coarse;
        person.number() % 3 == 0
            && (in_coarse || level + 1 == levels.len() && community.number() == fine)
    };
    let depths = visible_depths(&world.hierarchy, is_hidden);
    let layout = layout_stage(LayoutInput { depths: &depths, ..world.input() });
    assert_eq!(overlaps(&layout.people.raw), 0);
    let mut hidden = 0;
    for (person, &HomeDepth(depth)) in depths.iter_enumerated() {
        for (level, found) in levels.iter().enumerate() {
            let Some(own) = found.community_of[person].get() else { continue };
            let regions = &layout.regions[level];
            let disc = &layout.people[person];
            if level < usize::from(depth) {
                assert!(regions[own].contains(disc));
            } else {
                assert!(!regions.iter().any(|region| region.overlaps(disc)));
                hidden += 1;
            }
        }
    }
    assert!(hidden > 50, "{hidden}");
}

#[test]
fn the_smallest_worlds_have_a_layout() {
    for people in [0u32, 1, 2, 5] {
        let arcs = attention(Csr::empty(people as usize));
        let world = World::of(arcs, None);
        let layout = world.laid_out();
        assert_eq!(layout.people.len(), people as usize);
        check(&world, &layout);
    }
}
