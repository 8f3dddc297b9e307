//! The environment: the database, and the secret behind keys and cursors.

use api_gateway::GatewaySecrets;
use runtime::{EnvironmentSettings, FunctionFailure};

/// The function's configuration.
pub(crate) struct Config {
    /// The database.
    pub(crate) database_url: String,
    /// What keys and cursors are made with.
    pub(crate) secrets: GatewaySecrets,
}

impl Config {
    /// Reads the configuration from settings.
    pub(crate) fn of(settings: &EnvironmentSettings) -> Result<Config, FunctionFailure> {
        let secret = settings.required("SERVER_SECRET")?.as_bytes();
        let mut instance = [0; 16];
        getrandom::fill(&mut instance).map_err(|error| FunctionFailure::new(error.to_string()))?;
        Ok(Config {
            database_url: settings.required("DATABASE_URL")?.to_owned(),
            secrets: GatewaySecrets {
                pepper: store::pg::key::pepper(secret),
                cursors: blake3::derive_key("borg 2026 cursor signing", secret).to_vec(),
                instance,
            },
        })
    }
}
