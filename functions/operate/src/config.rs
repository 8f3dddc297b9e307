//! What the environment says: the record, and the secret behind keys.

use runtime::{EnvironmentSettings, SettingError};
use store::pg::key;

/// The function's configuration.
pub(crate) struct Config {
    /// The record.
    pub(crate) database_url: String,
    /// What keys are hashed with.
    pub(crate) pepper: Vec<u8>,
}

impl Config {
    /// The configuration that these settings make.
    pub(crate) fn of(settings: &EnvironmentSettings) -> Result<Config, SettingError> {
        Ok(Config {
            database_url: settings.required("DATABASE_URL")?.to_owned(),
            pepper: key::pepper(settings.required("SERVER_SECRET")?.as_bytes()),
        })
    }
}
