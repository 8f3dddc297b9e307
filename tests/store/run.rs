//! Runs and their stages.

use std::num::NonZeroU32;

use model::EventKind;
use model::change::{LineageChange, MembershipChange, RunChanges};
use model::message::Stage;
use model::rank_change::{RankChangeReason, RankState};
use model::{
    ChangePosition, CommunityId, PersonId, Platform, ProfileId, RankChange, RunId, SnapshotId,
};
use store::pg::change::{self, Change};
use store::pg::publish::RunLoader;
use store::pg::run::{self, RunState, StageLease};
use testkit::{Database, database};

use crate::web::at;

async fn created(db: &Database) -> RunId {
    run::create(db.pg(), None, at(0)).await.unwrap()
}

async fn lease(db: &Database, id: RunId, stage: Stage, seconds: i64) -> StageLease {
    run::lease_stage(db.pg(), id, stage, at(seconds), 60).await.unwrap()
}

async fn loaded(db: &Database) -> RunId {
    let id = created(db).await;
    RunLoader::begin(db.pg(), id).await.unwrap().finish(1).await.unwrap();
    id
}

#[tokio::test]
async fn stages_are_done_in_order_and_once() {
    let db = database().await;
    let id = created(&db).await;
    assert_eq!(lease(&db, id, Stage::Communities, 0).await, StageLease::Busy);
    assert_eq!(lease(&db, id, Stage::Snapshot, 0).await, StageLease::Taken);
    assert_eq!(lease(&db, id, Stage::Snapshot, 59).await, StageLease::Busy);
    assert_eq!(lease(&db, id, Stage::Snapshot, 60).await, StageLease::Taken, "it ran out");
    run::finish_stage(db.pg(), id, Stage::Snapshot, at(61)).await.unwrap();
    run::finish_stage(db.pg(), id, Stage::Snapshot, at(62)).await.unwrap();
    assert_eq!(lease(&db, id, Stage::Snapshot, 63).await, StageLease::Sealed);
    assert_eq!(lease(&db, id, Stage::Communities, 63).await, StageLease::Taken);
    let stored = run::get(db.pg(), id).await.unwrap().unwrap();
    assert_eq!((stored.sealed, stored.ended_at), (Some(Stage::Snapshot), Some(at(61))));
}

#[tokio::test]
async fn of_many_who_ask_one_gets_the_stage() {
    let db = database().await;
    let id = created(&db).await;
    let asking = (0..6).map(|_| {
        let pg = db.pg().clone();
        tokio::spawn(
            async move { run::lease_stage(&pg, id, Stage::Snapshot, at(0), 60).await.unwrap() },
        )
    });
    let mut taken = 0;
    for answer in asking.collect::<Vec<_>>() {
        taken += u32::from(answer.await.unwrap() == StageLease::Taken);
    }
    assert_eq!(taken, 1);
}

#[tokio::test]
async fn a_failed_run_is_over() {
    let db = database().await;
    let id = created(&db).await;
    run::fail(db.pg(), id, "out of memory", at(5)).await.unwrap();
    let stored = run::get(db.pg(), id).await.unwrap().unwrap();
    assert_eq!((stored.state, stored.error.as_deref()), (RunState::Failed, Some("out of memory")));
    assert_eq!(lease(&db, id, Stage::Snapshot, 6).await, StageLease::Failed);
    assert!(RunLoader::begin(db.pg(), id).await.is_err());
}

#[tokio::test]
async fn runs_are_listed_newest_first_with_their_snapshots() {
    let db = database().await;
    let ids = [created(&db).await, created(&db).await, created(&db).await];
    run::set_snapshot(db.pg(), ids[1], SnapshotId::new(9)).await.unwrap();
    let two = run::list(db.pg(), None, 2).await.unwrap();
    assert_eq!(two.iter().map(|run| run.id).collect::<Vec<_>>(), [ids[2], ids[1]]);
    assert_eq!(two[1].snapshot, Some(SnapshotId::new(9)));
    let rest = run::list(db.pg(), Some(ids[1]), 2).await.unwrap();
    assert_eq!(rest.iter().map(|run| run.id).collect::<Vec<_>>(), [ids[0]]);
    assert_eq!(run::get(db.pg(), RunId::new(99)).await.unwrap(), None);
}

