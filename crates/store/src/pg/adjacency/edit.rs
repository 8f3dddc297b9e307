//! Edits of stored adjacencies, within the caller's transaction.
//!
//! The old ones are read, the new ones made and compared here. Where an adjacency is replaced by what
//! it already is, only its hash is read.

use std::borrow::Cow;
use std::collections::BTreeMap;

use model::time::Timestamp;

use super::plan::{
    AdjacencyEdit, AdjacencyEdits, AdjacencyState, AdjacencyWrite, ChangedAdjacency, EditOperation,
    StoredAdjacency,
};
use super::{AdjacencyKey, decoded};
use crate::StoreError;
use crate::pg::params::{column, params};
use crate::pg::row::{ADJACENCY, TableRow};
use crate::pg::transaction::PgTransaction;
use crate::pg::value::{IdBounds, stored_id};

/// The most adjacencies of one statement.
const ROWS_MAX: usize = 1_000;

/// What edits did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::pg) struct EditOutcome {
    pub(in crate::pg) changed: Vec<ChangedAdjacency>,
    /// Additions that begin after another watermark than the stored one.
    pub(in crate::pg) stale: u64,
}

/// What edits would write.
#[derive(Default)]
pub(super) struct PlannedWrites {
    pub(super) writes: Vec<AdjacencyWrite>,
    pub(super) stale: u64,
}

/// $5 and $6 are the bounds of the profiles in $1.
const READ: &str = "select u.o, a.profile_id, a.hash, a.complete, a.hidden, a.watermark,
        case when a.hash is distinct from u.hash then a.body end body
    from unnest($1::bigint[], $2::smallint[], $3::smallint[], $4::bigint[])
        with ordinality u(profile_id, layer, direction, hash, o)
    join adjacency a using (profile_id, layer, direction)
    where a.profile_id between $5 and $6";
const WRITE: &str =
    "insert into adjacency (profile_id, layer, direction, complete, hidden, n, hash,
        watermark, body, observed_at)
    select profile_id, layer, direction, complete, hidden, n, hash, watermark, body, observed_at
    from unnest($1::bigint[], $2::smallint[], $3::smallint[], $4::boolean[], $5::boolean[],
        $6::int[], $7::bigint[], $8::text[], $9::bytea[], $10::bigint[]) u(profile_id, layer,
        direction, complete, hidden, n, hash, watermark, body, observed_at)
    order by profile_id, layer, direction
    on conflict (profile_id, layer, direction) do update set complete = excluded.complete,
        hidden = excluded.hidden, n = excluded.n, hash = excluded.hash,
        watermark = excluded.watermark, body = excluded.body, observed_at = excluded.observed_at,
        changed_xid = pg_current_xact_id()
    where adjacency.hash is distinct from excluded.hash";

/// Applies edits, those of one adjacency in their order. The caller holds a lock that keeps others
/// away from these adjacencies.
pub(in crate::pg) async fn edit(
    tx: &PgTransaction<'_>,
    edits: Vec<AdjacencyEdit<'_>>,
    now: Timestamp,
) -> Result<EditOutcome, StoreError> {
    let planned = plan(tx, edits, now).await?;
    write(tx, planned.writes.iter()).await?;
    let changed = planned.writes.into_iter().map(|write| write.changed).collect();
    Ok(EditOutcome { changed, stale: planned.stale })
}

/// Reads what is stored under the edits' keys and applies them to it, in memory.
pub(super) async fn plan(
    tx: &PgTransaction<'_>,
    edits: Vec<AdjacencyEdit<'_>>,
    now: Timestamp,
) -> Result<PlannedWrites, StoreError> {
    let mut by_key: BTreeMap<AdjacencyKey, Vec<EditOperation<'_>>> = BTreeMap::new();
    for edit in edits {
        by_key.entry(edit.key).or_default().push(edit.operation);
    }
    let edits: Vec<AdjacencyEdits<'_>> =
        by_key.into_iter().map(|(key, operations)| AdjacencyEdits::new(key, operations)).collect();
    let mut stored = Vec::with_capacity(edits.len());
    for chunk in edits.chunks(ROWS_MAX) {
        stored.extend(read(tx, chunk).await?);
    }
    let mut planned = PlannedWrites::default();
    for (edits, stored) in edits.into_iter().zip(stored) {
        let plan = edits.plan(stored, now);
        planned.writes.extend(plan.write);
        planned.stale += plan.stale;
    }
    Ok(planned)
}

/// What is stored, in the order of the edits.
async fn read(
    tx: &PgTransaction<'_>,
    edits: &[AdjacencyEdits<'_>],
) -> Result<Vec<Option<StoredAdjacency>>, StoreError> {
    let profiles = column(edits, |edits| stored_id(edits.key.profile));
    let bounds = IdBounds::of(&profiles);
    let params = params![
        profiles => INT8_ARRAY,
        column(edits, |edits| edits.key.layer as i16) => INT2_ARRAY,
        column(edits, |edits| edits.key.direction as i16) => INT2_ARRAY,
        column(edits, AdjacencyEdits::expected_hash) => INT8_ARRAY,
        bounds.first => INT8,
        bounds.last => INT8,
    ];
    let mut stored: Vec<Option<StoredAdjacency>> = Vec::new();
    stored.resize_with(edits.len(), || None);
    for row in ADJACENCY.rows(&tx.query(READ, params).await?) {
        stored[row.ordinal("o")?] = Some(stored_adjacency(&row)?);
    }
    Ok(stored)
}

fn stored_adjacency(row: &TableRow<'_>) -> Result<StoredAdjacency, StoreError> {
    let body: Option<&[u8]> = row.get("body")?;
    let state = match body {
        None => None,
        Some(_) => Some(AdjacencyState {
            list: Cow::Owned(decoded(row)?),
            complete: row.get("complete")?,
            hidden: row.get("hidden")?,
            watermark: row.get("watermark")?,
        }),
    };
    Ok(StoredAdjacency { hash: row.get("hash")?, state })
}

/// Writes rows, new or not.
pub(super) async fn write(
    tx: &PgTransaction<'_>,
    writes: impl Iterator<Item = &AdjacencyWrite>,
) -> Result<(), StoreError> {
    let writes: Vec<&AdjacencyWrite> = writes.collect();
    for chunk in writes.chunks(ROWS_MAX) {
        let params = params![
            column(chunk, |write| write.profile) => INT8_ARRAY,
            column(chunk, |write| write.layer) => INT2_ARRAY,
            column(chunk, |write| write.direction) => INT2_ARRAY,
            column(chunk, |write| write.complete) => BOOL_ARRAY,
            column(chunk, |write| write.hidden) => BOOL_ARRAY,
            column(chunk, |write| write.count) => INT4_ARRAY,
            column(chunk, |write| write.hash) => INT8_ARRAY,
            column(chunk, |write| write.watermark.as_deref()) => TEXT_ARRAY,
            column(chunk, |write| write.body.as_slice()) => BYTEA_ARRAY,
            column(chunk, |write| write.observed_at) => INT8_ARRAY,
        ];
        tx.execute(WRITE, params).await?;
    }
    Ok(())
}
