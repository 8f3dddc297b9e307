//! The configuration from the environment: the database, the queue, the manifests and the web client.

use platforms::http::ClientSettings;
use platforms::{CrawlEngine, EngineSettings, OriginOverrides, PlatformSecrets};
use runtime::{EnvironmentSettings, FunctionFailure};

/// The function's configuration.
pub(crate) struct Config {
    /// The database.
    pub(crate) database_url: String,
    /// The queue of the jobs, to release messages.
    pub(crate) fetch_queue_url: String,
    /// The compiled manifests.
    pub(crate) engine: CrawlEngine,
    /// How the web client behaves.
    pub(crate) client: ClientSettings,
}

impl Config {
    /// Reads the configuration from settings.
    pub(crate) fn of(settings: &EnvironmentSettings) -> Result<Config, FunctionFailure> {
        let base_urls = settings.list("BASE_URLS");
        let origins = OriginOverrides::parse(&base_urls)?;
        let secrets = PlatformSecrets::parse(&settings.list("PLATFORM_SECRETS"))?;
        Ok(Config {
            database_url: settings.required("DATABASE_URL")?.to_owned(),
            fetch_queue_url: settings.required("FETCH_QUEUE_URL")?.to_owned(),
            client: ClientSettings {
                contact: settings.text("CONTACT").unwrap_or_default().to_owned(),
                exempt: origins.exempt(),
                ..ClientSettings::default()
            },
            engine: CrawlEngine::new(EngineSettings {
                origins,
                secrets,
                ..EngineSettings::default()
            })?,
        })
    }
}
