//! The pool of connections, and statements that are tried again when one breaks.

use crate::StoreError;

/// The record. Cheap to clone; clones share the connections.
#[derive(Debug, Clone)]
pub struct Pg {}

impl Pg {
    /// Opens a pool of at most `connections_max` connections and tries one.
    pub async fn connect(url: &str, connections_max: usize) -> Result<Pg, StoreError> {
        todo!()
    }

    /// Whether a statement can be run now.
    pub async fn ready(&self) -> Result<(), StoreError> {
        todo!()
    }
}

/// Whether the same statement may work on another try or another connection.
pub(crate) fn is_passing(error: &tokio_postgres::Error) -> bool {
    todo!()
}
