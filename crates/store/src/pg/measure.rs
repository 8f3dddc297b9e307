//! What the server wrote and holds, for benchmarks.

use super::Pg;
use super::connection::params;
use crate::StoreError;

const WAL_BYTES: &str = "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::int8";
const TABLE_BYTES: &str = "select coalesce(sum(pg_total_relation_size(relid)), 0)::int8
    from pg_partition_tree($1::text::regclass)";

/// Bytes of write-ahead log that the server ever wrote. The difference of two readings is what
/// happened between them, whoever did it.
pub async fn wal_bytes(pg: &Pg) -> Result<u64, StoreError> {
    one(pg, "measure::wal_bytes", WAL_BYTES, params![]).await
}

/// Bytes on disk of a table with its partitions, indexes and large values.
pub async fn table_bytes(pg: &Pg, table: &str) -> Result<u64, StoreError> {
    one(pg, "measure::table_bytes", TABLE_BYTES, params![table => TEXT]).await
}

async fn one(
    pg: &Pg,
    what: &'static str,
    sql: &str,
    params: &super::connection::Params<'_>,
) -> Result<u64, StoreError> {
    let row = pg.query_opt(what, sql, params).await?;
    Ok(row.map_or(0, |row| row.get::<_, i64>(0) as u64))
}
