//! Profiles as they are served.

use std::collections::{HashMap, HashSet};

use futures::future::try_join_all;
use model::account::HANDLE_BYTES_MAX;
use model::platform::Listing;
use model::profile::GoneReason;
use model::time::Timestamp;
use model::{Account, Consent, PersonId, PersonKind, Platform, ProfileId};
use tokio_postgres::Row;

use super::connection::params;
use super::ident::IS_ERASED;
use super::value::{corrupt, from_ms, from_seconds, platform_number, profile_id, stored_id, whole};
use super::{Pg, partition};
use crate::StoreError;

mod import;
mod page;

pub use import::{Imported, import};
pub(super) use page::store;

/// One profile. Of one that was never crawled, only the names are known.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Its id.
    pub id: ProfileId,
    /// The person it belongs to.
    pub person: PersonId,
    /// The platform's stable id; `None` once it is erased.
    pub native_id: Option<String>,
    /// The handle, as last seen.
    pub handle: Option<String>,
    /// The name that its owner chose to show.
    pub display_name: Option<String>,
    /// Its own words about itself. See [`Consent::WORDS_PRIVATE`].
    pub bio: Option<String>,
    /// Where its picture is.
    pub avatar_url: Option<String>,
    /// Where people see it.
    pub url: Option<String>,
    /// How many attend to it, as the platform counts.
    pub followers: Option<u32>,
    /// To how many it attends, as the platform counts.
    pub following: Option<u32>,
    /// How many posts it has.
    pub posts: Option<u32>,
    /// Who is behind it.
    pub kind: PersonKind,
    /// What its owner allows: what its page says or, without one, what silence means on its platform.
    pub consent: Consent,
    /// Why it is not there any more. A profile with a reason must not be served.
    pub gone: Option<GoneReason>,
    /// When it came to be.
    pub created_at: Option<Timestamp>,
    /// When its last round of crawling ended.
    pub crawled_at: Option<Timestamp>,
}

/// The number in `profile.gone` of those who opted out with us; the others are [`GoneReason`]'s.
pub(super) const OPTED_OUT: i16 = 4;

/// After the native id.
const COLUMNS: &str =
    "coalesce(p.handle, i.handle), p.display_name, p.bio, p.avatar_url, p.url, p.followers,
    p.following, p.posts, p.kind, p.consent, p.gone, p.created_ms, f.last_crawl, i.imported";
const JOINS: &str = "left join profile p on p.profile_id = i.profile_id
    left join person_member m on m.profile_id = i.profile_id
    left join frontier f on f.profile_id = i.profile_id";
const BY_NATIVE_ID: &str = "select u.o, i.profile_id
    from unnest($1::smallint[], $2::text[]) with ordinality u(platform_id, name, o)
    join ident i on i.platform_id = u.platform_id and i.native_id = u.name
    left join profile p on p.profile_id = i.profile_id
    where coalesce(p.gone, 0) = 0";
/// Who goes by a handle at its own server, while others know it by another.
const BY_SERVER_HANDLE: &str = "select u.o, min(c.profile_id)
    from unnest($1::smallint[], $2::text[]) with ordinality u(platform_id, name, o)
    join identity_claim c on c.kind = 3 and c.target = lower(u.name)
        and c.profile_id >= u.platform_id::bigint << 45
        and c.profile_id < (u.platform_id::bigint + 1) << 45
    group by u.o";
/// Of several profiles that had a handle in turn, the one crawled last has it now.
const BY_HANDLE: &str = "select distinct on (u.o) u.o, p.profile_id
    from unnest($1::smallint[], $2::text[]) with ordinality u(platform_id, name, o)
    join profile p on lower(p.handle) = lower(u.name) and p.gone = 0
        and p.profile_id >= u.platform_id::bigint << 45
        and p.profile_id < (u.platform_id::bigint + 1) << 45
    left join frontier f on f.profile_id = p.profile_id
    order by u.o, f.last_crawl desc nulls last, p.profile_id";

/// The most ids of one statement.
const LISTED_MAX: usize = 10_000;

/// The ids of accounts by native id or, failing that, by handle (whatever its case), in their
/// order. Gone profiles are not found, nor is what can be nobody's name.
pub async fn find(pg: &Pg, accounts: &[Account]) -> Result<Vec<Option<ProfileId>>, StoreError> {
    let platforms: Vec<i16> =
        accounts.iter().map(|account| platform_number(account.platform)).collect();
    let names: Vec<Option<&str>> =
        accounts.iter().map(|account| whole(&account.handle, HANDLE_BYTES_MAX)).collect();
    let mut found = vec![None; accounts.len()];
    let params = params![platforms => INT2_ARRAY, names => TEXT_ARRAY];
    let kinds = [BY_SERVER_HANDLE, BY_HANDLE, BY_NATIVE_ID];
    let kinds = kinds.map(|sql| pg.read("profile::find", sql, params));
    for row in try_join_all(kinds).await?.iter().flatten() {
        found[row.get::<_, i64>(0) as usize - 1] = Some(profile_id(row.get(1)));
    }
    Ok(found)
}

