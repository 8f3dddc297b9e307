//! Releases that are rolled back, migrations that changed, and readers that wait for none.

use testkit::{Database, database};

use super::*;

pub(super) fn ours() -> Vec<Migration> {
    let mut ours = embedded::migrations::runner().get_migrations().clone();
    ours.sort();
    ours
}

pub(super) fn one(name: &str, sql: &str) -> Migration {
    Migration::unapplied(name, sql).unwrap()
}

pub(super) async fn run(db: &Database, migrations: &[Migration]) -> Result<usize, StoreError> {
    run_on(db.url(), migrations).await
}

pub(super) async fn run_on(url: &str, migrations: &[Migration]) -> Result<usize, StoreError> {
    run_with_retries(url, &Runner::new(migrations)).await
}

async fn columns(db: &Database, table: &str) -> i64 {
    let sql = "select count(*) from information_schema.columns where table_name = $1";
    db.client().await.query_one(sql, &[&table]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_release_that_is_rolled_back_leaves_the_newer_schema_alone() {
    let db = database().await;
    let ours = ours();
    let newer = one("V99991231235959__add_hint", "alter table minted add column hint text");
    let newer: Vec<Migration> = ours.iter().cloned().chain([newer]).collect();
    assert_eq!(run(&db, &newer).await.unwrap(), 1);
    let columns_then = columns(&db, "minted").await;
    for older in [&ours[..], &ours[..ours.len() / 2], &ours[..1]] {
        assert_eq!(run(&db, older).await.unwrap(), 0);
    }
    assert_eq!(columns(&db, "minted").await, columns_then);
    assert_eq!(run(&db, &newer).await.unwrap(), 0, "and it may be rolled forward again");
}

#[tokio::test]
async fn a_migration_that_changed_since_it_ran_is_refused() {
    let db = database().await;
    let mut changed = ours();
    let last = changed.last_mut().unwrap();
    *last = one(&format!("V{}__{}", last.version(), last.name()), "select 1");
    let error = run(&db, &changed).await.unwrap_err();
    assert!(error.to_string().contains("different"), "{error}");
    let newer = one("V99991231235959__add_hint", "alter table minted add column hint text");
    let newer: Vec<Migration> = ours().into_iter().chain([newer]).collect();
    run(&db, &newer).await.unwrap();
    assert!(run(&db, &changed).await.is_err(), "not even where a newer release has been");
}

#[tokio::test]
async fn a_migration_that_came_too_late_is_refused() {
    let db = database().await;
    let mut late = ours();
    late.push(one("V20261122000101__come_late", "select 1"));
    let error = run(&db, &late).await.unwrap_err();
    assert!(error.to_string().contains("come_late"), "{error}");
    late.truncate(3);
    late.push(one("V20261122000101__come_late", "select 1"));
    let error = run(&db, &late).await.unwrap_err();
    assert!(error.to_string().contains("renew its timestamp"), "{error}");
}

/// A reader that stays, a migration that needs its table, and a reader that comes later.
#[tokio::test]
async fn a_later_reader_never_waits_for_a_migration_that_waits() {
    let db = database().await;
    let (early, late) = (db.client().await, db.client().await);
    let read = "begin isolation level repeatable read; select from minted";
    early.batch_execute(read).await.unwrap();
    let newer = one("V99991231235959__add_hint", "alter table minted add column hint text");
    let newer: Vec<Migration> = ours().into_iter().chain([newer]).collect();
    let url = db.url().to_owned();
    let migrating = tokio::spawn(async move { run_with_retries(&url, &Runner::new(&newer)).await });
    let waiting = "select count(*) from pg_locks l join pg_database d on d.oid = l.database
        where d.datname = current_database() and not granted and mode = 'AccessExclusiveLock'";
    while late.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // It ends by itself while the early reader stays, or this never returns.
    late.batch_execute("set statement_timeout = '60s'; select from minted").await.unwrap();
    assert!(!migrating.is_finished());
    early.batch_execute("commit").await.unwrap();
    assert_eq!(migrating.await.unwrap().unwrap(), 1, "it tried again");
}
