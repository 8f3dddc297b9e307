//! What the environment says: which database.

use runtime::{SettingError, Settings};

/// The function's configuration.
pub(crate) struct Config {
    /// The database to bring up to date.
    pub(crate) database_url: String,
}

impl Config {
    /// The configuration that these settings make.
    pub(crate) fn of(settings: &Settings) -> Result<Config, SettingError> {
        Ok(Config { database_url: settings.required("DATABASE_URL")?.to_owned() })
    }
}
