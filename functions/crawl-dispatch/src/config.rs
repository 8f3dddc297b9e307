//! What the environment says: the record, the queue, and how much is sent at a time.

use std::collections::BTreeMap;

use crawl_dispatch::{CLAIM_SECONDS, Pace, Settings as Dispatch};
use model::message::FetchJob;
use platforms::{Engine, Origins};
use runtime::{EnvironmentSettings, FunctionFailure};

/// Requests of one profile's round, about: its page, follows, followers, posts, likes, lists.
const REQUESTS_A_PROFILE: u32 = 6;

/// The function's configuration.
pub(crate) struct Config {
    /// The record.
    pub(crate) database_url: String,
    /// Where fetch jobs go.
    pub(crate) fetch_queue_url: String,
    /// How much a tick does.
    pub(crate) dispatch: Dispatch,
}

impl Config {
    /// Reads the configuration from settings.
    pub(crate) fn of(settings: &EnvironmentSettings) -> Result<Config, FunctionFailure> {
        let base_urls = settings.list("BASE_URLS");
        let origins = Origins::parse(&base_urls)?;
        let engine = Engine::new(platforms::Settings { origins, ..Default::default() })?;
        let profiles_max = FetchJob::PROFILES_MAX as u64;
        Ok(Config {
            database_url: settings.required("DATABASE_URL")?.to_owned(),
            fetch_queue_url: settings.required("FETCH_QUEUE_URL")?.to_owned(),
            dispatch: Dispatch {
                paces: paces(&engine),
                jobs_max: settings.number("JOBS_MAX", 200, 1..=10_000)? as u32,
                job_profiles: settings.number("JOB_PROFILES", 50, 1..=profiles_max)? as u32,
                claim_seconds: CLAIM_SECONDS,
                profiles_max: u64::MAX,
            },
        })
    }
}

/// How each platform's hosts are asked.
fn paces(engine: &Engine) -> BTreeMap<model::Platform, Pace> {
    let pace = |platform| {
        let host = engine.default_host(platform).unwrap_or_default();
        let limit = engine.limit(platform, &host)?;
        Some((platform, Pace { limit, requests_a_profile: REQUESTS_A_PROFILE }))
    };
    engine.platforms().into_iter().filter_map(pace).collect()
}
