//! When each host first has a due profile.
//!
//! `host_wake` is a lower bound, kept by triggers (see its migration) and made exact here, only for
//! those hosts that come first. So a call costs what it returns, however many hosts there are.

use std::collections::HashMap;

use tokio_postgres::Row;

use crate::StoreError;
use crate::pg::connection::retry;
use crate::pg::params::params;
use crate::pg::row::{HOST, HOST_WAKE, TableRow};
use crate::pg::transaction::PgTransaction;
use crate::pg::{Pg, host};

/// One caller at a time moves bounds, or one would undo what another has just read.
const LOCK: &str = "select pg_advisory_xact_lock(20261129)";
/// What is merged is visible to every later statement, with its rows of the frontier.
const MERGE: &str = "with events as (delete from host_wake_event returning host_id, wake_ms),
    first as (select host_id, min(wake_ms) wake_ms from events group by host_id order by host_id)
    insert into host_wake (host_id, wake_ms) select host_id, wake_ms from first on conflict (host_id) do update
        set wake_ms = excluded.wake_ms where host_wake.wake_ms > excluded.wake_ms";
const FIRST: &str = "select w.host_id, w.wake_ms kept_ms, f.due_at,
        greatest(f.due_at * 1000, h.not_before_ms, h.broken_until_ms) wake_ms
    from (select host_id, wake_ms from host_wake where wake_ms <= $1 order by wake_ms, host_id limit $2) w
    join host h on h.host_id = w.host_id
    left join lateral (
        select due_at from frontier where host_id = w.host_id and due_at is not null
        order by due_at limit 1) f on true
    order by w.wake_ms, w.host_id";
const MOVE: &str = "with truth as (
        select * from unnest($1::int[], $2::bigint[]) u(host_id, wake_ms)),
    never as (delete from host_wake w using truth t
        where w.host_id = t.host_id and t.wake_ms is null)
    update host_wake w set wake_ms = t.wake_ms from truth t
    where w.host_id = t.host_id and t.wake_ms is not null";
const COUNTED: &str = "from unnest($1::int[]) u(host_id) join host h on h.host_id = u.host_id
    cross join lateral (select count(*)::int due from (
        select from frontier where host_id = u.host_id and due_at <= $2
        order by due_at limit $3) x) d";

/// How many hosts are corrected at a time where only the first one is needed.
const AT_ONCE: u32 = 100;

/// A host with profiles that are due.
pub(super) struct AwakeHost {
    pub(super) host: host::Host,
    pub(super) due: u32,
    /// When its first profile was due, in seconds since 1970.
    pub(super) first: i64,
}

/// A host with its stored bound and the exact time.
struct HostWake {
    host: i32,
    kept_ms: i64,
    /// `None`: nothing will ever be due.
    first: Option<i64>,
    wake_ms: Option<i64>,
}

/// The hosts that may be requested at `now_ms`, at most `limit`, those that wait longest first; how many of their profiles are due is counted up to `due_max`.
pub(super) async fn awake(
    pg: &Pg,
    now_ms: i64,
    limit: u32,
    due_max: u32,
) -> Result<Vec<AwakeHost>, StoreError> {
    let first = firsts(&read_first(pg, "frontier::due_hosts", now_ms, limit).await?);
    if first.is_empty() {
        return Ok(Vec::new());
    }
    let hosts: Vec<i32> = first.keys().copied().collect();
    let sql = format!("select {}, d.due {COUNTED}", host::COLUMNS);
    let seconds = now_ms.div_euclid(1_000);
    let params = params![hosts => INT4_ARRAY, seconds => INT8, i64::from(due_max) => INT8];
    let awake = |row: &Row| {
        let host = host::from_row(row)?;
        let first = first.get(&host.id.0).copied().unwrap_or(seconds);
        Ok(AwakeHost { host, due: HOST.row(row).count("due")?, first })
    };
    pg.query("frontier::due_hosts", &sql, params).await?.iter().map(awake).collect()
}

/// When the first host may be requested, in milliseconds since 1970. `None` if none ever may.
pub(super) async fn first(pg: &Pg) -> Result<Option<i64>, StoreError> {
    let found = read_first(pg, "frontier::next_wake", i64::MAX, AT_ONCE).await?;
    Ok(found.first().and_then(|found| found.wake_ms))
}

/// The first hosts that wake until `until_ms`, at most `limit`, by when they do, exactly. Each turn
/// moves the bounds of those that were too early, so that later turns skip them.
async fn read_first(
    pg: &Pg,
    what: &'static str,
    until_ms: i64,
    limit: u32,
) -> Result<Vec<HostWake>, StoreError> {
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = PgTransaction::begin(&mut client, what).await?;
        tx.query(LOCK, params![]).await?;
        tx.execute(MERGE, params![]).await?;
        let found = loop {
            let found = found(&tx, until_ms, limit).await?;
            if !correct(&tx, &found).await? {
                break found;
            }
        };
        tx.commit().await?;
        Ok(found)
    })
    .await
}

async fn found(
    tx: &PgTransaction<'_>,
    until_ms: i64,
    limit: u32,
) -> Result<Vec<HostWake>, StoreError> {
    let rows = tx.query(FIRST, params![until_ms => INT8, i64::from(limit) => INT8]).await?;
    let found = |row: TableRow<'_>| {
        let first: Option<i64> = row.get("due_at")?;
        let wake_ms = if first.is_some() { row.get("wake_ms")? } else { None };
        Ok(HostWake { host: row.get("host_id")?, kept_ms: row.get("kept_ms")?, first, wake_ms })
    };
    HOST_WAKE.rows(&rows).map(found).collect()
}

/// Moves the bounds of hosts that wake later than stored; returns whether there was one.
async fn correct(tx: &PgTransaction<'_>, found: &[HostWake]) -> Result<bool, StoreError> {
    let late = found.iter().filter(|found| found.wake_ms != Some(found.kept_ms));
    let (hosts, wake_ms): (Vec<i32>, Vec<Option<i64>>) =
        late.map(|found| (found.host, found.wake_ms)).unzip();
    if hosts.is_empty() {
        return Ok(false);
    }
    tx.execute(MOVE, params![hosts => INT4_ARRAY, wake_ms => INT8_ARRAY]).await?;
    Ok(true)
}

fn firsts(found: &[HostWake]) -> HashMap<i32, i64> {
    found.iter().filter_map(|found| Some((found.host, found.first?))).collect()
}
