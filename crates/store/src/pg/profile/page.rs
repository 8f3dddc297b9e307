//! Storing the profiles' own pages: only those whose hash differs.

use std::collections::{HashMap, HashSet};

use model::ProfileId;
use model::time::Timestamp;
use tokio_postgres::types::{ToSql, Type};

use crate::StoreError;
use crate::pg::change::ChangedFields;
use crate::pg::copy::{CopyRow, CopyTarget};
use crate::pg::params::{column, params};
use crate::pg::profile_columns::{self, ProfilePage, STORE, StoredValue};
use crate::pg::row::{PROFILE, TableRow};
use crate::pg::transaction::PgTransaction;
use crate::pg::value::{IdBounds, stored_id};
use crate::pg::withdrawal::{self, Withdrawal};
use crate::pg::{change, identity};

/// The hashes of those of $1 that are stored; $2 and $3 are the bounds of $1.
const KNOWN: &str = "select p.profile_id, p.content_hash from unnest($1::bigint[]) u(id)
    join profile p on p.profile_id = u.id and p.profile_id between $2 and $3";
/// What is known of the consent of $1; some were never read.
const CONSENT: &str = "select i.profile_id, i.imported, p.consent from ident i
    left join profile p on p.profile_id = i.profile_id and p.profile_id = any($1)
    where i.profile_id = any($1) and coalesce(p.gone, 0) = 0 order by i.profile_id";

/// Stores pages, each profile at most once, with their claims. Returns the profiles that changed.
/// The change log records those that are not listed any more like those that are gone, and whose texts changed; who
/// may be named in fewer places than before is noted for files that name it.
pub(in crate::pg) async fn store(
    tx: &PgTransaction<'_>,
    pages: &[ProfilePage<'_>],
    now: Timestamp,
) -> Result<Vec<ProfileId>, StoreError> {
    if pages.is_empty() {
        return Ok(Vec::new());
    }
    let unlisted = unlisted(tx, pages).await?;
    change::record_gone(tx, &unlisted, now).await?;
    withdrawal::note(tx, &unlisted, Withdrawal::Listing, now).await?;
    let StoredPages { changed, bios_taken_back } = upsert(tx, pages).await?;
    withdrawal::note(tx, &bios_taken_back, Withdrawal::Bio, now).await?;
    let is_changed: HashSet<ProfileId> = changed.iter().map(|one| one.profile).collect();
    let pages: Vec<ProfilePage<'_>> =
        pages.iter().filter(|(id, _)| is_changed.contains(id)).copied().collect();
    identity::replace_claims(tx, &pages).await?;
    let (reported, ids) = (changed.iter().filter(|one| one.bits != 0), changed.iter());
    let ids = ids.map(|one| one.profile).collect();
    change::record_profiles(tx, &reported.copied().collect::<Vec<_>>(), now).await?;
    Ok(ids)
}

/// Like [`store`], for many pages most of which are new: those go by COPY. Returns how many profiles
/// changed.
pub(super) async fn load(
    tx: &PgTransaction<'_>,
    pages: &[ProfilePage<'_>],
    now: Timestamp,
) -> Result<u64, StoreError> {
    if pages.is_empty() {
        return Ok(0);
    }
    let ids = column(pages, |(id, _)| stored_id(*id));
    let bounds = IdBounds::of(&ids);
    let params = params![ids => INT8_ARRAY, bounds.first => INT8, bounds.last => INT8];
    let rows = tx.query(KNOWN, params).await?;
    let hash = |row: TableRow<'_>| Ok((row.profile_id("profile_id")?, row.get("content_hash")?));
    let hashes: HashMap<ProfileId, i64> =
        PROFILE.rows(&rows).map(hash).collect::<Result<_, StoreError>>()?;
    let (stored, new): (Vec<_>, Vec<_>) =
        pages.iter().copied().partition(|(id, _)| hashes.contains_key(id));
    // They may have been named as one whose silence allows it.
    withdrawal::note(tx, &unlisted(tx, &new).await?, Withdrawal::Listing, now).await?;
    let differs = |(id, page): &ProfilePage<'_>| hashes[id] != profile_columns::hash(page);
    let differing: Vec<_> = stored.into_iter().filter(differs).collect();
    let changed = store(tx, &differing, now).await?.len() + new.len();
    if !new.is_empty() {
        let new_rows: Vec<NewProfile<'_>> = new.iter().copied().map(NewProfile::new).collect();
        tx.copy(&copy_target(), &new_rows).await?;
        identity::add_claims(tx, &new).await?;
    }
    Ok(changed as u64)
}

/// A row of a profile that is not stored yet.
struct NewProfile<'a> {
    id: i64,
    hash: i64,
    gone: i16,
    values: Vec<StoredValue<'a>>,
}

impl<'a> NewProfile<'a> {
    fn new((id, page): ProfilePage<'a>) -> NewProfile<'a> {
        let (hash, values) = (profile_columns::hash(page), profile_columns::values(page));
        NewProfile { id: stored_id(id), hash, gone: 0, values }
    }
}

impl CopyRow for NewProfile<'_> {
    fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        let mut values: Vec<&(dyn ToSql + Sync)> = vec![&self.id, &self.hash, &self.gone];
        values.extend(self.values.iter().map(|value| &**value as &(dyn ToSql + Sync)));
        values
    }
}

