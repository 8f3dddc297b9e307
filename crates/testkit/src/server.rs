//! The server that the tests' databases live on: `DATABASE_URL`, else a private cluster that all
//! test processes share.
//!
//! A process that ends in any way gives up its share. So the process that entered the cluster first
//! leaves a shell behind that waits for the end of the last share and then stops the server.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use cluster::PgCluster;

/// Nothing is durable, so it is as fast as PostgreSQL gets.
const SETTINGS: &[(&str, &str)] = &[
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    ("max_connections", "300"),
    ("max_wal_size", "2GB"),
    ("wal_level", "minimal"),
    ("max_wal_senders", "0"),
];

/// The URL of a database on the server.
pub(crate) fn url(database: &str) -> String {
    static OWN: OnceLock<PgCluster> = OnceLock::new();
    match given() {
        Some(server) => with_database(&server, database),
        None => OWN.get_or_init(enter).url(database),
    }
}

#[expect(clippy::disallowed_methods, reason = "tests get their server from the environment")]
fn given() -> Option<String> {
    std::env::var("DATABASE_URL").ok()
}

fn enter() -> PgCluster {
    let home = std::env::temp_dir().join("borg-testkit");
    let cluster = PgCluster::enter(&home, SETTINGS)
        .unwrap_or_else(|e| panic!("failed to start a PostgreSQL for tests: {e}"));
    if cluster.was_alone() {
        leave_stopper(&home, &cluster.log().with_file_name("data").join("postmaster.pid"));
    }
    cluster
}

/// Stops the server whose pid file is `$1` once no process holds `users.lock`.
const STOPPER: &str = "(exec 9>>users.lock && flock -x 9 && kill -INT \"$(head -n 1 \"$1\")\" \
    && while [ -e \"$1\" ]; do sleep 0.1; done) &";

/// Leaves a shell behind that stops the server after its last user.
fn leave_stopper(home: &Path, pid_file: &Path) {
    let left = Command::new("sh")
        .args(["-c", STOPPER, "sh"])
        .arg(pid_file)
        .current_dir(home)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    left.unwrap_or_else(|e| panic!("failed to leave a shell behind: {e}"));
}

/// The same server's URL with another database.
fn with_database(url: &str, name: &str) -> String {
    if !url.contains("://") {
        // Of keywords that come twice the last one counts.
        return format!("{url} dbname={name}");
    }
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
        assert_eq!(with_database("postgres://h", "new"), "postgres://h/new");
        assert_eq!(
            with_database("host='/a b' dbname=old", "new"),
            "host='/a b' dbname=old dbname=new"
        );
    }
}
