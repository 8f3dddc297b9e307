//! Where one cluster's files lie, and who owns them.

use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use crate::{ClusterError, io};

/// Where root keeps clusters, as the server's user can reach neither /root nor a private folder.
pub(crate) const ROOT_STATE: &str = "/var/lib/borg";

/// Where paths are short and plain on every system. Not the folder that `TMPDIR` names: all who
/// share a server must look for it in one place.
const SHORT: &str = "/tmp";

/// The longest folder of a socket that every supported system takes, in bytes.
const SOCKET_BYTES_MAX: usize = 90;

/// The user that root runs the server as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ServerUser {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// The files of one cluster.
///
/// PostgreSQL pastes its paths into shell commands and comma lists, cuts those of more than 1,023
/// bytes, and a socket's path ends at a hundred. So it gets only short and plain ones: where the
/// cluster's own is not, a link in [`SHORT`] leads there.
#[derive(Debug, Clone)]
pub struct ClusterLayout {
    /// The folder that the cluster belongs to.
    pub(crate) home: PathBuf,
    /// The cluster's folder.
    pub(crate) base: PathBuf,
    /// The same folder by a short and plain path: itself, or a link to it.
    pub(crate) plain: PathBuf,
    /// The folder of the Unix socket.
    pub(crate) socket: PathBuf,
    /// The user that root runs the server as; `None` runs it as the caller.
    pub(crate) user: Option<ServerUser>,
}

impl ClusterLayout {
    /// The layout for `home`; folders that are missing are made.
    pub(crate) fn of(home: &Path) -> Result<ClusterLayout, ClusterError> {
        let home = fs::canonicalize(home).map_err(io(home))?;
        let user = if rustix::process::geteuid().is_root() { Some(unprivileged()?) } else { None };
        let base = match user {
            None => home.join("pg"),
            Some(user) => root_base(&home, user)?,
        };
        let layout = ClusterLayout::in_base(home, base, user);
        layout.make()?;
        Ok(layout)
    }

    pub(crate) fn in_base(home: PathBuf, base: PathBuf, user: Option<ServerUser>) -> ClusterLayout {
        let beside = base.join("socket");
        if is_plain(&beside) && beside.as_os_str().len() <= SOCKET_BYTES_MAX {
            return ClusterLayout { home, plain: base.clone(), base, socket: beside, user };
        }
        let hash = blake3::hash(base.as_os_str().as_bytes()).to_hex();
        let socket = Path::new(SHORT).join(format!("borg-{}", &hash[..16]));
        ClusterLayout { home, plain: socket.join("pg"), base, socket, user }
    }

    /// Makes the folders, and the link if there is to be one.
    pub(crate) fn make(&self) -> Result<(), ClusterError> {
        make_private(&self.base, self.user)?;
        if self.plain == self.base {
            return make_private(&self.socket, self.user);
        }
        make_own(&self.socket)?;
        match symlink(&self.base, &self.plain) {
            Err(_) if fs::read_link(&self.plain).is_ok_and(|to| to == self.base) => Ok(()),
            done => done.map_err(io(&self.plain)),
        }
    }

    /// Removes the link and its folder once the server is stopped.
    pub(crate) fn clear(&self) {
        if self.plain != self.base {
            // What cannot be removed now is used again by the next to enter.
            let _ = fs::remove_file(&self.plain);
            let _ = fs::remove_dir(&self.socket);
        }
    }

    /// PostgreSQL's data folder, by its plain path.
    pub(crate) fn data(&self) -> PathBuf {
        self.plain.join("data")
    }

    /// The server's log.
    pub(crate) fn log(&self) -> PathBuf {
        self.plain.join("log")
    }
}

/// Whether a path is the same in every syntax that PostgreSQL puts it into.
fn is_plain(path: &Path) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-".contains(byte);
    path.as_os_str().as_bytes().iter().all(plain)
}

/// The folder of the cluster that root's `home` names, named now if it was not.
fn root_base(home: &Path, user: ServerUser) -> Result<PathBuf, ClusterError> {
    let note = home.join("cluster");
    let id = match fs::read_to_string(&note) {
        Ok(id) => id.trim().to_owned(),
        Err(_) => new_id(home),
    };
    let base = Path::new(ROOT_STATE).join(&id);
    make_passable(Path::new(ROOT_STATE))?;
    make_private(&base, Some(user))?;
    // In this order, or another process could take the new cluster for an orphan.
    write_once(&note, id.as_bytes())?;
    write_once(&base.join("home"), home.as_os_str().as_bytes())?;
    Ok(base)
}

