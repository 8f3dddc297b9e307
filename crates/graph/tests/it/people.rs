//! PeopleRank in communities.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use graph::seed::RandomSeed;
use graph::{
    CommunityPeople, CommunityScorer, Csr, PackedPeople, PeopleInput, PeopleSettings,
    RankedCommunity, ScoredPerson, people_stage,
};
use model::PersonKind;
use model::index::PersonIndex;
use typed_index_collections::TiVec;

use crate::worlds::{Scored, attention, on, weighted};

fn leaf_tables(scored: &Scored) -> Vec<CommunityPeople> {
    people_stage(&scored.input(), scored.hierarchy.leaf, &PeopleSettings::default())
}

#[test]
fn shares_sum_to_one_and_ranks_follow_them() {
    for table in leaf_tables(&Scored::with_farm()) {
        let sum: f64 = table.people.iter().map(|person| f64::from(person.share)).sum();
        assert!(table.flow == 0.0 || (sum - 1.0).abs() < 1e-4, "{sum}");
        let ranks: Vec<u32> =
            table.people.iter().filter_map(|person| Some(person.rank?.get())).collect();
        assert_eq!(ranks, (1..=ranks.len() as u32).collect::<Vec<_>>());
    }
}

#[test]
fn no_fake_has_a_rank_anywhere_and_the_farm_has_low_trust() {
    let scored = Scored::with_farm();
    for level in 0..scored.hierarchy.levels.len() {
        let tables = people_stage(&scored.input(), level, &PeopleSettings::default());
        for table in &tables {
            let served = table.people.iter().filter(|person| person.rank.is_some());
            assert!(served.clone().all(|person| person.person.index() < scored.honest));
            assert!(!table.low_trust || served.count() == 0);
        }
        assert!(tables.iter().any(|table| table.low_trust));
    }
}

/// The first page by insider score.
fn first_page(table: &CommunityPeople) -> impl Iterator<Item = &ScoredPerson> {
    table.by_insider().into_iter().take(20).map(|row| &table.people[row.index()])
}

#[test]
fn communities_of_the_planted_world_have_full_first_pages_of_insiders() {
    let tables = leaf_tables(&Scored::with_farm());
    let honest: Vec<&CommunityPeople> = tables.iter().filter(|table| !table.low_trust).collect();
    let full = honest
        .iter()
        .filter(|table| table.people.iter().filter(|person| person.rank.is_some()).count() >= 20);
    assert!(full.count() * 100 >= honest.len() * 95);
    let page = honest.iter().flat_map(|table| first_page(table));
    let (members, all) = page.fold((0, 0), |(m, n), p| (m + usize::from(p.member), n + 1));
    assert!(members * 100 >= all * 95, "{members} of {all}");
}

#[test]
fn a_celebrity_of_outsiders_is_attended_to_but_no_insider() {
    let mut arcs = crate::worlds::planted_world(0.3).arcs;
    let celebrity = 42;
    for fan in (0..3_000).filter(|fan| fan % 2 == 0) {
        arcs.sources.push(fan);
        arcs.targets.push(celebrity);
    }
    let scored = Scored::new(&arcs, 3_000, 0);
    let own = scored.hierarchy.leaf_level().numbers()[celebrity as usize];
    let table = &leaf_tables(&scored)[own as usize];
    let person = table.people.iter().find(|person| person.person.number() == celebrity).unwrap();
    assert!(person.rank.is_some_and(|rank| rank.get() <= 3), "{person:?}");
    let insiders = table.by_insider();
    let place =
        insiders.iter().position(|&row| table.people[row.index()].person.number() == celebrity);
    assert!(place.unwrap() > insiders.len() / 2);
}

#[test]
fn first_pages_by_insider_are_members_where_celebrities_are_followed_by_all() {
    let mut arcs = crate::worlds::planted_world(0.3).arcs;
    let celebrities = (0..3_000).step_by(300);
    for celebrity in celebrities.clone() {
        for fan in (0..3_000).filter(|fan| (fan + celebrity / 300) % 3 == 0) {
            arcs.sources.push(fan);
            arcs.targets.push(celebrity);
        }
    }
    let tables = leaf_tables(&Scored::new(&arcs, 3_000, 0));
    let page: Vec<&ScoredPerson> = tables.iter().flat_map(first_page).collect();
    let members = page.iter().filter(|person| person.member).count();
    assert!(members * 100 >= page.len() * 95, "{members} of {}", page.len());
    let known =
        |person: &&&ScoredPerson| celebrities.clone().any(|who| who == person.person.number());
    assert_eq!(page.iter().filter(known).filter(|person| !person.member).count(), 0);
}

