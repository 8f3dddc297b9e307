//! The configuration from the environment: the database, the objects and the queue.

use graph_score::RunSettings;
use runtime::{EnvironmentSettings, SettingError};

/// The function's configuration.
pub(crate) struct ScoreConfig {
    /// The database.
    pub(crate) database_url: String,
    /// Where snapshots and runs are sealed.
    pub(crate) objects_bucket: String,
    /// Where stages wait.
    pub(crate) score_queue_url: String,
    /// The memory of an invocation, in MB. Lambda sets it.
    memory_mb: u64,
}

/// The most that a Lambda function can have.
const MEMORY_MB: u64 = 10_240;

impl ScoreConfig {
    /// The configuration that these settings make.
    pub(crate) fn of(settings: &EnvironmentSettings) -> Result<ScoreConfig, SettingError> {
        Ok(ScoreConfig {
            database_url: settings.required("DATABASE_URL")?.to_owned(),
            objects_bucket: settings.required("OBJECTS_BUCKET")?.to_owned(),
            score_queue_url: settings.required("SCORE_QUEUE_URL")?.to_owned(),
            memory_mb: settings.number(
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                MEMORY_MB,
                128..=MEMORY_MB,
            )?,
        })
    }

    /// What the runs that this function begins are asked to do.
    pub(crate) fn run(&self) -> RunSettings {
        RunSettings { memory_bytes: self.memory_mb << 20, ..RunSettings::default() }
    }
}
