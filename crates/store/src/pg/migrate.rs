//! Brings the schema up to date.

use crate::StoreError;

/// Runs the migrations that have not run yet; returns how many. Concurrent calls wait for each
/// other.
pub async fn migrate(url: &str) -> Result<usize, StoreError> {
    todo!()
}
