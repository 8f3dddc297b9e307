//! What the environment says: the record, and the secret behind keys and cursors.

use api_gateway::Secrets;
use runtime::{Failure, Settings};

/// The function's configuration.
pub(crate) struct Config {
    /// The record.
    pub(crate) database_url: String,
    /// What keys and cursors are made with.
    pub(crate) secrets: Secrets,
}

impl Config {
    /// The configuration that these settings make.
    pub(crate) fn of(settings: &Settings) -> Result<Config, Failure> {
        let secret = settings.required("SERVER_SECRET")?.as_bytes();
        let mut instance = [0; 16];
        getrandom::fill(&mut instance).map_err(|error| Failure::new(error.to_string()))?;
        Ok(Config {
            database_url: settings.required("DATABASE_URL")?.to_owned(),
            secrets: Secrets {
                pepper: store::pg::key::pepper(secret),
                cursors: blake3::derive_key("borg 2026 cursor signing", secret).to_vec(),
                instance,
            },
        })
    }
}
