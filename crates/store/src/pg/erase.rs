//! Erasure: a profile that is gone, refused or opted out leaves every store.
//!
//! Its words, lists, claims, progress and change events are deleted at once. What stays is its
//! number, with the native id replaced by a hash, so that the same account is recognised, not
//! crawled and not given a second number when others still show it. Its raw pages lie in the object
//! store: the number waits in a list until they are swept. Its arcs in the lists of others leave
//! with the next snapshot.

use model::observation::Named;
use model::profile::Gone;
use model::time::Timestamp;
use model::{Consent, Platform, ProfileId};

use super::connection::{params, retry};
use super::frontier::Outcome;
use super::profile::OPTED_OUT;
use super::transaction::Tx;
use super::value::{platform_number, profile_id, stored_id, stored_ids, stored_ms, stored_seconds};
use super::{Pg, change, ident};
use crate::StoreError;

/// Why a profile is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// Its platform says so; that may change.
    Gone(Gone),
    /// Its owner told us, for good.
    OptedOut,
}

const NAMES: &str = "select profile_id, native_id from ident i
    where platform_id = $1 and profile_id = any($2)";
const SEVER: &str = "update ident i set native_id = u.erased, handle = null
    from unnest($2::bigint[], $3::text[]) u(id, erased)
    where i.platform_id = $1 and i.profile_id = u.id";
/// A refused profile's page says no more than that.
const EMPTY: &str = "insert into profile (profile_id, kind, consent, gone, content_hash)
    select id, 0, $3, gone, 0 from unnest($1::bigint[], $2::smallint[]) u(id, gone) order by id
    on conflict (profile_id) do update set handle = null, display_name = null, bio = null,
        avatar_url = null, url = null, local_id = null, followers = null, following = null,
        posts = null, kind = 0, consent = excluded.consent, created_ms = null,
        gone = greatest(profile.gone, excluded.gone), content_hash = 0";
const DELETE: [&str; 6] = [
    "delete from identity_claim where profile_id = any($1)",
    "delete from adjacency where profile_id = any($1)",
    "delete from crawl_progress where profile_id = any($1)",
    "delete from crawl_part where profile_id = any($1)",
    "delete from person_member where profile_id = any($1)",
    "delete from change_log where subject = any($1)",
];
/// The row that keeps the profile from entering the frontier again. Host 0 is none.
const BAR: &str = "insert into frontier (profile_id, host_id, depth_left, outcome, last_crawl)
    select id, 0, -1, outcome, $3 from unnest($1::bigint[], $2::smallint[]) u(id, outcome)
    order by id on conflict (profile_id) do update set due_at = null, claimed = false,
        attempts = 0, outcome = greatest(frontier.outcome, excluded.outcome), last_crawl = $3,
        error = null";
const SWEEP: &str = "insert into erasure select id, $2 from unnest($1::bigint[]) u(id) order by id
    on conflict do nothing";
const UNSWEPT: &str = "select profile_id from erasure order by at_ms, profile_id limit $1";
const SWEPT: &str = "delete from erasure where profile_id = any($1)";

/// Erases a profile. A profile that is gone may return after a month, if others still show it.
pub async fn profile(
    pg: &Pg,
    id: ProfileId,
    reason: Gone,
    now: Timestamp,
) -> Result<(), StoreError> {
    let platform = id
        .platform()
        .ok_or_else(|| StoreError::Conflict(format!("erase {id}: it has no known platform")))?;
    erase_now(pg, (platform, id), Reason::Gone(reason), now).await
}

/// Erases an account for good, whether it was ever seen or not: its owner opted out with us.
pub async fn opt_out(
    pg: &Pg,
    platform: Platform,
    native_id: &str,
    now: Timestamp,
) -> Result<ProfileId, StoreError> {
    let named = Named { native_id: native_id.to_owned(), ..Named::default() };
    let ids = ident::resolve(pg, platform, &[named]).await?;
    for &id in &ids {
        erase_now(pg, (platform, id), Reason::OptedOut, now).await?;
    }
    ids.first().copied().ok_or_else(|| StoreError::Conflict("opt out: no account".into()))
}

async fn erase_now(
    pg: &Pg,
    (platform, id): (Platform, ProfileId),
    reason: Reason,
    now: Timestamp,
) -> Result<(), StoreError> {
    change::open_day(pg, now).await?;
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = Tx::begin(&mut client, "erase").await?;
        erase(&tx, platform, &[(id, reason)], now).await?;
        tx.commit().await
    })
    .await
}

/// Erases profiles of one platform within the caller's transaction.
pub(super) async fn erase(
    tx: &Tx<'_>,
    platform: Platform,
    profiles: &[(ProfileId, Reason)],
    now: Timestamp,
) -> Result<(), StoreError> {
    if profiles.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = profiles.iter().map(|(id, _)| stored_id(*id)).collect();
    let gone: Vec<i16> = profiles.iter().map(|(_, reason)| reason.gone()).collect();
    let outcomes: Vec<i16> = profiles.iter().map(|(_, reason)| reason.outcome() as i16).collect();
    sever(tx, platform, &ids).await?;
    let refused = i16::from(Consent::REFUSED.0);
    let empty = params![ids => INT8_ARRAY, gone => INT2_ARRAY, refused => INT2];
    tx.execute(EMPTY, empty).await?;
    for sql in DELETE {
        tx.execute(sql, params![ids => INT8_ARRAY]).await?;
    }
    let bar = params![ids => INT8_ARRAY, outcomes => INT2_ARRAY, stored_seconds(now) => INT8];
    tx.execute(BAR, bar).await?;
    tx.execute(SWEEP, params![ids => INT8_ARRAY, stored_ms(now) => INT8]).await?;
    let ids: Vec<ProfileId> = profiles.iter().map(|(id, _)| *id).collect();
    change::record_gone(tx, &ids, now).await
}

async fn sever(tx: &Tx<'_>, platform: Platform, ids: &[i64]) -> Result<(), StoreError> {
    let names = params![platform_number(platform) => INT2, ids => INT8_ARRAY];
    let rows = tx.query(&format!("{NAMES} and not {}", ident::IS_ERASED), names).await?;
    let known: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
    let erased: Vec<String> =
        rows.iter().map(|row| ident::erased_form(platform, row.get(1))).collect();
    let params = params![
        platform_number(platform) => INT2,
        known => INT8_ARRAY,
        erased => TEXT_ARRAY,
    ];
    tx.execute(SEVER, params).await.map(|_| ())
}

impl Reason {
    fn gone(self) -> i16 {
        match self {
            Reason::Gone(reason) => reason as i16,
            Reason::OptedOut => OPTED_OUT,
        }
    }

    fn outcome(self) -> Outcome {
        match self {
            Reason::Gone(_) => Outcome::Erased,
            Reason::OptedOut => Outcome::OptedOut,
        }
    }
}

/// Erased profiles whose raw pages are still to be deleted, at most `limit`, the longest waiting
/// first.
pub async fn unswept(pg: &Pg, limit: u32) -> Result<Vec<ProfileId>, StoreError> {
    let rows = pg.query("erase::unswept", UNSWEPT, params![i64::from(limit) => INT8]).await?;
    Ok(rows.iter().map(|row| profile_id(row.get(0))).collect())
}

/// Records that the raw pages of these profiles are deleted.
pub async fn swept(pg: &Pg, ids: &[ProfileId]) -> Result<(), StoreError> {
    pg.execute("erase::swept", SWEPT, params![stored_ids(ids) => INT8_ARRAY]).await.map(|_| ())
}
