//! Brings the schema up to date.
//!
//! A migration that waits for a table blocks every later reader of it. So it waits for two seconds only,
//! gives up its place, and tries again. A schema that a newer release has left behind stays as it is:
//! its migrations only add, so the code of a release that is rolled back runs on it. Indexes of partitioned
//! tables are built ahead of their migration, which would keep writers out until it is done.

use std::error::Error as _;
use std::time::Duration;

use refinery::{Migration, Runner, Target};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};

use super::connection::{Timeouts, config};
use super::failure::failed;
use crate::StoreError;

mod index;

use index::NewIndex;

mod embedded {
    refinery::embed_migrations!("../../migrations");
}

/// Takes the turn of one of several concurrent migrations, for the session. Who waited for it in the
/// statement would be waited for by an index that is built in another's turn.
const TAKE_TURN: &str = "select pg_try_advisory_lock(20261122000100) is_taken";
/// How often a turn is tried to be taken, and how long to wait between two tries.
const TURN_TRIES: usize = 40;
const TURN_PAUSE: Duration = Duration::from_millis(50);
const HISTORY: &str = "select coalesce(to_regclass('refinery_schema_history')::text, '') history";

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
    take_turn(client).await?;
    let mut ours = runner.get_migrations().clone();
    ours.sort();
    let history = history(client, runner).await?;
    let ahead = is_ahead(&ours, &history)?;
    let runner = |target| {
        let runner = Runner::new(&ours).set_abort_divergent(true).set_abort_missing(!ahead);
        runner.set_target(target)
    };
    for pair in ours.windows(2) {
        let [before, next] = pair else { continue };
        let index = NewIndex::of(next).filter(|_| !has_run(next, &history));
        let Some(index) = index else { continue };
        apply(client, runner(Target::Version(before.version())), applied).await?;
        index.build(client).await?;
    }
    apply(client, runner(Target::Latest), applied).await
}

/// Waits until no other migration runs.
async fn take_turn(client: &Client) -> Result<(), StoreError> {
    for _ in 0..TURN_TRIES {
        let row = client.query_one(TAKE_TURN, &[]).await.map_err(|e| failed("migrate", e))?;
        if row.get("is_taken") {
            return Ok(());
        }
        tokio::time::sleep(TURN_PAUSE).await;
    }
    Err(StoreError::TimedOut { what: "migrate", why: "another migration runs".to_owned() })
}

async fn apply(client: &mut Client, runner: Runner, applied: &mut usize) -> Result<(), StoreError> {
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
    if row.get::<_, &str>("history").is_empty() {
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
    match ours.iter().find(|one| !has_run(one, applied)) {
        None => Ok(true),
        Some(one) => Err(StoreError::Conflict(format!(
            "migrate the database: {one} never ran, and newer ones did: renew its timestamp"
        ))),
    }
}

fn has_run(migration: &Migration, applied: &[Migration]) -> bool {
    applied.iter().any(|other| other.version() == migration.version())
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
mod tests;
