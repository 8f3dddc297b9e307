//! Profiles as they are served.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use futures::future::try_join_all;
use model::account::HANDLE_BYTES_MAX;
use model::platform::Listing;
use model::{Account, Platform, ProfileId};
use tokio_postgres::Row;

use super::identity::ClaimKind;
use super::params::params;
pub use super::profile_columns::Profile;
pub(super) use super::profile_columns::gone;
use super::profile_columns::{SELECT, consent, from_row};
use super::row::{ACCOUNT_KEY, PROFILE};
use super::value::{platform_number, profile_id, stored_id, whole};
use super::{Pg, partition};
use crate::StoreError;

mod import;
mod page;

pub use import::{ProfileImport, import};
pub(super) use page::store;

const JOINS: &str = "left join profile p on p.profile_id = i.profile_id
    left join person_member m on m.profile_id = i.profile_id
    left join frontier f on f.profile_id = i.profile_id";
const BY_NATIVE_ID: &str = "select u.o, i.profile_id
    from unnest($1::smallint[], $2::text[]) with ordinality u(platform_id, name, o)
    join ident i on i.platform_id = u.platform_id and i.native_id = u.name
    left join profile p on p.profile_id = i.profile_id
    where coalesce(p.gone, 0) = 0";
/// The profile with a handle at its own server, while others know it by another.
static BY_SERVER_HANDLE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select u.o, min(c.profile_id) profile_id
        from unnest($1::smallint[], $2::text[]) with ordinality u(platform_id, name, o)
        join identity_claim c on c.kind = {} and c.target = lower(u.name)
            and c.profile_id >= u.platform_id::bigint << 45
            and c.profile_id < (u.platform_id::bigint + 1) << 45
        group by u.o",
        ClaimKind::ServerHandle as i16
    )
});
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
/// order. Gone profiles are not found, nor are names that no account can have.
pub async fn find(pg: &Pg, accounts: &[Account]) -> Result<Vec<Option<ProfileId>>, StoreError> {
    let platforms: Vec<i16> =
        accounts.iter().map(|account| platform_number(account.platform)).collect();
    let names: Vec<Option<&str>> =
        accounts.iter().map(|account| whole(&account.handle, HANDLE_BYTES_MAX)).collect();
    let mut found = vec![None; accounts.len()];
    let params = params![platforms => INT2_ARRAY, names => TEXT_ARRAY];
    let kinds = [BY_SERVER_HANDLE.as_str(), BY_HANDLE, BY_NATIVE_ID];
    let kinds = kinds.map(|sql| pg.read("profile::find", sql, params));
    for row in try_join_all(kinds).await?.iter().flatten() {
        let row = ACCOUNT_KEY.row(row);
        found[row.ordinal("o")?] = Some(row.profile_id("profile_id")?);
    }
    Ok(found)
}

/// A profile, and the other profiles of the person that was created for it.
pub(super) struct HomeProfile {
    pub(super) profile: Profile,
    pub(super) others: Vec<ProfileId>,
}

/// The profiles with these ids, in their order and each once; unknown ones are left out.
pub async fn get(pg: &Pg, ids: &[ProfileId]) -> Result<Vec<Profile>, StoreError> {
    let mut found = HashMap::with_capacity(ids.len());
    for row in rows(pg, ids, ("", "")).await? {
        let profile = from_row(&row)?;
        found.insert(profile.id, profile);
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// Like [`get`], with the other profiles of the persons that were created for these: one statement, since
/// nearly all have none.
pub(super) async fn homes(pg: &Pg, ids: &[ProfileId]) -> Result<Vec<HomeProfile>, StoreError> {
    let others =
        (", o.profile_id other", "left join person_member o on o.person_id = i.profile_id");
    let mut found: HashMap<ProfileId, HomeProfile> = HashMap::with_capacity(ids.len());
    for row in rows(pg, ids, others).await? {
        let other = PROFILE.row(&row).get::<Option<i64>>("other")?.map(profile_id);
        let id = PROFILE.row(&row).profile_id("profile_id")?;
        let home = match found.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                new.insert(HomeProfile { profile: from_row(&row)?, others: Vec::new() })
            }
        };
        home.others.extend(other);
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// The rows of profiles in no order, with further columns of further joins.
async fn rows(
    pg: &Pg,
    ids: &[ProfileId],
    (more_columns, more_joins): (&str, &str),
) -> Result<Vec<Row>, StoreError> {
    let columns = &*SELECT;
    let parts = partition::by_platform(ids);
    let parts = parts.iter().map(async |part| {
        let sql = format!(
            "select {columns}{more_columns} from unnest($1::bigint[]) u(id)
             join ident_{platform} i on i.profile_id = u.id
             left join profile_{platform} p on p.profile_id = i.profile_id
             left join person_member m on m.profile_id = i.profile_id
             left join frontier_{platform} f on f.profile_id = i.profile_id {more_joins}",
            platform = part.number,
        );
        pg.read_partition("profile::get", &sql, params![part.ids => INT8_ARRAY]).await
    });
    Ok(try_join_all(parts).await?.into_iter().flatten().collect())
}

/// Profiles by id, of every platform, at most `limit` after `after`; gone ones are left out.
pub async fn page(
    pg: &Pg,
    after: Option<ProfileId>,
    limit: u32,
) -> Result<Vec<Profile>, StoreError> {
    let columns = &*SELECT;
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
            let row = PROFILE.row(row);
            let id = row.profile_id("profile_id")?;
            listed.extend(consent(&row, id)?.is_listed().then_some(id));
        }
    }
    Ok(listed)
}

/// The platforms, by number, whose profiles are unlisted until they are read.
pub(super) fn opt_in() -> Vec<i16> {
    let opt_in = Platform::all().filter(|platform| platform.listing() == Listing::OptIn);
    opt_in.map(platform_number).collect()
}
