//! The audit log: what operators did, to whom by public id, and when.

use model::time::Timestamp;

use super::Pg;
use super::connection::params;
use super::transaction::Tx;
use super::value::{from_ms, stored_ms};
use crate::StoreError;

/// Who does something, and what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Act<'a> {
    /// Who: `local:` and a user id, or `aws:` and the id of the request that invoked us.
    pub actor: &'a str,
    /// What: the word for the order.
    pub action: &'a str,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When it was done.
    pub at: Timestamp,
    /// Who did it.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To whom or what, by public id; `None` for what concerns the whole installation.
    pub subject: Option<String>,
}

const RECORD: &str = "insert into audit_log (at_ms, actor, action, subject)
    select $1, $2, $3, u from unnest($4::text[]) u";
const NEWEST: &str = "select at_ms, actor, action, subject from audit_log
    order by audit_id desc limit $1";
const RETIRE: &str = "delete from audit_log where at_ms < $1";

/// Records an act on each of these subjects, in the transaction that does it.
pub(super) async fn record(
    tx: &Tx<'_>,
    act: Act<'_>,
    subjects: &[String],
    now: Timestamp,
) -> Result<(), StoreError> {
    let params = params![
        stored_ms(now) => INT8,
        act.actor => TEXT,
        act.action => TEXT,
        subjects => TEXT_ARRAY,
    ];
    tx.execute(RECORD, params).await.map(|_| ())
}

/// Records an act that is about to be done in transactions of its own.
pub async fn note(
    pg: &Pg,
    act: Act<'_>,
    subject: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let subjects = [subject];
    let params = params![
        stored_ms(now) => INT8,
        act.actor => TEXT,
        act.action => TEXT,
        subjects.as_slice() => TEXT_ARRAY,
    ];
    pg.execute("audit::note", RECORD, params).await.map(|_| ())
}

/// The newest lines, at most `limit`, the newest first.
pub async fn newest(pg: &Pg, limit: u32) -> Result<Vec<Entry>, StoreError> {
    let rows = pg.query("audit::newest", NEWEST, params![i64::from(limit) => INT8]).await?;
    let entry = |row: &tokio_postgres::Row| Entry {
        at: from_ms(row.get(0)),
        actor: row.get(1),
        action: row.get(2),
        subject: row.get(3),
    };
    Ok(rows.iter().map(entry).collect())
}

/// Ends the lines from before `first_kept`; returns how many.
pub async fn retire(pg: &Pg, first_kept: Timestamp) -> Result<u64, StoreError> {
    pg.execute("audit::retire", RETIRE, params![stored_ms(first_kept) => INT8]).await
}
