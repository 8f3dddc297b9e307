//! The columns of `profile`: the list from which its statements, its hash and its erasure are made.
//!
//! A new text takes a migration and a row of the table of [`ProfileText`]; nothing here. Another column
//! takes a migration and a field of [`SeenProfile`]; here a line of [`COLUMNS`], a field of [`Profile`]
//! and its line in [`from_row`].

use std::sync::LazyLock;

use model::account::HANDLE_BYTES_MAX;
use model::change::ProfileField;
use model::observation::SeenProfile;
use model::platform::Listing;
use model::profile::GoneReason;
use model::profile_text::{ProfileText, ProfileTexts};
use model::time::Timestamp;
use model::{Consent, PersonId, PersonKind, Platform, ProfileId};
use tokio_postgres::types::Type;

use super::account_key::IS_ERASED;
use super::row::{PROFILE, TableRow};
use super::value::{content_hash, from_ms, from_seconds};
use crate::StoreError;

mod page_value;

use page_value::PageValue::{self, Count, Number, Text, Time, Whole};
pub(super) use page_value::{ProfilePage, StoredValue};

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
    /// Its words and addresses. See [`Consent::WORDS_PRIVATE`].
    pub texts: ProfileTexts,
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
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// When its last round of crawling ended.
    pub crawled_at: Option<Timestamp>,
}

/// The number in `profile.gone` of those who opted out with us; the others are [`GoneReason`]'s.
pub(super) const OPTED_OUT: i16 = 4;

/// How many of the texts are hashed even where they have no value: those of the first release.
const FIRST_TEXTS: usize = 4;

/// A column that pages fill.
struct ProfileColumn {
    name: &'static str,
    value: PageValue,
    /// What is stored of a profile that is erased.
    erased: Option<u8>,
    /// Whether a page that lacks the value leaves the stored one.
    is_kept: bool,
    /// Whether it was added after the first release. It is then hashed only where it has a value, so
    /// that the hash of all other pages stays.
    is_late: bool,
}

const fn column(name: &'static str, value: PageValue) -> ProfileColumn {
    ProfileColumn { name, value, erased: None, is_kept: false, is_late: false }
}

/// In the order in which they are hashed; new ones at the end, with `is_late`.
static COLUMNS: LazyLock<Vec<ProfileColumn>> = LazyLock::new(|| {
    let handle = Whole { bytes_max: HANDLE_BYTES_MAX, of: |page| page.named.handle.as_deref() };
    let local_id = Whole { bytes_max: HANDLE_BYTES_MAX, of: |page| page.local_id.as_deref() };
    let text = |&text: &ProfileText| column(text.slug(), Text(text));
    let (first, late) = ProfileText::ALL.split_at(FIRST_TEXTS);
    let mut columns = vec![ProfileColumn { is_kept: true, ..column("handle", handle) }];
    columns.extend(first.iter().map(text));
    columns.extend([
        column("local_id", local_id),
        column("followers", Count(|page| page.followers)),
        column("following", Count(|page| page.following)),
        column("posts", Count(|page| page.posts)),
        ProfileColumn {
            erased: Some(PersonKind::Unknown as u8),
            ..column("kind", Number(|page| page.kind as u8))
        },
        ProfileColumn {
            erased: Some(Consent::REFUSED.0),
            ..column("consent", Number(|page| page.consent.0))
        },
        column("created_ms", Time(|page| page.created_at)),
    ]);
    columns.extend(late.iter().map(text).map(|text| ProfileColumn { is_late: true, ..text }));
    columns
});

/// Makes one text from each column, joined by commas.
fn each(text: impl Fn(&ProfileColumn) -> String) -> String {
    COLUMNS.iter().map(text).collect::<Vec<_>>().join(", ")
}

/// The names of all columns that pages fill.
pub(super) fn names() -> String {
    each(|column| column.name.to_owned())
}

