//! The sample web on two loopback ports: requests, limits, faults and counts.

mod config;
mod host_behaviour;
mod limit_headers;
mod listener;
mod running;
mod stats;

pub use config::ServerConfig;
pub use running::{RunningWeb, ServeError, serve};
pub use stats::WebStats;
