//! The configuration from the environment: the database, the wallet, and the secret that keys are hashed with.

use runtime::{EnvironmentSettings, SettingError};
use store::pg::key;

/// The function's configuration.
pub(crate) struct Config {
    /// The database.
    pub(crate) database_url: String,
    /// The table of wallets; wallets are in PostgreSQL if it is not set.
    pub(crate) wallet_table: Option<String>,
    /// What keys are hashed with.
    pub(crate) pepper: Vec<u8>,
}

impl Config {
    /// Reads the configuration from settings.
    pub(crate) fn of(settings: &EnvironmentSettings) -> Result<Config, SettingError> {
        Ok(Config {
            database_url: settings.required("DATABASE_URL")?.to_owned(),
            wallet_table: settings.text("WALLET_TABLE").map(ToOwned::to_owned),
            pepper: key::pepper(settings.required("SERVER_SECRET")?.as_bytes()),
        })
    }
}
