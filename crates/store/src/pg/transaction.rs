//! A transaction with a name. Dropping it without a commit undoes it.

use deadpool_postgres::{Object, Transaction};
use tokio_postgres::Row;

use super::connection::{Params, failed};
use crate::StoreError;

/// A transaction of the function `what`.
pub(super) struct Tx<'a> {
    inner: Transaction<'a>,
    what: &'static str,
}

impl<'a> Tx<'a> {
    pub(super) async fn begin(
        client: &'a mut Object,
        what: &'static str,
    ) -> Result<Tx<'a>, StoreError> {
        let inner = client.transaction().await.map_err(|e| failed(what, e))?;
        Ok(Tx { inner, what })
    }

    /// Lets nobody see this transaction before it outlasts the server, which may let others lag:
    /// for what is relied upon outside of the record.
    pub(super) async fn lasting(&self) -> Result<(), StoreError> {
        self.execute("set local synchronous_commit = on", &[]).await.map(|_| ())
    }

    pub(super) async fn query(
        &self,
        sql: &str,
        params: &Params<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        self.inner.query_typed(sql, params).await.map_err(|e| failed(self.what, e))
    }

    pub(super) async fn execute(&self, sql: &str, params: &Params<'_>) -> Result<u64, StoreError> {
        self.inner.execute_typed(sql, params).await.map_err(|e| failed(self.what, e))
    }

    pub(super) async fn commit(self) -> Result<(), StoreError> {
        self.inner.commit().await.map_err(|e| failed(self.what, e))
    }
}
