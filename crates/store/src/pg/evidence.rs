//! The evidence for scores: opaque bodies that the scoring writes and the API reads.

use model::{CommunityId, RunId};

use super::connection::params;
use super::{Pg, run};
use crate::StoreError;

const GET: &str =
    "select body from evidence where run_id = $1 and community_id = $2 and person = $3";

/// The evidence for one person's score in one community ([`WORLD`] for the global ones).
///
/// [`WORLD`]: super::community::WORLD
pub async fn get(
    pg: &Pg,
    run: RunId,
    community: CommunityId,
    person: u32,
) -> Result<Option<Vec<u8>>, StoreError> {
    let params = params![
        run::stored(run) => INT8,
        community.number() as i64 => INT8,
        person as i32 => INT4,
    ];
    let row = pg.query_opt("evidence::get", GET, params).await?;
    Ok(row.map(|row| row.get(0)))
}

const PAGE: &str = "select community_id, person, body from evidence
    where run_id = $1 and (community_id, person) > ($2, $3) order by 1, 2 limit $4";

/// Evidence of a run by community and person's number, at most `limit` rows after `after`.
pub async fn page(
    pg: &Pg,
    run: RunId,
    after: Option<(CommunityId, u32)>,
    limit: u32,
) -> Result<Vec<(CommunityId, u32, Vec<u8>)>, StoreError> {
    let (community, person) = after.map_or((-1, -1), |(id, n)| (id.number() as i64, n as i32));
    let params = params![
        run::stored(run) => INT8,
        community => INT8,
        person => INT4,
        i64::from(limit) => INT8,
    ];
    let rows = pg.query("evidence::page", PAGE, params).await?;
    let one = |row: &tokio_postgres::Row| {
        let (id, person): (i64, i32) = (row.get(0), row.get(1));
        (CommunityId::new(id as u64), person as u32, row.get(2))
    };
    Ok(rows.iter().map(one).collect())
}
