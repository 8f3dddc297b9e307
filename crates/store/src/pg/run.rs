//! Runs: one scoring of one snapshot each, stage by stage, and the one that is served.

use std::sync::LazyLock;

use model::change::RunChanges;
use model::message::Stage;
use model::time::Timestamp;
use model::{RunId, SnapshotId};

use super::connection::retry;
use super::params::params;
use super::row::RUN;
use super::transaction::PgTransaction;
use super::value::{from_ms, stored_count, stored_ms};
use super::{Pg, change, history};
use crate::StoreError;

mod retire;

pub(super) use retire::forget;
pub use retire::{retire, retire_old, with_tables};

/// The state of a run. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum RunState {
    /// Its stages are being done.
    Running = 1,
    /// It is, or was, served.
    Published = 2,
    /// It was given up.
    Failed = 3,
    /// Its results were dropped from the database, or a newer run was served before it was done; its
    /// artifacts stay.
    Retired = 4,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// The snapshot that it scores, once there is one.
    pub snapshot: Option<SnapshotId>,
    /// Its state.
    pub state: RunState,
    /// The stage that is sealed last.
    pub sealed: Option<Stage>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its last stage was sealed, or it failed.
    pub ended_at: Option<Timestamp>,
    /// Why it failed.
    pub error: Option<String>,
    /// The version by which the words of its search index are folded, once it is loaded.
    pub folding: u8,
}

/// The answer to a request for a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageLease {
    /// Do it.
    Taken,
    /// It is sealed: there is nothing to do.
    Sealed,
    /// Another worker does it, or the stage before is not sealed yet.
    Busy,
    /// The run was given up: there is nothing to do.
    Failed,
    /// The run was retired, or overtaken by a newer one: there is nothing to do.
    Ended,
}

const RUNNING: i16 = RunState::Running as i16;
const PUBLISHED: i16 = RunState::Published as i16;
const FAILED: i16 = RunState::Failed as i16;
const RETIRED: i16 = RunState::Retired as i16;
const LAST_STAGE: i16 = Stage::Publish as i16;

const MINT: &str =
    "update minted set next_id = next_id + $2 where noun = $1 returning next_id - $2 first";
static CREATE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "insert into run (run_id, snapshot_id, state, created_ms) values ($1, $2, {RUNNING}, $3)
        on conflict do nothing"
    )
});
const COLUMNS: &str = "run_id, snapshot_id, state, sealed, created_ms, ended_ms, error, folding";
const SET_SNAPSHOT: &str = "update run set snapshot_id = $2 where run_id = $1";
const LEASE_STATE: &str =
    "select run_id, state, sealed, lease_until_ms from run where run_id = $1 for update";
const LOCK_STATE: &str = "select state from run where run_id = $1 for update";
const TAKE: &str = "update run set lease_until_ms = $2 where run_id = $1";
static FINISH: LazyLock<String> = LazyLock::new(|| {
    format!(
        "update run set sealed = $2, lease_until_ms = 0, ended_ms = $3
        where run_id = $1 and sealed = $2 - 1 and state = {RUNNING}"
    )
});
static RELEASE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "update run set lease_until_ms = 0
        where run_id = $1 and sealed = $2 - 1 and state = {RUNNING}"
    )
});
static FAIL: LazyLock<String> = LazyLock::new(|| {
    format!(
        "update run set state = {FAILED}, error = $2, ended_ms = $3 where run_id = $1 and state = {RUNNING}"
    )
});
/// Only a run whose tables are attached can be served.
static PUBLISH: LazyLock<String> = LazyLock::new(|| {
    format!(
        "update run set state = {PUBLISHED}, sealed = {LAST_STAGE}, lease_until_ms = 0,
        ended_ms = coalesce(case when state = {PUBLISHED} then ended_ms end, $2)
        where run_id = $1 and state in ({RUNNING}, {PUBLISHED})
        and exists (select from pg_inherits where inhrelid = to_regclass('run_person_' || $1))"
    )
});
/// Runs that are not done when a newer one is served never will be.
static OVERTAKE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "update run set state = {RETIRED}, ended_ms = $2 where run_id < $1 and state = {RUNNING}"
    )
});
const LOADED: &str = "select from pg_inherits where inhrelid = to_regclass('run_person_' || $1)";
const ACTIVATE: &str = "insert into active_run (run_id) values ($1)
    on conflict (one) do update set run_id = excluded.run_id";

/// A new run, of a given snapshot or of one that is still to be sealed.
pub async fn create(
    pg: &Pg,
    snapshot: Option<SnapshotId>,
    now: Timestamp,
) -> Result<RunId, StoreError> {
    let number = mint_number(pg, "run", 1).await?;
    let params = params![
        number as i64 => INT8,
        snapshot.map(|id| id.number() as i64) => INT8,
        stored_ms(now) => INT8,
    ];
    pg.execute("run::create", &CREATE, params).await?;
    Ok(RunId::new(number))
}

