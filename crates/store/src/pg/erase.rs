//! Erasure: a profile that is gone, refused or opted out leaves every store.
//!
//! Its words, lists, claims, progress, change events and history are deleted at once. Its id stays, with the
//! native id replaced by a hash, so that the same account is recognised, not crawled and not given a
//! second id when others still show it. The time of the erasure is stored as long as snapshots are kept
//! that were sealed before. Its arcs in the lists of others leave with the next snapshot.

use std::collections::BTreeMap;

use model::observation::NamedProfile;
use model::profile::GoneReason;
use model::time::Timestamp;
use model::{Account, Platform, ProfileId};

use super::audit::{self, AuditAction};
use super::connection::retry;
use super::params::{Params, params};
use super::profile_columns::{ERASE, OPTED_OUT};
use super::round_outcome::RoundOutcome;
use super::row::ACCOUNT_KEY;
use super::transaction::PgTransaction;
use super::value::{platform_number, stored_id, stored_ids, stored_ms, stored_seconds};
use super::{Pg, account_key, change, history, person};
use crate::StoreError;

mod handles;

pub(super) use handles::{erase_opted_out, opted_out};

/// Why a profile is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErasureReason {
    /// Its platform reports so; that may change.
    Gone(GoneReason),
    /// Its owner opted out with us, for good.
    OptedOut,
}

const LOCK: &str = "select from frontier where profile_id = any($1) order by profile_id for update";
const NAMES: &str = "select profile_id, native_id from ident i
    where platform_id = $1 and profile_id = any($2)";
const SEVER: &str = "update ident i set native_id = u.erased, handle = null
    from unnest($2::bigint[], $3::text[]) u(id, erased)
    where i.platform_id = $1 and i.profile_id = u.id";
const DELETE: [&str; 5] = [
    "delete from identity_claim where profile_id = any($1)",
    "delete from adjacency where profile_id = any($1)",
    "delete from crawl_progress where profile_id = any($1)",
    "delete from crawl_part where profile_id = any($1)",
    "delete from change_log where subject = any($1)",
];
/// What ended privacy requests still say of a profile.
const FORGET_NAMES: &str = "update privacy_request set account = null, about = null
    where profile_id = any($1) and ended_ms is not null
        and (account is not null or about is not null)";
/// The row that keeps the profile from entering the frontier again. Host 0 is none.
const BAR: &str = "insert into frontier (profile_id, host_id, depth_left, outcome, last_crawl)
    select id, 0, -1, outcome, $3 from unnest($1::bigint[], $2::smallint[]) u(id, outcome)
    order by id on conflict (profile_id) do update set due_at = null, claimed = false,
        attempts = 0, outcome = greatest(frontier.outcome, excluded.outcome), last_crawl = $3,
        error = null";
const NOTE: &str = "insert into erasure select id, $2 from unnest($1::bigint[]) u(id) order by id
    on conflict (profile_id) do update set at_ms = excluded.at_ms";
const FORGET: &str = "delete from erasure where profile_id in (
    select profile_id from erasure where at_ms < $1 order by at_ms limit $2)";

/// Erases a profile. A profile that is gone may return after a month, if others still show it.
pub async fn profile(
    pg: &Pg,
    id: ProfileId,
    reason: GoneReason,
    now: Timestamp,
) -> Result<(), StoreError> {
    erase_now(pg, id, ErasureReason::Gone(reason), now).await
}

/// What an opt-out did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptOutResult {
    /// The erased profiles. An account that was never seen has got an id too, to refer to it.
    pub ids: Vec<ProfileId>,
    /// Whether the account was stored before.
    pub known: bool,
}

/// Erases an account for good, whether it was ever seen or not: its owner opted out with us.
///
/// Profiles with this native id or handle are erased now, those that are seen with the handle later
/// are erased then. Reads all names of the platform.
pub async fn opt_out(
    pg: &Pg,
    account: &Account,
    act: AuditAction<'_>,
    now: Timestamp,
) -> Result<OptOutResult, StoreError> {
    let is_named = account_key::find(pg, account.platform, &account.handle).await?.is_some();
    handles::remember(pg, account).await?;
    let mut ids = handles::bearers(pg, account).await?;
    let known = !ids.is_empty() || is_named;
    let named = NamedProfile { native_id: account.handle.clone(), ..NamedProfile::default() };
    ids.extend(account_key::resolve(pg, account.platform, &[named]).await?);
    ids.sort_unstable();
    ids.dedup();
    opt_out_profiles(pg, &ids, act, now).await?;
    Ok(OptOutResult { ids, known })
}

/// Erases profiles for good, all of them or none: their owner opted out with us.
pub async fn opt_out_profiles(
    pg: &Pg,
    ids: &[ProfileId],
    act: AuditAction<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    opt_out_profiles_if(pg, ids, act, now, None).await.map(|_| ())
}

/// A statement that belongs to an erasure: if it changes no row, nothing is erased.
#[derive(Clone, Copy)]
pub(super) struct ErasureCondition<'a> {
    pub(super) sql: &'static str,
    pub(super) params: &'a Params<'a>,
}

