//! What edits make of stored adjacencies: pure functions.
//!
//! The difference of old and new is the change log, and what does not differ is not written.

use std::borrow::Cow;

use model::adjacency::AdjacencyDiff;
use model::time::Timestamp;
use model::{Adjacency, ProfileId};
use tokio_postgres::types::{ToSql, Type};

use super::AdjacencyKey;
use crate::pg::copy::{CopyRow, CopyTarget};
use crate::pg::value::{content_hash, stored_count, stored_id, stored_seconds};

/// A list of more arcs is not rewritten with each further part that comes in; the rest shows when
/// the list is complete.
const EARLY_ARCS_MAX: usize = 50_000;

/// What happens to an adjacency.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::pg) enum EditOperation<'a> {
    /// The platform hides it now.
    Hide,
    /// These are all arcs there are.
    Replace(Cow<'a, Adjacency>),
    /// These interactions are new, if the stored watermark is still the one they begin after.
    Add { list: Adjacency, began: Option<String>, watermark: Option<String> },
    /// These arcs are there, others may be.
    ShowEarly(Adjacency),
    /// These arcs are there, however many.
    Merge(Cow<'a, Adjacency>),
}

/// One edit.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::pg) struct AdjacencyEdit<'a> {
    pub(in crate::pg) key: AdjacencyKey,
    pub(in crate::pg) operation: EditOperation<'a>,
}

/// An adjacency that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pg) struct ChangedAdjacency {
    pub(in crate::pg) key: AdjacencyKey,
    pub(in crate::pg) added: Vec<ProfileId>,
    pub(in crate::pg) removed: Vec<ProfileId>,
}

/// An adjacency as it is stored.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct AdjacencyState<'a> {
    pub(super) list: Cow<'a, Adjacency>,
    pub(super) complete: bool,
    pub(super) hidden: bool,
    pub(super) watermark: Option<String>,
}

/// What was read of a stored adjacency.
pub(super) struct StoredAdjacency {
    pub(super) hash: i64,
    /// `None` where the hash is the expected one.
    pub(super) state: Option<AdjacencyState<'static>>,
}

/// The edits of one adjacency, in their order.
pub(super) struct AdjacencyEdits<'a> {
    pub(super) key: AdjacencyKey,
    operations: Vec<EditOperation<'a>>,
    /// The bytes that these edits lead to, where that does not depend on what is stored.
    expected: Option<EncodedAdjacency>,
}

/// The bytes of an adjacency, with the hash of the row.
struct EncodedAdjacency {
    body: Vec<u8>,
    hash: i64,
}

/// A row to be written.
pub(super) struct AdjacencyWrite {
    pub(super) changed: ChangedAdjacency,
    /// Whether nothing is stored under the key.
    pub(super) is_new: bool,
    pub(super) profile: i64,
    pub(super) layer: i16,
    pub(super) direction: i16,
    pub(super) complete: bool,
    pub(super) hidden: bool,
    pub(super) count: i32,
    pub(super) hash: i64,
    pub(super) watermark: Option<String>,
    pub(super) body: Vec<u8>,
    pub(super) observed_at: i64,
}

/// What edits of one adjacency come to.
pub(super) struct EditPlan {
    /// `None` if nothing changes.
    pub(super) write: Option<AdjacencyWrite>,
    /// Additions that begin after another watermark than the stored one.
    pub(super) stale: u64,
}

