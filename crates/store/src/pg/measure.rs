//! What the server wrote and holds, for benchmarks.

use std::collections::BTreeMap;
use std::ops::Range;

use model::Platform;
use model::time::Timestamp;
use tokio_postgres::Row;

use super::Pg;
use super::host::HostId;
use super::params::params;
use super::value::{platform_number, stored_seconds};
use crate::StoreError;

const WAL_BYTES: &str = "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::int8 number";
const TABLE_BYTES: &str = "select coalesce(sum(pg_total_relation_size(relid)), 0)::int8 number
    from pg_partition_tree($1::text::regclass)";

/// A tenth on the first host and the others in turn; due within a week before and four weeks after.
const FILL: &str = "insert into frontier (profile_id, host_id, due_at, depth_left)
    select ($1::bigint << 45) | n, ($2::int[])[case when n % 10 = 0 then 1
        else 1 + (n / 10) % cardinality($2) end], $3 + (n * 7919) % 3024000 - 604800, 0
    from generate_series($4::bigint, $5::bigint) n";
const PLANS: &str = "select statement, generic_plans, custom_plans from pg_prepared_statements";
const FLUSH: &str = "select pg_stat_force_next_flush()";
const BUFFERS: &str = "select (blks_hit + blks_read)::int8 number from pg_stat_database
    where datname = current_database()";

/// Lets profiles of these sequence numbers enter the frontier of a platform: for benchmarks only, since
/// nothing else is stored of them.
pub async fn fill_frontier(
    pg: &Pg,
    platform: Platform,
    hosts: &[HostId],
    numbers: Range<u64>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let open = params![platform_number(platform) => INT2];
    pg.query("measure::fill_frontier", "select open_platform($1)", open).await?;
    let hosts: Vec<i32> = hosts.iter().map(|host| host.0).collect();
    let params = params![
        i64::from(platform.number()) => INT8,
        hosts => INT4_ARRAY,
        stored_seconds(now) => INT8,
        numbers.start as i64 => INT8,
        numbers.end as i64 - 1 => INT8,
    ];
    pg.execute("measure::fill_frontier", FILL, params).await.map(|_| ())
}

/// Brings the planner's statistics and the visibility maps up to date, as autovacuum would in time.
pub async fn settle(pg: &Pg) -> Result<(), StoreError> {
    pg.batch("measure::settle", "vacuum (analyze)").await
}

/// Like [`settle`]; then writes out what is in memory and turns autovacuum off for good, so that the server
/// has nothing to do but what sessions ask for. For a private server only.
pub async fn settle_for_good(pg: &Pg) -> Result<(), StoreError> {
    pg.batch("measure::settle", "alter system set autovacuum = off").await?;
    pg.query("measure::settle", "select pg_reload_conf()", params![]).await?;
    settle(pg).await?;
    pg.batch("measure::settle", "checkpoint").await
}

/// Buffers that this database ever read, as far as the pool's connections have reported; there must be
/// only one.
pub async fn buffers(pg: &Pg) -> Result<u64, StoreError> {
    pg.query("measure::buffers", FLUSH, params![]).await?;
    one(pg, "measure::buffers", BUFFERS, params![]).await
}

/// How often a prepared statement was run by each kind of plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanCounts {
    /// By the plan that is made once.
    pub generic: u64,
    /// By a plan for its values.
    pub custom: u64,
}

/// The prepared statements of the pool's connection, of which there must be one only.
pub async fn plans(pg: &Pg) -> Result<BTreeMap<String, PlanCounts>, StoreError> {
    let rows = pg.query("measure::plans", PLANS, params![]).await?;
    let count = |row: &Row, column: &str| row.get::<_, i64>(column) as u64;
    let plans = rows.iter().map(|row| {
        let counts =
            PlanCounts { generic: count(row, "generic_plans"), custom: count(row, "custom_plans") };
        (row.get("statement"), counts)
    });
    Ok(plans.collect())
}

/// Bytes of write-ahead log that the server ever wrote. The difference of two readings is what
/// happened between them, by any connection.
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
    params: &super::params::Params<'_>,
) -> Result<u64, StoreError> {
    let row = pg.query_opt(what, sql, params).await?;
    Ok(row.map_or(0, |row| row.get::<_, i64>("number") as u64))
}