fn copy_target() -> CopyTarget {
    let own = [("profile_id", Type::INT8), ("content_hash", Type::INT8), ("gone", Type::INT2)];
    CopyTarget {
        table: "profile".to_owned(),
        columns: own.into_iter().chain(profile_columns::types()).collect(),
    }
}

/// What became of pages.
#[derive(Default)]
struct StoredPages {
    /// The profiles whose pages differed, and what changed of them.
    changed: Vec<ChangedFields>,
    /// Those of them whose public bio is not what it was.
    bios_taken_back: Vec<ProfileId>,
}

/// Stores those pages that differ.
async fn upsert(
    tx: &PgTransaction<'_>,
    pages: &[ProfilePage<'_>],
) -> Result<StoredPages, StoreError> {
    let ids = column(pages, |(id, _)| stored_id(*id));
    let hashes = column(pages, |(_, page)| profile_columns::hash(page));
    let arrays = profile_columns::arrays(pages);
    let bounds = IdBounds::of(&ids);
    let mut params = params![
        ids => INT8_ARRAY,
        hashes => INT8_ARRAY,
        bounds.first => INT8,
        bounds.last => INT8,
    ]
    .to_vec();
    params
        .extend(arrays.iter().map(|(array, kind)| (&**array as &(dyn ToSql + Sync), kind.clone())));
    let rows = tx.query(&STORE, &params).await?;
    let mut stored = StoredPages::default();
    for row in PROFILE.rows(&rows) {
        let profile = row.profile_id("profile_id")?;
        stored.changed.push(ChangedFields { profile, bits: row.unsigned("fields")? });
        if row.get("is_bio_taken_back")? {
            stored.bios_taken_back.push(profile);
        }
    }
    Ok(stored)
}

/// Those that were listed until now, by their last page or by the silence of one that was never read, and that this page
/// does not list.
async fn unlisted(
    tx: &PgTransaction<'_>,
    pages: &[ProfilePage<'_>],
) -> Result<Vec<ProfileId>, StoreError> {
    let silent = pages.iter().filter(|(_, page)| !page.consent.is_listed());
    let ids: Vec<i64> = silent.map(|(id, _)| stored_id(*id)).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tx.query(CONSENT, params![ids => INT8_ARRAY]).await?;
    let mut unlisted = Vec::new();
    for row in PROFILE.rows(&rows) {
        let id = row.profile_id("profile_id")?;
        unlisted.extend(profile_columns::consent(&row, id)?.is_listed().then_some(id));
    }
    Ok(unlisted)
}
