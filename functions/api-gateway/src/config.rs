//! The environment: the database, the wallet, the queue of the meter, and the installation's secret.

use api_gateway::GatewaySecrets;
use billing::payment::PaymentSecret;
use runtime::{EnvironmentSettings, FunctionFailure};

/// The function's configuration.
pub(crate) struct Config {
    /// The database.
    pub(crate) database_url: String,
    /// The table of wallets; `None` if they are in the database.
    pub(crate) wallet_table: Option<String>,
    /// Where doorbells ring for charges.
    pub(crate) usage_queue_url: String,
    /// What keys, cursors and quotes are made with.
    pub(crate) secrets: GatewaySecrets,
}

impl Config {
    /// Reads the configuration from settings.
    pub(crate) fn of(settings: &EnvironmentSettings) -> Result<Config, FunctionFailure> {
        let secret = settings.required("SERVER_SECRET")?.as_bytes();
        let mut instance = [0; 16];
        getrandom::fill(&mut instance).map_err(|error| FunctionFailure::new(error.to_string()))?;
        let payments = settings.text("PAYMENT_SECRET").map(PaymentSecret::new);
        Ok(Config {
            database_url: settings.required("DATABASE_URL")?.to_owned(),
            wallet_table: settings.text("WALLET_TABLE").map(str::to_owned),
            usage_queue_url: settings.required("USAGE_QUEUE_URL")?.to_owned(),
            secrets: GatewaySecrets::derived(secret, payments, instance),
        })
    }
}
