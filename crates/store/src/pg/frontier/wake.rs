//! When each host first has something to be asked for.
//!
//! `host_wake` is a lower bound, kept by triggers (see its migration) and made exact here, for those
//! hosts alone that come first. So a look costs what it returns, however many hosts there are.

use std::collections::HashMap;

use tokio_postgres::Row;

use crate::StoreError;
use crate::pg::connection::{params, retry};
use crate::pg::transaction::Tx;
use crate::pg::{Pg, host};

/// One look at a time moves bounds, or one would move back what another has just learned.
const LOCK: &str = "select pg_advisory_xact_lock(20261129)";
/// What is merged is visible to every later statement, with the rows of the frontier that it is about.
const MERGE: &str = "with told as (delete from host_wake_event returning host_id, wake_ms),
    first as (select host_id, min(wake_ms) wake_ms from told group by host_id order by host_id)
    insert into host_wake select * from first on conflict (host_id) do update
        set wake_ms = excluded.wake_ms where host_wake.wake_ms > excluded.wake_ms";
const FIRST: &str = "select w.host_id, w.wake_ms, f.due_at,
        greatest(f.due_at * 1000, h.not_before_ms, h.broken_until_ms)
    from (select * from host_wake where wake_ms <= $1 order by wake_ms, host_id limit $2) w
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

/// How many hosts a look sets right at a time that is after one only.
const AT_ONCE: u32 = 100;

/// A host with profiles that are due.
pub(super) struct Awake {
    pub(super) host: host::Host,
    pub(super) due: u32,
    /// When its first profile was due, in seconds since 1970.
    pub(super) first: i64,
}

/// A host as the look found it.
struct Found {
    host: i32,
    kept_ms: i64,
    /// `None`: nothing will ever be due.
    first: Option<i64>,
    wake_ms: Option<i64>,
}

/// The hosts that can be asked at `now_ms`, at most `limit`, those that can be asked the longest
/// first; how many of their profiles are due is counted up to `due_max`.
pub(super) async fn awake(
    pg: &Pg,
    now_ms: i64,
    limit: u32,
    due_max: u32,
) -> Result<Vec<Awake>, StoreError> {
    let first = firsts(&look(pg, "frontier::due_hosts", now_ms, limit).await?);
    if first.is_empty() {
        return Ok(Vec::new());
    }
    let hosts: Vec<i32> = first.keys().copied().collect();
    let sql = format!("select {}, d.due {COUNTED}", host::COLUMNS);
    let seconds = now_ms.div_euclid(1_000);
    let params = params![hosts => INT4_ARRAY, seconds => INT8, i64::from(due_max) => INT8];
    let awake = |row: &Row| {
        let host = host::from_row(row, 0)?;
        let first = first.get(&host.id.0).copied().unwrap_or(seconds);
        Ok(Awake { host, due: u32::try_from(row.get::<_, i32>(8)).unwrap_or(0), first })
    };
    pg.query("frontier::due_hosts", &sql, params).await?.iter().map(awake).collect()
}

/// When the first host can be asked, in milliseconds since 1970. `None` if none ever can.
pub(super) async fn first(pg: &Pg) -> Result<Option<i64>, StoreError> {
    let found = look(pg, "frontier::next_wake", i64::MAX, AT_ONCE).await?;
    Ok(found.first().and_then(|found| found.wake_ms))
}

/// The first hosts that wake until `until_ms`, at most `limit`, by when they do, exactly. Each turn
/// moves the bounds of those that were too early, which a later turn need not look at again.
async fn look(
    pg: &Pg,
    what: &'static str,
    until_ms: i64,
    limit: u32,
) -> Result<Vec<Found>, StoreError> {
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = Tx::begin(&mut client, what).await?;
        tx.query(LOCK, params![]).await?;
        tx.execute(MERGE, params![]).await?;
        let found = loop {
            let found = found(&tx, until_ms, limit).await?;
            if !set_right(&tx, &found).await? {
                break found;
            }
        };
        tx.commit().await?;
        Ok(found)
    })
    .await
}

async fn found(tx: &Tx<'_>, until_ms: i64, limit: u32) -> Result<Vec<Found>, StoreError> {
    let rows = tx.query(FIRST, params![until_ms => INT8, i64::from(limit) => INT8]).await?;
    let found = |row: &Row| {
        let first: Option<i64> = row.get(2);
        let wake_ms = first.and_then(|_| row.get(3));
        Found { host: row.get(0), kept_ms: row.get(1), first, wake_ms }
    };
    Ok(rows.iter().map(found).collect())
}

/// Moves the bounds of hosts that wake later than was kept; says whether there was one.
async fn set_right(tx: &Tx<'_>, found: &[Found]) -> Result<bool, StoreError> {
    let late = found.iter().filter(|found| found.wake_ms != Some(found.kept_ms));
    let (hosts, wake_ms): (Vec<i32>, Vec<Option<i64>>) =
        late.map(|found| (found.host, found.wake_ms)).unzip();
    if hosts.is_empty() {
        return Ok(false);
    }
    tx.execute(MOVE, params![hosts => INT4_ARRAY, wake_ms => INT8_ARRAY]).await?;
    Ok(true)
}

fn firsts(found: &[Found]) -> HashMap<i32, i64> {
    found.iter().filter_map(|found| Some((found.host, found.first?))).collect()
}
