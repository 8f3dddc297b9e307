//! The configuration from the environment: the database.

use runtime::{EnvironmentSettings, SettingError};

/// The function's configuration.
pub(crate) struct Config {
    /// The database to bring up to date.
    pub(crate) database_url: String,
}

impl Config {
    /// Reads the configuration from settings.
    pub(crate) fn of(settings: &EnvironmentSettings) -> Result<Config, SettingError> {
        Ok(Config { database_url: settings.required("DATABASE_URL")?.to_owned() })
    }
}