/// The run with this id.
pub async fn get(pg: &Pg, id: RunId) -> Result<Option<Run>, StoreError> {
    let sql = format!("select {COLUMNS} from run where run_id = $1");
    let row = pg.read_opt("run::get", &sql, params![stored(id) => INT8]).await?;
    row.as_ref().map(from_row).transpose()
}

/// The newest runs, at most `limit`, older than `before`.
pub async fn list(pg: &Pg, before: Option<RunId>, limit: u32) -> Result<Vec<Run>, StoreError> {
    let sql = format!("select {COLUMNS} from run where run_id < $1 order by run_id desc limit $2");
    let params = params![before.map_or(i64::MAX, stored) => INT8, i64::from(limit) => INT8];
    pg.read("run::list", &sql, params).await?.iter().map(from_row).collect()
}

/// Records the snapshot of a run.
pub async fn set_snapshot(pg: &Pg, id: RunId, snapshot: SnapshotId) -> Result<(), StoreError> {
    let params = params![stored(id) => INT8, snapshot.number() as i64 => INT8];
    pg.execute("run::set_snapshot", SET_SNAPSHOT, params).await.map(|_| ())
}

/// Takes the lease on a stage. It runs out by itself, so that another worker can continue.
pub async fn lease_stage(
    pg: &Pg,
    id: RunId,
    stage: Stage,
    now: Timestamp,
    lease_seconds: u32,
) -> Result<StageLease, StoreError> {
    retry(|| lease_once(pg, id, stage, stored_ms(now), lease_seconds)).await
}

/// Seals a stage and ends its lease. Sealing twice is no error.
pub async fn finish_stage(
    pg: &Pg,
    id: RunId,
    stage: Stage,
    now: Timestamp,
) -> Result<(), StoreError> {
    let params = params![stored(id) => INT8, stage as i16 => INT2, stored_ms(now) => INT8];
    pg.execute("run::finish_stage", &FINISH, params).await.map(|_| ())
}

/// Ends the lease on a stage that is not sealed, so that the next worker need not wait for it.
pub async fn release_stage(pg: &Pg, id: RunId, stage: Stage) -> Result<(), StoreError> {
    let params = params![stored(id) => INT8, stage as i16 => INT2];
    pg.execute("run::release_stage", &RELEASE, params).await.map(|_| ())
}

/// Gives up a run, for a reason.
pub async fn fail(pg: &Pg, id: RunId, why: &str, now: Timestamp) -> Result<(), StoreError> {
    let params = params![stored(id) => INT8, why => TEXT, stored_ms(now) => INT8];
    pg.execute("run::fail", &FAIL, params).await.map(|_| ())
}

/// Serves this run from now on: one row changes, readers never wait. Its results must be loaded;
/// that seals its last stage. An older run that is still loaded may be made active again; one that is
/// still running ends, so that it is not served over a newer one.
pub async fn activate(pg: &Pg, id: RunId, now: Timestamp) -> Result<(), StoreError> {
    publish(pg, id, &RunChanges::default(), now).await
}

/// Like [`activate`], and records in the change log what the run changed: the first time only, in the same
/// transaction, so that the log has no change twice, and none that is not served. What was loaded for the
/// history enters it then too.
pub async fn publish(
    pg: &Pg,
    id: RunId,
    changes: &RunChanges,
    now: Timestamp,
) -> Result<(), StoreError> {
    change::open_day(pg, now).await?;
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = PgTransaction::begin(&mut client, "run::publish").await?;
        let state = tx.query(LOCK_STATE, params![stored(id) => INT8]).await?;
        let is_first = state.first().is_some_and(|row| row.get::<_, i16>("state") == RUNNING);
        if is_first {
            change::record_run(&tx, changes, now).await?;
        }
        if tx.execute(&PUBLISH, params![stored(id) => INT8, stored_ms(now) => INT8]).await? == 0 {
            let why = "its results are not loaded, or it failed or was retired";
            return Err(StoreError::Conflict(format!("serve {id}: {why}")));
        }
        // Before the row of the active run, which an older run that is being published waits for too.
        tx.execute(&OVERTAKE, params![stored(id) => INT8, stored_ms(now) => INT8]).await?;
        tx.execute(ACTIVATE, params![stored(id) => INT8]).await?;
        if is_first {
            history::publish(&tx, id, now).await?;
        }
        tx.commit().await
    })
    .await
}

/// Whether the results of a run are loaded and attached: all of them, since all are at once.
pub async fn is_loaded(pg: &Pg, id: RunId) -> Result<bool, StoreError> {
    let row = pg.query_opt("run::is_loaded", LOADED, params![stored(id) => INT8]).await?;
    Ok(row.is_some())
}

/// The run that is served.
pub async fn active(pg: &Pg) -> Result<Option<RunId>, StoreError> {
    let row = pg.read_opt("run::active", "select run_id from active_run", &[]).await?;
    Ok(row.map(|row| RunId::new(row.get::<_, i64>("run_id") as u64)))
}

