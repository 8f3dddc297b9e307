//! Where a page ends that begins somewhere.
//!
//! A page that ended where the stream ended would be longer when it is asked for again. So its end is kept: the
//! same request gets the page that was paid.

use model::{ChangePosition, PayerId};

use crate::StoreError;
use crate::pg::Pg;
use crate::pg::params::params;
use crate::pg::row::CHANGE_PAGE;
use crate::pg::value::{position, stored_position};

const END: &str = "select payer_id, to_position from change_page
    where payer_id = $1 and filter = $2 and from_position = $3";
/// Of several at the same time the first end stays.
const FIX: &str = "insert into change_page (payer_id, filter, from_position, to_position)
    values ($1, $2, $3, $4) on conflict (payer_id, filter, from_position)
    do update set to_position = change_page.to_position returning payer_id, to_position";

/// The beginning of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageStart {
    /// Who reads.
    pub payer: PayerId,
    /// A hash of the filter.
    pub filter: [u8; 16],
    /// The position before it.
    pub from: ChangePosition,
}

/// Where the page ends, if it was read before.
pub async fn fixed_end(pg: &Pg, start: PageStart) -> Result<Option<ChangePosition>, StoreError> {
    let params = params![
        start.payer.number() as i64 => INT8,
        &start.filter[..] => BYTEA,
        stored_position(start.from) => INT8,
    ];
    let row = pg.read_opt("change::fixed_end", END, params).await?;
    row.map(|row| CHANGE_PAGE.row(&row).get("to_position").map(position)).transpose()
}

/// Keeps where the page ends; returns the end that was kept first.
pub async fn fix_end(
    pg: &Pg,
    start: PageStart,
    to: ChangePosition,
) -> Result<ChangePosition, StoreError> {
    let params = params![
        start.payer.number() as i64 => INT8,
        &start.filter[..] => BYTEA,
        stored_position(start.from) => INT8,
        stored_position(to) => INT8,
    ];
    let row = pg.query_opt("change::fix_end", FIX, params).await?;
    let end = row.map(|row| CHANGE_PAGE.row(&row).get("to_position").map(position));
    Ok(end.transpose()?.unwrap_or(to))
}
