//! Dropping the results of old runs, and in the end their rows.

use std::sync::LazyLock;

use model::RunId;
use model::time::Timestamp;

use super::{
    COLUMNS, FAILED, PUBLISHED, RETIRED, RUNNING, Run, RunState, active, from_row, stored,
};
use crate::StoreError;
use crate::pg::params::params;
use crate::pg::value::stored_ms;
use crate::pg::{Pg, partition};

/// Refuses the active run: the statement then changes nothing. The reason why a run failed stays.
static RETIRE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "update run set state = case state when {PUBLISHED} then {RETIRED} else state end
        where run_id = $1 and state <> {RUNNING}
        and not exists (select from active_run where run_id = $1)"
    )
});
/// The kinds of tables of which the run has one.
const TABLES: &str =
    "select t from unnest(run_tables()) t where to_regclass(t || '_' || $1) is not null";
const WITH_TABLES: &str = "from run where exists (
        select from unnest(run_tables()) t where to_regclass(t || '_' || run_id) is not null)
    order by run_id desc";
static FORGET: LazyLock<String> = LazyLock::new(|| {
    format!(
        "delete from run where run_id in (
        select run_id from run where state in ({FAILED}, {RETIRED}) and created_ms < $1
        and not exists (
        select from unnest(run_tables()) t where to_regclass(t || '_' || run_id) is not null)
        order by run_id limit $2)"
    )
});

/// The runs that have tables in the database, the newest first: those that can be served, the one that
/// is being loaded, and what was left of those that failed or were not retired to the end.
pub async fn with_tables(pg: &Pg) -> Result<Vec<Run>, StoreError> {
    let sql = format!("select {COLUMNS} {WITH_TABLES}");
    pg.query("run::with_tables", &sql, &[]).await?.iter().map(from_row).collect()
}

/// Drops the results of a run from the database; its artifacts stay. The active run and one that is
/// still running are refused. Calling it again finishes what was interrupted.
pub async fn retire(pg: &Pg, id: RunId) -> Result<(), StoreError> {
    if pg.execute("run::retire", &RETIRE, params![stored(id) => INT8]).await? == 0 {
        return Err(StoreError::Conflict(format!("retire {id}: it is being served or still runs")));
    }
    partition::finish_pending(pg, "run::retire").await?;
    for row in pg.query("run::retire", TABLES, params![stored(id) => INT8]).await? {
        let parent: String = row.get("t");
        let table = format!("{parent}_{}", id.number());
        partition::drop(pg, "run::retire", &parent, &table).await?;
    }
    Ok(())
}

/// Drops the tables of the oldest runs that are not to be kept, at most `most`; returns of how many.
/// Kept are the active run, those that still run, and of the other published ones the newest `kept`.
/// What failed, was overtaken or was not retired to the end goes.
pub async fn retire_old(pg: &Pg, kept: usize, most: usize) -> Result<usize, StoreError> {
    let active = active(pg).await?;
    let mut runs = with_tables(pg).await?;
    runs.retain(|run| Some(run.id) != active && run.state != RunState::Running);
    let (published, left): (Vec<Run>, Vec<Run>) =
        runs.into_iter().partition(|run| run.state == RunState::Published);
    let mut old: Vec<RunId> = published.iter().skip(kept).chain(&left).map(|run| run.id).collect();
    old.sort_unstable();
    old.truncate(most);
    for &id in &old {
        retire(pg, id).await?;
    }
    Ok(old.len())
}

/// Forgets runs created before `before` that failed or were retired and have no tables any more, at
/// most `most`, the oldest first; returns how many.
pub(in crate::pg) async fn forget(
    pg: &Pg,
    before: Timestamp,
    most: usize,
) -> Result<usize, StoreError> {
    let params = params![stored_ms(before) => INT8, most as i64 => INT8];
    Ok(pg.execute("run::forget", &FORGET, params).await? as usize)
}
