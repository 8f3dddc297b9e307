//! The frontier: which profiles are due for a crawl, by host.
//!
//! `due_at` is the only schedule. A reservation moves it to its own end, so the profiles of a worker
//! that died are due again by themselves. `depth_left` bounds how far a crawl spreads. The table calls
//! a reservation a claim.

use std::collections::BTreeMap;

use model::ProfileId;
use model::time::Timestamp;

use super::Pg;
use super::host::{Host, HostId};
use super::params::{column, params};
use super::round_outcome::RoundOutcome;
use super::row::FRONTIER;
use super::transaction::PgTransaction;
use super::value::{from_seconds, stored_count, stored_id, stored_ids, stored_ms, stored_seconds};
use crate::StoreError;

mod schedule;
mod wake;

pub use schedule::{CrawlSeeds, seed};
pub(super) use schedule::{ProfileSighting, schedule};

/// The depth of a crawl without limit; it does not decrease.
pub const DEPTH_UNLIMITED: i16 = i16::MAX;

/// [`DueHost::due`] counts no further than this.
pub const DUE_COUNT_MAX: u32 = 1_000;

/// A host with due profiles.
#[derive(Debug, Clone, PartialEq)]
pub struct DueHost {
    /// The host.
    pub host: Host,
    /// How many of its profiles are due, counted up to [`DUE_COUNT_MAX`].
    pub due: u32,
}

/// How many profiles of a host to reserve, at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReservationRequest {
    /// The host.
    pub host: HostId,
    /// How many.
    pub profiles: u32,
}

impl ReservationRequest {
    /// At most `profiles` of a host.
    pub const fn new(host: HostId, profiles: u32) -> ReservationRequest {
        ReservationRequest { host, profiles }
    }
}

/// Profiles of one host that were reserved for a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// The host.
    pub host: HostId,
    /// The profiles, by id.
    pub profiles: Vec<ProfileId>,
}

/// How trusted a profile is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProfileTrust {
    /// The profile.
    pub profile: ProfileId,
    /// From 0 to 1.
    pub trust: f32,
}

/// What the frontier holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FrontierCounts {
    /// Profiles seen, on crawled platforms.
    pub known: u64,
    /// Profiles due: not reserved, or with a reservation that ran out.
    pub due: u64,
    /// Reserved profiles.
    pub claimed: u64,
    /// Profiles with at least one finished round.
    pub crawled: u64,
    /// Profiles whose last round failed for good.
    pub failed: u64,
    /// When the next profile is due; may be past. `None` if none ever will be.
    pub next_due_at: Option<Timestamp>,
}

/// Names the rows before it joins them, or all of the frontier is read: the planner cannot know how
/// few a limit of each host leaves. The lease of a profile that was reserved again and again without
/// a commit doubles, so that one on which every worker dies cannot keep them busy.
const RESERVE: &str = "with want as (select * from unnest($1::int[], $2::int[]) w(host_id, n)),
    c as materialized (
        select f.profile_id from want w cross join lateral (
            select profile_id from frontier where host_id = w.host_id and due_at <= $3
            order by due_at limit w.n for update skip locked) f)
    update frontier f set claimed = true, attempts = least(attempts + 1, 1000), depth_claimed = depth_left,
        due_at = $3 + ($4::bigint << greatest(0, least(f.attempts - 8, 8)))
    where f.profile_id = any(array(select profile_id from c)) returning f.host_id, f.profile_id";
/// A reader of reservations waits for those that are being made: see [`reserve_then`].
const LOCK_RESERVING: &str = "select pg_advisory_xact_lock(20261130)";
const AWAIT_RESERVING: &str = "select pg_advisory_xact_lock_shared(20261130)";
const RELEASE: &str = "update frontier set claimed = false, due_at = $2
    where profile_id = any($1) and claimed";
const MAKE_DUE: &str = "update frontier set due_at = least(due_at, $2)
    where profile_id = any($1) and not claimed and due_at is not null";
const RELEASE_ALL: &str = "update frontier set claimed = false, due_at = $1 where claimed";
const SET_TRUST: &str = "update frontier f set trust = u.trust
    from unnest($1::bigint[], $2::real[]) u(id, trust)
    where f.profile_id = u.id and abs(f.trust - u.trust) > 0.1";
/// $1: now, $2: the number of the outcome "failed".
const COUNTS: &str = "select count(*) known, count(*) filter (where due_at <= $1) due,
    count(*) filter (where claimed and due_at > $1) claimed,
    count(*) filter (where last_crawl is not null) crawled,
    count(*) filter (where outcome = $2) failed,
    min(due_at) filter (where not claimed or due_at <= $1) next_due_at from frontier";

/// The hosts with due profiles that are neither paused nor broken, at most `limit`: those that have
/// waited longest, and of them first the one with the longest waiting profile. Costs what it
/// returns and counts.
pub async fn due_hosts(pg: &Pg, now: Timestamp, limit: u32) -> Result<Vec<DueHost>, StoreError> {
    let mut awake = wake::awake(pg, stored_ms(now), limit, DUE_COUNT_MAX).await?;
    awake.sort_unstable_by_key(|one| (one.first, one.host.id));
    let due = awake.into_iter().filter(|one| one.due > 0);
    Ok(due.map(|one| DueHost { host: one.host, due: one.due }).collect())
}

