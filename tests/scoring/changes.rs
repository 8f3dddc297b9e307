//! What changed between two runs, in the change log.

use std::collections::BTreeMap;

use graph_score::{SealedRun, TimeBudget, handle};
use model::EventKind;
use model::change::RunChanges;
use model::message::{ScoreJob, Stage};
use model::port::Objects as _;
use model::{ChangePosition, CommunityId, PersonId, RankChange, RunId, Timestamp};
use store::pg::change::{self, Change};
use store::pg::run;

use crate::world::{GROUP, HERMIT, World, arcs, halved};

/// All that the log says.
async fn all_events(world: &World) -> Vec<Change> {
    let events = change::page(world.database.pg(), ChangePosition::default(), 5_000).await.unwrap();
    events.into_iter().map(|placed| placed.event.change).collect()
}

/// The changes of ranks in the log.
async fn all_changes(world: &World) -> Vec<RankChange> {
    changes_up_to(world, RunId::new(0)).await
}

/// The same, those of a run and of later ones among them.
async fn changes_up_to(world: &World, run: RunId) -> Vec<RankChange> {
    let events = all_events(world).await.into_iter();
    let ranks = events.filter_map(|change| match change {
        Change::Rank(change) => Some(change),
        _ => None,
    });
    let ranks: Vec<RankChange> = ranks.collect();
    assert!(ranks.iter().any(|change| change.run >= run), "no change of a rank is reported");
    ranks
}

fn person(world: &World, number: u32) -> PersonId {
    world.ids[number as usize].home_person()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rise_is_reported_with_its_reasons() {
    let world = World::scored_and_changed().await;
    let run = world.score().await;
    let changes = all_changes(&world).await;
    let star = person(&world, GROUP - 1);
    let rises: Vec<_> = changes.iter().filter(|change| change.person == star).collect();
    assert!(rises.len() >= 2, "in its community and in the world: {rises:?}");
    for rise in rises {
        let rank = rise.after.rank.expect("it has a rank now");
        assert!(rise.before.rank.is_none_or(|before| before > rank), "{rise:?}");
        assert!(rise.before.attention < rise.after.attention && rise.run == run);
        let gained: f32 = rise.reasons.iter().map(|reason| reason.after - reason.before).sum();
        let reasons = rise.reasons.iter();
        assert_eq!(reasons.filter(|reason| reason.before == 0.0).count(), 5, "{rise:?}");
        let change = rise.after.attention - rise.before.attention;
        assert!(gained > 0.2 * change && gained < 1.2 * change, "{rise:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fall_is_reported_with_its_reasons_but_no_unlisted_person() {
    let world = World::scored_and_changed().await;
    world.score().await;
    world.attend(&arcs()).await;
    let fan = 5;
    world.unlist(fan).await;
    let run = world.score().await;
    let star = person(&world, GROUP - 1);
    let changes = changes_up_to(&world, run).await;
    let falls = changes.iter().filter(|change| change.run == run && change.person == star);
    let falls: Vec<_> = falls.collect();
    assert!(falls.len() >= 2, "in its community and in the world: {changes:?}");
    for fall in falls {
        assert!(fall.before.rank < fall.after.rank || fall.after.rank.is_none(), "{fall:?}");
        let left = fall.reasons.iter().filter(|reason| reason.after == 0.0);
        assert_eq!(left.count(), 5, "{fall:?}");
        assert!(fall.reasons.iter().all(|reason| reason.person != person(&world, fan)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_have_no_reasons_if_the_previous_runs_arcs_are_gone() {
    let world = World::scored_and_changed().await;
    for key in world.objects.list("snapshots/").await.unwrap() {
        if key.contains("follow") {
            world.objects.delete(&key).await.unwrap();
        }
    }
    world.score().await;
    assert!(all_changes(&world).await.iter().all(|change| change.reasons.is_empty()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unlisted_people_are_neither_subjects_nor_reasons() {
    let world = World::scored_and_changed().await;
    world.score().await;
    let hermit = person(&world, HERMIT);
    for change in all_changes(&world).await {
        assert_ne!(change.person, hermit);
        assert!(change.reasons.iter().all(|reason| reason.person != hermit), "{change:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_without_changes_reports_none_and_a_repeat_reports_none_again() {
    let world = World::scored_and_changed().await;
    let run = world.score().await;
    let first = all_changes(&world).await;
    let again = handle(
        world.dependencies(&world.objects),
        ScoreJob { run, stage: Stage::Publish },
        TimeBudget::ENDLESS,
    );
    again.await.unwrap();
    let published = RunChanges { ranks: first.clone(), ..RunChanges::default() };
    run::publish(world.database.pg(), run, &published, Timestamp::UNIX_EPOCH).await.unwrap();
    world.score().await;
    assert_eq!(all_changes(&world).await, first);
}

/// The main community of all who are listed, as the served run has it.
async fn main_communities(world: &World) -> BTreeMap<PersonId, CommunityId> {
    let served = SealedRun::active(world.database.pg(), &world.objects).await.unwrap();
    let leaf = served.hierarchy.leaf;
    let of = &served.hierarchy.levels[leaf].community_of;
    let people = served.nodes.people.iter_enumerated();
    let listed = people.filter(|(at, _)| !served.nodes.unlisted[*at]);
    let main = listed.filter_map(|(at, &person)| {
        Some((person, served.names.levels[leaf].ids[of[at].get()?.index()]))
    });
    main.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_moved_and_what_became_of_communities_lead_from_one_run_to_the_next() {
    let world = World::new().await;
    world.score().await;
    let mut main = main_communities(&world).await;
    let before = main.clone();
    world.attend(&halved()).await;
    let run = world.score().await;
    let (mut moved, mut split) = (0, Vec::new());
    for change in all_events(&world).await {
        match change {
            Change::Membership(change) => {
                assert_eq!((main.get(&change.person).copied(), change.run), (change.before, run));
                assert_ne!(change.person, person(&world, HERMIT));
                match change.after {
                    Some(after) => main.insert(change.person, after),
                    None => main.remove(&change.person),
                };
                moved += 1;
            }
            Change::Lineage(change) if change.kind == EventKind::Split && change.run == run => {
                split.push((change.community, change.other, change.shared));
            }
            _ => {}
        }
    }
    assert_eq!(main, main_communities(&world).await);
    assert!(moved > 0 && main != before, "{moved} moved");
    let (community, from, shared) = split[0];
    let came = |person: &PersonId| main[person] == community && before.get(person).copied() == from;
    let came = main.keys().filter(|person| came(person)).count();
    assert!(came > 0 && shared as usize >= came, "{came} of {shared}");
}
