//! Adjacencies: one row for each profile, layer and direction.

use model::time::Timestamp;
use model::{Adjacency, Direction, Layer, ProfileId};
use tokio_postgres::Row;

use super::Pg;
use super::params::params;
use super::row::{ADJACENCY, TableRow};
use super::value::{corrupt, from_seconds, stored_id, stored_ids};
use crate::StoreError;

mod edit;
mod import;
mod plan;

pub(super) use edit::{EditOutcome, edit};
pub use import::{AdjacencyImport, ImportMode, import};
pub(super) use plan::{AdjacencyEdit, ChangedAdjacency, EditOperation};

/// What identifies an adjacency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AdjacencyKey {
    /// Whose it is.
    pub profile: ProfileId,
    /// The layer of its arcs.
    pub layer: Layer,
    /// Whether the profile attends, or is attended to.
    pub direction: Direction,
}

/// One stored adjacency.
#[derive(Debug, Clone, PartialEq)]
pub struct AdjacencyRow {
    /// Which one it is.
    pub key: AdjacencyKey,
    /// Whether these are all arcs there are.
    pub complete: bool,
    /// Whether the platform hides it now; the arcs are the last that were seen.
    pub hidden: bool,
    /// Since when it has this content; the frontier has the time of the last crawl.
    pub observed_at: Timestamp,
    /// The newest interaction counted.
    pub watermark: Option<String>,
    /// The encoded [`Adjacency`].
    pub body: Vec<u8>,
}

const COLUMNS: &str =
    "profile_id, layer, direction, complete, hidden, observed_at, watermark, body";

impl AdjacencyKey {
    /// A key before or equal to every key of this profile.
    pub(super) const fn first_of(profile: ProfileId) -> AdjacencyKey {
        AdjacencyKey { profile, layer: Layer::Follow, direction: Direction::Out }
    }

    /// The key in the columns `profile_id`, `layer` and `direction`.
    pub(super) fn from_row(row: &TableRow<'_>) -> Result<AdjacencyKey, StoreError> {
        Ok(AdjacencyKey {
            profile: row.profile_id("profile_id")?,
            layer: row.number("layer", Layer::from_number)?,
            direction: row.number("direction", Direction::from_number)?,
        })
    }
}

impl AdjacencyRow {
    /// The arcs.
    pub fn list(&self) -> Result<Adjacency, StoreError> {
        let bad = |e| corrupt(("adjacency", "body"), format!("{:?}", self.key), e);
        Adjacency::decode(&self.body).map_err(bad)
    }
}

/// All adjacencies of one profile.
pub async fn of(pg: &Pg, profile: ProfileId) -> Result<Vec<AdjacencyRow>, StoreError> {
    let sql = format!("select {COLUMNS} from adjacency where profile_id = $1 order by 2, 3");
    let rows = pg.read("adjacency::of", &sql, params![stored_id(profile) => INT8]).await?;
    rows.iter().map(from_row).collect()
}

/// The adjacencies of these profiles with direction out, by profile and layer.
pub async fn given(pg: &Pg, profiles: &[ProfileId]) -> Result<Vec<AdjacencyRow>, StoreError> {
    let sql = format!(
        "select {COLUMNS} from adjacency where profile_id = any($1) and direction = $2 order by 1, 2"
    );
    let out = Direction::Out as i16;
    let params = params![stored_ids(profiles) => INT8_ARRAY, out => INT2];
    let rows = pg.read("adjacency::given", &sql, params).await?;
    rows.iter().map(from_row).collect()
}

/// Adjacencies by key, at most `limit` after `after`.
pub async fn page(
    pg: &Pg,
    after: Option<AdjacencyKey>,
    limit: u32,
) -> Result<Vec<AdjacencyRow>, StoreError> {
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
pub(super) fn stored_after(after: Option<AdjacencyKey>) -> (i64, i16, i16) {
    after.map_or((-1, 0, 0), |key| (stored_id(key.profile), key.layer as i16, key.direction as i16))
}

pub(super) fn from_row(row: &Row) -> Result<AdjacencyRow, StoreError> {
    let row = ADJACENCY.row(row);
    Ok(AdjacencyRow {
        key: AdjacencyKey::from_row(&row)?,
        complete: row.get("complete")?,
        hidden: row.get("hidden")?,
        observed_at: from_seconds(row.get("observed_at")?),
        watermark: row.get("watermark")?,
        body: row.get("body")?,
    })
}

/// The arcs in the column `body` of a table's row.
pub(super) fn decoded(row: &TableRow<'_>) -> Result<Adjacency, StoreError> {
    Adjacency::decode(row.get("body")?).map_err(|why| row.corrupt("body", why))
}