/// Reserves due profiles of each host, those that wait longest. Concurrent calls never share a
/// profile. Hosts without any are left out. Costs what it returns.
pub async fn reserve(
    pg: &Pg,
    requests: &[ReservationRequest],
    now: Timestamp,
    lease_seconds: u32,
) -> Result<Vec<Reservation>, StoreError> {
    let keep = async |_: &[Reservation]| Ok::<(), StoreError>(());
    reserve_then(pg, requests, now, lease_seconds, keep).await.map(|(reserved, ())| reserved)
}

/// Like [`reserve`], and runs `then` before the reservations are committed: if it fails, or its process
/// dies meanwhile, nothing is reserved. Readers of reservations wait for it, so what `then` sends may be
/// read at once.
pub async fn reserve_then<T, E: From<StoreError>>(
    pg: &Pg,
    requests: &[ReservationRequest],
    now: Timestamp,
    lease_seconds: u32,
    then: impl AsyncFnOnce(&[Reservation]) -> Result<T, E>,
) -> Result<(Vec<Reservation>, T), E> {
    if requests.is_empty() {
        return Ok((Vec::new(), then(&[]).await?));
    }
    let mut client = pg.client().await?;
    let tx = PgTransaction::begin(&mut client, "frontier::reserve").await?;
    tx.query(LOCK_RESERVING, params![]).await?;
    let reserved = reserve_within(&tx, requests, now, lease_seconds).await?;
    let done = then(&reserved).await?;
    tx.commit().await?;
    Ok((reserved, done))
}

async fn reserve_within(
    tx: &PgTransaction<'_>,
    requests: &[ReservationRequest],
    now: Timestamp,
    lease_seconds: u32,
) -> Result<Vec<Reservation>, StoreError> {
    let params = params![
        column(requests, |request| request.host.0) => INT4_ARRAY,
        column(requests, |request| stored_count(request.profiles)) => INT4_ARRAY,
        stored_seconds(now) => INT8,
        i64::from(lease_seconds) => INT8,
    ];
    let mut by_host: BTreeMap<HostId, Vec<ProfileId>> = BTreeMap::new();
    for row in FRONTIER.rows(&tx.query(RESERVE, params).await?) {
        let host = HostId(row.get("host_id")?);
        by_host.entry(host).or_default().push(row.profile_id("profile_id")?);
    }
    let reservation = |(host, mut profiles): (HostId, Vec<ProfileId>)| {
        profiles.sort_unstable();
        Reservation { host, profiles }
    };
    Ok(by_host.into_iter().map(reservation).collect())
}

/// Waits until reservations that are being made are committed or undone.
pub(super) async fn await_reservations(pg: &Pg) -> Result<(), StoreError> {
    pg.query("frontier::await_reservations", AWAIT_RESERVING, params![]).await.map(|_| ())
}

/// Ends the reservations of these profiles without a crawl: they are due at `due`.
pub async fn release(pg: &Pg, ids: &[ProfileId], due: Timestamp) -> Result<(), StoreError> {
    let ids = stored_ids(ids);
    let params = params![ids => INT8_ARRAY, stored_seconds(due) => INT8];
    pg.execute("frontier::release", RELEASE, params).await.map(|_| ())
}

/// Makes these profiles due at `due` if they would be due later.
pub async fn make_due(pg: &Pg, ids: &[ProfileId], due: Timestamp) -> Result<(), StoreError> {
    let ids = stored_ids(ids);
    let params = params![ids => INT8_ARRAY, stored_seconds(due) => INT8];
    pg.execute("frontier::make_due", MAKE_DUE, params).await.map(|_| ())
}

/// Ends every reservation: for a process that is certain that none is crawling.
pub async fn release_all(pg: &Pg, due: Timestamp) -> Result<(), StoreError> {
    let params = params![stored_seconds(due) => INT8];
    pg.execute("frontier::release_all", RELEASE_ALL, params).await.map(|_| ())
}

/// Sets the trust by which trusted profiles are crawled more often. Small differences are not
/// written.
pub async fn set_trust(pg: &Pg, trust: &[ProfileTrust]) -> Result<(), StoreError> {
    for chunk in trust.chunks(2_000) {
        let params = params![
            column(chunk, |one| stored_id(one.profile)) => INT8_ARRAY,
            column(chunk, |one| one.trust.clamp(0.0, 1.0)) => FLOAT4_ARRAY,
        ];
        pg.execute("frontier::set_trust", SET_TRUST, params).await?;
    }
    Ok(())
}

/// When there will be something to reserve: the earliest moment at which a profile is due and its
/// host is neither paused nor broken. `None` if there never will be. Costs no more than a few hosts.
pub async fn next_wake(pg: &Pg) -> Result<Option<Timestamp>, StoreError> {
    let ms = wake::first(pg).await?;
    Ok(ms.and_then(|ms| Timestamp::from_millisecond(ms).ok()))
}

/// What the frontier holds at `now`.
pub async fn counts(pg: &Pg, now: Timestamp) -> Result<FrontierCounts, StoreError> {
    let params = params![stored_seconds(now) => INT8, RoundOutcome::Failed as i16 => INT2];
    let row = pg.query_opt("frontier::counts", COUNTS, params).await?;
    let Some(row) = row else { return Ok(FrontierCounts::default()) };
    let row = FRONTIER.row(&row);
    let count = |column| row.get::<i64>(column).map(|count| count as u64);
    Ok(FrontierCounts {
        known: count("known")?,
        due: count("due")?,
        claimed: count("claimed")?,
        crawled: count("crawled")?,
        failed: count("failed")?,
        next_due_at: row.get::<Option<i64>>("next_due_at")?.map(from_seconds),
    })
}
