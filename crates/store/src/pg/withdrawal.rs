//! Notes of profiles that may be named in fewer places than before: files that were written before are found by them.
//! Who is erased has a note of another kind ([`super::erase`]), which is kept for longer.

use model::ProfileId;
use model::time::Timestamp;

use super::Pg;
use super::params::params;
use super::transaction::PgTransaction;
use super::value::{stored_ids, stored_ms};
use crate::StoreError;

const NOTE: &str = "insert into withdrawal (at_ms, profile_id, what)
    select $1, id, $3 from unnest($2::bigint[]) u(id) on conflict do nothing";
const FORGET: &str = "delete from withdrawal where (xid, profile_id, what) in (
    select xid, profile_id, what from withdrawal where at_ms < $1 order by at_ms limit $2)";

/// What a profile took back. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub(super) enum Withdrawal {
    /// It is not listed any more, or belongs to another person now.
    Listing = 1,
    /// What its public bio said: now it says something else, or is not public.
    Bio = 2,
}

/// Notes what profiles took back.
pub(super) async fn note(
    tx: &PgTransaction<'_>,
    profiles: &[ProfileId],
    what: Withdrawal,
    now: Timestamp,
) -> Result<(), StoreError> {
    if profiles.is_empty() {
        return Ok(());
    }
    let params = params![
        stored_ms(now) => INT8,
        stored_ids(profiles) => INT8_ARRAY,
        what as i16 => INT2,
    ];
    tx.execute(NOTE, params).await.map(|_| ())
}

/// Deletes the notes from before `before`, at most `most`, the oldest first; returns how many.
pub(super) async fn forget(pg: &Pg, before: Timestamp, most: usize) -> Result<usize, StoreError> {
    let params = params![stored_ms(before) => INT8, most as i64 => INT8];
    Ok(pg.execute("withdrawal::forget", FORGET, params).await? as usize)
}
