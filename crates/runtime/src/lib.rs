//! How a function starts, takes batches and requests, logs and counts. Knows no domain.
//!
//! [`Settings`] is the environment as plain data, [`logs`] writes JSON lines, [`metrics`] writes
//! CloudWatch's embedded metrics among them, and [`batch::drive`] is the one driver of every SQS
//! handler. With the feature `lambda` come `function::serve`, `batch::serve` and
//! `http::serve`, which speak Lambda's Runtime API.

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
mod patience;
mod settings;

pub use failure::Failure;
pub use patience::patiently;
pub use settings::{SettingError, Settings};

/// Begins a function: logs go to standard output from now on, and the environment is read, once.
pub fn start() -> Settings {
    let settings = Settings::from_env();
    logs::begin(settings.text("BORG_LOG").unwrap_or("info"));
    settings
}