/// As [`opt_out_profiles`], with a condition that is part of the same transaction; whether it held.
pub(super) async fn opt_out_profiles_if(
    pg: &Pg,
    ids: &[ProfileId],
    act: AuditAction<'_>,
    now: Timestamp,
    condition: Option<ErasureCondition<'_>>,
) -> Result<bool, StoreError> {
    let mut platforms: BTreeMap<Platform, Vec<(ProfileId, ErasureReason)>> = BTreeMap::new();
    for &id in ids {
        platforms.entry(platform_of(id)?).or_default().push((id, ErasureReason::OptedOut));
    }
    let subjects: Vec<String> = ids.iter().map(ToString::to_string).collect();
    change::open_day(pg, now).await?;
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = PgTransaction::begin(&mut client, "erase::opt_out").await?;
        tx.lasting().await?;
        if let Some(ErasureCondition { sql, params }) = condition
            && tx.execute(sql, params).await? == 0
        {
            return Ok(false);
        }
        person::lock(&tx).await?;
        lock(&tx, ids).await?;
        for (platform, profiles) in &platforms {
            erase(&tx, *platform, profiles, now).await?;
        }
        audit::record(&tx, act, &subjects, now).await?;
        tx.commit().await?;
        Ok(true)
    })
    .await
}

fn platform_of(id: ProfileId) -> Result<Platform, StoreError> {
    id.platform()
        .ok_or_else(|| StoreError::Conflict(format!("erase {id}: it has no known platform")))
}

/// Waits for running commits of these profiles, so that none can write after the erasure.
async fn lock(tx: &PgTransaction<'_>, ids: &[ProfileId]) -> Result<(), StoreError> {
    tx.query(LOCK, params![stored_ids(ids) => INT8_ARRAY]).await.map(|_| ())
}

async fn erase_now(
    pg: &Pg,
    id: ProfileId,
    reason: ErasureReason,
    now: Timestamp,
) -> Result<(), StoreError> {
    let platform = platform_of(id)?;
    change::open_day(pg, now).await?;
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = PgTransaction::begin(&mut client, "erase").await?;
        lock(&tx, &[id]).await?;
        erase(&tx, platform, &[(id, reason)], now).await?;
        tx.commit().await
    })
    .await
}

/// Erases profiles of one platform within the caller's transaction.
pub(super) async fn erase(
    tx: &PgTransaction<'_>,
    platform: Platform,
    profiles: &[(ProfileId, ErasureReason)],
    now: Timestamp,
) -> Result<(), StoreError> {
    if profiles.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = profiles.iter().map(|(id, _)| stored_id(*id)).collect();
    let gone: Vec<i16> = profiles.iter().map(|(_, reason)| reason.gone()).collect();
    let outcomes: Vec<i16> = profiles.iter().map(|(_, reason)| reason.outcome() as i16).collect();
    sever(tx, platform, &ids).await?;
    tx.execute(&ERASE, params![ids => INT8_ARRAY, gone => INT2_ARRAY]).await?;
    for sql in DELETE {
        tx.execute(sql, params![ids => INT8_ARRAY]).await?;
    }
    tx.execute(FORGET_NAMES, params![ids => INT8_ARRAY]).await?;
    let bar = params![ids => INT8_ARRAY, outcomes => INT2_ARRAY, stored_seconds(now) => INT8];
    tx.execute(BAR, bar).await?;
    tx.execute(NOTE, params![ids => INT8_ARRAY, stored_ms(now) => INT8]).await?;
    let ids: Vec<ProfileId> = profiles.iter().map(|(id, _)| *id).collect();
    history::erase(tx, &ids).await?;
    person::leave(tx, &ids, now).await?;
    change::record_gone(tx, &ids, now).await
}

async fn sever(tx: &PgTransaction<'_>, platform: Platform, ids: &[i64]) -> Result<(), StoreError> {
    let names = params![platform_number(platform) => INT2, ids => INT8_ARRAY];
    let rows = tx.query(&format!("{NAMES} and not {}", account_key::IS_ERASED), names).await?;
    let (mut known, mut erased) = (Vec::new(), Vec::new());
    for row in ACCOUNT_KEY.rows(&rows) {
        known.push(row.get::<i64>("profile_id")?);
        erased.push(account_key::erased_form(platform, row.get("native_id")?));
    }
    let params = params![
        platform_number(platform) => INT2,
        known => INT8_ARRAY,
        erased => TEXT_ARRAY,
    ];
    tx.execute(SEVER, params).await.map(|_| ())
}

impl ErasureReason {
    fn gone(self) -> i16 {
        match self {
            ErasureReason::Gone(reason) => reason as i16,
            ErasureReason::OptedOut => OPTED_OUT,
        }
    }

    fn outcome(self) -> RoundOutcome {
        match self {
            ErasureReason::Gone(_) => RoundOutcome::Erased,
            ErasureReason::OptedOut => RoundOutcome::OptedOut,
        }
    }
}

/// Deletes the times of erasures before `before`, at most `most`, the oldest first; returns how many.
pub(super) async fn forget(pg: &Pg, before: Timestamp, most: usize) -> Result<usize, StoreError> {
    let params = params![stored_ms(before) => INT8, most as i64 => INT8];
    Ok(pg.execute("erase::forget", FORGET, params).await? as usize)
}
