//! The pool of connections, and work that is tried again when one breaks.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::sync::Mutex;
use tokio_postgres::{Config, Error, NoTls, Row};

use super::failure::{cause, failed, no_client};
use super::params::Params;
use super::transaction::PgTransaction;
use crate::StoreError;

/// How long a caller waits for one of the pool's connections.
const WAIT: Duration = Duration::from_secs(30);
/// How long a new connection may take.
const CREATE: Duration = Duration::from_secs(5);
/// How long to wait before each further try.
const PAUSES_MS: [u64; 4] = [10, 50, 250, 1_000];

/// The server looks this often whether the client of a running statement is still there, and ends the
/// statement of one that is not.
const CHECK: Duration = Duration::from_secs(2);

/// How long the server works and waits for each connection of a pool. A statement is ended by the
/// server, so it is whatever became of the process that sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// The longest a statement may run.
    pub statement: Duration,
    /// The longest a statement may wait for a lock.
    pub lock: Duration,
    /// The longest a transaction may wait for its next statement.
    pub idle: Duration,
}

impl Timeouts {
    /// For answers: within the 29 seconds that a request may take.
    pub const ANSWER: Timeouts = Timeouts::seconds(10, 2, 10);
    /// For a tick: within its function's 50 seconds.
    pub const TICK: Timeouts = Timeouts::seconds(15, 5, 15);
    /// For the commits of a fetch: within its function's 300 seconds. A lock is waited for longer than
    /// a tick may hold one.
    pub const COMMIT: Timeouts = Timeouts::seconds(60, 40, 60);
    /// For a run, which reads the whole database in one transaction and loads large results: within its
    /// function's 900 seconds.
    pub const RUN: Timeouts = Timeouts::seconds(600, 60, 900);

    const fn seconds(statement: u64, lock: u64, idle: u64) -> Timeouts {
        Timeouts {
            statement: Duration::from_secs(statement),
            lock: Duration::from_secs(lock),
            idle: Duration::from_secs(idle),
        }
    }

    /// A URL's settings with these; what its user set stays.
    pub(super) fn apply(self, config: &mut Config) {
        let given = config.get_options().unwrap_or_default().to_owned();
        config.options(RANDOM_PAGES.to_owned() + &self.options() + &given);
    }

    /// The settings of a session, as PostgreSQL's `options` has them.
    fn options(self) -> String {
        let ms = |name: &str, time: Duration| format!("-c {name}={} ", time.as_millis());
        ms("statement_timeout", self.statement)
            + &ms("lock_timeout", self.lock)
            + &ms("idle_in_transaction_session_timeout", self.idle)
            + &ms("client_connection_check_interval", CHECK)
    }
}

/// The database. Cheap to clone; clones share the connections.
#[derive(Debug, Clone)]
pub struct Pg {
    pub(super) pool: Pool,
    /// The last day of the change log that this process opened, plus one.
    pub(super) open_day: Arc<AtomicU32>,
    pub(super) session: Option<Session>,
}

/// The connection that the reads of one request share, once there is one.
pub(super) type Session = Arc<Mutex<Option<Arc<Object>>>>;

/// What PostgreSQL should take a page for that it reads at random: by default four times as dear as one
/// in order, as on a disk that turns. Then it reads a whole table where a thousand rows are looked up.
const RANDOM_PAGES: &str = "-c random_page_cost=1.1 ";

/// How connections that answer requests plan: once for each prepared statement.
const GENERIC_PLANS: &str = "-c plan_cache_mode=force_generic_plan ";

impl Pg {
    /// Opens a pool of at most `connections_max` connections, for any work, and tries one.
    pub async fn connect(url: &str, connections_max: usize) -> Result<Pg, StoreError> {
        Pg::connect_for(url, connections_max, Timeouts::RUN).await
    }

    /// Like [`Pg::connect`], for work that ends in time or fails.
    pub async fn connect_for(
        url: &str,
        connections_max: usize,
        timeouts: Timeouts,
    ) -> Result<Pg, StoreError> {
        Pg::open(config(url, timeouts)?, connections_max).await
    }

    /// Like [`Pg::connect`], for answers to requests: in time, and by plans that are made once for each
    /// statement.
    pub async fn connect_for_answers(url: &str, connections_max: usize) -> Result<Pg, StoreError> {
        let mut config = config(url, Timeouts::ANSWER)?;
        let given = config.get_options().unwrap_or_default().to_owned();
        config.options(GENERIC_PLANS.to_owned() + &given);
        Pg::open(config, connections_max).await
    }

    /// The settings of a session of [`Pg::connect_for_answers`], as PostgreSQL's `options` has them.
    pub fn answer_options() -> String {
        GENERIC_PLANS.to_owned() + RANDOM_PAGES + &Timeouts::ANSWER.options()
    }

    async fn open(config: Config, connections_max: usize) -> Result<Pg, StoreError> {
        let manager_config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool = Pool::builder(Manager::from_config(config, NoTls, manager_config))
            .max_size(connections_max)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(CREATE))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|e| StoreError::Unavailable(e.to_string()))?;
        let pg = Pg { pool, open_day: Arc::default(), session: None };
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
        let query = || async { Ok(self.client().await?.query_typed(sql, params).await) };
        send(what, query).await
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
        let execute = || async { Ok(self.client().await?.execute_typed(sql, params).await) };
        send(what, execute).await
    }

    /// Like [`Pg::execute`], and what it did is not lost even if the server dies the next moment; see
    /// [`PgTransaction::lasting`].
    pub(super) async fn execute_lasting(
        &self,
        what: &'static str,
        sql: &str,
        params: &Params<'_>,
    ) -> Result<u64, StoreError> {
        retry(|| async {
            let mut client = self.client().await?;
            let tx = PgTransaction::begin(&mut client, what).await?;
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

/// A URL as settings of a connection.
pub(super) fn config(url: &str, timeouts: Timeouts) -> Result<Config, StoreError> {
    let mut config: Config = url.parse().map_err(|e| StoreError::BadUrl(cause(&e)))?;
    timeouts.apply(&mut config);
    Ok(config)
}

/// Sends a statement of the function `what`, and sends it again as [`retry`] says. Its state is on the heap:
/// else every caller that may send one, such as a request that finds its key in a cache, carries kilobytes for it
/// from future to future.
pub(super) fn send<'a, T, F>(
    what: &'static str,
    statement: impl Fn() -> F + Send + 'a,
) -> BoxFuture<'a, Result<T, StoreError>>
where
    T: Send + 'a,
    F: Future<Output = Result<Result<T, Error>, StoreError>> + Send + 'a,
{
    let work = move || {
        let sent = statement();
        async move { sent.await?.map_err(|e| failed(what, e)) }
    };
    retry(work).boxed()
}

/// Does `work`, and does it again a few times as long as its error is passing. What took too long is
/// not done again at once: it would only take its time once more.
pub(super) async fn retry<T, F>(work: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    for pause_ms in PAUSES_MS {
        match work().await {
            Err(error) if error.is_passing() && !error.is_timeout() => {
                tracing::debug!(%error, pause_ms, "trying again");
                tokio::time::sleep(Duration::from_millis(pause_ms)).await;
            }
            done => return done,
        }
    }
    work().await
}
