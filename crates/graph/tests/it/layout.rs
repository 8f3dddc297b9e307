//! The map: nothing overlaps, everything lies in what it belongs to, near means attending to each other.

use graph::{Csr, HomeDepth, Layout, LayoutInput, layout_stage, visible_depths};
use model::index::{CommunityIndex, PersonIndex};
use model::map::MapDisc;

use crate::map_world::World;
use crate::nearness::nearness;
use crate::worlds::{attention, on};

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
        person.number().is_multiple_of(3)
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
