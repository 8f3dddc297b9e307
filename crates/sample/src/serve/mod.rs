//! The sample web on two loopback ports: what comes in, how it is limited, spoilt and counted.

mod ask;
mod config;
mod door;
mod reply;
mod running;
mod stats;

pub(crate) use ask::{Ask, Query, decode};
pub use config::ServerConfig;
pub(crate) use reply::Reply;
pub use running::{Running, ServeError, serve};
pub use stats::Stats;
