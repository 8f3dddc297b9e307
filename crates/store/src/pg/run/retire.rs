//! Dropping the results of a run, without making any reader wait.

use model::RunId;

use super::stored;
use crate::StoreError;
use crate::pg::Pg;
use crate::pg::connection::params;

/// Refuses the active run: the statement then changes nothing.
const RETIRE: &str = "update run set state = 4 where run_id = $1 and state <> 1
    and not exists (select from active_run where run_id = $1)";
/// The run's tables that are there, with how they hang on their parents: null not at all, else
/// whether an earlier detach did not finish.
const TABLES: &str = "select t, i.inhdetachpending from unnest(run_tables()) t
    left join pg_inherits i on i.inhrelid = to_regclass(t || '_' || $1)
    where to_regclass(t || '_' || $1) is not null";

/// Drops the results of a run from the record; sealed ones stay. The active run and one that is
/// still running are refused. Calling it again finishes what was interrupted.
pub async fn retire(pg: &Pg, id: RunId) -> Result<(), StoreError> {
    if pg.execute("run::retire", RETIRE, params![stored(id) => INT8]).await? == 0 {
        return Err(StoreError::Conflict(format!("retire {id}: it is being served or still runs")));
    }
    for row in pg.query("run::retire", TABLES, params![stored(id) => INT8]).await? {
        let (parent, pending): (String, Option<bool>) = (row.get(0), row.get(1));
        let table = format!("{parent}_{}", id.number());
        let how = match pending {
            None => None,
            Some(true) => Some("finalize"),
            Some(false) => Some("concurrently"),
        };
        if let Some(how) = how {
            // Detaching concurrently must not be inside a transaction, which one statement is not.
            let sql = format!("alter table {parent} detach partition {table} {how}");
            pg.batch("run::retire", &sql).await?;
        }
        pg.batch("run::retire", &format!("drop table {table}")).await?;
    }
    Ok(())
}
