//! What is kept for a while only.

use model::profile::GoneReason;
use model::time::Timestamp;
use model::{ChangePosition, RunId};
use store::pg::erase;
use store::pg::publish::RunLoader;
use store::pg::retention::{DAYS_MAX, RetentionPolicy, RetentionSweep, sweep};
use store::pg::run::{self, RunState};
use testkit::{Database, database};

use crate::web::{at, crawled, events, ids, page};

const DAY: i64 = 86_400;
const POLICY: RetentionPolicy = RetentionPolicy {
    change_days: 2,
    erasure_days: 5,
    withdrawal_days: 3,
    runs_kept: 1,
    run_days: 9,
    history_days: 7,
};

async fn swept(db: &Database, now: Timestamp) -> RetentionSweep {
    sweep(db.pg(), now, POLICY).await.unwrap()
}

async fn one(db: &Database, sql: &str) -> i64 {
    db.client().await.query_one(sql, &[]).await.unwrap().get(0)
}

async fn served(db: &Database, seconds: i64) -> RunId {
    let id = run::create(db.pg(), None, at(seconds)).await.unwrap();
    RunLoader::begin(db.pg(), id).await.unwrap().finish(1).await.unwrap();
    run::activate(db.pg(), id, at(seconds)).await.unwrap();
    id
}

#[tokio::test]
async fn a_young_record_loses_nothing() {
    let db = database().await;
    crawled(db.pg(), page("ada"), &["x"], at(0)).await;
    served(&db, 0).await;
    assert_eq!(swept(&db, at(2 * DAY)).await, RetentionSweep::default());
    assert_eq!(events(db.pg(), ChangePosition::default()).await.len(), 1);
}

#[tokio::test]
async fn days_of_the_log_end_whole_and_the_others_stay() {
    let db = database().await;
    for (day, name) in (0..).zip(["ada", "bob", "eve", "joe"]) {
        crawled(db.pg(), page(name), &["x"], at(day * DAY)).await;
    }
    let done = swept(&db, at(3 * DAY)).await;
    assert_eq!(done, RetentionSweep { change_days: 1, ..RetentionSweep::default() });
    assert_eq!(events(db.pg(), ChangePosition::default()).await[0].event.at, at(DAY));
    assert_eq!(swept(&db, at(3 * DAY)).await, RetentionSweep::default());
}

#[tokio::test]
async fn one_sweep_drops_so_many_days_and_says_that_there_are_more() {
    let db = database().await;
    let client = db.client().await;
    let open = format!("select open_day(d) from generate_series(1, {}) d", DAYS_MAX + 3);
    client.batch_execute(&open).await.unwrap();
    let done = swept(&db, at(0)).await;
    assert_eq!((done.change_days, done.more), (DAYS_MAX, true));
    let left =
        "select min(day) from (select substring(inhrelid::regclass::text from '[0-9]+$')::int8
        as day from pg_inherits where inhparent = 'change_log'::regclass) d";
    assert_eq!(one(&db, left).await, DAYS_MAX as i64 + 1, "the oldest went");
    let done = swept(&db, at(0)).await;
    assert_eq!((done.change_days, done.more), (3, false));
}

#[tokio::test]
async fn what_a_killed_sweep_left_is_finished_and_readers_never_wait() {
    let db = database().await;
    crawled(db.pg(), page("ada"), &["x"], at(0)).await;
    crawled(db.pg(), page("bob"), &["x"], at(DAY)).await;
    let day = i64::from(model::time::Day::of(at(0)).0);
    let reader = db.client().await;
    reader.batch_execute("begin; select from change_log").await.unwrap();
    let killed = db.client().await;
    killed.batch_execute("set statement_timeout = 200").await.unwrap();
    let detach = format!("alter table change_log detach partition change_log_{day} concurrently");
    assert!(killed.batch_execute(&detach).await.is_err(), "it waits for the reader");
    assert_eq!(events(db.pg(), ChangePosition::default()).await[0].event.at, at(DAY));
    reader.batch_execute("commit").await.unwrap();
    assert_eq!(swept(&db, at(3 * DAY)).await.change_days, 1);
    let left = format!("select count(*) from pg_class where relname = 'change_log_{day}'");
    assert_eq!(one(&db, &left).await, 0);
}

#[tokio::test]
async fn notes_of_erasures_end_when_no_snapshot_from_before_is_left() {
    let db = database().await;
    let [ada, bob] = ids(db.pg(), ["ada", "bob"]).await;
    erase::profile(db.pg(), ada, GoneReason::Deleted, at(0)).await.unwrap();
    erase::profile(db.pg(), bob, GoneReason::Deleted, at(DAY)).await.unwrap();
    erase::profile(db.pg(), bob, GoneReason::Deleted, at(2 * DAY)).await.unwrap();
    let noted = "select count(*) from erasure";
    assert_eq!(swept(&db, at(5 * DAY)).await.erasures, 0);
    assert_eq!(swept(&db, at(6 * DAY)).await.erasures, 1);
    assert_eq!(one(&db, noted).await, 1, "who was erased again is noted from then on");
    assert_eq!(swept(&db, at(8 * DAY)).await.erasures, 1);
    assert_eq!(one(&db, noted).await, 0);
}

#[tokio::test]
async fn old_runs_lose_their_tables_and_are_forgotten_a_year_later() {
    let db = database().await;
    let failed = run::create(db.pg(), None, at(0)).await.unwrap();
    RunLoader::begin(db.pg(), failed).await.unwrap();
    run::fail(db.pg(), failed, "out of memory", at(0)).await.unwrap();
    let runs = [served(&db, 1).await, served(&db, 2).await, served(&db, 3).await];
    let running = run::create(db.pg(), None, at(4)).await.unwrap();
    let done = swept(&db, at(5)).await;
    assert_eq!(done, RetentionSweep { runs_retired: 2, ..RetentionSweep::default() });
    let state = async |id| run::get(db.pg(), id).await.unwrap().map(|run| run.state);
    assert_eq!(state(runs[0]).await, Some(RunState::Retired));
    assert_eq!(state(runs[1]).await, Some(RunState::Published));
    assert_eq!(run::active(db.pg()).await.unwrap(), Some(runs[2]));
    assert_eq!(swept(&db, at(5)).await, RetentionSweep::default());
    assert_eq!(swept(&db, at(9 * DAY + 5)).await.runs_forgotten, 2);
    assert_eq!((state(failed).await, state(runs[0]).await), (None, None));
    assert_eq!(state(running).await, Some(RunState::Running));
    assert_eq!(state(runs[1]).await, Some(RunState::Published));
}
