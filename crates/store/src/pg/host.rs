//! Hosts and how much each may be asked: the stored side of [`model::budget`].

use std::collections::HashMap;

use model::Platform;
use model::budget::{HostBudget, HostLimit, TokenGrant, TokenLease};
use model::time::Timestamp;
use tokio_postgres::Row;

use super::Pg;
use super::connection::{Params, params, retry};
use super::transaction::Tx;
use super::value::{corrupt, from_ms, platform_number, stored_count, stored_ms};
use crate::StoreError;

/// The number of a host, ours alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(pub i32);

/// One server of a platform.
#[derive(Debug, Clone, PartialEq)]
pub struct Host {
    /// Its number.
    pub id: HostId,
    /// The platform it is part of.
    pub platform: Platform,
    /// Its name, in lower case.
    pub name: String,
    /// The limit that it announced; `None` as long as the manifest's default holds.
    pub announced: Option<HostLimit>,
    /// It asked not to be asked before this.
    pub not_before: Timestamp,
    /// How often in a row it failed.
    pub failures: u32,
    /// It failed so often that it is left alone until this.
    pub broken_until: Timestamp,
}

/// A wish for tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Want {
    /// The host.
    pub host: HostId,
    /// How many tokens, at most.
    pub tokens: u32,
    /// The limit of its manifest, in force until the host announces one.
    pub default: HostLimit,
}

/// The answer to a [`Want`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// Up to as many tokens as were wanted.
    Lease(TokenLease),
    /// None now.
    Wait {
        /// Milliseconds until there is one.
        ms: u64,
    },
}

/// A host is left alone from this many failures in a row on …
const FAILURES_TOLERATED: i32 = 3;
/// … at first for this long, …
const BROKEN_MS_MIN: i64 = 60_000;
/// … then doubling up to this.
const BROKEN_MS_MAX: i64 = 86_400_000;

const IDS: &str = "select h.name, h.host_id from host h
    where h.platform_id = $1 and h.name = any($2)";
const MINT: &str = "insert into host (platform_id, name)
    select $1, name from unnest($2::text[]) u(name) order by name on conflict do nothing";
pub(super) const COLUMNS: &str = "h.host_id, h.platform_id, h.name, h.limit_requests, h.window_ms,
    h.not_before_ms, h.failures, h.broken_until_ms";
const BUCKETS: &str = "select host_id, limit_requests, window_ms, tokens, at_ms, not_before_ms
    from host where host_id = any($1) order by host_id for update";
const SAVE: &str = "update host h set tokens = u.tokens, at_ms = u.at_ms
    from unnest($1::int[], $2::float8[], $3::bigint[]) u(host_id, tokens, at_ms)
    where h.host_id = u.host_id";
const ANNOUNCE: &str = "update host set limit_requests = $2, window_ms = $3
    where host_id = $1 and (limit_requests, window_ms) is distinct from ($2, $3)";
const PAUSE: &str = "update host set tokens = 0, at_ms = greatest(at_ms, $3),
    not_before_ms = greatest(not_before_ms, $2) where host_id = $1";
const DRAIN: &str = "update host set tokens = 0, at_ms = greatest(at_ms, $2) where host_id = $1";
const FAILED: &str = "update host set failures = failures + 1, broken_until_ms =
        case when failures + 1 < $3 then broken_until_ms
        else greatest(broken_until_ms, $2 + least($5, $4 << least(failures + 1 - $3, 30))) end
    where host_id = $1 returning broken_until_ms";
const WORKED: &str = "update host set failures = 0, broken_until_ms = 0
    where host_id = $1 and failures > 0";

/// The numbers of these hosts, in their order; unknown ones get a new number.
pub async fn ids(pg: &Pg, platform: Platform, names: &[&str]) -> Result<Vec<HostId>, StoreError> {
    let lower: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
    let params = params![
        platform_number(platform) => INT2,
        lower => TEXT_ARRAY,
    ];
    let mut known = known_ids(pg, params).await?;
    if lower.iter().any(|name| !known.contains_key(name)) {
        pg.execute_lasting("host::ids", MINT, params).await?;
        known = known_ids(pg, params).await?;
    }
    Ok(lower.iter().filter_map(|name| known.get(name).copied()).collect())
}

async fn known_ids(pg: &Pg, params: &Params<'_>) -> Result<HashMap<String, HostId>, StoreError> {
    let rows = pg.query("host::ids", IDS, params).await?;
    Ok(rows.iter().map(|row| (row.get(0), HostId(row.get(1)))).collect())
}

/// The hosts with these numbers; unknown ones are left out.
pub async fn get(pg: &Pg, ids: &[HostId]) -> Result<Vec<Host>, StoreError> {
    let numbers: Vec<i32> = ids.iter().map(|id| id.0).collect();
    let sql = format!(
        "select {COLUMNS} from unnest($1::int[]) with ordinality u(id, o)
         join host h on h.host_id = u.id order by u.o"
    );
    let rows = pg.query("host::get", &sql, params![numbers => INT4_ARRAY]).await?;
    rows.iter().map(|row| from_row(row, 0)).collect()
}

