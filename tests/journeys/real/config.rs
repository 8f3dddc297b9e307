//! Whether there is to be a network, and what it is to be filled with.

use std::ffi::OsString;
use std::path::PathBuf;

use tempfile::TempDir;

use super::people::Graph;

/// Accounts by default: making one takes the network a fifth of a second.
const ACCOUNTS: &str = "300";

/// What a network is filled with.
pub(super) struct Wanted {
    /// The people.
    pub(super) graph: Graph,
    /// How many of them are taken, or `all`.
    pub(super) accounts: OsString,
    /// The folder of a graph that was drawn, which goes with this.
    _drawn: Option<TempDir>,
}

/// `None`, loudly, unless `make test-real` asks for it. Without the data set, a drawn graph.
pub(super) fn wanted() -> Option<Wanted> {
    if variable("BORG_REAL").is_none() {
        eprintln!("SKIPPED: BORG_REAL is not set: `make test-real` sets it");
        return None;
    }
    let usual = || PathBuf::from("../../shared/data");
    let folder = variable("BORG_DATA").map_or_else(usual, PathBuf::from).join("email-eu");
    let (graph, drawn) = match Graph::in_folder(&folder) {
        Some(graph) => (graph, None),
        None => {
            eprintln!("{} has no graph (set BORG_DATA): one is drawn", folder.display());
            let folder = tempfile::tempdir().expect("a temporary folder");
            (Graph::draw(folder.path()), Some(folder))
        }
    };
    let accounts = variable("BORG_REAL_ACCOUNTS").unwrap_or_else(|| ACCOUNTS.into());
    Some(Wanted { graph, accounts, _drawn: drawn })
}

#[expect(clippy::disallowed_methods, reason = "this is where the journey reads it")]
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}
