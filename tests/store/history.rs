//! Ranks over runs: loaded, published, read, erased and ended.

use std::num::NonZeroU32;

use model::change::RunChanges;
use model::profile::GoneReason;
use model::rank_change::{RankChangeReason, RankState};
use model::{
    CommunityId, LineageEvent, PersonId, ProfileId, RankChange, RankStep, RunId, Timestamp,
};
use store::Pg;
use store::pg::community::WORLD;
use store::pg::history::{self, DatedStep, HistoryPage, HistoryQuery, PART_RUNS, RunHistory};
use store::pg::publish::RunLoader;
use store::pg::retention::{RetentionPolicy, sweep};
use store::pg::{erase, run};
use testkit::{Database, database};

use crate::web::{ACT, at, ids};

const DAY: i64 = 86_400;

/// The next run, whose tables are loaded.
pub(crate) async fn loaded_run(pg: &Pg, seconds: i64) -> RunId {
    let id = run::create(pg, None, at(seconds)).await.unwrap();
    RunLoader::begin(pg, id).await.unwrap().finish(1).await.unwrap();
    id
}

/// What a run adds, as it follows the newest one.
pub(crate) async fn add(pg: &Pg, run: RunId, steps: &[RankStep], changes: &[RankChange]) {
    add_events(pg, run, (steps, changes), &[]).await;
}

pub(crate) async fn add_events(
    pg: &Pg,
    run: RunId,
    (steps, changes): (&[RankStep], &[RankChange]),
    events: &[LineageEvent],
) {
    let previous = history::newest(pg).await.unwrap();
    let mut steps = steps.to_vec();
    steps.sort_by_key(|step| (step.person, step.community));
    let added = RunHistory { run, previous, steps: &steps, changes, events };
    history::load(pg, &added).await.unwrap();
}

fn step(profile: ProfileId, community: CommunityId, rank: u32) -> RankStep {
    RankStep {
        person: profile.home_person(),
        community,
        rank: NonZeroU32::new(rank),
        attention: 1.0 / (1.0 + rank as f32),
        support: 8.0,
        is_change: true,
    }
}

fn change(step: RankStep, run: RunId, reasons: &[(ProfileId, f32)]) -> RankChange {
    let state = RankState { rank: step.rank, attention: step.attention };
    let reason = |&(person, after): &(ProfileId, f32)| RankChangeReason {
        person: person.home_person(),
        before: 0.0,
        after,
    };
    RankChange {
        person: step.person,
        community: step.community,
        run,
        before: state,
        after: state,
        reasons: reasons.iter().map(reason).collect(),
    }
}

/// A run that was published with these steps.
async fn published(db: &Database, seconds: i64, steps: &[RankStep]) -> RunId {
    let id = loaded_run(db.pg(), seconds).await;
    add(db.pg(), id, steps, &[]).await;
    run::activate(db.pg(), id, at(seconds)).await.unwrap();
    id
}

async fn page(db: &Database, profile: ProfileId, query: HistoryQuery) -> HistoryPage {
    let query = HistoryQuery { person: profile.home_person(), ..query };
    history::of_person(db.pg(), &query).await.unwrap()
}

fn all() -> HistoryQuery {
    let person = PersonId::new(0);
    HistoryQuery { person, community: WORLD, before: None, until: Timestamp::MAX, limit: 100 }
}

fn ranks(steps: &[DatedStep]) -> Vec<(RunId, u32)> {
    let rank = |step: &DatedStep| step.step.rank.map_or(0, NonZeroU32::get);
    steps.iter().map(|step| (step.run, rank(step))).collect()
}

#[tokio::test]
async fn steps_are_read_from_the_newest_on_in_their_community() {
    let db = database().await;
    let [ada, bob] = ids(db.pg(), ["ada", "bob"]).await;
    let rust = CommunityId::new(7);
    let all_steps = [step(ada, WORLD, 3), step(ada, rust, 1), step(bob, WORLD, 4)];
    let first = published(&db, 1, &all_steps).await;
    let second = published(&db, 2, &[step(bob, WORLD, 3)]).await;
    let third = published(&db, 3, &[step(ada, WORLD, 2), step(bob, WORLD, 0)]).await;
    let whole = page(&db, ada, all()).await;
    assert_eq!(ranks(&whole.steps), [(third, 2), (first, 3)]);
    assert_eq!((whole.next, whole.steps[1].at), (None, at(1)));
    assert!((whole.steps[0].step.attention * 3.0 - 1.0).abs() < 3e-4);
    let inside = page(&db, ada, HistoryQuery { community: rust, ..all() }).await;
    assert_eq!(ranks(&inside.steps), [(first, 1)]);
    let bobs = page(&db, bob, all()).await;
    assert_eq!(ranks(&bobs.steps), [(third, 0), (second, 3), (first, 4)]);
    let earlier = page(&db, bob, HistoryQuery { until: at(2), ..all() }).await;
    assert_eq!(ranks(&earlier.steps), [(second, 3), (first, 4)]);
    let short = page(&db, bob, HistoryQuery { limit: 2, ..all() }).await;
    assert_eq!((ranks(&short.steps).len(), short.next), (2, Some(second)));
    let rest = page(&db, bob, HistoryQuery { before: short.next, limit: 2, ..all() }).await;
    assert_eq!((ranks(&rest.steps), rest.next), (vec![(first, 4)], None));
}

