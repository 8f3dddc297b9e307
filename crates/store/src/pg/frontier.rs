//! The frontier: which profiles are due for a crawl, by host.
//!
//! `due_at` is the only schedule. A claim moves it to the lease's end, so the profiles of a worker
//! that died are due again by themselves. `depth_left` bounds how far a crawl spreads.

use model::ProfileId;
use model::time::Timestamp;

use super::Pg;
use super::connection::params;
use super::host::{Host, HostId};
use super::transaction::Tx;
use super::value::{from_seconds, profile_id, stored_id, stored_ids, stored_ms, stored_seconds};
use crate::StoreError;

mod schedule;
mod wake;

pub use schedule::{Seeds, seed};
pub(super) use schedule::{Sighting, schedule};

/// The depth of a crawl without limit; it does not decrease.
pub const DEPTH_UNLIMITED: i16 = i16::MAX;

/// [`DueHost::due`] counts no further than this.
pub const DUE_COUNT_MAX: u32 = 1_000;

/// How a profile's last round ended; the numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub(super) enum Outcome {
    Done = 1,
    Cut = 2,
    Retry = 3,
    Failed = 4,
    Erased = 5,
    OptedOut = 6,
}

/// A host with due profiles.
#[derive(Debug, Clone, PartialEq)]
pub struct DueHost {
    /// The host.
    pub host: Host,
    /// How many of its profiles are due, counted up to [`DUE_COUNT_MAX`].
    pub due: u32,
}

/// Profiles of one host that were claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The host.
    pub host: HostId,
    /// The profiles, by id.
    pub profiles: Vec<ProfileId>,
}

/// How the frontier stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Profiles seen, on crawled platforms.
    pub known: u64,
    /// Profiles due: unclaimed, or under a claim that ran out.
    pub due: u64,
    /// Profiles under a claim.
    pub claimed: u64,
    /// Profiles with at least one finished round.
    pub crawled: u64,
    /// Profiles whose last round failed for good.
    pub failed: u64,
    /// When the next profile is due; may be past. `None` if none ever will be.
    pub next_due_at: Option<Timestamp>,
}

/// Names the rows before it joins them, or all of the frontier is read: the planner cannot know how
/// few a limit of each host leaves. The lease of a profile that was claimed again and again without a
/// commit doubles, so that one on which every worker dies cannot keep them busy.
const CLAIM: &str = "with want as (select * from unnest($1::int[], $2::int[]) w(host_id, n)),
    c as materialized (
        select f.profile_id from want w cross join lateral (
            select profile_id from frontier where host_id = w.host_id and due_at <= $3
            order by due_at limit w.n for update skip locked) f)
    update frontier f set claimed = true, attempts = least(attempts + 1, 1000), depth_claimed = depth_left,
        due_at = $3 + ($4::bigint << greatest(0, least(f.attempts - 8, 8)))
    where f.profile_id = any(array(select profile_id from c)) returning f.host_id, f.profile_id";
/// Whoever reads claims waits for those that are being made: see [`claim_then`].
const CLAIMING: &str = "select pg_advisory_xact_lock(20261130)";
const CLAIMED: &str = "select pg_advisory_xact_lock_shared(20261130)";
const RELEASE: &str = "update frontier set claimed = false, due_at = $2
    where profile_id = any($1) and claimed";
const MAKE_DUE: &str = "update frontier set due_at = least(due_at, $2)
    where profile_id = any($1) and not claimed and due_at is not null";
const RELEASE_ALL: &str = "update frontier set claimed = false, due_at = $1 where claimed";
const SET_TRUST: &str = "update frontier f set trust = u.trust
    from unnest($1::bigint[], $2::real[]) u(id, trust)
    where f.profile_id = u.id and abs(f.trust - u.trust) > 0.1";
const COUNTS: &str = "select count(*), count(*) filter (where due_at <= $1),
    count(*) filter (where claimed and due_at > $1), count(*) filter (where last_crawl is not null),
    count(*) filter (where outcome = 4),
    min(due_at) filter (where not claimed or due_at <= $1) from frontier";

/// The hosts with due profiles that are neither paused nor broken, at most `limit`: those that could
/// be asked the longest, and of them first the one with the longest waiting profile. Costs what it
/// returns and counts.
pub async fn due_hosts(pg: &Pg, now: Timestamp, limit: u32) -> Result<Vec<DueHost>, StoreError> {
    let mut awake = wake::awake(pg, stored_ms(now), limit, DUE_COUNT_MAX).await?;
    awake.sort_unstable_by_key(|one| (one.first, one.host.id));
    let due = awake.into_iter().filter(|one| one.due > 0);
    Ok(due.map(|one| DueHost { host: one.host, due: one.due }).collect())
}

/// Claims up to so many due profiles of each host, those that wait longest. Concurrent claims
/// never share a profile. Hosts without any are left out. Costs what it returns.
pub async fn claim(
    pg: &Pg,
    wants: &[(HostId, u32)],
    now: Timestamp,
    lease_seconds: u32,
) -> Result<Vec<Claim>, StoreError> {
    let keep = async |_: &[Claim]| Ok::<(), StoreError>(());
    claim_then(pg, wants, now, lease_seconds, keep).await.map(|(claims, ())| claims)
}