/// The host in the eight columns [`COLUMNS`] from `at` on.
pub(super) fn from_row(row: &Row, at: usize) -> Result<Host, StoreError> {
    let (id, platform): (i32, i16) = (row.get(at), row.get(at + 1));
    let known = u8::try_from(platform).ok().and_then(Platform::from_number);
    Ok(Host {
        id: HostId(id),
        platform: known.ok_or_else(|| corrupt(("host", "platform_id"), id, "unknown platform"))?,
        name: row.get(at + 2),
        announced: limit(row.get(at + 3), row.get(at + 4)),
        not_before: from_ms(row.get(at + 5)),
        failures: u32::try_from(row.get::<_, i32>(at + 6)).unwrap_or(0),
        broken_until: from_ms(row.get(at + 7)),
    })
}

fn limit(requests: Option<i32>, window_ms: Option<i32>) -> Option<HostLimit> {
    let requests = u32::try_from(requests?).ok()?.max(1);
    let window_ms = u32::try_from(window_ms?).ok()?.max(1);
    Some(HostLimit { requests, window_ms })
}

/// Leases tokens of many hosts at once, in the order of the wishes. However many callers there
/// are, no host is promised more than its limit. A host occurs at most once.
pub async fn lease(pg: &Pg, wants: &[Want], now: Timestamp) -> Result<Vec<Grant>, StoreError> {
    retry(|| lease_once(pg, wants, now)).await
}

async fn lease_once(pg: &Pg, wants: &[Want], now: Timestamp) -> Result<Vec<Grant>, StoreError> {
    let mut client = pg.client().await?;
    let tx = Tx::begin(&mut client, "host::lease").await?;
    // Forgotten tokens would be given out again.
    tx.lasting().await?;
    let hosts: Vec<i32> = wants.iter().map(|want| want.host.0).collect();
    let rows = tx.query(BUCKETS, params![hosts => INT4_ARRAY]).await?;
    let stored: HashMap<i32, &Row> = rows.iter().map(|row| (row.get(0), row)).collect();
    let mut grants = Vec::with_capacity(wants.len());
    let (mut ids, mut tokens, mut at) = (Vec::new(), Vec::new(), Vec::new());
    for want in wants {
        let row = stored.get(&want.host.0).ok_or_else(|| unknown(want.host))?;
        let bucket = bucket(row, want.default, now);
        let TokenGrant { lease, rest } = bucket.take(want.tokens, now);
        grants.push(lease.map_or(Grant::Wait { ms: rest.wait_ms(now) }, Grant::Lease));
        if lease.is_some() {
            ids.push(want.host.0);
            tokens.push(rest.tokens);
            at.push(stored_ms(rest.at));
        }
    }
    let params = params![ids => INT4_ARRAY, tokens => FLOAT8_ARRAY, at => INT8_ARRAY];
    tx.execute(SAVE, params).await?;
    tx.commit().await?;
    Ok(grants)
}

fn unknown(host: HostId) -> StoreError {
    StoreError::Conflict(format!("lease tokens of host {}: there is no such host", host.0))
}

fn bucket(row: &Row, default: HostLimit, now: Timestamp) -> HostBudget {
    let limit = limit(row.get(1), row.get(2)).unwrap_or(default);
    let fresh = HostBudget::new(limit, now);
    let not_before = from_ms(row.get(5));
    match (row.get::<_, Option<f64>>(3), row.get::<_, Option<i64>>(4)) {
        (Some(tokens), Some(at_ms)) => HostBudget { limit, tokens, at: from_ms(at_ms), not_before },
        _ => HostBudget { not_before, ..fresh },
    }
}

/// Takes all tokens out of a host's bucket: more were given out than its own limit allows.
pub async fn drain(pg: &Pg, id: HostId, now: Timestamp) -> Result<(), StoreError> {
    let params = params![id.0 => INT4, stored_ms(now) => INT8];
    pg.execute("host::drain", DRAIN, params).await.map(|_| ())
}

/// Records the limit that a host announced: it replaces the manifest's, up or down. Tokens above
/// the new limit's burst are lost with the next lease.
pub async fn announce(pg: &Pg, host: HostId, limit: HostLimit) -> Result<(), StoreError> {
    let (requests, window_ms) = (stored_count(limit.requests), stored_count(limit.window_ms));
    let params = params![host.0 => INT4, requests => INT4, window_ms => INT4];
    pg.execute("host::announce", ANNOUNCE, params).await.map(|_| ())
}

/// Records that a host wants silence until `until`; what is in its bucket is lost.
pub async fn pause(
    pg: &Pg,
    host: HostId,
    until: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let params = params![
        host.0 => INT4,
        stored_ms(until) => INT8,
        stored_ms(now) => INT8,
    ];
    pg.execute("host::pause", PAUSE, params).await.map(|_| ())
}

/// Records that a host could not be reached or failed; after several times in a row it is left
/// alone for a time that doubles, up to a day. Returns until when (the past, if it is not).
pub async fn failed(pg: &Pg, host: HostId, now: Timestamp) -> Result<Timestamp, StoreError> {
    let params = params![
        host.0 => INT4,
        stored_ms(now) => INT8,
        FAILURES_TOLERATED => INT4,
        BROKEN_MS_MIN => INT8,
        BROKEN_MS_MAX => INT8,
    ];
    let row = pg.query_opt("host::failed", FAILED, params).await?;
    row.map(|row| from_ms(row.get(0))).ok_or_else(|| unknown(host))
}

/// Records that a host answers. Costs nothing for a host without failures.
pub async fn worked(pg: &Pg, host: HostId) -> Result<(), StoreError> {
    pg.execute("host::worked", WORKED, params![host.0 => INT4]).await.map(|_| ())
}