#[tokio::test]
async fn a_step_has_its_reasons_the_largest_first() {
    let db = database().await;
    let [ada, bob, eve] = ids(db.pg(), ["ada", "bob", "eve"]).await;
    let id = loaded_run(db.pg(), 1).await;
    let rise = step(ada, WORLD, 2);
    let changes = [change(rise, id, &[(bob, 0.1), (eve, 0.3)])];
    add(db.pg(), id, &[rise], &changes).await;
    let changes = RunChanges { ranks: changes.to_vec(), ..RunChanges::default() };
    run::publish(db.pg(), id, &changes, at(1)).await.unwrap();
    let found = page(&db, ada, all()).await.steps;
    let reasons: Vec<PersonId> = found[0].reasons.iter().map(|reason| reason.person).collect();
    assert_eq!(reasons, [eve.home_person(), bob.home_person()]);
    assert_eq!(found[0].reasons[0].after, 0.3);
}

#[tokio::test]
async fn a_run_enters_the_history_when_it_is_published_and_once() {
    let db = database().await;
    let [ada] = ids(db.pg(), ["ada"]).await;
    let id = loaded_run(db.pg(), 1).await;
    for rank in [9, 3] {
        // The second time is after a worker that died.
        add(db.pg(), id, &[step(ada, WORLD, rank)], &[]).await;
    }
    assert_eq!(page(&db, ada, all()).await.steps, []);
    assert!(!history::is_published(db.pg(), id).await.unwrap());
    for _ in 0..2 {
        run::activate(db.pg(), id, at(2)).await.unwrap();
    }
    assert!(history::is_published(db.pg(), id).await.unwrap());
    assert_eq!(ranks(&page(&db, ada, all()).await.steps), [(id, 3)]);
    assert_eq!(history::newest(db.pg()).await.unwrap(), Some(id));
    // A run that was not loaded leaves no trace; and one that is served again adds nothing.
    let other = loaded_run(db.pg(), 3).await;
    run::activate(db.pg(), other, at(3)).await.unwrap();
    run::activate(db.pg(), id, at(4)).await.unwrap();
    assert_eq!(history::newest(db.pg()).await.unwrap(), Some(id));
    assert_eq!(page(&db, ada, all()).await.steps.len(), 1);
}

#[tokio::test]
async fn steps_that_follow_another_run_than_the_newest_are_found_again() {
    let db = database().await;
    let [ada] = ids(db.pg(), ["ada"]).await;
    let first = published(&db, 1, &[step(ada, WORLD, 5)]).await;
    let (one, other) = (loaded_run(db.pg(), 2).await, loaded_run(db.pg(), 2).await);
    add(db.pg(), other, &[step(ada, WORLD, 3)], &[]).await;
    add(db.pg(), one, &[step(ada, WORLD, 4)], &[]).await;
    run::activate(db.pg(), one, at(3)).await.unwrap();
    let error = run::activate(db.pg(), other, at(4)).await.unwrap_err();
    assert!(error.is_passing(), "{error}");
    assert_eq!(run::active(db.pg()).await.unwrap(), Some(one), "it is not served in part");
    add(db.pg(), other, &[step(ada, WORLD, 3)], &[]).await;
    run::activate(db.pg(), other, at(5)).await.unwrap();
    let steps = page(&db, ada, all()).await.steps;
    assert_eq!(ranks(&steps), [(other, 3), (one, 4), (first, 5)]);
}

#[tokio::test]
async fn what_is_no_change_is_shown_where_the_history_begins() {
    let db = database().await;
    let [ada, bob] = ids(db.pg(), ["ada", "bob"]).await;
    let same = |profile, rank| RankStep { is_change: false, ..step(profile, WORLD, rank) };
    let first = published(&db, 1, &[step(ada, WORLD, 1), same(bob, 2)]).await;
    published(&db, 2, &[same(ada, 1), same(bob, 2)]).await;
    assert_eq!(ranks(&page(&db, ada, all()).await.steps), [(first, 1)]);
    assert_eq!(ranks(&page(&db, bob, all()).await.steps), [(first, 2)]);
}

