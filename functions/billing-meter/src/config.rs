//! The configuration from the environment: the database, the queue, the wallet and the targets.

use billing_meter::PriceTargets;
use runtime::{EnvironmentSettings, FunctionFailure};

/// The function's configuration.
pub(crate) struct MeterConfig {
    /// The database.
    pub(crate) database_url: String,
    /// Where doorbells ring.
    pub(crate) usage_queue_url: String,
    /// The table of wallets; wallets are in PostgreSQL if it is not set.
    pub(crate) wallet_table: Option<String>,
    /// How much of each class should be used.
    pub(crate) targets: PriceTargets,
}

impl MeterConfig {
    /// The configuration that these settings make.
    pub(crate) fn of(settings: &EnvironmentSettings) -> Result<MeterConfig, FunctionFailure> {
        Ok(MeterConfig {
            database_url: settings.required("DATABASE_URL")?.to_owned(),
            usage_queue_url: settings.required("USAGE_QUEUE_URL")?.to_owned(),
            wallet_table: settings.text("WALLET_TABLE").map(ToOwned::to_owned),
            targets: settings.text("PRICE_TARGETS").unwrap_or_default().parse()?,
        })
    }
}
