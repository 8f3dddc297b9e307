//! Handles that were opted out by name, before or after a profile was seen with them.
//!
//! Only a hash of each is stored. A handle stays out for good, even if another account has it later:
//! the name does not show which account opted out.

use std::collections::HashSet;

use model::time::Timestamp;
use model::{Account, Platform, ProfileId};

use super::{ErasureReason, erase_now};
use crate::StoreError;
use crate::pg::Pg;
use crate::pg::identity::ClaimKind;
use crate::pg::params::params;
use crate::pg::row::PROFILE;
use crate::pg::value::platform_number;

const HASH_BYTES: usize = 16;

const REMEMBER: &str = "insert into opted_out_handle values ($1, $2) on conflict do nothing";
const KNOWN: &str = "select handle_hash from opted_out_handle
    where platform_id = $1 and handle_hash = any($2)";
/// The profiles that show a handle now, or have it at their own server ($3, the kind of such claims). The
/// handle in `ident` is the first one seen: it counts as long as the profile's page has not named another.
const BEARERS: &str = "select i.profile_id from ident i
    left join profile p on p.profile_id = i.profile_id
    where i.platform_id = $1 and lower(i.handle) = lower($2) and p.handle is null
    union select profile_id from profile where lower(handle) = lower($2) and gone = 0
        and profile_id >= $1::bigint << 45 and profile_id < ($1::bigint + 1) << 45
    union select profile_id from identity_claim where kind = $3 and target = lower($2)
        and profile_id >= $1::bigint << 45 and profile_id < ($1::bigint + 1) << 45 order by 1";

/// Keeps a handle out from now on.
pub(super) async fn remember(pg: &Pg, account: &Account) -> Result<(), StoreError> {
    let platform = platform_number(account.platform);
    let params = params![platform => INT2, hash(account.platform, &account.handle) => BYTEA];
    pg.execute_lasting("erase::opt_out", REMEMBER, params).await.map(|_| ())
}

/// The profiles that show this handle, whatever its case. Reads all names of the platform.
pub(super) async fn bearers(pg: &Pg, account: &Account) -> Result<Vec<ProfileId>, StoreError> {
    let params = params![
        platform_number(account.platform) => INT2,
        account.handle => TEXT,
        ClaimKind::ServerHandle as i16 => INT2,
    ];
    let rows = pg.query("erase::opt_out", BEARERS, params).await?;
    PROFILE.rows(&rows).map(|row| row.profile_id("profile_id")).collect()
}

/// Those of these profiles that show a handle which was opted out.
pub(in crate::pg) async fn opted_out<'a>(
    pg: &Pg,
    platform: Platform,
    shown: impl Iterator<Item = (ProfileId, &'a str)>,
) -> Result<HashSet<ProfileId>, StoreError> {
    let shown: Vec<(ProfileId, Vec<u8>)> =
        shown.map(|(id, handle)| (id, hash(platform, handle))).collect();
    if shown.is_empty() {
        return Ok(HashSet::new());
    }
    let hashes: Vec<&[u8]> = shown.iter().map(|(_, hash)| hash.as_slice()).collect();
    let params = params![platform_number(platform) => INT2, hashes => BYTEA_ARRAY];
    let rows = pg.query("erase::opted_out", KNOWN, params).await?;
    let known: HashSet<Vec<u8>> = rows.iter().map(|row| row.get("handle_hash")).collect();
    Ok(shown.into_iter().filter(|(_, hash)| known.contains(hash)).map(|(id, _)| id).collect())
}

/// Erases those of these profiles that show a handle which was opted out.
pub(in crate::pg) async fn erase_opted_out<'a>(
    pg: &Pg,
    platform: Platform,
    shown: impl Iterator<Item = (ProfileId, &'a str)>,
    now: Timestamp,
) -> Result<(), StoreError> {
    for id in opted_out(pg, platform, shown).await? {
        erase_now(pg, id, ErasureReason::OptedOut, now).await?;
    }
    Ok(())
}

fn hash(platform: Platform, handle: &str) -> Vec<u8> {
    let mut hasher = blake3::Hasher::new_derive_key("borg 2026-11 opted out handle");
    hasher.update(&[platform.number()]).update(handle.to_lowercase().as_bytes());
    hasher.finalize().as_bytes()[..HASH_BYTES].to_vec()
}
