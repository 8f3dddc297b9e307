//! Partitions: their names, and dropping them without blocking any reader.

use std::collections::BTreeMap;

use model::ProfileId;

use super::Pg;
use super::params::params;
use super::value::stored_id;
use crate::StoreError;

/// Partitions whose detaching was interrupted. While there is one, its parent can detach no other.
const PENDING: &str =
    "select inhparent::regclass::text parent, inhrelid::regclass::text child from pg_inherits
    where inhdetachpending";
const ATTACHED: &str = "select from pg_inherits where inhrelid = to_regclass($1)";

/// Finishes every detaching that was interrupted.
pub(super) async fn finish_pending(pg: &Pg, what: &'static str) -> Result<(), StoreError> {
    for row in pg.query(what, PENDING, params![]).await? {
        detach(pg, what, row.get("parent"), row.get("child"), "finalize").await?;
    }
    Ok(())
}

/// Drops a table, after detaching it if it is attached; a missing table is no error. Detaching waits for
/// the current readers of the parent, and blocks no other.
pub(super) async fn drop(
    pg: &Pg,
    what: &'static str,
    parent: &str,
    table: &str,
) -> Result<(), StoreError> {
    if pg.query_opt(what, ATTACHED, params![table => TEXT]).await?.is_some() {
        detach(pg, what, parent, table, "concurrently").await?;
    }
    pg.batch(what, &format!("drop table if exists {table}")).await
}

/// Not inside of a transaction block, where nothing can be detached concurrently.
async fn detach(
    pg: &Pg,
    what: &'static str,
    parent: &str,
    table: &str,
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