/// The assignments of an upsert.
fn updates() -> String {
    each(|ProfileColumn { name, is_kept, .. }| match is_kept {
        true => format!("{name} = coalesce(excluded.{name}, profile.{name})"),
        false => format!("{name} = excluded.{name}"),
    })
}

/// The fields of a stored page `p` that a new one `n` changes, as bits of [`ProfileField::all`].
fn changed_fields() -> String {
    let bits = ProfileField::all().enumerate().map(|(bit, field)| {
        let name = field.slug();
        let is_kept = COLUMNS.iter().any(|column| column.name == name && column.is_kept);
        let new =
            if is_kept { format!("coalesce(n.{name}, p.{name})") } else { format!("n.{name}") };
        format!("(({new} is distinct from p.{name})::int::bigint << {bit})")
    });
    bits.collect::<Vec<_>>().join(" | ")
}

/// Whether a stored page `p` had a public bio that a new one `n` has not, or not the same.
fn takes_bio_back() -> String {
    let private = Consent::WORDS_PRIVATE.0;
    format!(
        "p.bio is not null and p.consent & {private} = 0
            and (n.bio is distinct from p.bio or n.consent & {private} <> 0)"
    )
}

/// Stores pages that differ: $1 ids, $2 hashes, $3 and $4 the bounds of the ids, from $5 on an array for
/// each column. Who opted out stays erased, whatever the page shows. Returns the profiles with the fields that
/// changed of those that had a page, and whether a public bio is not what it was.
pub(super) static STORE: LazyLock<String> = LazyLock::new(|| {
    let (names, updates, fields, bio) = (names(), updates(), changed_fields(), takes_bio_back());
    let arrays: Vec<String> = (5..)
        .zip(COLUMNS.iter())
        .map(|(number, column)| format!("${number}::{}[]", column.value.sql_type()))
        .collect();
    let arrays = arrays.join(", ");
    format!(
        "with n as materialized (select * from unnest($1::bigint[], $2::bigint[], {arrays})
            u(profile_id, content_hash, {names})),
        t as (select n.*, case when p.profile_id is null then 0 else {fields} end fields,
                coalesce({bio}, false) is_bio_taken_back
            from n left join profile p on p.profile_id = n.profile_id
                and p.profile_id between $3 and $4
            where p.content_hash is distinct from n.content_hash),
        s as (insert into profile (profile_id, content_hash, gone, {names})
        select profile_id, content_hash, 0, {names} from t order by profile_id
        on conflict (profile_id) do update set {updates}, content_hash = excluded.content_hash,
            gone = 0, back_xid = case when profile.gone = 0 then profile.back_xid
                else pg_current_xact_id() end
        where profile.content_hash is distinct from excluded.content_hash
            and profile.gone <> {OPTED_OUT}
        returning profile_id)
        select s.profile_id, t.fields, t.is_bio_taken_back from s join t on t.profile_id = s.profile_id order by s.profile_id"
    )
});

/// Leaves nothing of profiles but why they are gone: $1 ids, $2 reasons.
pub(super) static ERASE: LazyLock<String> = LazyLock::new(|| {
    let names = names();
    let erased =
        each(|column| column.erased.map_or("null".to_owned(), |number| number.to_string()));
    let updates = each(|ProfileColumn { name, .. }| format!("{name} = excluded.{name}"));
    format!(
        "insert into profile (profile_id, gone, content_hash, {names})
        select id, gone, 0, {erased} from unnest($1::bigint[], $2::smallint[]) u(id, gone)
        order by id on conflict (profile_id) do update set {updates},
            gone = greatest(profile.gone, excluded.gone), content_hash = 0"
    )
});

/// The columns of a [`Profile`], of the rows `i` of `ident`, `p` of `profile`, `m` of
/// `person_member` and `f` of `frontier`.
pub(super) static SELECT: LazyLock<String> = LazyLock::new(|| {
    let columns = each(|ProfileColumn { name, .. }| match *name {
        "handle" => "coalesce(p.handle, i.handle) handle".to_owned(),
        name => format!("p.{name}"),
    });
    format!(
        "i.profile_id, coalesce(m.person_id, i.profile_id) person_id,
        case when not {IS_ERASED} then i.native_id end native_id, {columns}, p.gone, f.last_crawl,
        i.imported"
    )
});

