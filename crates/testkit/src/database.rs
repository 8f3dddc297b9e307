//! A database for each test, copied from a template that has run the migrations.

use std::sync::atomic::{AtomicU32, Ordering};

use store::Pg;
use tokio_postgres::{Client, NoTls};

use crate::cluster;

/// How many connections a test's pool may open.
const CONNECTIONS_MAX: usize = 8;

/// A database of one test's own: migrated, empty, and dropped with this value.
#[derive(Debug)]
pub struct Database {
    pg: Pg,
    url: String,
    name: String,
    server: String,
}

impl Database {
    /// A pool of connections to it.
    pub fn pg(&self) -> &Pg {
        &self.pg
    }

    /// Its URL, for further pools and for looking at it from outside.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A connection of its own, for statements that only a test needs.
    pub async fn client(&self) -> Client {
        connect(&self.url).await
    }
}

/// A new database.
///
/// # Panics
/// If there is no PostgreSQL, with what to do about it.
pub async fn database() -> Database {
    let server = server_url();
    let admin = connect(&server).await;
    let template = template(&admin, &server).await;
    let name = new_name();
    run(&admin, &format!("create database {name} template {template}")).await;
    let url = with_database(&server, &name);
    let pg = Pg::connect(&url, CONNECTIONS_MAX).await.expect("a database just made is there");
    Database { pg, url, name, server }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // Dropping happens inside of a runtime that cannot wait; another thread has its own.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("a runtime of one thread needs nothing");
            runtime.block_on(async {
                let admin = connect(&server).await;
                run(&admin, &format!("drop database if exists {name} with (force)")).await;
            });
        });
        if dropping.join().is_err() {
            eprintln!("the test database {} is left behind", self.name);
        }
    }
}

/// The template's name; made if there is none for these migrations.
async fn template(admin: &Client, server: &str) -> String {
    let name = format!("template_{}", store::pg::schema_hash());
    run(admin, "select pg_advisory_lock(20261126)").await;
    let known = admin
        .query("select from pg_database where datname = $1", &[&name])
        .await
        .expect("pg_database can be read");
    if known.is_empty() {
        let unfinished = format!("{name}_unfinished");
        run(admin, &format!("drop database if exists {unfinished}")).await;
        run(admin, &format!("create database {unfinished}")).await;
        let url = with_database(server, &unfinished);
        store::pg::migrate(&url).await.unwrap_or_else(|e| panic!("failed to {e}"));
        run(admin, &format!("alter database {unfinished} rename to {name}")).await;
    }
    run(admin, "select pg_advisory_unlock(20261126)").await;
    name
}

fn new_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

#[expect(clippy::disallowed_methods, reason = "tests are told their server by the environment")]
fn server_url() -> String {
    std::env::var("DATABASE_URL").unwrap_or_else(|_| cluster::url())
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .unwrap_or_else(|e| panic!("failed to connect to {url}: {e:?}"));
    tokio::spawn(connection);
    client
}

async fn run(client: &Client, sql: &str) {
    client.batch_execute(sql).await.unwrap_or_else(|e| panic!("failed to run `{sql}`: {e:?}"));
}

/// The same server's URL with another database.
fn with_database(url: &str, name: &str) -> String {
    let (place, options) = url.split_once('?').map_or((url, None), |(a, b)| (a, Some(b)));
    let scheme_end = place.find("://").map_or(0, |at| at + 3);
    let authority_end = place[scheme_end..].find('/').map_or(place.len(), |at| scheme_end + at);
    let base = format!("{}/{name}", &place[..authority_end]);
    options.map_or_else(|| base.clone(), |options| format!("{base}?{options}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_database_of_a_url_is_replaced() {
        let url = with_database("postgres://u:p@h:5432/old?sslmode=disable", "new");
        assert_eq!(url, "postgres://u:p@h:5432/new?sslmode=disable");
        assert_eq!(
            with_database("postgresql://borg@%2Ftmp", "new"),
            "postgresql://borg@%2Ftmp/new"
        );
    }
}
