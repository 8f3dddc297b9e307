//! Every profile ever seen: (platform, account key) ↔ profile id, in the table `ident`.
//!
//! An account key is a native id or, after erasure, its hash. A name is looked up among the native
//! ids, then among the hashes, and only then gets a new id. Ids are taken in blocks, in a transaction
//! of their own, so that no batch waits for another's; ids left over are never used.

use std::collections::HashMap;

use model::account::{ERASED_PREFIX, HANDLE_BYTES_MAX, check_native_id};
use model::observation::NamedProfile;
use model::{Platform, ProfileId};
use tokio_postgres::Row;

use super::Pg;
use super::params::params;
use super::row::{ACCOUNT_KEY, TableRow};
use super::transaction::PgTransaction;
use super::value::{platform_number, stored_ids, whole};
use crate::StoreError;

/// The most names of one statement.
const NAMES_MAX: usize = 2_000;
/// The characters of a refused name in an error.
const SHOWN_CHARS: usize = 80;

const PLATFORMS: &str = "select platform_id from platform_seq order by 1";
const KNOWN: &str = "select native_id, profile_id from ident
    where platform_id = $1 and native_id = any($2)";
const TAKE_BLOCK: &str = "update platform_seq set next_seq = next_seq + $2
    where platform_id = $1 returning next_seq - $2 first";
const INSERT: &str = "insert into ident (platform_id, native_id, handle, profile_id)
    select $1, native_id, handle, id
    from unnest($2::text[], $3::text[], $4::bigint[]) u(native_id, handle, id)
    on conflict do nothing";
const NAMES: &str = "select u.o, i.native_id from unnest($1::bigint[]) with ordinality u(id, o)
    join ident i on i.platform_id = (u.id >> 45)::smallint and i.profile_id = u.id";
/// Whether the row `i` of `ident` is that of an erased profile. No native id has this form.
pub(super) const IS_ERASED: &str =
    "(starts_with(i.native_id, 'erased:') and i.native_id ~ '^erased:[0-9a-f]{64}$')";

/// By id, so that two imports cannot deadlock.
const NOTE_IMPORTED: &str = "with new as (select profile_id from ident
        where platform_id = $1 and profile_id = any($2) and not imported
        order by profile_id for update)
    update ident i set imported = true from new
    where i.platform_id = $1 and i.profile_id = new.profile_id";

/// The ids of these names, in their order; unknown ones get a new id. The same name always has
/// the same id, after its erasure too. If one of them is no native id, it is an error for all.
pub async fn resolve(
    pg: &Pg,
    platform: Platform,
    names: &[NamedProfile],
) -> Result<Vec<ProfileId>, StoreError> {
    let mut ids = Vec::with_capacity(names.len());
    for chunk in names.chunks(NAMES_MAX) {
        chunk.iter().try_for_each(|name| check(&name.native_id))?;
        let known = resolve_chunk(pg, platform, chunk).await?;
        for name in chunk {
            ids.push(*known.get(name.native_id.as_str()).ok_or_else(vanished)?);
        }
    }
    Ok(ids)
}

/// The platforms of which profiles are stored, by number.
pub async fn platforms(pg: &Pg) -> Result<Vec<Platform>, StoreError> {
    let rows = pg.query("account_key::platforms", PLATFORMS, params![]).await?;
    let number = |row: &Row| u8::try_from(row.get::<_, i16>("platform_id")).ok();
    Ok(rows.iter().filter_map(|row| Platform::from_number(number(row)?)).collect())
}

/// The native ids of these profiles, in their order; `None` for erased and unknown ones.
pub async fn names(pg: &Pg, ids: &[ProfileId]) -> Result<Vec<Option<String>>, StoreError> {
    let stored = stored_ids(ids);
    let sql = format!("{NAMES} where not {IS_ERASED}");
    let rows = pg.query("account_key::names", &sql, params![stored => INT8_ARRAY]).await?;
    let mut names = vec![None; ids.len()];
    for row in ACCOUNT_KEY.rows(&rows) {
        names[row.ordinal("o")?] = row.get("native_id")?;
    }
    Ok(names)
}

/// The profile with this native id, if it is stored and not erased.
pub(super) async fn find(
    pg: &Pg,
    platform: Platform,
    native_id: &str,
) -> Result<Option<ProfileId>, StoreError> {
    match whole(native_id, HANDLE_BYTES_MAX) {
        None => Ok(None),
        Some(native_id) => Ok(stored(pg, platform, &[native_id]).await?.into_values().next()),
    }
}

/// Notes that a bulk file named these profiles of one platform.
pub(super) async fn note_imported(
    tx: &PgTransaction<'_>,
    platform: Platform,
    ids: &[ProfileId],
) -> Result<(), StoreError> {
    let params = params![platform_number(platform) => INT2, stored_ids(ids) => INT8_ARRAY];
    tx.execute(NOTE_IMPORTED, params).await.map(|_| ())
}

/// The account key of an erased native id: enough to recognise it, not to read it.
pub(super) fn erased_form(platform: Platform, native_id: &str) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("borg 2026-11 erased native id");
    hasher.update(&[platform.number()]).update(native_id.as_bytes());
    format!("{ERASED_PREFIX}{}", hasher.finalize().to_hex())
}

