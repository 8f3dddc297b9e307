//! What the environment says: the record, the queue, and whom to ask.

use platforms::http::ClientSettings;
use platforms::{Engine, Origins};
use runtime::{EnvironmentSettings, FunctionFailure};

/// The function's configuration.
pub(crate) struct Config {
    /// The record.
    pub(crate) database_url: String,
    /// Where the jobs come from; for giving them back.
    pub(crate) fetch_queue_url: String,
    /// The manifests at work.
    pub(crate) engine: Engine,
    /// How the web is asked.
    pub(crate) client: ClientSettings,
}

impl Config {
    /// Reads the configuration from settings.
    pub(crate) fn of(settings: &EnvironmentSettings) -> Result<Config, FunctionFailure> {
        let base_urls = settings.list("BASE_URLS");
        let origins = Origins::parse(&base_urls)?;
        Ok(Config {
            database_url: settings.required("DATABASE_URL")?.to_owned(),
            fetch_queue_url: settings.required("FETCH_QUEUE_URL")?.to_owned(),
            client: ClientSettings {
                contact: settings.text("CONTACT").unwrap_or_default().to_owned(),
                exempt: origins.exempt(),
                ..ClientSettings::default()
            },
            engine: Engine::new(platforms::Settings { origins, ..Default::default() })?,
        })
    }
}
