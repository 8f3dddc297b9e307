//! Persons leave the history: their steps, and their names in the reasons of others.

use std::collections::HashSet;

use model::{PersonId, ProfileId, RunId};

use super::packed::{block_of, pack, unpack};
use crate::StoreError;
use crate::pg::params::params;
use crate::pg::row::{PROFILE, RANK_STEP};
use crate::pg::transaction::PgTransaction;
use crate::pg::value::{stored_ids, stored_run};

const REASONS: [&str; 2] = [
    "delete from rank_reason where person_id = any($1)",
    "delete from rank_reason where contributor = any($1)",
];
/// Of each run, published or not, or of $2 alone: its blocks by number, without a look at those of others.
const BLOCKS: &str = "select s.run_id, s.block, s.body from history_run h
    cross join lateral (select run_id, block, body from rank_step
        where run_id = h.run_id and block = any($1) for update) s
    where h.has_steps and ($2::bigint is null or h.run_id = $2) order by s.run_id, s.block";
const REWRITE: &str = "update rank_step s set body = u.body
    from unnest($1::bigint[], $2::bigint[], $3::bytea[]) u(run_id, block, body)
    where s.run_id = u.run_id and s.block = u.block";
const DELETE: &str =
    "delete from rank_step s using unnest($1::bigint[], $2::bigint[]) u(run_id, block)
    where s.run_id = u.run_id and s.block = u.block";

/// Blocks by run and number.
#[derive(Default)]
struct BlockKeys {
    runs: Vec<i64>,
    blocks: Vec<i64>,
}

impl BlockKeys {
    fn push(&mut self, run: i64, block: i64) {
        self.runs.push(run);
        self.blocks.push(block);
    }
}

/// Erasures go on side by side; what a run loads waits for those under way, and then leaves out all of them.
const BESIDE: &str = "select pg_advisory_xact_lock_shared(20261130, -1)";
const ALONE: &str = "select pg_advisory_xact_lock(20261130, -1)";
/// Those who were erased since the run $1 began, or the day before.
const SINCE: &str = "select e.profile_id from erasure e join run r on r.run_id = $1
    where e.at_ms >= r.created_ms - 86400000";

/// Erases the persons whose own profiles these are, within the caller's transaction.
pub(in crate::pg) async fn erase(
    tx: &PgTransaction<'_>,
    ids: &[ProfileId],
) -> Result<(), StoreError> {
    tx.query(BESIDE, &[]).await?;
    erase_from(tx, ids, None).await
}

/// Takes those who were erased while a run was made out of what it loaded.
pub(super) async fn erase_late(tx: &PgTransaction<'_>, id: RunId) -> Result<(), StoreError> {
    tx.query(ALONE, &[]).await?;
    let rows = tx.query(SINCE, params![stored_run(id) => INT8]).await?;
    let ids: Result<Vec<ProfileId>, StoreError> =
        PROFILE.rows(&rows).map(|row| row.profile_id("profile_id")).collect();
    erase_from(tx, &ids?, Some(id)).await
}

/// Of one run or of all.
async fn erase_from(
    tx: &PgTransaction<'_>,
    ids: &[ProfileId],
    of: Option<RunId>,
) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    for sql in REASONS {
        tx.execute(sql, params![stored_ids(ids) => INT8_ARRAY]).await?;
    }
    let erased: HashSet<PersonId> = ids.iter().map(|id| id.home_person()).collect();
    let mut blocks: Vec<i64> = erased.iter().map(|&person| block_of(person)).collect();
    blocks.sort_unstable();
    blocks.dedup();
    let rows = tx.query(BLOCKS, params![blocks => INT8_ARRAY, of.map(stored_run) => INT8]).await?;
    let (mut rewritten, mut bodies, mut deleted) =
        (BlockKeys::default(), Vec::new(), BlockKeys::default());
    for row in RANK_STEP.rows(&rows) {
        let (run, block): (i64, i64) = (row.get("run_id")?, row.get("block")?);
        // What cannot be read may have them in it: it goes as a whole.
        let steps = unpack(block, row.get("body")?).unwrap_or_default();
        let mut left = steps.clone();
        left.retain(|step| !erased.contains(&step.person));
        if left.is_empty() {
            deleted.push(run, block);
        } else if left.len() < steps.len() {
            rewritten.push(run, block);
            bodies.push(pack(&left));
        }
    }
    let keys = params![deleted.runs => INT8_ARRAY, deleted.blocks => INT8_ARRAY];
    tx.execute(DELETE, keys).await?;
    let BlockKeys { runs, blocks } = rewritten;
    let rows = params![runs => INT8_ARRAY, blocks => INT8_ARRAY, bodies => BYTEA_ARRAY];
    tx.execute(REWRITE, rows).await.map(|_| ())
}
