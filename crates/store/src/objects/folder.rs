//! Objects in a folder: a file each, written aside, synced, and moved to its name.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use model::port::{Objects, PortError, PutOutcome};
use tempfile::NamedTempFile;

use super::key::check_key;

/// A folder that holds each object as a file.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

/// Where files are while they are written. No key can name it: `~` is not allowed in one.
const ASIDE: &str = "~aside";

impl Folder {
    /// The objects in `root`, which is created if it is not there.
    pub fn open(root: &Path) -> Result<Folder, PortError> {
        fs::create_dir_all(root.join(ASIDE)).map_err(|e| explain(root, &e))?;
        Ok(Folder { root: root.to_owned() })
    }

    fn path(&self, key: &str) -> Result<PathBuf, PortError> {
        check_key(key)?;
        Ok(self.root.join(key))
    }

    /// Does blocking work on a file on a thread of its own.
    async fn on_file<T: Send + 'static>(
        &self,
        path: PathBuf,
        work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, PortError> {
        let done = tokio::task::spawn_blocking(move || work(&path).map_err(|e| explain(&path, &e)));
        done.await.unwrap_or_else(|e| Err(PortError::Retry(format!("use a file: {e}"))))
    }
}

impl Objects for Folder {
    async fn put(&self, key: &str, body: Vec<u8>) -> Result<PutOutcome, PortError> {
        let aside = self.root.join(ASIDE);
        self.on_file(self.path(key)?, move |path| put(&aside, path, &body)).await
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        self.on_file(self.path(key)?, |path| found(fs::read(path))).await
    }

    async fn get_range(
        &self,
        key: &str,
        start: u64,
        length: u64,
    ) -> Result<Option<Vec<u8>>, PortError> {
        self.on_file(self.path(key)?, move |path| found(read_range(path, start, length))).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        let (root, prefix) = (self.root.clone(), prefix.to_owned());
        self.on_file(root, move |root| list(root, &prefix)).await
    }

    async fn delete(&self, key: &str) -> Result<(), PortError> {
        self.on_file(self.path(key)?, |path| found(fs::remove_file(path)).map(|_| ())).await
    }
}

/// Writes the whole file aside and links it to its name, which fails where there is one.
fn put(aside: &Path, path: &Path, body: &[u8]) -> io::Result<PutOutcome> {
    if path.try_exists()? {
        return Ok(PutOutcome::AlreadyThere);
    }
    let mut file = NamedTempFile::new_in(aside)?;
    file.write_all(body)?;
    file.as_file().sync_all()?;
    let parent = path.parent().unwrap_or(aside);
    fs::create_dir_all(parent)?;
    match file.persist_noclobber(path) {
        Ok(_) => File::open(parent)?.sync_all().map(|()| PutOutcome::Created),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {
            Ok(PutOutcome::AlreadyThere)
        }
        Err(error) => Err(error.error),
    }
}

fn read_range(path: &Path, start: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Every file below `root` whose key begins with `prefix`; only folders that can hold one are
/// opened.
fn list(root: &Path, prefix: &str) -> io::Result<Vec<String>> {
    let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
    let (mut keys, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = open.pop() {
        let Some(entries) = found(fs::read_dir(root.join(&folder)))? else { continue };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let key = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            let may_hold = key.starts_with(prefix) || prefix.starts_with(&key);
            match entry.file_type()?.is_dir() {
                _ if key == ASIDE => {}
                true if may_hold => open.push(key),
                false if key.starts_with(prefix) => keys.push(key),
                _ => {}
            }
        }
    }
    keys.sort_unstable();
    Ok(keys)
}

/// `None` where there is no such file.
fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if is_absence(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Also when a folder of the key is a file, or the key is a folder.
fn is_absence(error: &io::Error) -> bool {
    use ErrorKind::{IsADirectory, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | IsADirectory)
}

fn explain(path: &Path, error: &io::Error) -> PortError {
    let path = path.display();
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => PortError::Retry(format!(
            "write {path}: the disk is full: free some space and run it again, nothing is lost"
        )),
        ErrorKind::FileTooLarge => PortError::Retry(format!(
            "write {path}: no file may be as large here: raise the limit (`ulimit -f`) and run it \
             again, nothing is lost"
        )),
        ErrorKind::PermissionDenied => PortError::Refused(format!("use {path}: {error}")),
        _ => PortError::Retry(format!("use {path}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_says_so_and_may_be_tried_again() {
        let full = explain(Path::new("objects/x"), &io::Error::from(ErrorKind::StorageFull));
        let PortError::Retry(text) = full else { panic!("{full:?}") };
        assert!(text.contains("disk is full") && text.contains("objects/x"), "{text}");
    }
}