/// Like [`claim`], and does `then` with the claims before they hold: if it fails, or its process dies
/// meanwhile, nothing is claimed. Whoever asks what is under a claim waits for it, so what `then` sends
/// may be read at once.
pub async fn claim_then<T, E: From<StoreError>>(
    pg: &Pg,
    wants: &[(HostId, u32)],
    now: Timestamp,
    lease_seconds: u32,
    then: impl AsyncFnOnce(&[Claim]) -> Result<T, E>,
) -> Result<(Vec<Claim>, T), E> {
    if wants.is_empty() {
        return Ok((Vec::new(), then(&[]).await?));
    }
    let mut client = pg.client().await?;
    let tx = Tx::begin(&mut client, "frontier::claim").await?;
    tx.query(CLAIMING, params![]).await?;
    let claims = claim_within(&tx, wants, now, lease_seconds).await?;
    let done = then(&claims).await?;
    tx.commit().await?;
    Ok((claims, done))
}

async fn claim_within(
    tx: &Tx<'_>,
    wants: &[(HostId, u32)],
    now: Timestamp,
    lease_seconds: u32,
) -> Result<Vec<Claim>, StoreError> {
    let hosts: Vec<i32> = wants.iter().map(|want| want.0.0).collect();
    let counts: Vec<i32> = wants.iter().map(|want| super::value::stored_count(want.1)).collect();
    let params = params![
        hosts => INT4_ARRAY,
        counts => INT4_ARRAY,
        stored_seconds(now) => INT8,
        i64::from(lease_seconds) => INT8,
    ];
    let rows = tx.query(CLAIM, params).await?;
    let mut claimed: Vec<(i32, ProfileId)> =
        rows.iter().map(|row| (row.get(0), profile_id(row.get(1)))).collect();
    claimed.sort_unstable();
    let by_host = claimed.chunk_by(|a, b| a.0 == b.0);
    let claim = |chunk: &[(i32, ProfileId)]| Claim {
        host: HostId(chunk[0].0),
        profiles: chunk.iter().map(|claimed| claimed.1).collect(),
    };
    Ok(by_host.map(claim).collect())
}

/// Waits until claims that are being made hold, or do not.
pub(super) async fn await_claims(pg: &Pg) -> Result<(), StoreError> {
    pg.query("frontier::await_claims", CLAIMED, params![]).await.map(|_| ())
}

/// Ends the claims on these profiles without a crawl: they are due at `due`.
pub async fn release(pg: &Pg, ids: &[ProfileId], due: Timestamp) -> Result<(), StoreError> {
    let ids = stored_ids(ids);
    let params = params![ids => INT8_ARRAY, stored_seconds(due) => INT8];
    pg.execute("frontier::release", RELEASE, params).await.map(|_| ())
}

/// Lets these profiles be crawled from `due` on, however long their turn is still away.
pub async fn make_due(pg: &Pg, ids: &[ProfileId], due: Timestamp) -> Result<(), StoreError> {
    let ids = stored_ids(ids);
    let params = params![ids => INT8_ARRAY, stored_seconds(due) => INT8];
    pg.execute("frontier::make_due", MAKE_DUE, params).await.map(|_| ())
}

/// Ends every claim: for a process that knows that nobody is crawling.
pub async fn release_all(pg: &Pg, due: Timestamp) -> Result<(), StoreError> {
    let params = params![stored_seconds(due) => INT8];
    pg.execute("frontier::release_all", RELEASE_ALL, params).await.map(|_| ())
}

/// Sets the trust (0 to 1) that lets trusted profiles be crawled more often. Small differences
/// are not written.
pub async fn set_trust(pg: &Pg, trust: &[(ProfileId, f32)]) -> Result<(), StoreError> {
    for chunk in trust.chunks(2_000) {
        let ids: Vec<i64> = chunk.iter().map(|one| stored_id(one.0)).collect();
        let values: Vec<f32> = chunk.iter().map(|one| one.1.clamp(0.0, 1.0)).collect();
        let params = params![ids => INT8_ARRAY, values => FLOAT4_ARRAY];
        pg.execute("frontier::set_trust", SET_TRUST, params).await?;
    }
    Ok(())
}

/// When there will be something to claim: the earliest moment at which a profile is due and its
/// host is neither paused nor broken. `None` if there never will be. Costs no more than a few hosts.
pub async fn next_wake(pg: &Pg) -> Result<Option<Timestamp>, StoreError> {
    let ms = wake::first(pg).await?;
    Ok(ms.and_then(|ms| Timestamp::from_millisecond(ms).ok()))
}

/// How the frontier stands at `now`.
pub async fn counts(pg: &Pg, now: Timestamp) -> Result<Counts, StoreError> {
    let params = params![stored_seconds(now) => INT8];
    let row = pg.query_opt("frontier::counts", COUNTS, params).await?;
    let Some(row) = row else { return Ok(Counts::default()) };
    let count = |at: usize| row.get::<_, i64>(at) as u64;
    Ok(Counts {
        known: count(0),
        due: count(1),
        claimed: count(2),
        crawled: count(3),
        failed: count(4),
        next_due_at: row.get::<_, Option<i64>>(5).map(from_seconds),
    })
}
