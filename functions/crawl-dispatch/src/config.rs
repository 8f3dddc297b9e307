//! The configuration from the environment: the database, the queue, and how much a tick sends.

use crawl_dispatch::{DispatchSettings, RESERVATION_SECONDS, paces};
use model::message::FetchJob;
use platforms::{CrawlEngine, OriginOverrides};
use runtime::{EnvironmentSettings, FunctionFailure};

/// The function's configuration.
pub(crate) struct Config {
    /// The database.
    pub(crate) database_url: String,
    /// The queue of fetch jobs.
    pub(crate) fetch_queue_url: String,
    /// How much a tick does.
    pub(crate) dispatch: DispatchSettings,
}

impl Config {
    /// Reads the configuration from settings.
    pub(crate) fn of(settings: &EnvironmentSettings) -> Result<Config, FunctionFailure> {
        let base_urls = settings.list("BASE_URLS");
        let origins = OriginOverrides::parse(&base_urls)?;
        let engine = CrawlEngine::new(platforms::EngineSettings { origins, ..Default::default() })?;
        let profiles_max = FetchJob::PROFILES_MAX as u64;
        Ok(Config {
            database_url: settings.required("DATABASE_URL")?.to_owned(),
            fetch_queue_url: settings.required("FETCH_QUEUE_URL")?.to_owned(),
            dispatch: DispatchSettings {
                paces: paces(&engine),
                jobs_max: settings.number("JOBS_MAX", 200, 1..=10_000)? as u32,
                job_profiles: settings.number("JOB_PROFILES", 50, 1..=profiles_max)? as u32,
                reservation_seconds: RESERVATION_SECONDS,
                profiles_max: u64::MAX,
            },
        })
    }
}
