//! The configuration from the environment: the database, and the secret that keys are hashed with.

use runtime::{EnvironmentSettings, SettingError};
use store::pg::key;

/// The function's configuration.
pub(crate) struct Config {
    /// The database.
    pub(crate) database_url: String,
    /// What keys are hashed with.
    pub(crate) pepper: Vec<u8>,
}

impl Config {
    /// Reads the configuration from settings.
    pub(crate) fn of(settings: &EnvironmentSettings) -> Result<Config, SettingError> {
        Ok(Config {
            database_url: settings.required("DATABASE_URL")?.to_owned(),
            pepper: key::pepper(settings.required("SERVER_SECRET")?.as_bytes()),
        })
    }
}
