//! The environment: the database, the queue of deliveries, and what cursors are made with.

use api_gateway::GatewaySecrets;
use runtime::{EnvironmentSettings, FunctionFailure};

/// The function's configuration.
pub(crate) struct Config {
    /// The database.
    pub(crate) database_url: String,
    /// The queue of deliveries.
    pub(crate) deliver_queue_url: String,
    /// What cursors are made with, among others.
    pub(crate) secrets: GatewaySecrets,
}

impl Config {
    /// Reads the configuration from settings.
    pub(crate) fn of(settings: &EnvironmentSettings) -> Result<Config, FunctionFailure> {
        let secret = settings.required("SERVER_SECRET")?.as_bytes();
        Ok(Config {
            database_url: settings.required("DATABASE_URL")?.to_owned(),
            deliver_queue_url: settings.required("DELIVER_QUEUE_URL")?.to_owned(),
            // It gives no requests their ids.
            secrets: GatewaySecrets::derived(secret, None, [0; 16]),
        })
    }
}
