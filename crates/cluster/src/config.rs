//! What PostgreSQL's commands get of this process's environment.
#![expect(clippy::disallowed_methods, reason = "this is where the cluster reads the environment")]

use std::ffi::OsString;

/// Where programs and their libraries are: nothing that says how a PostgreSQL is to behave.
const KEPT: &[&str] =
    &["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"];

/// The variables that are kept, with their values.
pub(crate) fn kept() -> impl Iterator<Item = (&'static str, OsString)> {
    KEPT.iter().filter_map(|&name| Some((name, std::env::var_os(name)?)))
}
