//! Objects in a folder.

use std::path::PathBuf;

use model::port::PortError;

/// A folder that holds each object as a file.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The objects in `root`, which is created if it is not there.
    pub fn open(root: &std::path::Path) -> Result<Folder, PortError> {
        todo!()
    }
}
