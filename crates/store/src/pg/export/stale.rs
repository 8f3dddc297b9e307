//! Parts that name someone who was erased or took something back since they were read.

use model::PersonId;
use model::export::{ExportPart, HeldIds, PartFile};

use crate::StoreError;
use crate::pg::Pg;
use crate::pg::params::params;
use crate::pg::row::{ERASURE, WITHDRAWAL};
use crate::pg::value::stored_ms;
use crate::pg::withdrawal::Withdrawal;

/// The most notes of erasures and withdrawals that are read at once.
pub const NOTES_PAGE: u32 = 10_000;

/// An erasure is noted with the time at which it began, and ends later; clocks differ, too. So much is allowed for.
const ERASURE_SLACK_MS: i64 = 3_600_000;

const ERASED: &str = "select profile_id, at_ms from erasure
    where (at_ms, profile_id) > ($1, $2) order by at_ms, profile_id limit $3";
const WITHDRAWN: &str = "select xid, profile_id, what from withdrawal
    where (xid, profile_id, what) > ($1, $2, $3) order by xid, profile_id, what limit $4";

/// A part that names someone who was erased or took something back since it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StalePart<'a> {
    /// The part.
    pub part: &'a ExportPart,
    /// The numbers of the profiles that are noted: any of [`PartFile::held`] that is not to be named at all, and any of
    /// [`PartFile::by_bio`] whose bio is not what it was.
    pub noted: Vec<u64>,
}

/// Those of these parts that name someone who was erased or took something back since they were read. Reads what was
/// noted since the first of them was read, [`NOTES_PAGE`] at a time.
pub async fn stale<'a>(pg: &Pg, parts: &'a [ExportPart]) -> Result<Vec<StalePart<'a>>, StoreError> {
    let mut found: Vec<StalePart<'_>> =
        parts.iter().map(|part| StalePart { part, noted: Vec::new() }).collect();
    find_erased(pg, &mut found).await?;
    find_withdrawn(pg, &mut found).await?;
    found.retain(|stale| !stale.noted.is_empty());
    Ok(found)
}

/// Adds those who were erased.
async fn find_erased(pg: &Pg, found: &mut [StalePart<'_>]) -> Result<(), StoreError> {
    let since = |part: &ExportPart| stored_ms(part.file.reading.at) - ERASURE_SLACK_MS;
    let Some(first) = found.iter().map(|stale| since(stale.part)).min() else { return Ok(()) };
    let (mut at, mut after) = (first - 1, i64::MAX);
    loop {
        let params = params![at => INT8, after => INT8, i64::from(NOTES_PAGE) => INT8];
        let rows = pg.read("export::erased", ERASED, params).await?;
        for row in ERASURE.rows(&rows) {
            let id: PersonId = row.person_id("profile_id")?;
            (at, after) = (row.get("at_ms")?, id.number() as i64);
            for stale in found.iter_mut().filter(|stale| since(stale.part) <= at) {
                stale.note(id.number(), &stale.part.file.held);
            }
        }
        if rows.len() < NOTES_PAGE as usize {
            return Ok(());
        }
    }
}

/// Adds those who took something back.
async fn find_withdrawn(pg: &Pg, found: &mut [StalePart<'_>]) -> Result<(), StoreError> {
    let first = found.iter().map(|stale| stale.part.file.reading.seen.first_unseen() as i64).min();
    let Some(first) = first else { return Ok(()) };
    let (mut xid, mut after, mut what) = (first - 1, i64::MAX, i16::MAX);
    loop {
        let params = params![
            xid => INT8,
            after => INT8,
            what => INT2,
            i64::from(NOTES_PAGE) => INT8,
        ];
        let rows = pg.read("export::withdrawn", WITHDRAWN, params).await?;
        for row in WITHDRAWAL.rows(&rows) {
            let id: PersonId = row.person_id("profile_id")?;
            (xid, after, what) = (row.get("xid")?, id.number() as i64, row.get("what")?);
            let is_unseen = |file: &PartFile| !file.reading.seen.has(xid.unsigned_abs());
            for stale in found.iter_mut().filter(|stale| is_unseen(&stale.part.file)) {
                let file = &stale.part.file;
                let is_of_bio = what == Withdrawal::Bio as i16;
                stale.note(id.number(), if is_of_bio { &file.by_bio } else { &file.held });
            }
        }
        if rows.len() < NOTES_PAGE as usize {
            return Ok(());
        }
    }
}

impl StalePart<'_> {
    /// Adds a profile that is among these, once.
    fn note(&mut self, id: u64, named: &HeldIds) {
        if named.has(id) && !self.noted.contains(&id) {
            self.noted.push(id);
        }
    }
}
