//! A private PostgreSQL, run from the system's binaries.
//!
//! [`PgCluster::enter`] gives a running server that belongs to one folder, its *home*. The first
//! process to enter makes and starts it, later ones share it, the last one to leave stops it. The
//! server listens on a Unix socket only, so two homes never collide. A process that is killed
//! leaves no trace: its lock ends with it, and the next one to enter finds the server running, or
//! recovers it.
//!
//! As root, PostgreSQL refuses to run and another user may not reach the home: the data then lie
//! under `/var/lib/borg/<id>`, owned by an unprivileged user, and the home's file `cluster` holds
//! the id. Data without a home are removed by the next process to enter.

mod binaries;
mod config;
mod layout;
mod orphans;
mod server;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

pub use binaries::PgBinaries;
pub use layout::ClusterLayout;

/// Why there is no private PostgreSQL.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// No usable PostgreSQL is installed.
    #[error(
        "no PostgreSQL 15 or newer was found: install it (apt-get install postgresql, or brew \
         install postgresql@17) or set DATABASE_URL"
    )]
    NoBinaries,
    /// The data were made by a major version that is not installed any more.
    #[error("the data in {data} need PostgreSQL {version}, which is not installed")]
    WrongVersion {
        /// The data folder.
        data: PathBuf,
        /// The major version that made them.
        version: String,
    },
    /// Root finds no unprivileged user to run the server as.
    #[error("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")]
    NoUser,
    /// A folder for the socket is there already, and is not this user's.
    #[error(
        "{folder} is not this user's own folder: remove it, or choose a home whose path is short \
         and plain (BORG_HOME)"
    )]
    NotOurs {
        /// The folder.
        folder: PathBuf,
    },
    /// A command of PostgreSQL failed.
    #[error("{command} failed: {output}")]
    Failed {
        /// Which one.
        command: &'static str,
        /// The end of what it printed.
        output: String,
    },
    /// A file or folder cannot be used.
    #[error("{path}: {source}")]
    Io {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// One process's share in a running private server. Leaving is dropping it.
#[derive(Debug)]
pub struct PgCluster {
    layout: ClusterLayout,
    binaries: PgBinaries,
    /// Shared by every process that uses the server; exclusive to the one that stops it.
    users: Option<File>,
    was_alone: bool,
}

impl PgCluster {
    /// Enters the cluster of `home`, which is created where it is missing. `settings` are
    /// PostgreSQL's own (`name`, `value`) and hold for the server that this call starts.
    pub fn enter(home: &Path, settings: &[(&str, &str)]) -> Result<PgCluster, ClusterError> {
        fs::create_dir_all(home).map_err(io(home))?;
        let _turn = take_turn(home)?;
        orphans::remove_orphans();
        let layout = ClusterLayout::of(home)?;
        let binaries = PgBinaries::find(&layout.base.join("data"))?;
        let users = lock_file(&home.join("users.lock"))?;
        let was_alone = users.try_lock().is_ok();
        users.lock_shared().map_err(io(home))?;
        server::initialise(&layout, &binaries)?;
        server::start(&layout, &binaries, Some(settings))?;
        Ok(PgCluster { layout, binaries, users: Some(users), was_alone })
    }

    /// Whether no other process was using the server when this one entered: then no process owns what
    /// others left half done.
    pub fn was_alone(&self) -> bool {
        self.was_alone
    }

    /// Starts the server again if it does not run any more; returns whether it had to.
    pub fn revive(&self) -> Result<bool, ClusterError> {
        let _turn = take_turn(&self.layout.home)?;
        self.layout.make()?;
        server::start(&self.layout, &self.binaries, None)
    }

    /// Processor time of the server, its ended processes included, in seconds; 0 where the system
    /// does not report it.
    pub fn cpu_seconds(&self) -> f64 {
        server::cpu_seconds(&self.layout)
    }

    /// Like [`PgCluster::cpu_seconds`], without the server's upkeep: of the processes alive only those that
    /// serve a session. All that ended count, so autovacuum must be off between two readings.
    pub fn session_cpu_seconds(&self) -> f64 {
        server::session_cpu_seconds(&self.layout)
    }

    /// The connection string of a database of this server, as its superuser. The socket's path is
    /// plain for every name of the home.
    pub fn url(&self, database: &str) -> String {
        let socket = self.layout.socket.display();
        format!("host={socket} port={} user=borg dbname={database}", server::PORT)
    }

    /// Another command of the same installation, such as `pgbench`; `None` if it is not installed.
    pub fn command(&self, name: &str) -> Option<std::process::Command> {
        self.binaries.has(name).then(|| self.binaries.command(name))
    }

    /// Where the server's log is.
    pub fn log(&self) -> PathBuf {
        self.layout.log()
    }

    /// Leaves; the last process to leave stops the server.
    fn leave(&mut self) -> Result<(), ClusterError> {
        let Some(users) = self.users.take() else { return Ok(()) };
        let home = &self.layout.home;
        let _turn = take_turn(home)?;
        users.unlock().map_err(io(home))?;
        match users.try_lock() {
            Ok(()) => server::stop(&self.layout, &self.binaries)?,
            Err(_) => return Ok(()),
        }
        self.layout.clear();
        Ok(())
    }
}

impl Drop for PgCluster {
    fn drop(&mut self) {
        // A server that cannot be stopped now is found and stopped by the next process.
        let _ = self.leave();
    }
}

/// Waits until no other process starts or stops the server of `home`; the returned file ends the turn.
fn take_turn(home: &Path) -> Result<File, ClusterError> {
    let file = lock_file(&home.join("startup.lock"))?;
    file.lock().map_err(io(home))?;
    Ok(file)
}

fn lock_file(path: &Path) -> Result<File, ClusterError> {
    File::options().create(true).truncate(false).write(true).open(path).map_err(io(path))
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> ClusterError {
    let path = path.to_owned();
    |source| ClusterError::Io { path, source }
}