fn check(native_id: &str) -> Result<(), StoreError> {
    check_native_id(native_id).map_err(|why| {
        let shown = native_id.chars().take(SHOWN_CHARS).collect();
        StoreError::BadName { shown, why }
    })
}

/// An account that is erased at the moment in which it is first seen: a second try finds it.
fn vanished() -> StoreError {
    let why = "a profile was erased while it was looked up".to_owned();
    StoreError::Statement { what: "account_key::resolve", why, passing: true }
}

type KnownKeys<'a> = HashMap<&'a str, ProfileId>;

async fn resolve_chunk<'a>(
    pg: &Pg,
    platform: Platform,
    names: &'a [NamedProfile],
) -> Result<KnownKeys<'a>, StoreError> {
    let mut known = KnownKeys::with_capacity(names.len());
    let mut wanted: Vec<&str> = names.iter().map(|name| name.native_id.as_str()).collect();
    look_up(pg, platform, &wanted, &mut known).await?;
    wanted.retain(|name| !known.contains_key(name));
    if !wanted.is_empty() {
        look_up_erased(pg, platform, &wanted, &mut known).await?;
        wanted.retain(|name| !known.contains_key(name));
    }
    if !wanted.is_empty() {
        wanted.sort_unstable();
        wanted.dedup();
        mint(pg, platform, &wanted, &handles(names)).await?;
        look_up(pg, platform, &wanted, &mut known).await?;
    }
    Ok(known)
}

async fn look_up<'a>(
    pg: &Pg,
    platform: Platform,
    wanted: &[&'a str],
    known: &mut KnownKeys<'a>,
) -> Result<(), StoreError> {
    let found = stored(pg, platform, wanted).await?;
    let hits = wanted.iter().filter_map(|&name| Some((name, *found.get(name)?)));
    known.extend(hits);
    Ok(())
}

async fn look_up_erased<'a>(
    pg: &Pg,
    platform: Platform,
    wanted: &[&'a str],
    known: &mut KnownKeys<'a>,
) -> Result<(), StoreError> {
    let hashes: Vec<String> = wanted.iter().map(|name| erased_form(platform, name)).collect();
    let texts: Vec<&str> = hashes.iter().map(String::as_str).collect();
    let found = stored(pg, platform, &texts).await?;
    let hits = wanted.iter().zip(&hashes).filter_map(|(&n, hash)| Some((n, *found.get(hash)?)));
    known.extend(hits);
    Ok(())
}

async fn stored(
    pg: &Pg,
    platform: Platform,
    native_ids: &[&str],
) -> Result<HashMap<String, ProfileId>, StoreError> {
    let params = params![platform_number(platform) => INT2, native_ids => TEXT_ARRAY];
    let rows = pg.query("account_key::resolve", KNOWN, params).await?;
    let key = |row: TableRow<'_>| Ok((row.get("native_id")?, row.profile_id("profile_id")?));
    ACCOUNT_KEY.rows(&rows).map(key).collect()
}

/// The handles that can be kept, by native id.
fn handles(names: &[NamedProfile]) -> HashMap<&str, &str> {
    let with_handle = names.iter().filter_map(|name| {
        let handle = whole(name.handle.as_deref()?, HANDLE_BYTES_MAX)?;
        Some((name.native_id.as_str(), handle))
    });
    with_handle.collect()
}

/// Gives new ids to these names, unless another caller just did; they are sorted, so that concurrent
/// callers cannot deadlock.
async fn mint(
    pg: &Pg,
    platform: Platform,
    sorted: &[&str],
    handles: &HashMap<&str, &str>,
) -> Result<(), StoreError> {
    let first = take_block(pg, platform, sorted.len() as i64).await?;
    let ids: Vec<i64> = (first..)
        .take(sorted.len())
        .map(|sequence| ProfileId::on(platform, sequence).number() as i64)
        .collect();
    let seen: Vec<Option<&str>> = sorted.iter().map(|name| handles.get(name).copied()).collect();
    let params = params![
        platform_number(platform) => INT2,
        sorted => TEXT_ARRAY,
        seen => TEXT_ARRAY,
        ids => INT8_ARRAY,
    ];
    // A lost id would be given to another account, and batches under way would confuse the two.
    pg.execute_lasting("account_key::resolve", INSERT, params).await.map(|_| ())
}

async fn take_block(pg: &Pg, platform: Platform, count: i64) -> Result<u64, StoreError> {
    let number = platform_number(platform);
    let params = params![number => INT2, count => INT8];
    for _ in 0..2 {
        if let Some(row) = pg.query_opt("account_key::resolve", TAKE_BLOCK, params).await? {
            return Ok(row.get::<_, i64>("first") as u64);
        }
        open_platform(pg, platform).await?;
    }
    Err(StoreError::Conflict(format!("open the tables of {platform}: they vanished")))
}

/// Makes a platform's partitions, if they are not there.
pub(super) async fn open_platform(pg: &Pg, platform: Platform) -> Result<(), StoreError> {
    let params = params![platform_number(platform) => INT2];
    pg.query("account_key::open_platform", "select open_platform($1)", params).await.map(|_| ())
}
