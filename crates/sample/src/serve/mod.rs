//! The sample web on two loopback ports: requests, limits, faults and counts.

mod config;
mod host_behaviour;
mod limit_headers;
mod listener;
mod reply;
mod request;
mod running;
mod stats;

pub use config::ServerConfig;
pub(crate) use reply::SiteReply;
pub(crate) use request::{QueryString, SiteRequest, decode};
pub use running::{RunningWeb, ServeError, serve};
pub use stats::WebStats;
