//! Dropping the results of a run, without making any reader wait.

use model::RunId;

use super::{COLUMNS, Run, from_row, stored};
use crate::StoreError;
use crate::pg::Pg;
use crate::pg::connection::params;

/// Refuses the active run: the statement then changes nothing. Why a run failed stays known.
const RETIRE: &str = "update run set state = case state when 2 then 4 else state end
    where run_id = $1 and state <> 1
    and not exists (select from active_run where run_id = $1)";
/// The run's tables that are there, and whether they hang on their parents.
const TABLES: &str = "select t, i.inhrelid is not null from unnest(run_tables()) t
    left join pg_inherits i on i.inhrelid = to_regclass(t || '_' || $1)
    where to_regclass(t || '_' || $1) is not null";
/// Partitions whose detaching was interrupted. While there is one, its parent lets go of no other.
const PENDING: &str = "select inhparent::regclass::text, inhrelid::regclass::text from pg_inherits
    where inhdetachpending";
const WITH_TABLES: &str = "from run where exists (
        select from unnest(run_tables()) t where to_regclass(t || '_' || run_id) is not null)
    order by run_id desc";

/// The runs that have tables in the record, the newest first: those that can be served, the one that
/// is being loaded, and what was left of those that failed or were not retired to the end.
pub async fn with_tables(pg: &Pg) -> Result<Vec<Run>, StoreError> {
    let sql = format!("select {COLUMNS} {WITH_TABLES}");
    pg.query("run::with_tables", &sql, &[]).await?.iter().map(from_row).collect()
}

/// Drops the results of a run from the record; sealed ones stay. The active run and one that is
/// still running are refused. Calling it again finishes what was interrupted.
pub async fn retire(pg: &Pg, id: RunId) -> Result<(), StoreError> {
    if pg.execute("run::retire", RETIRE, params![stored(id) => INT8]).await? == 0 {
        return Err(StoreError::Conflict(format!("retire {id}: it is being served or still runs")));
    }
    for row in pg.query("run::retire", PENDING, &[]).await? {
        let (parent, table): (String, String) = (row.get(0), row.get(1));
        detach(pg, &parent, &table, "finalize").await?;
    }
    for row in pg.query("run::retire", TABLES, params![stored(id) => INT8]).await? {
        let (parent, attached): (String, bool) = (row.get(0), row.get(1));
        let table = format!("{parent}_{}", id.number());
        if attached {
            detach(pg, &parent, &table, "concurrently").await?;
        }
        pg.batch("run::retire", &format!("drop table {table}")).await?;
    }
    Ok(())
}

/// Not inside a transaction, where nothing can be detached concurrently: one statement is none.
async fn detach(pg: &Pg, parent: &str, table: &str, how: &str) -> Result<(), StoreError> {
    pg.batch("run::retire", &format!("alter table {parent} detach partition {table} {how}")).await
}
