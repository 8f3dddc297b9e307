//! Ranks over runs, and groups that are the same on several levels, as they are served.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use model::index::RunPerson;
use model::port::Objects as _;
use model::{Community, CommunityId, PersonId, RunId, Timestamp};
use store::pg::community::{self, CommunityQuery, WORLD};
use store::pg::history::{self, DatedStep, HistoryQuery};
use store::pg::lineage;
use store::pg::membership::{self, Order, RankedMembership};
use store::pg::score;

use crate::world::halved;
use crate::world::{GROUP, HERMIT, PEOPLE, World, arcs};

async fn steps(world: &World, person: PersonId, community: CommunityId) -> Vec<DatedStep> {
    let query = HistoryQuery { person, community, before: None, until: Timestamp::MAX, limit: 100 };
    history::of_person(world.database.pg(), &query).await.expect("the history is read").steps
}

async fn communities(world: &World, run: RunId) -> Vec<Community> {
    let query = CommunityQuery { limit: 1_000, ..CommunityQuery::default() };
    community::page(world.database.pg(), run, query).await.expect("communities are read")
}

async fn rows(world: &World, run: RunId, id: CommunityId) -> Vec<RankedMembership> {
    let (pg, all) = (world.database.pg(), 0..10 * PEOPLE);
    let page = membership::page(pg, run, id, Order::Attention, all).await.expect("it is read");
    page.expect("the run has it").rows
}

/// The ranks of a community as a run serves them.
async fn served(world: &World, run: RunId, id: CommunityId) -> BTreeMap<PersonId, NonZeroU32> {
    let rows = rows(world, run, id).await;
    let numbers: Vec<RunPerson> = rows.iter().map(|row| row.membership.person).collect();
    let scores = score::get(world.database.pg(), run, &numbers).await.expect("people are read");
    let ranked =
        rows.iter().zip(scores).filter_map(|(row, score)| Some((score?.person, row.rank?)));
    ranked.collect()
}

/// The ranks that hold in a run, by the history alone.
async fn held(world: &World, run: RunId, id: CommunityId) -> BTreeMap<PersonId, NonZeroU32> {
    let mut held = BTreeMap::new();
    for profile in &world.ids {
        let person = profile.home_person();
        let steps = steps(world, person, id).await;
        let step = steps.iter().find(|step| step.run <= run);
        held.extend(step.and_then(|step| step.step.rank).map(|rank| (person, rank)));
    }
    held
}

async fn check(world: &World, run: RunId) {
    let ids = communities(world, run).await.into_iter().filter(|one| !one.is_too_little_known());
    let ids: Vec<CommunityId> = ids.map(|one| one.id).collect();
    assert!(ids.len() > 2, "there are communities that are known");
    for id in ids.into_iter().chain([WORLD]) {
        assert_eq!(held(world, run, id).await, served(world, run, id).await, "{id} in {run}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_history_of_each_run_is_what_it_served_and_says_why() {
    let world = World::scored_and_changed().await;
    let second = world.score().await;
    world.attend(&arcs()).await;
    let third = world.score().await;
    for run in [RunId::new(second.number() - 1), second, third] {
        check(&world, run).await;
    }
    let star = world.ids[GROUP as usize - 1].home_person();
    let found = steps(&world, star, WORLD).await;
    let rise = found.iter().find(|step| step.run == second).expect("it rose");
    assert_eq!(rise.reasons.len(), 5, "{rise:?}");
    assert!(rise.reasons.iter().all(|reason| reason.after > reason.before), "{rise:?}");
    assert_eq!(steps(&world, world.ids[HERMIT as usize].home_person(), WORLD).await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_that_began_together_follow_one_another_in_the_history() {
    let world = World::scored_and_changed().await;
    let one = world.start().await;
    let other = world.start().await;
    world.finish(one).await;
    world.attend(&arcs()).await;
    world.finish(other).await;
    for run in [one.run, other.run] {
        check(&world, run).await;
    }
    let sealed = world.objects.list(&format!("runs/{}/steps", other.run)).await.unwrap();
    assert_eq!(sealed, [format!("runs/{}/steps-{}", other.run, one.run)]);
    // Reasons say what changed since the run that both began from: that is not the one before.
    for profile in &world.ids {
        let found = steps(&world, profile.home_person(), WORLD).await;
        let late = found.iter().filter(|step| step.run == other.run);
        assert!(late.into_iter().all(|step| step.reasons.is_empty()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_change_is_no_step() {
    let world = World::scored_and_changed().await;
    let changed = world.score().await;
    let same = world.score().await;
    let mut count = BTreeMap::from([(changed, 0), (same, 0)]);
    for profile in &world.ids {
        for step in steps(&world, profile.home_person(), WORLD).await {
            count.entry(step.run).and_modify(|count| *count += 1);
        }
    }
    assert!(count[&changed] > 10 && count[&same] < count[&changed] / 5, "{count:?}");
    let born = communities(&world, same).await[0].id;
    let events = lineage::of_community(world.database.pg(), born, None, 9).await.unwrap();
    assert!(events.iter().all(|event| event.at == events[0].at), "{events:?}");
    assert_eq!(events.last().unwrap().event.event, model::EventKind::Born);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_on_several_levels_is_served_as_one_community() {
    let world = World::new().await;
    // The first group is two on a fine level; the others are the same there.
    world.attend(&halved()).await;
    let run = world.score().await;
    let pg = world.database.pg();
    let listed = communities(&world, run).await;
    let query = CommunityQuery { level: Some(0), limit: 1_000, ..CommunityQuery::default() };
    let top = community::page(pg, run, query).await.unwrap();
    let all = world.community_ids(run).await;
    let (mut spanned, mut members) = (0, BTreeMap::new());
    for &id in &all {
        let answer = community::get(pg, run, &[id]).await.unwrap().remove(0);
        assert!(
            listed.iter().any(|one| one.id == answer.id),
            "{id} answers with one that is listed"
        );
        let rows = rows(&world, run, id).await;
        let own = rows.iter().filter(|row| row.membership.member).map(|row| row.membership.person);
        let own: BTreeSet<RunPerson> = own.collect();
        spanned += usize::from(answer.last_level > answer.level && answer.id == id);
        members.entry(answer.id).or_insert_with(Vec::new).push(own);
    }
    println!("{} communities are {} groups, {spanned} on several levels", all.len(), listed.len());
    assert!(listed.len() < all.len() && spanned > 0);
    assert!(members.values().all(|same| same.iter().all(|own| *own == same[0])));
    assert!(top.iter().all(|one| one.level == 0));
    for profile in world.ids.iter().take(5) {
        let number = score::numbers(pg, run, &[profile.home_person()]).await.unwrap()[0].unwrap();
        let places = membership::of_person(pg, run, number).await.unwrap();
        assert!(
            places.iter().all(|(id, _)| *id == WORLD || listed.iter().any(|one| one.id == *id))
        );
    }
}
