//! A database for each test, copied from a template that has run the migrations.

use std::sync::atomic::{AtomicU32, Ordering};

use store::Pg;
use tokio_postgres::{Client, NoTls};

use crate::server;

/// How many connections a test's pool may open.
const CONNECTIONS_MAX: usize = 8;

/// A database of one test's own: migrated, empty, and dropped with this value.
#[derive(Debug)]
pub struct Database {
    pg: Pg,
    url: String,
    name: String,
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

    /// Its URL with settings for the server, like `-c work_mem=1MB`.
    pub fn url_with_options(&self, options: &str) -> String {
        match self.url.contains("://") {
            true => {
                format!("{}?options={}", self.url, options.replace(' ', "%20").replace('=', "%3D"))
            }
            false => format!("{} options='{options}'", self.url),
        }
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
    let admin = connect(&server::url("postgres")).await;
    let template = template(&admin).await;
    let name = new_name();
    run(&admin, &format!("create database {name} template {template}")).await;
    let url = server::url(&name);
    let pg = Pg::connect(&url, CONNECTIONS_MAX).await.expect("a database just made is there");
    Database { pg, url, name }
}

/// What a later migration might do to tables that prepared statements read.
const LATER: &str = "alter table profile add column extra text;
    alter table profile alter column display_name type varchar;
    alter table run alter column error type varchar;
    alter table run add column extra int";

/// All tables but those named.
const TABLES: &str = "select relname::text from pg_class where relkind in ('r', 'p')
    and relnamespace = 'public'::regnamespace and not relispartition and relname <> all($1::text[])";

impl Database {
    /// Gives tables further columns, and others the type of a column.
    ///
    /// # Panics
    /// If the tables are not those of the migrations.
    pub async fn change_columns(&self) {
        run(&self.client().await, LATER).await;
    }

    /// Whether a row of any table but these has a text in it, whatever its case.
    ///
    /// # Panics
    /// If a table cannot be read.
    pub async fn has_text(&self, text: &str, but: &[&str]) -> bool {
        let client = self.client().await;
        let tables = client.query(TABLES, &[&but]).await.expect("tables are listed");
        for table in tables.iter().map(|row| row.get::<_, String>("relname")) {
            let sql = format!("select exists (select from {table} t where t::text ilike $1)");
            let row = client.query_one(&sql, &[&format!("%{text}%")]).await;
            if row.expect("a table is read").get(0) {
                return true;
            }
        }
        false
    }

    /// Gives a table another name: what reads it fails until it has its own again.
    ///
    /// # Panics
    /// If there is no such table.
    pub async fn rename_table(&self, from: &str, to: &str) {
        run(&self.client().await, &format!("alter table {from} rename to {to}")).await;
    }

    /// Lets webhooks of this name fail where they are moved on.
    pub async fn fail_webhooks(&self, name: &str) {
        self.trouble_webhooks(name, "raise exception 'this webhook cannot be moved'").await;
    }

    /// Lets webhooks of this name take some seconds where they are moved on.
    pub async fn slow_webhooks(&self, name: &str, seconds: u32) {
        self.trouble_webhooks(name, &format!("perform pg_sleep({seconds})")).await;
    }

    async fn trouble_webhooks(&self, name: &str, trouble: &str) {
        let sql = format!(
            "create or replace function trouble() returns trigger language plpgsql as $$
            begin {trouble}; return new; end $$;
            drop trigger if exists trouble on webhook;
            create trigger trouble before update of position on webhook for each row
                when (new.name = '{name}') execute function trouble()"
        );
        run(&self.client().await, &sql).await;
    }

    /// Leaves as many positions of the change stream without an event.
    pub async fn skip_positions(&self, count: u32) {
        let sql = format!("update change_head set head = head + {count}");
        run(&self.client().await, &sql).await;
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let name = self.name.clone();
        // Dropping happens inside of a runtime that cannot wait; another thread has its own.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("a runtime of one thread needs nothing");
            runtime.block_on(async {
                let admin = connect(&server::url("postgres")).await;
                run(&admin, &format!("drop database if exists {name} with (force)")).await;
            });
        });
        if dropping.join().is_err() {
            eprintln!("the test database {} is left behind", self.name);
        }
    }
}

/// The template's name; made if there is none for these migrations.
async fn template(admin: &Client) -> String {
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
        store::pg::migrate(&server::url(&unfinished))
            .await
            .unwrap_or_else(|e| panic!("failed to {e}"));
        run(admin, &format!("alter database {unfinished} rename to {name}")).await;
    }
    run(admin, "select pg_advisory_unlock(20261126)").await;
    name
}

fn new_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
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
