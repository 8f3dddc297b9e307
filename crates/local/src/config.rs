//! What the environment says: where the state is, and which PostgreSQL to use.
#![expect(clippy::disallowed_methods, reason = "this is where `borg` reads the environment")]

use std::path::PathBuf;

/// The environment's part of the configuration.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// The folder of all state; `.borg` in the working directory unless `BORG_HOME` says otherwise.
    pub(crate) home: PathBuf,
    /// `DATABASE_URL`: use this PostgreSQL instead of a private one.
    pub(crate) database_url: Option<String>,
    /// `BORG_LOG`: what to log on standard error, in `tracing`'s filter language.
    pub(crate) log: String,
}

/// Reads the environment.
pub(crate) fn from_environment() -> Config {
    let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    Config {
        home: text("BORG_HOME").map_or_else(|| PathBuf::from(".borg"), PathBuf::from),
        database_url: text("DATABASE_URL"),
        log: text("BORG_LOG").unwrap_or_else(|| "warn".to_owned()),
    }
}