/// The run that is served, whole.
pub async fn served(pg: &Pg) -> Result<Option<Run>, StoreError> {
    let sql = format!("select {COLUMNS} from active_run join run using (run_id)");
    let row = pg.read_opt("run::served", &sql, &[]).await?;
    row.as_ref().map(from_row).transpose()
}

const MINTED: &str = "select communities_from, communities_n from run where run_id = $1 for update";
const SET_MINTED: &str =
    "update run set communities_from = $2, communities_n = $3 where run_id = $1";

/// Takes `count` new numbers for a run's communities; returns the first. A second call for the run, after
/// a worker died, returns the same.
pub(super) async fn mint_communities(pg: &Pg, id: RunId, count: u32) -> Result<u64, StoreError> {
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = PgTransaction::begin(&mut client, "run::mint_communities").await?;
        let rows = tx.query(MINTED, params![stored(id) => INT8]).await?;
        let known = rows.first().and_then(|row| {
            let first: Option<i64> = row.get("communities_from");
            first.zip(row.get::<_, Option<i32>>("communities_n"))
        });
        if let Some((first, minted)) = known {
            let same = u32::try_from(minted) == Ok(count);
            let why = || format!("mint {count} communities for {id}: it has {minted}");
            return if same { Ok(first as u64) } else { Err(StoreError::Conflict(why())) };
        }
        let params = params!["community" => TEXT, i64::from(count) => INT8];
        let rows = tx.query(MINT, params).await?;
        let first: i64 = rows.first().map_or(0, |row| row.get("first"));
        let params = params![stored(id) => INT8, first => INT8, stored_count(count) => INT4];
        if tx.execute(SET_MINTED, params).await? == 0 {
            return Err(StoreError::Conflict(format!("mint communities for {id}: no such run")));
        }
        tx.commit().await?;
        Ok(first as u64)
    })
    .await
}

/// Takes `count` new numbers for a noun; returns the first. A number is never given out twice.
pub(super) async fn mint_number(pg: &Pg, noun: &str, count: u32) -> Result<u64, StoreError> {
    let params = params![noun => TEXT, i64::from(count) => INT8];
    let row = pg.query_opt("run::mint", MINT, params).await?;
    row.map(|row| row.get::<_, i64>("first") as u64).ok_or_else(|| {
        StoreError::Conflict(format!("mint a number for a {noun}: run the migrations"))
    })
}

pub(super) fn stored(id: RunId) -> i64 {
    id.number() as i64
}

async fn lease_once(
    pg: &Pg,
    id: RunId,
    stage: Stage,
    now_ms: i64,
    lease_seconds: u32,
) -> Result<StageLease, StoreError> {
    let mut client = pg.client().await?;
    let tx = PgTransaction::begin(&mut client, "run::lease_stage").await?;
    let rows = tx.query(LEASE_STATE, params![stored(id) => INT8]).await?;
    let row = rows.first().ok_or_else(|| {
        StoreError::Conflict(format!("take a stage of {id}: there is no such run"))
    })?;
    let row = RUN.row(row);
    let (state, sealed): (i16, i16) = (row.get("state")?, row.get("sealed")?);
    let until: i64 = row.get("lease_until_ms")?;
    let answer = if sealed >= stage as i16 {
        StageLease::Sealed
    } else if state == FAILED {
        StageLease::Failed
    } else if state != RUNNING {
        StageLease::Ended
    } else if sealed + 1 < stage as i16 || until > now_ms {
        StageLease::Busy
    } else {
        let until = now_ms + i64::from(lease_seconds) * 1_000;
        tx.execute(TAKE, params![stored(id) => INT8, until => INT8]).await?;
        StageLease::Taken
    };
    tx.commit().await?;
    Ok(answer)
}

fn from_row(row: &tokio_postgres::Row) -> Result<Run, StoreError> {
    let row = RUN.row(row);
    let snapshot: Option<i64> = row.get("snapshot_id")?;
    let sealed = match row.get::<i16>("sealed")? {
        0 => None,
        _ => Some(row.number("sealed", Stage::from_number)?),
    };
    Ok(Run {
        id: RunId::new(row.get::<i64>("run_id")? as u64),
        snapshot: snapshot.map(|id| SnapshotId::new(id as u64)),
        state: row.number("state", RunState::from_number)?,
        sealed,
        created_at: from_ms(row.get("created_ms")?),
        ended_at: row.get::<Option<i64>>("ended_ms")?.map(from_ms),
        error: row.get("error")?,
        folding: row.number("folding", Some)?,
    })
}

impl RunState {
    fn from_number(number: u8) -> Option<RunState> {
        use RunState::{Failed, Published, Retired, Running};
        let mut states = [Running, Published, Failed, Retired].into_iter();
        states.find(|&state| state as i16 == i16::from(number))
    }
}