/// Writes a file that others may be reading: all of it at once, and only if its text differs.
fn write_once(path: &Path, text: &[u8]) -> Result<(), ClusterError> {
    if fs::read(path).is_ok_and(|found| found == text) {
        return Ok(());
    }
    let part = path.with_extension("part");
    fs::write(&part, text).map_err(io(&part))?;
    fs::rename(&part, path).map_err(io(path))
}

/// An id that differs between homes, and between a home and an earlier one at the same place.
fn new_id(home: &Path) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(home.as_os_str().as_bytes());
    if let Ok(meta) = fs::metadata(home) {
        hasher.update(&meta.ino().to_le_bytes());
        hasher.update(&meta.ctime_nsec().to_le_bytes());
        hasher.update(&meta.ctime().to_le_bytes());
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

/// A folder that every user may pass, whatever this process's umask is.
fn make_passable(folder: &Path) -> Result<(), ClusterError> {
    if folder.exists() {
        return Ok(());
    }
    fs::create_dir_all(folder).map_err(io(folder))?;
    fs::set_permissions(folder, Permissions::from_mode(0o755)).map_err(io(folder))
}

/// A folder in a shared place, which no other user may have made.
fn make_own(folder: &Path) -> Result<(), ClusterError> {
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        done => return done.map_err(io(folder)),
    }
    let found = fs::symlink_metadata(folder).map_err(io(folder))?;
    let own = found.is_dir() && found.uid() == rustix::process::geteuid().as_raw();
    if own && found.mode() & 0o077 == 0 {
        return Ok(());
    }
    Err(ClusterError::NotOurs { folder: folder.to_owned() })
}

fn make_private(folder: &Path, user: Option<ServerUser>) -> Result<(), ClusterError> {
    if !folder.exists() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(io(folder))?;
    }
    match user {
        None => Ok(()),
        Some(user) => chown(folder, Some(user.uid), Some(user.gid)).map_err(io(folder)),
    }
}

/// Debian's `postgres`, else `nobody`.
pub(crate) fn unprivileged() -> Result<ServerUser, ClusterError> {
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let find = |name: &str| passwd.lines().find_map(|line| parse_user(line, name));
    find("postgres").or_else(|| find("nobody")).ok_or(ClusterError::NoUser)
}

fn parse_user(line: &str, name: &str) -> Option<ServerUser> {
    let mut fields = line.split(':');
    if fields.next() != Some(name) {
        return None;
    }
    let uid = fields.nth(1)?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    Some(ServerUser { uid, gid })
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn a_user_is_found_by_its_exact_name() {
        let line = "postgres:x:112:118:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash";
        assert_eq!(parse_user(line, "postgres"), Some(ServerUser { uid: 112, gid: 118 }));
        assert_eq!(parse_user(line, "post"), None);
    }

    fn layout(base: impl AsRef<Path>) -> ClusterLayout {
        ClusterLayout::in_base(PathBuf::new(), base.as_ref().to_owned(), None)
    }

    #[test]
    fn a_short_and_plain_folder_is_used_as_it_is() {
        let layout = layout("/home/ann/.borg/pg");
        assert_eq!(layout.plain, layout.base);
        assert_eq!(layout.socket, Path::new("/home/ann/.borg/pg/socket"));
    }

    #[test]
    fn postgresql_gets_a_short_and_plain_path_for_every_folder() {
        let odd =
            ["a b", "a,b", "it's", "a\"b", "a\\b", "$(x)", "`x`", "a=b", "a%20b", "a#b", "a?b"];
        let odd = odd.into_iter().chain(["*", "&", ";", "~", "@", "a:b", "{}", "жук", "\n", "\t"]);
        let long = "x".repeat(250);
        for name in odd.chain([long.as_str()]) {
            let layout = layout(Path::new("/srv").join(name));
            for path in [&layout.socket, &layout.data(), &layout.log()] {
                let short = path.as_os_str().len() <= SOCKET_BYTES_MAX;
                assert!(short && is_plain(path) && path.starts_with(SHORT), "{path:?}");
            }
        }
        assert_ne!(layout("/srv/a b").socket, layout("/srv/a c").socket);
        assert!(!is_plain(Path::new(OsStr::from_bytes(b"/srv/\xff"))));
    }
}
