//! Lists of arcs: one row for each profile, layer and direction.

use model::time::Timestamp;
use model::{Adjacency, Direction, Layer, ProfileId};

use super::Pg;
use crate::StoreError;

/// What names a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Whose list it is.
    pub profile: ProfileId,
    /// The layer of its arcs.
    pub layer: Layer,
    /// Whether the profile attends, or is attended to.
    pub direction: Direction,
}

/// One stored list.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Which list it is.
    pub key: Key,
    /// Whether these are all arcs there are.
    pub complete: bool,
    /// Whether the list is not shown now; the arcs are the last that were.
    pub hidden: bool,
    /// Since when it has this content; the frontier knows when it was last looked at.
    pub observed_at: Timestamp,
    /// The encoded [`Adjacency`].
    pub body: Vec<u8>,
}

/// How an import treats what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportMode {
    /// Each list replaces the stored one.
    Replace,
    /// Each list adds to the stored one; repeating it changes nothing.
    Merge,
}

/// What an import of lists did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    /// Lists that differ from what was stored.
    pub changed_lists: u64,
    /// Arcs gained.
    pub arcs_added: u64,
    /// Arcs lost.
    pub arcs_removed: u64,
}

impl Row {
    /// The arcs.
    pub fn list(&self) -> Result<Adjacency, StoreError> {
        todo!()
    }
}

/// Stores the outgoing lists of a bulk file, each owner at most once. The change log is left
/// alone: it would be as large as the file.
pub async fn import(
    pg: &Pg,
    layer: Layer,
    lists: &[(ProfileId, Adjacency)],
    mode: ImportMode,
    now: Timestamp,
) -> Result<Imported, StoreError> {
    todo!()
}

/// All lists of one profile.
pub async fn of(pg: &Pg, profile: ProfileId) -> Result<Vec<Row>, StoreError> {
    todo!()
}

/// Lists by key, at most `limit` after `after`.
pub async fn page(pg: &Pg, after: Option<Key>, limit: u32) -> Result<Vec<Row>, StoreError> {
    todo!()
}