#[tokio::test]
async fn only_a_loaded_run_can_be_served() {
    let db = database().await;
    let empty = created(&db).await;
    let error = run::activate(db.pg(), empty, at(1)).await.unwrap_err();
    assert!(error.to_string().contains("not loaded"), "{error}");
    assert_eq!(run::active(db.pg()).await.unwrap(), None);
    let first = loaded(&db).await;
    run::activate(db.pg(), first, at(2)).await.unwrap();
    let second = loaded(&db).await;
    run::activate(db.pg(), second, at(3)).await.unwrap();
    assert_eq!(run::active(db.pg()).await.unwrap(), Some(second));
    run::activate(db.pg(), first, at(4)).await.unwrap();
    assert_eq!(run::active(db.pg()).await.unwrap(), Some(first), "back to the one before");
    let stored = run::get(db.pg(), first).await.unwrap().unwrap();
    assert_eq!((stored.state, stored.ended_at), (RunState::Published, Some(at(2))));
    assert_eq!(stored.sealed, Some(Stage::Publish));
}

#[tokio::test]
async fn a_run_that_is_published_twice_tells_its_changes_once() {
    let db = database().await;
    let stood = |rank| RankState { rank: NonZeroU32::new(rank), attention: 0.25 };
    let person = ProfileId::on(Platform::FILE, 7).home_person();
    let change = |run| RankChange {
        person,
        community: CommunityId::new(4),
        run,
        before: stood(0),
        after: stood(2),
        reasons: vec![RankChangeReason { person: PersonId::new(9), before: 0.0, after: 0.125 }],
    };
    let membership = |run| MembershipChange {
        person,
        run,
        before: Some(CommunityId::new(4)),
        after: Some(CommunityId::new(5)),
    };
    let lineage = |run| LineageChange {
        community: CommunityId::new(5),
        run,
        level: 1,
        kind: EventKind::Split,
        other: Some(CommunityId::new(4)),
        shared: 6,
    };
    let changes = |run| RunChanges {
        ranks: vec![change(run)],
        memberships: vec![membership(run)],
        lineage: vec![lineage(run)],
    };
    let empty = created(&db).await;
    assert!(run::publish(db.pg(), empty, &changes(empty), at(1)).await.is_err());
    let id = loaded(&db).await;
    run::publish(db.pg(), id, &changes(id), at(2)).await.unwrap();
    run::publish(db.pg(), id, &changes(id), at(3)).await.unwrap();
    let subject = ProfileId::on(Platform::FILE, 7);
    let found = change::page(db.pg(), ChangePosition::default(), 9).await.unwrap();
    let found = found.into_iter().map(|placed| placed.event);
    let found: Vec<_> = found.map(|event| (event.at, event.subject, event.change)).collect();
    let wanted = [
        (at(2), None, Change::Lineage(lineage(id))),
        (at(2), Some(subject), Change::Membership(membership(id))),
        (at(2), Some(subject), Change::Rank(change(id))),
    ];
    assert_eq!(found, wanted);
}

#[tokio::test]
async fn a_released_stage_can_be_taken_at_once() {
    let db = database().await;
    let id = created(&db).await;
    assert_eq!(lease(&db, id, Stage::Snapshot, 0).await, StageLease::Taken);
    assert_eq!(lease(&db, id, Stage::Snapshot, 1).await, StageLease::Busy);
    run::release_stage(db.pg(), id, Stage::Communities).await.unwrap();
    assert_eq!(lease(&db, id, Stage::Snapshot, 1).await, StageLease::Busy);
    run::release_stage(db.pg(), id, Stage::Snapshot).await.unwrap();
    assert_eq!(lease(&db, id, Stage::Snapshot, 1).await, StageLease::Taken);
}

