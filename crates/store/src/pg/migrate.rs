//! Brings the schema up to date.
//!
//! A migration that waits for a table blocks every later reader of it. So it waits for two seconds only,
//! gives up its place, and tries again. A schema that a newer release has left behind stays as it is:
//! its migrations only add, so the code of a release that is rolled back runs on it.

use std::error::Error as _;
use std::time::Duration;

use refinery::{Migration, Runner};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};

use super::connection::{Timeouts, config};
use super::failure::failed;
use crate::StoreError;

mod embedded {
    refinery::embed_migrations!("../../migrations");
}

/// Names the lock that concurrent migrations wait for.
const LOCK: &str = "select pg_advisory_lock(20261122000100)";
const HISTORY: &str = "select coalesce(to_regclass('refinery_schema_history')::text, '')";

/// A statement may run as long as the function that calls it; it waits for a lock two seconds.
const TIMEOUTS: Timeouts = Timeouts {
    statement: Duration::from_secs(840),
    lock: Duration::from_secs(2),
    idle: Duration::from_secs(60),
};

/// How long to wait before each further try, in seconds: about five minutes in all.
const PAUSES_SECONDS: [u64; 14] = [1, 2, 4, 8, 16, 30, 30, 30, 30, 30, 30, 30, 30, 30];

/// Runs the migrations that have not run yet; returns how many. Concurrent calls wait for each
/// other. Needs a direct connection: the lock belongs to its session.
///
/// # Errors
/// If a table stays locked for about five minutes, if a migration that ran has changed since, or if
/// one that did not run is older than one that did.
pub async fn migrate(url: &str) -> Result<usize, StoreError> {
    run_with_retries(url, &embedded::migrations::runner()).await
}

/// Runs, and runs again as long as another transaction holds a needed lock.
async fn run_with_retries(url: &str, runner: &Runner) -> Result<usize, StoreError> {
    let mut applied = 0;
    for pause in PAUSES_SECONDS {
        match run_on_own_connection(url, runner, &mut applied).await {
            Err(error) if error.is_timeout() => {
                tracing::info!(%error, pause, "waiting for a table");
            }
            done => return done.map(|()| applied),
        }
        tokio::time::sleep(Duration::from_secs(pause)).await;
    }
    run_on_own_connection(url, runner, &mut applied).await.map(|()| applied)
}

/// Runs on a connection of its own, and counts what was applied.
async fn run_on_own_connection(
    url: &str,
    runner: &Runner,
    applied: &mut usize,
) -> Result<(), StoreError> {
    let config = config(url, TIMEOUTS)?;
    let (mut client, connection) = config.connect(NoTls).await.map_err(|e| failed("connect", e))?;
    let driver = tokio::spawn(connection);
    let done = run(&mut client, runner, applied).await;
    drop(client);
    // The connection ends with its client; a later error of it changes nothing.
    let _ = driver.await;
    done
}

async fn run(client: &mut Client, runner: &Runner, applied: &mut usize) -> Result<(), StoreError> {
    client.batch_execute(LOCK).await.map_err(|e| failed("migrate", e))?;
    let ours = runner.get_migrations();
    let ahead = is_ahead(ours, &history(client, runner).await?)?;
    let runner = Runner::new(ours).set_abort_divergent(true).set_abort_missing(!ahead);
    match runner.run_async(client).await {
        Ok(report) => *applied += report.applied_migrations().len(),
        Err(error) => {
            *applied += error.report().map_or(0, |report| report.applied_migrations().len());
            return Err(migration_error(error));
        }
    }
    Ok(())
}

/// What was applied, the oldest first.
async fn history(client: &mut Client, runner: &Runner) -> Result<Vec<Migration>, StoreError> {
    let row = client.query_one(HISTORY, &[]).await.map_err(|e| failed("migrate", e))?;
    if row.get::<_, &str>(0).is_empty() {
        return Ok(Vec::new());
    }
    runner.get_applied_migrations_async(client).await.map_err(migration_error)
}

/// Whether a newer release has migrated. It has run all migrations of this one.
fn is_ahead(ours: &[Migration], applied: &[Migration]) -> Result<bool, StoreError> {
    let newest = ours.iter().map(Migration::version).max();
    if applied.last().map(Migration::version) <= newest {
        return Ok(false);
    }
    let ran = |one: &&Migration| applied.iter().any(|other| other.version() == one.version());
    match ours.iter().find(|one| !ran(one)) {
        None => Ok(true),
        Some(one) => Err(StoreError::Conflict(format!(
            "migrate the database: {one} never ran, and newer ones did: renew its timestamp"
        ))),
    }
}

/// Separates a wait that took too long from a migration that fails.
fn migration_error(error: refinery::Error) -> StoreError {
    let postgres = error.source().and_then(|e| e.downcast_ref::<tokio_postgres::Error>());
    let code = postgres.and_then(tokio_postgres::Error::code);
    match code == Some(&SqlState::LOCK_NOT_AVAILABLE) {
        true => StoreError::TimedOut { what: "migrate", why: error.to_string() },
        false => StoreError::Migration(error),
    }
}

/// A hash of all migrations, for caches of migrated databases.
pub fn schema_hash() -> String {
    let mut hasher = blake3::Hasher::new();
    for migration in embedded::migrations::runner().get_migrations() {
        hasher.update(migration.to_string().as_bytes());
        hasher.update(&migration.checksum().to_le_bytes());
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

#[cfg(test)]
mod tests {
    use testkit::{Database, database};

    use super::*;

    fn ours() -> Vec<Migration> {
        let mut ours = embedded::migrations::runner().get_migrations().clone();
        ours.sort();
        ours
    }

    fn one(name: &str, sql: &str) -> Migration {
        Migration::unapplied(name, sql).unwrap()
    }

    async fn run(db: &Database, migrations: &[Migration]) -> Result<usize, StoreError> {
        run_with_retries(db.url(), &Runner::new(migrations)).await
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
        let migrating =
            tokio::spawn(async move { run_with_retries(&url, &Runner::new(&newer)).await });
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
}
