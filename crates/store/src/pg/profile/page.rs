//! Storing the profiles' own pages: only those that differ, told by a hash.

use model::account::HANDLE_BYTES_MAX;
use model::observation::SeenProfile;
use model::time::Timestamp;
use model::{Consent, ProfileId};

use crate::StoreError;
use crate::pg::connection::params;
use crate::pg::transaction::Tx;
use crate::pg::value::{
    clean, content_hash, profile_id, stored_count, stored_id, stored_ms, whole,
};
use crate::pg::{change, identity};

const NAME_CHARS_MAX: usize = 512;
const BIO_CHARS_MAX: usize = 10_000;
const URL_BYTES_MAX: usize = 2_048;

/// Those who opted out with us stay out, whatever their page says.
const STORE: &str = "with n as materialized (select * from unnest($1::bigint[], $2::text[],
        $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int[], $9::int[],
        $10::int[], $11::smallint[], $12::smallint[], $13::bigint[], $14::bigint[])
        u(profile_id, handle, display_name, bio, avatar_url, url, local_id, followers, following,
        posts, kind, consent, created_ms, content_hash)),
    t as (select n.* from n left join profile p on p.profile_id = n.profile_id
        where p.content_hash is distinct from n.content_hash)
    insert into profile (profile_id, handle, display_name, bio, avatar_url, url, local_id,
        followers, following, posts, kind, consent, created_ms, content_hash, gone)
    select t.*, 0 from t order by profile_id
    on conflict (profile_id) do update set handle = coalesce(excluded.handle, profile.handle),
        display_name = excluded.display_name, bio = excluded.bio,
        avatar_url = excluded.avatar_url, url = excluded.url, local_id = excluded.local_id,
        followers = excluded.followers, following = excluded.following, posts = excluded.posts,
        kind = excluded.kind, consent = excluded.consent, created_ms = excluded.created_ms,
        content_hash = excluded.content_hash, gone = 0,
        back_xid = case when profile.gone = 0 then profile.back_xid else pg_current_xact_id() end
    where profile.content_hash is distinct from excluded.content_hash and profile.gone <> 4
    returning profile_id";

/// Those whose page lists them, of $1; $2 are the restrictions that would not.
const LISTED: &str = "select profile_id from profile
    where profile_id = any($1) and gone = 0 and consent & $2 = 0 order by profile_id";

/// Stores pages, each profile at most once, with their claims. Returns the profiles that changed.
/// The change log hears of those that are not listed any more as of those who are gone.
pub(in crate::pg) async fn store(
    tx: &Tx<'_>,
    pages: &[(ProfileId, &SeenProfile)],
    now: Timestamp,
) -> Result<Vec<ProfileId>, StoreError> {
    if pages.is_empty() {
        return Ok(Vec::new());
    }
    change::record_gone(tx, &unlisted(tx, pages).await?, now).await?;
    let ids: Vec<i64> = pages.iter().map(|(id, _)| stored_id(*id)).collect();
    let handles = wholes(pages, HANDLE_BYTES_MAX, |page| page.named.handle.as_deref());
    let display_names = words(pages, NAME_CHARS_MAX, |page| page.display_name.as_deref());
    let bios = words(pages, BIO_CHARS_MAX, |page| page.bio.as_deref());
    let avatars = wholes(pages, URL_BYTES_MAX, |page| page.avatar_url.as_deref());
    let urls = wholes(pages, URL_BYTES_MAX, |page| page.url.as_deref());
    let local_ids = wholes(pages, HANDLE_BYTES_MAX, |page| page.local_id.as_deref());
    let kinds: Vec<i16> = pages.iter().map(|(_, page)| page.kind as i16).collect();
    let consents: Vec<i16> = pages.iter().map(|(_, page)| i16::from(page.consent.0)).collect();
    let created: Vec<_> = pages.iter().map(|(_, page)| page.created_at.map(stored_ms)).collect();
    let hashes: Vec<i64> = pages.iter().map(|(_, page)| hash(page)).collect();
    let params = params![
        ids => INT8_ARRAY,
        handles => TEXT_ARRAY,
        display_names => TEXT_ARRAY,
        bios => TEXT_ARRAY,
        avatars => TEXT_ARRAY,
        urls => TEXT_ARRAY,
        local_ids => TEXT_ARRAY,
        counts(pages, |page| page.followers) => INT4_ARRAY,
        counts(pages, |page| page.following) => INT4_ARRAY,
        counts(pages, |page| page.posts) => INT4_ARRAY,
        kinds => INT2_ARRAY,
        consents => INT2_ARRAY,
        created => INT8_ARRAY,
        hashes => INT8_ARRAY,
    ];
    let rows = tx.query(STORE, params).await?;
    let changed: Vec<ProfileId> = rows.iter().map(|row| profile_id(row.get(0))).collect();
    let pages: Vec<Page<'_>> =
        pages.iter().filter(|(id, _)| changed.contains(id)).copied().collect();
    identity::replace_claims(tx, &pages).await?;
    Ok(changed)
}

