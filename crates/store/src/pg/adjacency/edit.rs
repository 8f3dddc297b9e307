//! Edits of stored lists, within the caller's transaction.
//!
//! The old lists are read, the new ones made and compared here: the difference is the change log,
//! and what does not differ is not written. Of lists that are replaced by what they already are,
//! only the hash is read.

use std::collections::{BTreeMap, HashMap};

use model::adjacency::AdjacencyDiff;
use model::time::Timestamp;
use model::{Adjacency, ProfileId};

use super::Key;
use crate::StoreError;
use crate::pg::connection::params;
use crate::pg::transaction::Tx;
use crate::pg::value::{content_hash, corrupt, stored_count, stored_id, stored_seconds};

/// A list of more arcs is not rewritten with each further part that comes in; the rest shows when
/// the list is complete.
const EARLY_ARCS_MAX: usize = 50_000;
/// The most lists of one statement.
const LISTS_MAX: usize = 1_000;

/// What happens to a list.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::pg) enum Op {
    /// It is not shown any more.
    Hide,
    /// These are all arcs there are.
    Replace(Adjacency),
    /// These interactions are new, if the list's watermark is still the one they begin after.
    Add { list: Adjacency, began: Option<String>, watermark: Option<String> },
    /// These arcs are there, others may be.
    ShowEarly(Adjacency),
    /// These arcs are there, however many.
    Merge(Adjacency),
}

/// One edit.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::pg) struct Edit {
    pub(in crate::pg) key: Key,
    pub(in crate::pg) op: Op,
}

/// A list that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pg) struct Changed {
    pub(in crate::pg) key: Key,
    pub(in crate::pg) added: Vec<ProfileId>,
    pub(in crate::pg) removed: Vec<ProfileId>,
}

/// What edits did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::pg) struct Edited {
    pub(in crate::pg) changed: Vec<Changed>,
    /// Additions whose watermark was not there.
    pub(in crate::pg) stale: u64,
}

/// A list as it is stored.
#[derive(Debug, Clone, Default, PartialEq)]
struct State {
    list: Adjacency,
    complete: bool,
    hidden: bool,
    watermark: Option<String>,
}

struct Stored {
    hash: i64,
    /// `None` where the hash is the one that was asked about.
    state: Option<State>,
}

const READ: &str = "select u.o, a.hash, a.complete, a.hidden, a.watermark,
        case when a.hash is distinct from u.hash then a.body end
    from unnest($1::bigint[], $2::smallint[], $3::smallint[], $4::bigint[])
        with ordinality u(profile_id, layer, direction, hash, o)
    join adjacency a using (profile_id, layer, direction)";
const WRITE: &str = "insert into adjacency
        (profile_id, layer, direction, complete, hidden, n, hash, watermark, body, observed_at)
    select u.*, $10 from unnest($1::bigint[], $2::smallint[], $3::smallint[], $4::boolean[],
        $5::boolean[], $6::int[], $7::bigint[], $8::text[], $9::bytea[]) u order by 1, 2, 3
    on conflict (profile_id, layer, direction) do update set complete = excluded.complete,
        hidden = excluded.hidden, n = excluded.n, hash = excluded.hash,
        watermark = excluded.watermark, body = excluded.body, observed_at = excluded.observed_at,
        changed_xid = pg_current_xact_id()
    where adjacency.hash is distinct from excluded.hash";

/// Applies edits, those of one list in their order. The caller holds a lock that keeps others
/// away from these lists.
pub(in crate::pg) async fn edit(
    tx: &Tx<'_>,
    edits: Vec<Edit>,
    now: Timestamp,
) -> Result<Edited, StoreError> {
    let mut by_key: BTreeMap<Key, Vec<Op>> = BTreeMap::new();
    for edit in edits {
        by_key.entry(edit.key).or_default().push(edit.op);
    }
    let mut lists: Vec<(Key, Vec<Op>)> = by_key.into_iter().collect();
    let mut edited = Edited::default();
    while !lists.is_empty() {
        let rest = lists.split_off(lists.len().min(LISTS_MAX));
        edit_some(tx, lists, now, &mut edited).await?;
        lists = rest;
    }
    Ok(edited)
}

async fn edit_some(
    tx: &Tx<'_>,
    lists: Vec<(Key, Vec<Op>)>,
    now: Timestamp,
    edited: &mut Edited,
) -> Result<(), StoreError> {
    let mut stored = read(tx, &lists).await?;
    let mut writes = Vec::new();
    for (place, (key, ops)) in lists.into_iter().enumerate() {
        let (hash, before) = match stored.remove(&place) {
            Some(Stored { state: None, .. }) => continue,
            Some(Stored { hash, state: Some(state) }) => (Some(hash), state),
            None => (None, State::default()),
        };
        let mut after = before.clone();
        for op in ops {
            edited.stale += u64::from(!after.apply(key, op));
        }
        let write = Write::new(key, &after);
        if hash != Some(write.hash) && (hash.is_some() || after != State::default()) {
            let AdjacencyDiff { added, removed } = before.list.diff(&after.list);
            edited.changed.push(Changed { key, added, removed });
            writes.push(write);
        }
    }
    if writes.is_empty() { Ok(()) } else { write(tx, &writes, now).await }
}