#[test]
fn persons_and_organisations_are_ranked_apart() {
    let scored = Scored::with_farm();
    let kinds: TiVec<PersonIndex, PersonKind> = (0..3_300)
        .map(|at| [PersonKind::Person, PersonKind::Organisation, PersonKind::Bot][at % 3])
        .collect();
    let input = PeopleInput { kinds: &kinds, ..scored.input() };
    let tables = people_stage(&input, scored.hierarchy.leaf, &PeopleSettings::default());
    for person in tables.iter().flat_map(|table| &table.people).filter(|p| p.rank.is_some()) {
        let kind = kinds[person.person];
        assert_eq!(person.rank_person.is_some(), kind == PersonKind::Person);
        assert_eq!(person.rank_organisation.is_some(), kind == PersonKind::Organisation);
    }
}

#[test]
fn a_community_that_is_the_same_on_two_levels_is_scored_once() {
    let arcs = crate::worlds::planted_world(0.3).arcs;
    let scored = Scored::new(&arcs, 3_000, 0);
    let settings = PeopleSettings::default();
    let scorer = CommunityScorer::new(scored.input(), &settings);
    let (mut above, mut shared) = (Vec::new(), 0);
    for level in 0..scored.hierarchy.levels.len() {
        let made = AtomicUsize::new(0);
        let take = |ranked: RankedCommunity| {
            made.fetch_add(1, Relaxed);
            ranked.table
        };
        above = scorer.level(level, above, take, CommunityPeople::renumbered);
        assert!(above == people_stage(&scored.input(), level, &settings), "level {level}");
        shared += above.len() - made.into_inner();
    }
    assert!(shared > 0, "no community is the same on two levels");
}

#[test]
fn tables_that_were_kept_are_the_same_again() {
    let scored = Scored::with_farm();
    let kinds: TiVec<PersonIndex, PersonKind> =
        (0..3_300).map(|at| [PersonKind::Person, PersonKind::Organisation][at % 2]).collect();
    let input = PeopleInput { kinds: &kinds, ..scored.input() };
    let tables = people_stage(&input, scored.hierarchy.leaf, &PeopleSettings::default());
    let kept = postcard::to_stdvec(&tables).unwrap();
    let packed: Vec<PackedPeople> = postcard::from_bytes(&kept).unwrap();
    assert!(packed.into_iter().map(CommunityPeople::from).eq(tables.iter().cloned()));
    let rows: usize = tables.iter().map(|table| table.people.len()).sum();
    assert!(kept.len() < 22 * rows + 64 * tables.len(), "{} B for {rows} rows", kept.len());
}

#[test]
fn outsiders_are_cut_and_members_are_not() {
    let scored = Scored::with_farm();
    let settings = PeopleSettings { outsiders_max: 3, ..PeopleSettings::default() };
    let tables = people_stage(&scored.input(), scored.hierarchy.leaf, &settings);
    let members: usize =
        tables.iter().map(|table| table.people.iter().filter(|p| p.member).count()).sum();
    assert_eq!(members, 3_300);
    assert!(tables.iter().all(|t| t.people.iter().filter(|p| !p.member).count() <= 3));
}

#[test]
fn tables_are_equal_to_the_bit_on_any_number_of_threads() {
    for scored in [Scored::with_farm(), Scored::weighted()] {
        let tables = |threads| on(threads, || leaf_tables(&scored));
        assert!(tables(1) == tables(2) && tables(1) == tables(3));
    }
}

/// Everybody's share and insider score in each community of a level.
fn scores(scored: &Scored, level: usize) -> BTreeMap<(u32, u32), [f32; 2]> {
    let tables = people_stage(&scored.input(), level, &PeopleSettings::default()).into_iter();
    let rows = tables.flat_map(|table| {
        let community = table.community.number();
        table
            .people
            .into_iter()
            .map(move |one| ((community, one.person.number()), [one.share, one.insider]))
    });
    rows.collect()
}

/// Whether two scores are equal but for rounding, which is relative to what is ranked at all.
fn near(a: [f32; 2], b: [f32; 2]) -> bool {
    (a[0] - b[0]).abs() < 1e-3 * a[0].max(1e-4) && (a[1] - b[1]).abs() < 1e-3
}

