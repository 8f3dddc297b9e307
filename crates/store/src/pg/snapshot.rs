//! Reading the whole record at one moment.

use model::identity::Link;
use model::profile::Gone;
use model::time::Timestamp;
use model::{Consent, PersonId, PersonKind, ProfileId, SnapshotId};

use super::Pg;
use super::adjacency::{Key, Row};
use crate::StoreError;

/// What scoring needs to know of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// The profile.
    pub id: ProfileId,
    /// The person it belongs to.
    pub person: PersonId,
    /// Who is behind it.
    pub kind: PersonKind,
    /// What its owner allows.
    pub consent: Consent,
    /// Why it is not there any more: such a profile and its arcs leave the snapshot.
    pub gone: Option<Gone>,
}

/// The words of a profile that may be searched and may label a community.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The profile.
    pub id: ProfileId,
    /// The handle.
    pub handle: String,
    /// The shown name; `None` where words are private.
    pub display_name: Option<String>,
    /// The bio; `None` where words are private.
    pub bio: Option<String>,
}

/// One repeatable-read transaction on a connection of its own: every page shows the record as it
/// was when the reader was opened. Dropping it ends the transaction.
#[derive(Debug)]
pub struct Reader {
    high_water: u64,
}

/// A new id for a snapshot that is about to be sealed.
pub async fn mint(pg: &Pg) -> Result<SnapshotId, StoreError> {
    todo!()
}

impl Reader {
    /// Begins to read.
    pub async fn open(pg: &Pg) -> Result<Reader, StoreError> {
        todo!()
    }

    /// Every list changed by a transaction below this number is visible here: the next snapshot
    /// asks for lists changed since.
    pub fn high_water(&self) -> u64 {
        self.high_water
    }

    /// Lists changed since a high-water mark (0: all), by key, at most `limit` after `after`.
    pub async fn lists(
        &self,
        since: u64,
        after: Option<Key>,
        limit: u32,
    ) -> Result<Vec<Row>, StoreError> {
        todo!()
    }

    /// Profiles that were crawled or erased, by id, at most `limit` after `after`. Of any other
    /// profile nothing is known: it is its own person, of unknown kind, and allows everything.
    pub async fn nodes(
        &self,
        after: Option<ProfileId>,
        limit: u32,
    ) -> Result<Vec<Node>, StoreError> {
        todo!()
    }

    /// The searchable words of profiles that are there, by id, at most `limit` after `after`.
    pub async fn words(
        &self,
        after: Option<ProfileId>,
        limit: u32,
    ) -> Result<Vec<Words>, StoreError> {
        todo!()
    }

    /// Every proven link, sorted.
    pub async fn links(&self) -> Result<Vec<Link>, StoreError> {
        todo!()
    }
}
