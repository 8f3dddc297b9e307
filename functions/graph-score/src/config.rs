//! What the environment says: the record, the objects and the queue.

use runtime::{SettingError, Settings};

/// The function's configuration.
pub(crate) struct Config {
    /// The record.
    pub(crate) database_url: String,
    /// Where snapshots and runs are sealed.
    pub(crate) objects_bucket: String,
    /// Where stages wait.
    pub(crate) score_queue_url: String,
}

impl Config {
    /// The configuration that these settings make.
    pub(crate) fn of(settings: &Settings) -> Result<Config, SettingError> {
        Ok(Config {
            database_url: settings.required("DATABASE_URL")?.to_owned(),
            objects_bucket: settings.required("OBJECTS_BUCKET")?.to_owned(),
            score_queue_url: settings.required("SCORE_QUEUE_URL")?.to_owned(),
        })
    }
}