/// Reads [`SELECT`].
pub(super) fn from_row(row: &tokio_postgres::Row) -> Result<Profile, StoreError> {
    let row = PROFILE.row(row);
    let id = row.profile_id("profile_id")?;
    let number = |column| row.get::<Option<i16>>(column);
    Ok(Profile {
        id,
        person: PersonId::new(row.get::<i64>("person_id")? as u64),
        native_id: row.get("native_id")?,
        handle: row.get("handle")?,
        texts: ProfileTexts::try_from_fn(|text| row.get(text.slug()))?,
        followers: row.optional_count("followers")?,
        following: row.optional_count("following")?,
        posts: row.optional_count("posts")?,
        kind: kind(number("kind")?.unwrap_or(0))
            .ok_or_else(|| row.corrupt("kind", "unknown number"))?,
        consent: consent(&row, id)?,
        gone: gone(number("gone")?.unwrap_or(0)),
        created_at: row.get::<Option<i64>>("created_ms")?.map(from_ms),
        crawled_at: row.get::<Option<i64>>("last_crawl")?.map(from_seconds),
    })
}

/// What a profile allows: as its page says or, if none was stored, what silence means.
pub(super) fn consent(row: &TableRow<'_>, id: ProfileId) -> Result<Consent, StoreError> {
    let listing = id.platform().map_or(Listing::OptIn, Platform::listing);
    Ok(match row.get::<Option<i16>>("consent")? {
        Some(bits) => Consent(bits as u8),
        None => Consent::unread(listing, row.get("imported")?),
    })
}

/// The kind with this stored number.
fn kind(stored: i16) -> Option<PersonKind> {
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

/// The names and types of the columns that pages fill.
pub(super) fn types() -> impl Iterator<Item = (&'static str, Type)> {
    COLUMNS.iter().map(|column| (column.name, column.value.element_type()))
}

/// What is stored of a page, in the order of the columns.
pub(super) fn values(page: &SeenProfile) -> Vec<StoredValue<'_>> {
    COLUMNS.iter().map(|column| column.value.of_page(page)).collect()
}

/// What is stored of pages: an array with its type for each column.
pub(super) fn arrays<'a>(pages: &[ProfilePage<'a>]) -> Vec<(StoredValue<'a>, Type)> {
    COLUMNS.iter().map(|column| column.value.of_pages(pages)).collect()
}

/// The hash of everything that is stored of a page. Each value is preceded by its length; numbers
/// side by side are one value.
pub(super) fn hash(page: &SeenProfile) -> i64 {
    let mut hasher = blake3::Hasher::new();
    let mut put = |bytes: Option<&[u8]>| {
        hasher.update(&bytes.map_or(u64::MAX, |bytes| bytes.len() as u64).to_le_bytes());
        hasher.update(bytes.unwrap_or_default());
    };
    let mut numbers: Vec<u8> = Vec::new();
    for column in COLUMNS.iter().filter(|column| !column.is_late) {
        if let Number(of) = column.value {
            numbers.push(of(page));
            continue;
        }
        if !numbers.is_empty() {
            put(Some(&std::mem::take(&mut numbers)));
        }
        column.value.put_bytes(page, &mut put);
    }
    let mut claims: Vec<String> = page.claims.iter().map(|claim| format!("{claim:?}")).collect();
    claims.sort_unstable();
    // Few have one; the hash of all others stays what it was.
    claims.extend(page.server_handle.clone());
    claims.iter().for_each(|claim| put(Some(claim.as_bytes())));
    for column in COLUMNS.iter().filter(|column| column.is_late) {
        column.value.put_bytes(page, &mut |bytes| {
            if bytes.is_some() {
                put(Some(column.name.as_bytes()));
                put(bytes);
            }
        });
    }
    content_hash(&hasher)
}

#[cfg(test)]
mod tests;
