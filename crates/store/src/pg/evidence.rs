//! The evidence for scores: opaque bodies that the scoring writes and the API reads.

use model::{CommunityId, RunId};

use super::Pg;
use crate::StoreError;

/// The evidence for one person's score in one community ([`WORLD`] for the global ones).
///
/// [`WORLD`]: super::community::WORLD
pub async fn get(
    pg: &Pg,
    run: RunId,
    community: CommunityId,
    person: u32,
) -> Result<Option<Vec<u8>>, StoreError> {
    todo!()
}
