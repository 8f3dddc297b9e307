//! Where one cluster's files lie, and who owns them.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, chown};
use std::path::{Path, PathBuf};

use crate::{Binaries, ClusterError, io, server};

/// Where root keeps clusters, as the server's user can reach neither /root nor a private folder.
const ROOT_STATE: &str = "/var/lib/borg";

/// The longest path of a socket that every supported system takes, in bytes.
const SOCKET_BYTES_MAX: usize = 90;

/// The user that root runs the server as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// The files of one cluster.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The folder that the cluster belongs to.
    pub(crate) home: PathBuf,
    /// PostgreSQL's data folder.
    pub(crate) data: PathBuf,
    /// The folder of the Unix socket.
    pub(crate) socket: PathBuf,
    /// Whom root runs the server as; `None` runs it as the caller.
    pub(crate) user: Option<User>,
}

impl Layout {
    /// The layout for `home`; folders that are missing are made.
    pub(crate) fn of(home: &Path) -> Result<Layout, ClusterError> {
        let home = fs::canonicalize(home).map_err(io(home))?;
        let user = if rustix::process::geteuid().is_root() { Some(unprivileged()?) } else { None };
        let base = match user {
            None => home.join("pg"),
            Some(user) => root_base(&home, user)?,
        };
        make_private(&base, user)?;
        let socket = socket_folder(&base);
        make_private(&socket, user)?;
        Ok(Layout { data: base.join("data"), home, socket, user })
    }

    /// The server's log.
    pub(crate) fn log(&self) -> PathBuf {
        self.data.with_file_name("log")
    }
}

/// The folder of the cluster that root's `home` names, named now if it was not.
fn root_base(home: &Path, user: User) -> Result<PathBuf, ClusterError> {
    let note = home.join("cluster");
    let id = match fs::read_to_string(&note) {
        Ok(id) => id.trim().to_owned(),
        Err(_) => new_id(home),
    };
    let base = Path::new(ROOT_STATE).join(&id);
    fs::create_dir_all(ROOT_STATE).map_err(io(Path::new(ROOT_STATE)))?;
    make_private(&base, Some(user))?;
    // In this order, or another process could take the new cluster for an orphan.
    write_once(&note, id.as_bytes())?;
    write_once(&base.join("home"), home.as_os_str().as_encoded_bytes())?;
    Ok(base)
}

/// Writes a file that others may be reading: all of it at once, and only if it says something else.
fn write_once(path: &Path, text: &[u8]) -> Result<(), ClusterError> {
    if fs::read(path).is_ok_and(|found| found == text) {
        return Ok(());
    }
    let part = path.with_extension("part");
    fs::write(&part, text).map_err(io(&part))?;
    fs::rename(&part, path).map_err(io(path))
}

/// An id that tells homes apart, and a home from an earlier one at the same place.
fn new_id(home: &Path) -> String {
    use std::os::unix::fs::MetadataExt;
    let mut hasher = blake3::Hasher::new();
    hasher.update(home.as_os_str().as_encoded_bytes());
    if let Ok(meta) = fs::metadata(home) {
        hasher.update(&meta.ino().to_le_bytes());
        hasher.update(&meta.ctime_nsec().to_le_bytes());
        hasher.update(&meta.ctime().to_le_bytes());
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

/// Beside the data where the path is short enough, else in the folder for temporary files.
fn socket_folder(base: &Path) -> PathBuf {
    let beside = base.join("socket");
    if beside.as_os_str().len() <= SOCKET_BYTES_MAX {
        return beside;
    }
    let hash = blake3::hash(base.as_os_str().as_encoded_bytes()).to_hex();
    std::env::temp_dir().join(format!("borg-{}", &hash[..16]))
}

fn make_private(folder: &Path, user: Option<User>) -> Result<(), ClusterError> {
    if !folder.exists() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(io(folder))?;
    }
    match user {
        None => Ok(()),
        Some(user) => chown(folder, Some(user.uid), Some(user.gid)).map_err(io(folder)),
    }
}

/// Debian's `postgres`, else `nobody`.
fn unprivileged() -> Result<User, ClusterError> {
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let find = |name: &str| passwd.lines().find_map(|line| parse_user(line, name));
    find("postgres").or_else(|| find("nobody")).ok_or(ClusterError::NoUser)
}

fn parse_user(line: &str, name: &str) -> Option<User> {
    let mut fields = line.split(':');
    if fields.next() != Some(name) {
        return None;
    }
    let uid = fields.nth(1)?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    Some(User { uid, gid })
}

/// Stops and removes root's clusters whose home is gone or names another cluster now.
pub(crate) fn remove_orphans() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let bases = fs::read_dir(ROOT_STATE).into_iter().flatten().flatten().map(|entry| entry.path());
    for base in bases.filter(|base| is_orphan(base)) {
        // A folder that another process is removing at the same time is as good as removed.
        if let Some(layout) = orphan_layout(&base)
            && let Ok(binaries) = Binaries::find(&layout.data)
        {
            let _ = server::stop(&layout, &binaries);
        }
        let _ = fs::remove_dir_all(&base);
    }
}

fn is_orphan(base: &Path) -> bool {
    let Ok(home) = fs::read_to_string(base.join("home")) else { return false };
    let named = fs::read_to_string(Path::new(&home).join("cluster")).unwrap_or_default();
    base.file_name().is_some_and(|id| *named.trim() != *id)
}

fn orphan_layout(base: &Path) -> Option<Layout> {
    let user = unprivileged().ok()?;
    let data = base.join("data");
    Some(Layout { home: base.to_owned(), data, socket: socket_folder(base), user: Some(user) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_exact_name() {
        let line = "postgres:x:112:118:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash";
        assert_eq!(parse_user(line, "postgres"), Some(User { uid: 112, gid: 118 }));
        assert_eq!(parse_user(line, "post"), None);
    }

    #[test]
    fn a_long_home_keeps_its_socket_elsewhere() {
        let long = Path::new("/").join("x".repeat(120));
        assert!(socket_folder(&long).as_os_str().len() <= SOCKET_BYTES_MAX);
        assert_eq!(socket_folder(Path::new("/a")), Path::new("/a/socket"));
    }
}