impl State {
    /// Whether the operation could be applied.
    fn apply(&mut self, key: Key, op: Op) -> bool {
        match op {
            Op::Hide => self.hidden = true,
            Op::Replace(list) => *self = State { list, complete: true, ..State::default() },
            Op::Add { began, .. } if began != self.watermark => return false,
            Op::Add { list, watermark, .. } => {
                self.list = if key.layer.is_interaction() {
                    self.list.merge(&list)
                } else {
                    self.list.union(&list)
                };
                self.watermark = watermark;
                self.hidden = false;
            }
            Op::ShowEarly(_) if self.list.len() > EARLY_ARCS_MAX => {}
            Op::ShowEarly(list) | Op::Merge(list) => {
                self.list = self.list.union(&list);
                self.hidden = false;
            }
        }
        true
    }

    fn hash(&self, body: &[u8]) -> i64 {
        let mut hasher = blake3::Hasher::new();
        let watermark = self.watermark.as_deref();
        hasher.update(&[u8::from(self.complete), u8::from(self.hidden)]);
        hasher.update(&[u8::from(watermark.is_some())]);
        hasher.update(&watermark.map_or(0, str::len).to_le_bytes());
        hasher.update(watermark.unwrap_or_default().as_bytes()).update(body);
        content_hash(&hasher)
    }
}

/// The hash that a list has after `ops`, where that does not depend on what is stored.
fn known_hash(ops: &[Op]) -> Option<i64> {
    match ops {
        [Op::Replace(list)] => {
            let state = State { complete: true, ..State::default() };
            Some(state.hash(&list.encode()))
        }
        _ => None,
    }
}

async fn read(tx: &Tx<'_>, lists: &[(Key, Vec<Op>)]) -> Result<HashMap<usize, Stored>, StoreError> {
    let ids: Vec<i64> = lists.iter().map(|(key, _)| stored_id(key.profile)).collect();
    let layers: Vec<i16> = lists.iter().map(|(key, _)| key.layer as i16).collect();
    let directions: Vec<i16> = lists.iter().map(|(key, _)| key.direction as i16).collect();
    let hashes: Vec<Option<i64>> = lists.iter().map(|(_, ops)| known_hash(ops)).collect();
    let params = params![
        ids => INT8_ARRAY,
        layers => INT2_ARRAY,
        directions => INT2_ARRAY,
        hashes => INT8_ARRAY,
    ];
    let rows = tx.query(READ, params).await?;
    rows.iter().map(|row| Ok((row.get::<_, i64>(0) as usize - 1, stored(row, lists)?))).collect()
}

fn stored(row: &tokio_postgres::Row, lists: &[(Key, Vec<Op>)]) -> Result<Stored, StoreError> {
    let key = lists[row.get::<_, i64>(0) as usize - 1].0;
    let state = row.get::<_, Option<&[u8]>>(5).map(|body| {
        let bad = |e| corrupt(("adjacency", "body"), format!("{key:?}"), e);
        let list = Adjacency::decode(body).map_err(bad)?;
        let (complete, hidden, watermark) = (row.get(2), row.get(3), row.get(4));
        Ok::<_, StoreError>(State { list, complete, hidden, watermark })
    });
    Ok(Stored { hash: row.get(1), state: state.transpose()? })
}

/// A row to be written.
struct Write {
    key: Key,
    complete: bool,
    hidden: bool,
    n: i32,
    hash: i64,
    watermark: Option<String>,
    body: Vec<u8>,
}

impl Write {
    fn new(key: Key, state: &State) -> Write {
        let body = state.list.encode();
        Write {
            key,
            complete: state.complete,
            hidden: state.hidden,
            n: stored_count(u32::try_from(state.list.len()).unwrap_or(u32::MAX)),
            hash: state.hash(&body),
            watermark: state.watermark.clone(),
            body,
        }
    }
}

async fn write(tx: &Tx<'_>, writes: &[Write], now: Timestamp) -> Result<(), StoreError> {
    let ids: Vec<i64> = writes.iter().map(|write| stored_id(write.key.profile)).collect();
    let layers: Vec<i16> = writes.iter().map(|write| write.key.layer as i16).collect();
    let directions: Vec<i16> = writes.iter().map(|write| write.key.direction as i16).collect();
    let complete: Vec<bool> = writes.iter().map(|write| write.complete).collect();
    let hidden: Vec<bool> = writes.iter().map(|write| write.hidden).collect();
    let counts: Vec<i32> = writes.iter().map(|write| write.n).collect();
    let hashes: Vec<i64> = writes.iter().map(|write| write.hash).collect();
    let marks: Vec<Option<&str>> = writes.iter().map(|w| w.watermark.as_deref()).collect();
    let bodies: Vec<&[u8]> = writes.iter().map(|write| write.body.as_slice()).collect();
    let params = params![
        ids => INT8_ARRAY,
        layers => INT2_ARRAY,
        directions => INT2_ARRAY,
        complete => BOOL_ARRAY,
        hidden => BOOL_ARRAY,
        counts => INT4_ARRAY,
        hashes => INT8_ARRAY,
        marks => TEXT_ARRAY,
        bodies => BYTEA_ARRAY,
        stored_seconds(now) => INT8,
    ];
    tx.execute(WRITE, params).await.map(|_| ())
}