/// The profiles with these ids, in their order and each once; unknown ones are left out.
pub async fn get(pg: &Pg, ids: &[ProfileId]) -> Result<Vec<Profile>, StoreError> {
    let columns = columns();
    let parts = partition::by_platform(ids);
    let parts = parts.iter().map(async |part| {
        let sql = format!(
            "select {columns} from unnest($1::bigint[]) u(id)
             join ident_{platform} i on i.profile_id = u.id
             left join profile_{platform} p on p.profile_id = i.profile_id
             left join person_member m on m.profile_id = i.profile_id
             left join frontier_{platform} f on f.profile_id = i.profile_id",
            platform = part.number,
        );
        pg.read_partition("profile::get", &sql, params![part.ids => INT8_ARRAY]).await
    });
    let mut found = HashMap::with_capacity(ids.len());
    for row in try_join_all(parts).await?.iter().flatten() {
        let profile = from_row(row)?;
        found.insert(profile.id, profile);
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// Profiles by id, of every platform, at most `limit` after `after`; gone ones are left out.
pub async fn page(
    pg: &Pg,
    after: Option<ProfileId>,
    limit: u32,
) -> Result<Vec<Profile>, StoreError> {
    let columns = columns();
    let sql = format!(
        "select {columns} from ident i {JOINS}
         where i.profile_id > $1 and coalesce(p.gone, 0) = 0 order by i.profile_id limit $2"
    );
    let params = params![after.map_or(-1, stored_id) => INT8, i64::from(limit) => INT8];
    let rows = pg.query("profile::page", &sql, params).await?;
    rows.iter().map(from_row).collect()
}

/// Those of these profiles that may be served, in no order.
pub async fn listed(pg: &Pg, ids: &[ProfileId]) -> Result<HashSet<ProfileId>, StoreError> {
    let mut listed = HashSet::with_capacity(ids.len());
    for chunk in ids.chunks(LISTED_MAX) {
        let parts = partition::by_platform(chunk);
        let parts = parts.iter().map(async |part| {
            let sql = format!(
                "select i.profile_id, p.consent, i.imported from unnest($1::bigint[]) u(id)
                 join ident_{platform} i on i.profile_id = u.id
                 left join profile_{platform} p on p.profile_id = i.profile_id
                 where coalesce(p.gone, 0) = 0",
                platform = part.number,
            );
            pg.read_partition("profile::listed", &sql, params![part.ids => INT8_ARRAY]).await
        });
        for row in try_join_all(parts).await?.iter().flatten() {
            let id = profile_id(row.get(0));
            listed.extend(consent(id, row.get(1), row.get(2)).is_listed().then_some(id));
        }
    }
    Ok(listed)
}

fn columns() -> String {
    format!(
        "i.profile_id, coalesce(m.person_id, i.profile_id),
         case when not {IS_ERASED} then i.native_id end, {COLUMNS}"
    )
}

fn from_row(row: &Row) -> Result<Profile, StoreError> {
    let id = profile_id(row.get(0));
    let count = |at: usize| row.get::<_, Option<i32>>(at).and_then(|n| u32::try_from(n).ok());
    let small = |at: usize| row.get::<_, Option<i16>>(at).unwrap_or(0);
    Ok(Profile {
        id,
        person: PersonId::new(row.get::<_, i64>(1) as u64),
        native_id: row.get(2),
        handle: row.get(3),
        display_name: row.get(4),
        bio: row.get(5),
        avatar_url: row.get(6),
        url: row.get(7),
        followers: count(8),
        following: count(9),
        posts: count(10),
        kind: kind(small(11)).ok_or_else(|| corrupt(("profile", "kind"), id, "unknown"))?,
        consent: consent(id, row.get(12), row.get(16)),
        gone: gone(small(13)),
        created_at: row.get::<_, Option<i64>>(14).map(from_ms),
        crawled_at: row.get::<_, Option<i64>>(15).map(from_seconds),
    })
}

/// What a profile allows: as its page says or, if none was stored, what silence means.
fn consent(id: ProfileId, stored: Option<i16>, imported: bool) -> Consent {
    let listing = || id.platform().map_or(Listing::OptIn, Platform::listing);
    stored.map_or_else(|| Consent::unread(listing(), imported), |bits| Consent(bits as u8))
}

/// The platforms, by number, whose profiles are unlisted until they are read.
pub(super) fn opt_in() -> Vec<i16> {
    let opt_in = Platform::all().filter(|platform| platform.listing() == Listing::OptIn);
    opt_in.map(platform_number).collect()
}

/// The kind with this stored number.
pub(super) fn kind(stored: i16) -> Option<PersonKind> {
    u8::try_from(stored).ok().and_then(PersonKind::from_number)
}

/// Why a profile is not there, by the stored number; for the world, to opt out is to refuse.
pub(super) fn gone(stored: i16) -> Option<GoneReason> {
    match stored {
        0 => None,
        OPTED_OUT => Some(GoneReason::Refused),
        other => Some(
            u8::try_from(other)
                .ok()
                .and_then(GoneReason::from_number)
                .unwrap_or(GoneReason::Refused),
        ),
    }
}
