//! A cluster that all test processes share.
//!
//! Every process holds a shared lock on `users` for as long as it lives, however it ends. Whoever
//! starts the server leaves a shell behind that waits for the exclusive lock, that is for the last
//! user, and stops the server. Nothing is durable: it is as fast as PostgreSQL gets.

use std::fs::{self, File};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::binaries::Binaries;

/// Settings of the server: no durability, sockets only.
const SETTINGS: &str = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off \
    -c listen_addresses= -c max_connections=300 -c shared_buffers=128MB -c max_wal_size=2GB \
    -c wal_level=minimal -c max_wal_senders=0";

struct Cluster {
    folder: PathBuf,
    /// Held until the process ends.
    _user: File,
}

/// The URL of the shared cluster's `postgres` database.
pub(crate) fn url() -> String {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    let cluster = CLUSTER.get_or_init(join);
    let folder = cluster.folder.display().to_string().replace('/', "%2F");
    format!("postgresql://borg@{folder}/postgres")
}

/// Joins the users of the cluster, and starts it if it does not run.
fn join() -> Cluster {
    let binaries = Binaries::find().unwrap_or_else(|| {
        panic!("no PostgreSQL found: install it (apt install postgresql) or set DATABASE_URL")
    });
    let folder = std::env::temp_dir().join("borg-testkit");
    prepare(&folder, &binaries).unwrap_or_else(|e| panic!("failed to use {folder:?}: {e}"));
    let user = lock_file(&folder, "users");
    user.lock_shared().expect("a lock on a fresh file can be waited for");
    let start = lock_file(&folder, "start");
    start.lock().expect("a lock on a fresh file can be waited for");
    if UnixStream::connect(folder.join(".s.PGSQL.5432")).is_err() {
        start_server(&folder, &binaries);
    }
    Cluster { folder, _user: user }
}

fn prepare(folder: &Path, binaries: &Binaries) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    binaries.own(folder)
}

fn lock_file(folder: &Path, name: &str) -> File {
    let path = folder.join(name);
    File::create(&path).unwrap_or_else(|e| panic!("failed to open {path:?}: {e}"))
}

fn start_server(folder: &Path, binaries: &Binaries) {
    let (data, log) = (folder.join("data"), folder.join("log"));
    let (data, log) = (data.display().to_string(), log.display().to_string());
    if !Path::new(&data).join("PG_VERSION").exists() {
        let new = format!("{data}.new");
        // What an interrupted start left cannot be used; that it is not there is the rule.
        let _ = fs::remove_dir_all(&new);
        let how = ["-D", &new, "-U", "borg", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"];
        binaries.run("initdb", &how);
        fs::rename(&new, &data).unwrap_or_else(|e| panic!("failed to rename {new}: {e}"));
    }
    let options = format!("{SETTINGS} -k {}", folder.display());
    binaries.run("pg_ctl", &["-D", &data, "-l", &log, "-o", &options, "-w", "start"]);
    leave_stopper(folder, &data, binaries);
}

/// Leaves a shell behind that stops the server after its last user.
fn leave_stopper(folder: &Path, data: &str, binaries: &Binaries) {
    let stop = binaries.words("pg_ctl").join(" ");
    let script = format!(
        "exec 9>users && flock -x 9 && exec 8>start && flock -x 8 && {stop} -D {data} -m fast stop"
    );
    let left = Command::new("sh")
        .args(["-c", &script])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn();
    left.unwrap_or_else(|e| panic!("failed to leave a shell behind: {e}"));
}