#[tokio::test]
async fn a_run_that_is_not_done_when_a_newer_one_is_served_never_is() {
    let db = database().await;
    let (older, newer) = (loaded(&db).await, loaded(&db).await);
    run::publish(db.pg(), newer, &RunChanges::default(), at(1)).await.unwrap();
    assert!(run::publish(db.pg(), older, &RunChanges::default(), at(2)).await.is_err());
    assert_eq!(run::active(db.pg()).await.unwrap(), Some(newer));
    assert_eq!(lease(&db, older, Stage::Snapshot, 3).await, StageLease::Ended);
    let stored = run::get(db.pg(), older).await.unwrap().unwrap();
    assert_eq!((stored.state, stored.ended_at), (RunState::Retired, Some(at(1))));
}

#[tokio::test]
async fn an_interrupted_retirement_is_finished_by_the_next_of_any_run() {
    let db = database().await;
    let runs = [loaded(&db).await, loaded(&db).await, loaded(&db).await];
    for (run, seconds) in runs.into_iter().zip(1..) {
        run::activate(db.pg(), run, at(seconds)).await.unwrap();
    }
    let reader = db.client().await;
    reader.batch_execute("begin; select from run_person").await.unwrap();
    let client = db.client().await;
    client.batch_execute("set statement_timeout = 200").await.unwrap();
    let table = format!("run_person_{}", runs[0].number());
    let detach = format!("alter table run_person detach partition {table} concurrently");
    assert!(client.batch_execute(&detach).await.is_err(), "it waits for the reader");
    reader.batch_execute("commit").await.unwrap();
    assert!(run::is_loaded(db.pg(), runs[0]).await.unwrap(), "it is still pending");
    run::retire(db.pg(), runs[1]).await.unwrap();
    let left = run::with_tables(db.pg()).await.unwrap();
    assert_eq!(left.iter().map(|run| run.id).collect::<Vec<_>>(), [runs[2], runs[0]]);
    run::retire(db.pg(), runs[0]).await.unwrap();
    assert_eq!(run::with_tables(db.pg()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn why_a_run_failed_stays_known_when_its_tables_go() {
    let db = database().await;
    let failed = created(&db).await;
    RunLoader::begin(db.pg(), failed).await.unwrap();
    run::fail(db.pg(), failed, "out of memory", at(5)).await.unwrap();
    run::retire(db.pg(), failed).await.unwrap();
    assert!(run::with_tables(db.pg()).await.unwrap().is_empty());
    let stored = run::get(db.pg(), failed).await.unwrap().unwrap();
    assert_eq!((stored.state, stored.error.as_deref()), (RunState::Failed, Some("out of memory")));
}

#[tokio::test]
async fn a_retired_run_leaves_no_tables_and_the_active_one_stays() {
    let db = database().await;
    let (old, new) = (loaded(&db).await, loaded(&db).await);
    run::activate(db.pg(), old, at(1)).await.unwrap();
    run::activate(db.pg(), new, at(2)).await.unwrap();
    assert!(run::retire(db.pg(), new).await.is_err());
    run::retire(db.pg(), old).await.unwrap();
    run::retire(db.pg(), old).await.unwrap();
    let sql = "select count(*) from pg_class where relkind = 'r' and relname like $1";
    let tables = |id: RunId| format!("%\\_{}", id.number());
    let client = db.client().await;
    let left: i64 = client.query_one(sql, &[&tables(old)]).await.unwrap().get(0);
    let kept: i64 = client.query_one(sql, &[&tables(new)]).await.unwrap().get(0);
    let all: i32 = client.query_one("select cardinality(run_tables())", &[]).await.unwrap().get(0);
    assert_eq!((left, kept), (0, i64::from(all)));
    assert!(run::activate(db.pg(), old, at(3)).await.is_err());
}
