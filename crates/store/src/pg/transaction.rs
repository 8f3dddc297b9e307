//! A transaction with a name. Dropping it without a commit undoes it.

use deadpool_postgres::{Object, Transaction};
use tokio_postgres::Row;

use super::failure::failed;
use super::params::Params;
use crate::StoreError;

/// A transaction of the function `what`.
pub(super) struct PgTransaction<'a> {
    inner: Transaction<'a>,
    what: &'static str,
}

impl<'a> PgTransaction<'a> {
    pub(super) async fn begin(
        client: &'a mut Object,
        what: &'static str,
    ) -> Result<PgTransaction<'a>, StoreError> {
        let inner = client.transaction().await.map_err(|e| failed(what, e))?;
        Ok(PgTransaction { inner, what })
    }

    /// The function that runs it.
    pub(super) fn what(&self) -> &'static str {
        self.what
    }

    pub(super) fn inner(&self) -> &tokio_postgres::Transaction<'a> {
        &self.inner
    }

    /// Keeps this transaction invisible until it survives a crash of the server, which otherwise may
    /// lose the latest ones: for what others rely on outside of the database.
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
