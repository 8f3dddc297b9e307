//! The configuration from the environment: the database, the objects, the wallet and the queues.

use runtime::{EnvironmentSettings, SettingError};

/// The function's configuration.
pub(crate) struct ExportConfig {
    /// The database.
    pub(crate) database_url: String,
    /// Where parts are sealed.
    pub(crate) objects_bucket: String,
    /// Where jobs wait.
    pub(crate) export_queue_url: String,
    /// Where doorbells ring for charges.
    pub(crate) usage_queue_url: String,
    /// The table of wallets; wallets are in PostgreSQL if it is not set.
    pub(crate) wallet_table: Option<String>,
}

impl ExportConfig {
    /// The configuration that these settings make.
    pub(crate) fn of(settings: &EnvironmentSettings) -> Result<ExportConfig, SettingError> {
        Ok(ExportConfig {
            database_url: settings.required("DATABASE_URL")?.to_owned(),
            objects_bucket: settings.required("OBJECTS_BUCKET")?.to_owned(),
            export_queue_url: settings.required("EXPORT_QUEUE_URL")?.to_owned(),
            usage_queue_url: settings.required("USAGE_QUEUE_URL")?.to_owned(),
            wallet_table: settings.text("WALLET_TABLE").map(ToOwned::to_owned),
        })
    }
}
