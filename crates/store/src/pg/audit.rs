//! The audit log: what operators did, to which public id, and when.

use model::time::Timestamp;

use super::Pg;
use super::params::params;
use super::row::{AUDIT_LOG, TableRow};
use super::transaction::PgTransaction;
use super::value::{from_ms, stored_ms};
use crate::StoreError;

/// Who does something, and what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditAction<'a> {
    /// Who: `local:` and a user id, `aws:` and the id of the request that invoked us, or the id of the privacy request
    /// that was proven.
    pub actor: &'a str,
    /// What: the word for the order.
    pub action: &'a str,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// When it was done.
    pub at: Timestamp,
    /// Who did it.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// The public id that it was done to; `None` for what concerns the whole installation.
    pub subject: Option<String>,
}

const RECORD: &str = "insert into audit_log (at_ms, actor, action, subject)
    select $1, $2, $3, subject from unnest($4::text[]) u(subject)";
const NEWEST: &str = "select audit_id, at_ms, actor, action, subject from audit_log
    order by audit_id desc limit $1";
const RETIRE: &str = "delete from audit_log where at_ms < $1";

/// Records an act on each of these subjects, in the transaction that does it.
pub(super) async fn record(
    tx: &PgTransaction<'_>,
    act: AuditAction<'_>,
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
    act: AuditAction<'_>,
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
pub async fn newest(pg: &Pg, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
    let rows = pg.query("audit::newest", NEWEST, params![i64::from(limit) => INT8]).await?;
    let entry = |row: TableRow<'_>| {
        Ok(AuditEntry {
            at: from_ms(row.get("at_ms")?),
            actor: row.get("actor")?,
            action: row.get("action")?,
            subject: row.get("subject")?,
        })
    };
    AUDIT_LOG.rows(&rows).map(entry).collect()
}

/// Ends the lines from before `first_kept`; returns how many.
pub async fn retire(pg: &Pg, first_kept: Timestamp) -> Result<u64, StoreError> {
    pg.execute("audit::retire", RETIRE, params![stored_ms(first_kept) => INT8]).await
}
