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
