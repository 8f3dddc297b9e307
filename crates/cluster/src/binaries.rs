//! Where PostgreSQL's own commands are on this machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{ClusterError, config};

/// The oldest major version that Borg's SQL runs on.
const MAJOR_MIN: u32 = 15;

/// The folders in which distributions put one folder per major version.
const PARENTS: &[&str] = &["/usr/lib/postgresql", "/usr/local/opt", "/opt/homebrew/opt"];

/// The commands of one installed PostgreSQL.
#[derive(Debug, Clone)]
pub struct PgBinaries {
    folder: PathBuf,
}

impl PgBinaries {
    /// The newest installed version, or the one that made `data` if there is any.
    pub fn find(data: &Path) -> Result<PgBinaries, ClusterError> {
        let mut found = installed();
        found.sort_by_key(|(major, _)| *major);
        let made_by = fs::read_to_string(data.join("PG_VERSION")).ok();
        let chosen = match &made_by {
            None => found.pop(),
            Some(version) => {
                found.into_iter().find(|(major, _)| version.trim() == major.to_string())
            }
        };
        match (chosen, made_by) {
            (Some((_, folder)), _) => Ok(PgBinaries { folder }),
            (None, None) => Err(ClusterError::NoBinaries),
            (None, Some(version)) => Err(ClusterError::WrongVersion {
                data: data.to_owned(),
                version: version.trim().to_owned(),
            }),
        }
    }

    /// Whether a command is installed.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.folder.join(name).exists()
    }

    /// One of the commands: `initdb`, `pg_ctl`. The caller's settings for its own
    /// PostgreSQL (`PGPORT`, `PGDATA`, `LC_ALL` …) do not reach this one.
    pub(crate) fn command(&self, name: &str) -> Command {
        clean(self.folder.join(name))
    }
}

fn clean(program: PathBuf) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(config::kept()).envs([("LC_ALL", "C"), ("TZ", "UTC")]);
    command
}

/// Every usable installation, with its major version.
fn installed() -> Vec<(u32, PathBuf)> {
    let folders = PARENTS.iter().flat_map(|parent| children(Path::new(parent)));
    folders
        .map(|folder| folder.join("bin"))
        .chain(on_path())
        .filter(|bin| bin.join("initdb").exists() && bin.join("pg_ctl").exists())
        .filter_map(|bin| major(&bin).map(|major| (major, bin)))
        .filter(|(major, _)| *major >= MAJOR_MIN)
        .collect()
}

fn children(parent: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// The folder that `pg_config` of the search path names.
fn on_path() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim()))
}

/// The major version that `initdb --version` of this folder prints.
fn major(bin: &Path) -> Option<u32> {
    let output = clean(bin.join("initdb")).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let digits = text.split(|c: char| !c.is_ascii_digit()).find(|part| !part.is_empty())?;
    digits.parse().ok()
}