impl<'a> AdjacencyEdits<'a> {
    pub(super) fn new(key: AdjacencyKey, operations: Vec<EditOperation<'a>>) -> AdjacencyEdits<'a> {
        let expected = match operations.as_slice() {
            [EditOperation::Replace(list)] => {
                let list = Cow::Borrowed(&**list);
                Some(AdjacencyState { list, complete: true, ..AdjacencyState::default() }.encode())
            }
            _ => None,
        };
        AdjacencyEdits { key, operations, expected }
    }

    /// The hash that the row has after these edits, where that does not depend on what is stored.
    pub(super) fn expected_hash(&self) -> Option<i64> {
        self.expected.as_ref().map(|expected| expected.hash)
    }

    /// Applies the edits to what is stored.
    pub(super) fn plan(self, stored: Option<StoredAdjacency>, now: Timestamp) -> EditPlan {
        let (hash, before) = match stored {
            Some(StoredAdjacency { state: None, .. }) => return EditPlan { write: None, stale: 0 },
            Some(StoredAdjacency { hash, state: Some(state) }) => (Some(hash), state),
            None => (None, AdjacencyState::default()),
        };
        let (mut after, mut stale) = (before.clone(), 0);
        for operation in self.operations {
            stale += u64::from(!after.apply(self.key, operation));
        }
        let encoded = self.expected.unwrap_or_else(|| after.encode());
        let is_new = hash.is_none();
        if hash == Some(encoded.hash) || (is_new && after == AdjacencyState::default()) {
            return EditPlan { write: None, stale };
        }
        let AdjacencyDiff { added, removed } = before.list.diff(&after.list);
        let changed = ChangedAdjacency { key: self.key, added, removed };
        let write = AdjacencyWrite::new(changed, after, encoded, now);
        EditPlan { write: Some(AdjacencyWrite { is_new, ..write }), stale }
    }
}

impl<'a> AdjacencyState<'a> {
    /// Whether the operation could be applied.
    fn apply(&mut self, key: AdjacencyKey, operation: EditOperation<'a>) -> bool {
        match operation {
            EditOperation::Hide => self.hidden = true,
            EditOperation::Replace(list) => {
                *self = AdjacencyState { list, complete: true, ..AdjacencyState::default() };
            }
            EditOperation::Add { began, .. } if began != self.watermark => return false,
            EditOperation::Add { list, watermark, .. } => {
                let joined = match key.layer.is_interaction() {
                    true => self.list.merge(&list),
                    false => self.list.union(&list),
                };
                self.list = Cow::Owned(joined);
                self.watermark = watermark;
                self.hidden = false;
            }
            EditOperation::ShowEarly(_) if self.list.len() > EARLY_ARCS_MAX => {}
            EditOperation::ShowEarly(list) => self.show(&list),
            EditOperation::Merge(list) => self.show(&list),
        }
        true
    }

    fn show(&mut self, list: &Adjacency) {
        self.list = Cow::Owned(self.list.union(list));
        self.hidden = false;
    }

    fn encode(&self) -> EncodedAdjacency {
        let body = self.list.encode();
        let watermark = self.watermark.as_deref();
        let mut hasher = blake3::Hasher::new();
        hasher.update(&[u8::from(self.complete), u8::from(self.hidden)]);
        hasher.update(&[u8::from(watermark.is_some())]);
        hasher.update(&watermark.map_or(0, str::len).to_le_bytes());
        hasher.update(watermark.unwrap_or_default().as_bytes()).update(&body);
        EncodedAdjacency { hash: content_hash(&hasher), body }
    }
}

impl AdjacencyWrite {
    fn new(
        changed: ChangedAdjacency,
        state: AdjacencyState<'_>,
        encoded: EncodedAdjacency,
        now: Timestamp,
    ) -> AdjacencyWrite {
        let key = changed.key;
        AdjacencyWrite {
            changed,
            is_new: false,
            profile: stored_id(key.profile),
            layer: key.layer as i16,
            direction: key.direction as i16,
            complete: state.complete,
            hidden: state.hidden,
            count: stored_count(u32::try_from(state.list.len()).unwrap_or(u32::MAX)),
            hash: encoded.hash,
            watermark: state.watermark,
            body: encoded.body,
            observed_at: stored_seconds(now),
        }
    }

    /// Where new rows are copied to.
    pub(super) fn copy_target() -> CopyTarget {
        let columns = vec![
            ("profile_id", Type::INT8),
            ("layer", Type::INT2),
            ("direction", Type::INT2),
            ("complete", Type::BOOL),
            ("hidden", Type::BOOL),
            ("n", Type::INT4),
            ("hash", Type::INT8),
            ("watermark", Type::TEXT),
            ("body", Type::BYTEA),
            ("observed_at", Type::INT8),
        ];
        CopyTarget { table: "adjacency".to_owned(), columns }
    }
}

impl CopyRow for AdjacencyWrite {
    fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        vec![
            &self.profile,
            &self.layer,
            &self.direction,
            &self.complete,
            &self.hidden,
            &self.count,
            &self.hash,
            &self.watermark,
            &self.body,
            &self.observed_at,
        ]
    }
}