/// Those that their last page listed, and this one does not.
async fn unlisted(tx: &Tx<'_>, pages: &[Page<'_>]) -> Result<Vec<ProfileId>, StoreError> {
    let silent = pages.iter().filter(|(_, page)| !page.consent.is_listed());
    let ids: Vec<i64> = silent.map(|(id, _)| stored_id(*id)).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let restrictions = i16::from(Consent::UNLISTED.and(Consent::REFUSED).0);
    let rows = tx.query(LISTED, params![ids => INT8_ARRAY, restrictions => INT2]).await?;
    Ok(rows.iter().map(|row| profile_id(row.get(0))).collect())
}

type Page<'a> = (ProfileId, &'a SeenProfile);

/// Names and addresses, which are kept as they are or not at all.
fn wholes<'a>(
    pages: &[Page<'a>],
    bytes_max: usize,
    field: impl Fn(&'a SeenProfile) -> Option<&'a str>,
) -> Vec<Option<&'a str>> {
    pages.iter().map(|page| whole(field(page.1)?, bytes_max)).collect()
}

fn words<'a>(
    pages: &[Page<'a>],
    chars_max: usize,
    field: impl Fn(&'a SeenProfile) -> Option<&'a str>,
) -> Vec<Option<String>> {
    let text = |page: &Page<'a>| Some(clean(field(page.1)?, chars_max).into_owned());
    pages.iter().map(text).collect()
}

fn counts(pages: &[Page<'_>], field: impl Fn(&SeenProfile) -> Option<u32>) -> Vec<Option<i32>> {
    pages.iter().map(|(_, page)| field(page).map(stored_count)).collect()
}

/// The hash of everything that is stored of a page. Each value is preceded by its length.
fn hash(page: &SeenProfile) -> i64 {
    let mut hasher = blake3::Hasher::new();
    let mut put = |bytes: Option<&[u8]>| {
        hasher.update(&bytes.map_or(u64::MAX, |bytes| bytes.len() as u64).to_le_bytes());
        hasher.update(bytes.unwrap_or_default());
    };
    let texts = [
        &page.named.handle,
        &page.display_name,
        &page.bio,
        &page.avatar_url,
        &page.url,
        &page.local_id,
    ];
    texts.into_iter().for_each(|text| put(text.as_deref().map(str::as_bytes)));
    for count in [page.followers, page.following, page.posts] {
        put(count.map(u32::to_le_bytes).as_ref().map(<[u8; 4]>::as_slice));
    }
    put(Some(&[page.kind as u8, page.consent.0]));
    let created = page.created_at.map(|at| stored_ms(at).to_le_bytes());
    put(created.as_ref().map(<[u8; 8]>::as_slice));
    let mut claims: Vec<String> = page.claims.iter().map(|claim| format!("{claim:?}")).collect();
    claims.sort_unstable();
    // Few have one; the hash of all others stays what it was.
    claims.extend(page.server_handle.clone());
    claims.iter().for_each(|claim| put(Some(claim.as_bytes())));
    content_hash(&hasher)
}
