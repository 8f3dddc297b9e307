//! The start, batches, requests, logs and metrics of a function. Independent of the domain.
//!
//! [`EnvironmentSettings`] is the environment as plain data, [`logs`] writes JSON lines, [`metrics`] writes
//! CloudWatch's embedded metrics among them, and [`batch::drive`] drives the SQS handlers, or
//! [`batch::drive_whole`] those that take a whole batch at once. With the feature `lambda` come
//! `function::serve`, `batch::serve` and `http::serve`, which speak Lambda's Runtime API.

pub mod batch;
#[cfg(feature = "lambda")]
mod clock;
mod failure;
#[cfg(feature = "lambda")]
pub mod function;
#[cfg(feature = "lambda")]
pub mod http;
pub mod logs;
pub mod metrics;
mod retry;
mod settings;

pub use failure::FunctionFailure;
pub use retry::retry;
pub use settings::{EnvironmentSettings, SettingError};

/// Starts a function: logs go to standard output from now on, and the environment is read once.
pub fn start() -> EnvironmentSettings {
    let settings = EnvironmentSettings::from_env();
    logs::begin(settings.text("BORG_LOG").unwrap_or("info"));
    settings
}
