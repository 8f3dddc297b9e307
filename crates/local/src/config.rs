//! The configuration from the environment: where the state is, and which PostgreSQL to use.
#![expect(clippy::disallowed_methods, reason = "this is where `borg` reads the environment")]

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use platforms::PlatformSecrets;

/// The environment's part of the configuration.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// `BORG_HOME`: the folder of all state; `.borg` in the working directory by default.
    pub(crate) home: PathBuf,
    /// `DATABASE_URL`: use this PostgreSQL instead of a private one.
    pub(crate) database_url: Option<String>,
    /// `BORG_LOG`: what to log on standard error, in `tracing`'s filter language.
    pub(crate) log: String,
    /// `BORG_PLATFORM_SECRETS`: tokens and keys for platforms' APIs, as `NAME=VALUE,…`.
    pub(crate) platform_secrets: PlatformSecrets,
    /// `AWS_ENDPOINT_URL`: what stands in for AWS.
    #[cfg(all(feature = "lab", feature = "aws"))]
    pub(crate) aws_endpoint: Option<String>,
    /// `BORG_DIE_AT`: where this process is to kill itself, such as `wallet.commit.after=3`, to try what
    /// becomes of a charge then.
    #[cfg(feature = "lab")]
    pub(crate) die_at: Option<String>,
}

/// Reads the environment. Paths may be any bytes; other variables must be UTF-8.
pub(crate) fn from_environment() -> Result<Config> {
    Ok(Config {
        home: variable("BORG_HOME").map_or_else(|| PathBuf::from(".borg"), PathBuf::from),
        database_url: text("DATABASE_URL")?,
        log: text("BORG_LOG")?.unwrap_or_else(|| "warn".to_owned()),
        platform_secrets: platform_secrets(text("BORG_PLATFORM_SECRETS")?)?,
        #[cfg(all(feature = "lab", feature = "aws"))]
        aws_endpoint: text("AWS_ENDPOINT_URL")?,
        #[cfg(feature = "lab")]
        die_at: text("BORG_DIE_AT")?,
    })
}

fn platform_secrets(text: Option<String>) -> Result<PlatformSecrets> {
    let text = text.unwrap_or_default();
    let items: Vec<&str> = text.split(',').filter(|item| !item.trim().is_empty()).collect();
    PlatformSecrets::parse(&items).context("read the environment variable BORG_PLATFORM_SECRETS")
}

/// A variable that is set and not empty.
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

fn text(name: &str) -> Result<Option<String>> {
    let Some(value) = variable(name) else { return Ok(None) };
    value
        .into_string()
        .map(Some)
        .map_err(|_| anyhow!("the environment variable {name} is not UTF-8"))
}
