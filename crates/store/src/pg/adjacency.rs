//! Lists of arcs: one row for each profile, layer and direction.

use model::time::Timestamp;
use model::{Adjacency, Direction, Layer, ProfileId};

use super::Pg;
use super::connection::params;
use super::value::{corrupt, from_seconds, profile_id, stored_id};
use crate::StoreError;

mod edit;
mod import;

pub(super) use edit::{Changed, Edit, Edited, Op, edit};
pub use import::{ImportMode, Imported, import};

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
    /// The newest interaction counted.
    pub watermark: Option<String>,
    /// The encoded [`Adjacency`].
    pub body: Vec<u8>,
}

const COLUMNS: &str =
    "profile_id, layer, direction, complete, hidden, observed_at, watermark, body";

impl Key {
    /// A key before or equal to every key of this profile.
    pub(super) const fn first_of(profile: ProfileId) -> Key {
        Key { profile, layer: Layer::Follow, direction: Direction::Out }
    }

    /// The key in stored numbers.
    pub(super) fn from_stored(
        (profile, layer, direction): (i64, i16, i16),
    ) -> Result<Key, StoreError> {
        let bad = |column| corrupt(("adjacency", column), profile, "unknown number");
        let small = |n: i16| u8::try_from(n).ok();
        Ok(Key {
            profile: profile_id(profile),
            layer: small(layer).and_then(Layer::from_number).ok_or_else(|| bad("layer"))?,
            direction: small(direction)
                .and_then(Direction::from_number)
                .ok_or_else(|| bad("direction"))?,
        })
    }
}

impl Row {
    /// The arcs.
    pub fn list(&self) -> Result<Adjacency, StoreError> {
        let bad = |e| corrupt(("adjacency", "body"), format!("{:?}", self.key), e);
        Adjacency::decode(&self.body).map_err(bad)
    }
}

/// All lists of one profile.
pub async fn of(pg: &Pg, profile: ProfileId) -> Result<Vec<Row>, StoreError> {
    let sql = format!("select {COLUMNS} from adjacency where profile_id = $1 order by 2, 3");
    let rows = pg.read("adjacency::of", &sql, params![stored_id(profile) => INT8]).await?;
    rows.iter().map(from_row).collect()
}

/// Lists by key, at most `limit` after `after`.
pub async fn page(pg: &Pg, after: Option<Key>, limit: u32) -> Result<Vec<Row>, StoreError> {
    let (profile, layer, direction) = stored_after(after);
    let params = params![
        profile => INT8,
        layer => INT2,
        direction => INT2,
        "0" => TEXT,
        i64::from(limit) => INT8,
    ];
    let rows = pg.query("adjacency::page", &page_sql(), params).await?;
    rows.iter().map(from_row).collect()
}

/// A page: $1 to $3 the key before it, $4 the `xid8` that changes must have reached, $5 the limit.
pub(super) fn page_sql() -> String {
    format!(
        "select {COLUMNS} from adjacency
         where (profile_id, layer, direction) > ($1, $2, $3) and changed_xid >= $4::text::xid8
         order by profile_id, layer, direction limit $5"
    )
}

/// The stored form of the key before a page.
pub(super) fn stored_after(after: Option<Key>) -> (i64, i16, i16) {
    after.map_or((-1, 0, 0), |key| (stored_id(key.profile), key.layer as i16, key.direction as i16))
}

pub(super) fn from_row(row: &tokio_postgres::Row) -> Result<Row, StoreError> {
    Ok(Row {
        key: Key::from_stored((row.get(0), row.get(1), row.get(2)))?,
        complete: row.get(3),
        hidden: row.get(4),
        observed_at: from_seconds(row.get(5)),
        watermark: row.get(6),
        body: row.get(7),
    })
}
