//! Reads as fast as PostgreSQL: statements that each connection prepares once, and that one request
//! sends over one connection.
//!
//! What is prepared is planned once too on connections of [`Pg::connect_for_answers`], which take
//! generic plans, as long as a statement names the partition that it reads: of a parent with 50
//! partitions even a generic plan opens and locks them all (decision 26).

use std::sync::Arc;

use deadpool_postgres::Object;
use model::RunId;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error, Row};

use super::Pg;
use super::connection::{Session, send};
use super::params::Params;
use crate::StoreError;

/// The most statements that one connection keeps prepared. Past it all are forgotten, and those that
/// are still used are prepared again.
const STATEMENTS_MAX: usize = 256;

impl Pg {
    /// The same database for one request. Its reads share one connection: those that are sent
    /// together need one round trip.
    #[must_use]
    pub fn session(&self) -> Pg {
        Pg { session: Some(Session::default()), ..self.clone() }
    }

    /// Gives the connection of a session back, before work that takes long; its next read takes another one.
    pub async fn release(&self) {
        if let Some(session) = &self.session {
            session.lock().await.take();
        }
    }

    /// Runs one reading statement, prepared. It may run twice.
    pub(super) async fn read(
        &self,
        what: &'static str,
        sql: &str,
        params: &Params<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        send(what, || self.read_once(sql, params)).await
    }

    /// Like [`Pg::read`], for a statement that returns at most one row.
    pub(super) async fn read_opt(
        &self,
        what: &'static str,
        sql: &str,
        params: &Params<'_>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.read(what, sql, params).await?.into_iter().next())
    }

    /// Like [`Pg::read`], for a statement that names partitions: without them there are no rows, as
    /// if their parents were read.
    pub(super) async fn read_partition(
        &self,
        what: &'static str,
        sql: &str,
        params: &Params<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        let read = || async {
            Ok(match self.read_once(sql, params).await? {
                Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Ok(Vec::new()),
                rows => rows,
            })
        };
        send(what, read).await
    }

    /// Like [`Pg::read_partition`], for the tables of a run; `sql` has `{run}` for its number. It may see
    /// tables that are still being loaded: callers read published runs only.
    pub(super) async fn read_run(
        &self,
        what: &'static str,
        run: RunId,
        sql: &str,
        params: &Params<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        let sql = sql.replace("{run}", &run.number().to_string());
        self.read_partition(what, &sql, params).await
    }

    async fn read_once(
        &self,
        sql: &str,
        params: &Params<'_>,
    ) -> Result<Result<Vec<Row>, Error>, StoreError> {
        let Some(session) = &self.session else {
            return Ok(query(&self.client().await?, sql, params).await);
        };
        let client = self.session_client(session).await?;
        let rows = query(&client, sql, params).await;
        if client.is_closed() {
            session.lock().await.take();
        }
        Ok(rows)
    }

    /// The session's connection; taken from the pool at its first read.
    async fn session_client(&self, session: &Session) -> Result<Arc<Object>, StoreError> {
        let mut client = session.lock().await;
        if let Some(client) = client.as_ref() {
            return Ok(Arc::clone(client));
        }
        Ok(Arc::clone(client.insert(Arc::new(self.client().await?))))
    }
}

/// Runs a statement that is prepared on this connection; prepares it first, or again if the tables
/// that it reads have changed since.
async fn query(client: &Object, sql: &str, params: &Params<'_>) -> Result<Vec<Row>, Error> {
    let types: Vec<Type> = params.iter().map(|(_, kind)| kind.clone()).collect();
    match query_prepared(client, sql, (&types, params)).await {
        Err(error) if is_outdated(&error) => {
            client.statement_cache.remove(sql, &types);
            query_prepared(client, sql, (&types, params)).await
        }
        rows => rows,
    }
}

async fn query_prepared(
    client: &Object,
    sql: &str,
    (types, params): (&[Type], &Params<'_>),
) -> Result<Vec<Row>, Error> {
    let statement = client.prepare_typed_cached(sql, types).await?;
    if client.statement_cache.size() > STATEMENTS_MAX {
        client.statement_cache.clear();
    }
    let values: Vec<&(dyn ToSql + Sync)> = params.iter().map(|(value, _)| *value).collect();
    client.query(&statement, &values).await
}

/// Whether PostgreSQL refuses a prepared statement that it would take anew: its result has other
/// columns since a migration, or the session lost it.
fn is_outdated(error: &Error) -> bool {
    let codes = [SqlState::FEATURE_NOT_SUPPORTED, SqlState::INVALID_SQL_STATEMENT_NAME];
    error.code().is_some_and(|code| codes.contains(code))
}