#[tokio::test]
async fn whole_parts_end_when_the_next_one_is_as_old_as_is_kept() {
    let db = database().await;
    let [ada] = ids(db.pg(), ["ada"]).await;
    published(&db, 0, &[step(ada, WORLD, 5)]).await;
    let later = format!("update minted set next_id = {} where noun = 'run'", PART_RUNS + 2);
    db.client().await.batch_execute(&later).await.unwrap();
    let same = RankStep { is_change: false, ..step(ada, WORLD, 5) };
    let kept = published(&db, DAY, &[same]).await;
    let policy = RetentionPolicy { history_days: 7, ..RetentionPolicy::default() };
    let swept =
        async |days| sweep(db.pg(), at(days * DAY + 1), policy).await.unwrap().history_parts;
    assert_eq!((swept(7).await, page(&db, ada, all()).await.steps.len()), (0, 1));
    assert_eq!((swept(8).await, swept(8).await), (1, 0));
    assert_eq!(ranks(&page(&db, ada, all()).await.steps), [(kept, 5)], "it holds since before");
    let client = db.client().await;
    let left = "select count(*) from pg_class where relname in ('rank_step_0', 'rank_reason_0')";
    assert_eq!(client.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn the_erased_leave_the_history_and_the_reasons_of_others() {
    let db = database().await;
    let [ada, bob, eve] = ids(db.pg(), ["ada", "bob", "eve"]).await;
    let id = loaded_run(db.pg(), 1).await;
    let rise = step(ada, WORLD, 2);
    let changes = [
        change(rise, id, &[(bob, 0.1), (eve, 0.3)]),
        change(step(bob, WORLD, 1), id, &[(ada, 0.2)]),
    ];
    add(db.pg(), id, &[rise, step(bob, WORLD, 1)], &changes).await;
    run::activate(db.pg(), id, at(1)).await.unwrap();
    let waiting = loaded_run(db.pg(), 2).await;
    add(db.pg(), waiting, &[step(bob, WORLD, 7), step(eve, WORLD, 8)], &[]).await;
    erase::profile(db.pg(), bob, GoneReason::Deleted, at(2)).await.unwrap();
    run::activate(db.pg(), waiting, at(3)).await.unwrap();
    assert_eq!(page(&db, bob, all()).await.steps, []);
    assert_eq!(ranks(&page(&db, eve, all()).await.steps), [(waiting, 8)]);
    let adas = page(&db, ada, all()).await.steps;
    assert_eq!((adas.len(), adas[0].reasons.len()), (1, 1));
    erase::opt_out_profiles(db.pg(), &[ada, eve], ACT, at(4)).await.unwrap();
    let client = db.client().await;
    for table in ["rank_step", "rank_reason"] {
        let sql = format!("select count(*) from {table}");
        assert_eq!(client.query_one(&sql, &[]).await.unwrap().get::<_, i64>(0), 0, "{table}");
    }
}

#[tokio::test]
async fn who_was_erased_while_a_run_was_made_is_not_loaded() {
    let db = database().await;
    let [ada, bob] = ids(db.pg(), ["ada", "bob"]).await;
    let id = loaded_run(db.pg(), 1).await;
    erase::profile(db.pg(), bob, GoneReason::Deleted, at(2)).await.unwrap();
    let steps = [step(ada, WORLD, 1), step(bob, WORLD, 2)];
    let changes = [change(steps[0], id, &[(bob, 0.1)])];
    add(db.pg(), id, &steps, &changes).await;
    run::activate(db.pg(), id, at(3)).await.unwrap();
    assert_eq!(page(&db, bob, all()).await.steps, []);
    assert_eq!(page(&db, ada, all()).await.steps[0].reasons, []);
}

#[tokio::test]
async fn a_block_that_cannot_be_read_is_an_error_and_goes_with_any_of_its_people() {
    let db = database().await;
    let [ada] = ids(db.pg(), ["ada"]).await;
    published(&db, 1, &[step(ada, WORLD, 1)]).await;
    let client = db.client().await;
    client.batch_execute("update rank_step set body = '\\x63'").await.unwrap();
    let query = HistoryQuery { person: ada.home_person(), ..all() };
    let error = history::of_person(db.pg(), &query).await.unwrap_err().to_string();
    assert!(error.contains("rank_step.body") && error.contains("version 99"), "{error}");
    erase::profile(db.pg(), ada, GoneReason::Deleted, at(2)).await.unwrap();
    assert_eq!(page(&db, ada, all()).await.steps, []);
}
