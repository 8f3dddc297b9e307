//! Claims become proof: the law of [`model::identity`] as joins.

use model::ProfileId;
use model::identity::Link;

use super::Pg;
use crate::StoreError;

/// Every proven link, sorted, one for each pair.
pub async fn proven(pg: &Pg) -> Result<Vec<Link>, StoreError> {
    todo!()
}

/// The proven links among these profiles.
pub async fn among(pg: &Pg, ids: &[ProfileId]) -> Result<Vec<Link>, StoreError> {
    todo!()
}