#[test]
fn scores_go_with_people_not_with_their_numbers() {
    let scored = Scored::weighted();
    let mut new_ids: Vec<u32> = (0..3_000).collect();
    RandomSeed(4).shuffle(&mut new_ids);
    let moved = scored.renumbered(&new_ids);
    for (old, &new) in new_ids.iter().enumerate() {
        let (a, b) = (scored.trust.values.raw[old], moved.trust.values.raw[new as usize]);
        assert!((a - b).abs() < 1e-3, "trust of {old}: {a} and {b}");
    }
    for level in 0..scored.hierarchy.levels.len() {
        let (before, after) = (scores(&scored, level), scores(&moved, level));
        assert_eq!(before.len(), after.len());
        for ((community, person), score) in before {
            let moved = after[&(community, new_ids[person as usize])];
            assert!(near(score, moved), "{person} in {community}: {score:?} and {moved:?}");
        }
    }
}

#[test]
fn what_people_say_counts_by_shares_whatever_the_scale() {
    let scored = Scored::weighted();
    let arcs = &scored.attention.arcs;
    let louder = arcs.weights().unwrap().iter().map(|weight| weight * 8.0).collect();
    let louder = Csr::from_parts(arcs.offsets().to_vec(), arcs.targets().to_vec(), Some(louder));
    let louder = scored.along(louder.unwrap());
    let level = scored.hierarchy.leaf;
    let (before, after) = (scores(&scored, level), scores(&louder, level));
    assert!(before.iter().all(|(key, score)| near(*score, after[key])));
}

#[test]
fn a_follow_more_lowers_nobody_it_goes_to() {
    let scored = Scored::weighted();
    let leaf = scored.hierarchy.leaf_level().numbers();
    let before = scores(&scored, scored.hierarchy.leaf);
    let mut random = RandomSeed(9);
    for _ in 0..8 {
        let fan = random.below(3_000) as u32;
        let inside = |&to: &u32| leaf[to as usize] == leaf[fan as usize] && to != fan;
        let strangers = (0..3_000).filter(inside);
        let strangers = strangers.filter(|&to| scored.attention.arcs.weight(fan, to).is_none());
        let strangers: Vec<u32> = strangers.collect();
        let star = strangers[random.below(strangers.len() as u64) as usize];
        let rows = (0..3_000).flat_map(|from| {
            scored.attention.arcs.arcs_of(from).map(move |(to, weight)| (from, to, weight))
        });
        let rows: Vec<(u32, u32, f32)> = rows.chain([(fan, star, 1.0)]).collect();
        // Trust and communities as they were: this is about attention alone.
        let more = attention(weighted(3_000, &rows));
        let input = PeopleInput { attention: &more, ..scored.input() };
        let tables = people_stage(&input, scored.hierarchy.leaf, &PeopleSettings::default());
        let home = leaf[star as usize];
        let table = &tables[home as usize];
        let after = table.people.iter().find(|one| one.person.number() == star).unwrap().share;
        let was = before.get(&(home, star)).map_or(0.0, |score| score[0]);
        assert!(after > was, "{star} had {was}, has {after}");
    }
}

#[test]
fn masses_are_a_fixed_point_of_the_walk() {
    let scored = Scored::weighted();
    let (arcs, own) = (&scored.attention.arcs, scored.hierarchy.levels[0].numbers());
    let table = people_stage(&scored.input(), 0, &PeopleSettings::default()).remove(0);
    let members = table.people.iter().filter(|one| one.member);
    let masses: BTreeMap<u32, f64> =
        members.map(|one| (one.person.number(), f64::from(one.mass))).collect();
    let known = |who: &u32| f64::from((scored.trust.values.raw[*who as usize] - 0.2).max(0.0));
    let all: f64 = masses.keys().map(known).sum();
    let mut next: BTreeMap<u32, f64> =
        masses.keys().map(|who| (*who, 0.15 * known(who) / all)).collect();
    for (&from, mass) in &masses {
        for (to, weight) in arcs.arcs_of(from).filter(|arc| own[arc.0 as usize] == 0) {
            *next.entry(to).or_default() += 0.85 * mass * f64::from(weight) / arcs.strength(from);
        }
    }
    let change: f64 = next.iter().map(|(who, mass)| (mass - masses[who]).abs()).sum();
    assert!(change < 2e-6, "{change}");
}
