//! Whether there is to be a network, and what it is to be filled with.

use std::ffi::OsString;
use std::path::PathBuf;

/// Accounts, unless said otherwise: making one takes the network a fifth of a second.
const ACCOUNTS: &str = "300";

/// What a network is filled with.
pub(super) struct Wanted {
    /// Who wrote to whom.
    pub(super) edges: PathBuf,
    /// Who works in which department.
    pub(super) departments: PathBuf,
    /// How many of them are taken, or `all`.
    pub(super) accounts: OsString,
}

/// `None`, loudly, unless `make test-real` asks for it and the data set is there.
pub(super) fn wanted() -> Option<Wanted> {
    if variable("BORG_REAL").is_none() {
        eprintln!("SKIPPED: BORG_REAL is not set: `make test-real` sets it");
        return None;
    }
    let usual = || PathBuf::from("../../shared/data");
    let folder = variable("BORG_DATA").map_or_else(usual, PathBuf::from).join("email-eu");
    let [edges, departments] = ["edges.tsv.gz", "truth.tsv.gz"].map(|name| folder.join(name));
    if !(edges.exists() && departments.exists()) {
        eprintln!(
            "SKIPPED: {} has no edges.tsv.gz and truth.tsv.gz; set BORG_DATA",
            folder.display()
        );
        return None;
    }
    let accounts = variable("BORG_REAL_ACCOUNTS").unwrap_or_else(|| ACCOUNTS.into());
    Some(Wanted { edges, departments, accounts })
}

#[expect(clippy::disallowed_methods, reason = "this is where the journey reads it")]
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}
