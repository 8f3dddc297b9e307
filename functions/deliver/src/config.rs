//! The environment: the database, the queue, what secrets are sealed with, and how the web client behaves.

use platforms::{OriginError, ServerOrigin};
use runtime::{EnvironmentSettings, FunctionFailure};
use store::WebhookSealer;

/// The function's configuration.
pub(crate) struct Config {
    /// The database.
    pub(crate) database_url: String,
    /// The queue of the jobs.
    pub(crate) deliver_queue_url: String,
    /// Opens the secrets of webhooks.
    pub(crate) sealer: WebhookSealer,
    /// Who sends, for those who receive.
    pub(crate) contact: String,
    /// Origins that may be private and speak plain HTTP: for tests.
    pub(crate) origins: Vec<ServerOrigin>,
}

impl Config {
    /// Reads the configuration from settings.
    pub(crate) fn of(settings: &EnvironmentSettings) -> Result<Config, FunctionFailure> {
        let origins = settings.list("WEBHOOK_ORIGINS").into_iter().map(ServerOrigin::parse);
        Ok(Config {
            database_url: settings.required("DATABASE_URL")?.to_owned(),
            deliver_queue_url: settings.required("DELIVER_QUEUE_URL")?.to_owned(),
            sealer: WebhookSealer::new(settings.required("WEBHOOK_SECRET")?.as_bytes()),
            contact: settings.text("CONTACT").unwrap_or_default().to_owned(),
            origins: origins.collect::<Result<_, OriginError>>()?,
        })
    }
}
