//! Partitions: their names, and dropping them without making any reader wait.

use std::collections::BTreeMap;

use model::ProfileId;

use super::Pg;
use super::connection::params;
use super::value::stored_id;
use crate::StoreError;

/// Partitions whose detaching was interrupted. While there is one, its parent lets go of no other.
const PENDING: &str = "select inhparent::regclass::text, inhrelid::regclass::text from pg_inherits
    where inhdetachpending";
const ATTACHED: &str = "select from pg_inherits where inhrelid = to_regclass($1)";

/// Finishes every detaching that was interrupted.
pub(super) async fn finish_pending(pg: &Pg, what: &'static str) -> Result<(), StoreError> {
    for row in pg.query(what, PENDING, params![]).await? {
        let (parent, table): (String, String) = (row.get(0), row.get(1));
        detach(pg, what, (&parent, &table), "finalize").await?;
    }
    Ok(())
}

/// Drops a table, detaching it before if it hangs on its parent; none is no error. Detaching waits
/// for those who read the parent now, and nobody waits for it.
pub(super) async fn drop(
    pg: &Pg,
    what: &'static str,
    (parent, table): (&str, &str),
) -> Result<(), StoreError> {
    if pg.query_opt(what, ATTACHED, params![table => TEXT]).await?.is_some() {
        detach(pg, what, (parent, table), "concurrently").await?;
    }
    pg.batch(what, &format!("drop table if exists {table}")).await
}

/// Not inside a transaction, where nothing can be detached concurrently: one statement is none.
async fn detach(
    pg: &Pg,
    what: &'static str,
    (parent, table): (&str, &str),
    how: &str,
) -> Result<(), StoreError> {
    pg.batch(what, &format!("alter table {parent} detach partition {table} {how}")).await
}

/// Profiles of one platform, whose tables have its number in their names.
pub(super) struct PlatformPart {
    pub(super) number: u8,
    pub(super) ids: Vec<i64>,
}

/// Profiles by platform; ids of no platform that is known are left out.
pub(super) fn by_platform(ids: &[ProfileId]) -> Vec<PlatformPart> {
    let mut parts: BTreeMap<u8, Vec<i64>> = BTreeMap::new();
    for &id in ids {
        if let Some(platform) = id.platform() {
            parts.entry(platform.number()).or_default().push(stored_id(id));
        }
    }
    parts.into_iter().map(|(number, ids)| PlatformPart { number, ids }).collect()
}
