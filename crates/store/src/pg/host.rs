//! Hosts and how many requests each allows: the stored side of [`model::budget`].

use std::collections::HashMap;

use model::Platform;
use model::budget::{HostBudget, HostLimit, TokenGrant, TokenLease};
use model::time::Timestamp;
use tokio_postgres::Row;

use super::Pg;
use super::connection::retry;
use super::params::{Params, params};
use super::row::{HOST, TableRow};
use super::transaction::PgTransaction;
use super::value::{from_ms, platform_number, stored_count, stored_ms};
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
    /// It wants no request before this.
    pub not_before: Timestamp,
    /// How often in a row it failed.
    pub failures: u32,
    /// It failed so often that it is left alone until this.
    pub broken_until: Timestamp,
}

/// A request for tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenRequest {
    /// The host.
    pub host: HostId,
    /// How many tokens, at most.
    pub tokens: u32,
    /// The limit of its manifest, in force until the host announces one.
    pub default: HostLimit,
}

/// The answer to a [`TokenRequest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostGrant {
    /// Up to as many tokens as requested.
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
    let known = |row: TableRow<'_>| Ok((row.get("name")?, HostId(row.get("host_id")?)));
    HOST.rows(&rows).map(known).collect()
}

/// The hosts with these numbers; unknown ones are left out.
pub async fn get(pg: &Pg, ids: &[HostId]) -> Result<Vec<Host>, StoreError> {
    let numbers: Vec<i32> = ids.iter().map(|id| id.0).collect();
    let sql = format!(
        "select {COLUMNS} from unnest($1::int[]) with ordinality u(id, o)
         join host h on h.host_id = u.id order by u.o"
    );
    let rows = pg.query("host::get", &sql, params![numbers => INT4_ARRAY]).await?;
    rows.iter().map(from_row).collect()
}

/// The host in the columns [`COLUMNS`].
pub(super) fn from_row(row: &Row) -> Result<Host, StoreError> {
    let row = HOST.row(row);
    Ok(Host {
        id: HostId(row.get("host_id")?),
        platform: row.number("platform_id", Platform::from_number)?,
        name: row.get("name")?,
        announced: announced(&row)?,
        not_before: from_ms(row.get("not_before_ms")?),
        failures: row.count("failures")?,
        broken_until: from_ms(row.get("broken_until_ms")?),
    })
}

fn announced(row: &TableRow<'_>) -> Result<Option<HostLimit>, StoreError> {
    let requests = row.optional_count("limit_requests")?;
    let window_ms = row.optional_count("window_ms")?;
    let limit = |(requests, window_ms): (u32, u32)| HostLimit {
        requests: requests.max(1),
        window_ms: window_ms.max(1),
    };
    Ok(requests.zip(window_ms).map(limit))
}

/// Leases tokens of many hosts at once, in the order of the requests. However many callers there
/// are, no host gets more requests than its limit. A host occurs at most once.
pub async fn lease(
    pg: &Pg,
    requests: &[TokenRequest],
    now: Timestamp,
) -> Result<Vec<HostGrant>, StoreError> {
    retry(|| lease_once(pg, requests, now)).await
}

async fn lease_once(
    pg: &Pg,
    requests: &[TokenRequest],
    now: Timestamp,
) -> Result<Vec<HostGrant>, StoreError> {
    let mut client = pg.client().await?;
    let tx = PgTransaction::begin(&mut client, "host::lease").await?;
    // Lost leases would be given out again.
    tx.lasting().await?;
    let hosts: Vec<i32> = requests.iter().map(|request| request.host.0).collect();
    let rows = tx.query(BUCKETS, params![hosts => INT4_ARRAY]).await?;
    let stored = HOST.rows(&rows).map(|row| Ok((row.get("host_id")?, row)));
    let stored: HashMap<i32, TableRow<'_>> = stored.collect::<Result<_, StoreError>>()?;
    let mut grants = Vec::with_capacity(requests.len());
    let (mut ids, mut tokens, mut at) = (Vec::new(), Vec::new(), Vec::new());
    for request in requests {
        let row = stored.get(&request.host.0).ok_or_else(|| unknown(request.host))?;
        let bucket = bucket(row, request.default, now)?;
        let TokenGrant { lease, rest } = bucket.take(request.tokens, now);
        grants.push(lease.map_or(HostGrant::Wait { ms: rest.wait_ms(now) }, HostGrant::Lease));
        if lease.is_some() {
            ids.push(request.host.0);
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

fn bucket(
    row: &TableRow<'_>,
    default: HostLimit,
    now: Timestamp,
) -> Result<HostBudget, StoreError> {
    let limit = announced(row)?.unwrap_or(default);
    let not_before = from_ms(row.get("not_before_ms")?);
    let stored: (Option<f64>, Option<i64>) = (row.get("tokens")?, row.get("at_ms")?);
    Ok(match stored {
        (Some(tokens), Some(at_ms)) => HostBudget { limit, tokens, at: from_ms(at_ms), not_before },
        _ => HostBudget { not_before, ..HostBudget::new(limit, now) },
    })
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

/// Records that a host wants no requests until `until`; what is in its bucket is lost.
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
    row.map(|row| from_ms(row.get("broken_until_ms"))).ok_or_else(|| unknown(host))
}

/// Records that a host answers. Costs nothing for a host without failures.
pub async fn worked(pg: &Pg, host: HostId) -> Result<(), StoreError> {
    pg.execute("host::worked", WORKED, params![host.0 => INT4]).await.map(|_| ())
}
