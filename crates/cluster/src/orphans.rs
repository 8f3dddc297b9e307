//! Clusters of root that no home uses any more.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::layout::{ROOT_STATE, unprivileged};
use crate::{ClusterLayout, PgBinaries, server};

/// Stops and removes root's clusters whose home is gone or names another cluster now.
pub(crate) fn remove_orphans() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let bases = fs::read_dir(ROOT_STATE).into_iter().flatten().flatten().map(|entry| entry.path());
    for base in bases.filter(|base| is_orphan(base)) {
        // A folder that another process is removing at the same time is as good as removed.
        if let Some(layout) = orphan_layout(&base)
            && let Ok(binaries) = PgBinaries::find(&layout.data())
        {
            let _ = server::stop(&layout, &binaries);
        }
        let _ = fs::remove_dir_all(&base);
    }
}

fn is_orphan(base: &Path) -> bool {
    let Ok(home) = fs::read(base.join("home")) else { return false };
    let home = Path::new(OsStr::from_bytes(&home));
    let named = fs::read_to_string(home.join("cluster")).unwrap_or_default();
    base.file_name().is_some_and(|id| *named.trim() != *id)
}

fn orphan_layout(base: &Path) -> Option<ClusterLayout> {
    let user = unprivileged().ok()?;
    Some(ClusterLayout::in_base(base.to_owned(), base.to_owned(), Some(user)))
}
