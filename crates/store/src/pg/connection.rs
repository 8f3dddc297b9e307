//! The pool of connections, and work that is tried again when one breaks.

use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use deadpool_postgres::{
    Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime,
};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Config, NoTls, Row};

use super::transaction::Tx;
use crate::StoreError;

/// The values of a statement with their types, so that no round trip has to ask for them.
pub(crate) type Params<'a> = [(&'a (dyn ToSql + Sync), Type)];

/// `params![a => INT8, b => TEXT_ARRAY]`: values with their types.
macro_rules! params {
    ($($value:expr => $kind:ident),* $(,)?) => {
        &[$((
            &$value as &(dyn tokio_postgres::types::ToSql + Sync),
            tokio_postgres::types::Type::$kind,
        )),*]
    };
}
pub(crate) use params;

/// How long a caller waits for one of the pool's connections.
const WAIT: Duration = Duration::from_secs(30);
/// How long a new connection may take.
const CREATE: Duration = Duration::from_secs(5);
/// How long to wait before each further try.
const PAUSES_MS: [u64; 4] = [10, 50, 250, 1_000];

/// The record. Cheap to clone; clones share the connections.
#[derive(Debug, Clone)]
pub struct Pg {
    pool: Pool,
    /// The last day of the change log that this process opened, plus one.
    pub(super) open_day: Arc<AtomicU32>,
}

impl Pg {
    /// Opens a pool of at most `connections_max` connections and tries one.
    pub async fn connect(url: &str, connections_max: usize) -> Result<Pg, StoreError> {
        let config: Config = url.parse().map_err(|e| StoreError::BadUrl(in_full(&e)))?;
        let manager_config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool = Pool::builder(Manager::from_config(config, NoTls, manager_config))
            .max_size(connections_max)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(CREATE))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|e| StoreError::Unavailable(e.to_string()))?;
        let pg = Pg { pool, open_day: Arc::default() };
        pg.ready().await?;
        Ok(pg)
    }

    /// Whether a statement can be run now.
    pub async fn ready(&self) -> Result<(), StoreError> {
        self.query("ready", "select 1", &[]).await.map(|_| ())
    }

    pub(super) async fn client(&self) -> Result<Object, StoreError> {
        self.pool.get().await.map_err(no_client)
    }

    /// Runs one statement in a transaction of its own. It may run twice.
    pub(super) async fn query(
        &self,
        what: &'static str,
        sql: &str,
        params: &Params<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        retry(|| async {
            let client = self.client().await?;
            client.query_typed(sql, params).await.map_err(|e| failed(what, e))
        })
        .await
    }

    /// Like [`Pg::query`], for a statement that returns at most one row.
    pub(super) async fn query_opt(
        &self,
        what: &'static str,
        sql: &str,
        params: &Params<'_>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.query(what, sql, params).await?.into_iter().next())
    }

    /// Like [`Pg::query`]; returns how many rows changed.
    pub(super) async fn execute(
        &self,
        what: &'static str,
        sql: &str,
        params: &Params<'_>,
    ) -> Result<u64, StoreError> {
        retry(|| async {
            let client = self.client().await?;
            client.execute_typed(sql, params).await.map_err(|e| failed(what, e))
        })
        .await
    }

    /// Like [`Pg::execute`], and whoever sees what it did may rely on it, even if the server dies
    /// the next moment; see [`Tx::lasting`].
    pub(super) async fn execute_lasting(
        &self,
        what: &'static str,
        sql: &str,
        params: &Params<'_>,
    ) -> Result<u64, StoreError> {
        retry(|| async {
            let mut client = self.client().await?;
            let tx = Tx::begin(&mut client, what).await?;
            tx.lasting().await?;
            let changed = tx.execute(sql, params).await?;
            tx.commit().await?;
            Ok(changed)
        })
        .await
    }

    /// Runs one statement that takes no values and returns nothing.
    pub(super) async fn batch(&self, what: &'static str, sql: &str) -> Result<(), StoreError> {
        let client = self.client().await?;
        client.batch_execute(sql).await.map_err(|e| failed(what, e))
    }
}

/// Does `work`, and does it again a few times as long as its error is passing.
pub(super) async fn retry<T, F>(work: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    for pause_ms in PAUSES_MS {
        match work().await {
            Err(error) if error.is_passing() => {
                tracing::debug!(%error, pause_ms, "trying again");
                tokio::time::sleep(Duration::from_millis(pause_ms)).await;
            }
            done => return done,
        }
    }
    work().await
}

/// Wraps what PostgreSQL says.
pub(super) fn failed(what: &'static str, source: tokio_postgres::Error) -> StoreError {
    let lost = source.is_closed() || (source.as_db_error().is_none() && has_io_cause(&source));
    if lost {
        return StoreError::Unavailable(in_full(&source));
    }
    StoreError::Statement { what, why: in_full(&source), passing: asks_again(&source) }
}

fn no_client(error: PoolError) -> StoreError {
    match error {
        PoolError::Backend(source) if source.as_db_error().is_some() => failed("connect", source),
        PoolError::Backend(source) => StoreError::Unavailable(in_full(&source)),
        PoolError::Timeout(_) => StoreError::Unavailable("no connection came free in time".into()),
        other => StoreError::Unavailable(other.to_string()),
    }
}

fn has_io_cause(error: &tokio_postgres::Error) -> bool {
    error.source().is_some_and(|source| source.is::<std::io::Error>())
}

/// Whether PostgreSQL itself says that the same statement may work later.
fn asks_again(error: &tokio_postgres::Error) -> bool {
    let passing = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::TOO_MANY_CONNECTIONS,
        SqlState::LOCK_NOT_AVAILABLE,
    ];
    error.code().is_some_and(|code| passing.contains(code))
}

/// An error with everything that caused it.
fn in_full(error: &tokio_postgres::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
