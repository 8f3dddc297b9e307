//! A planted social web that speaks real platforms' protocols, for the demo and the tests.
//!
//! ```no_run
//! # fn demo(clock: std::sync::Arc<dyn model::port::Clock>) -> Result<(), sample::ServeError> {
//! let world = std::sync::Arc::new(sample::SampleWorld::generate(&sample::WorldConfig::sized(2_000, 1)));
//! let running = sample::serve(world, sample::ServerConfig::new(clock))?;
//! println!("crawl {} from {:?}", running.bluesky_url(), running.seeds(model::Platform::BLUESKY));
//! # Ok(()) }
//! ```

mod bluesky;
pub mod faults;
mod fediverse;
mod json;
mod limits;
mod post_counts;
mod post_text;
mod random;
mod serve;
mod site;
mod time;
pub mod world;

pub use faults::{FaultSettings, InjectedFault, RateLimitDialect};
pub use limits::{HostStats, WindowLimit};
pub use serve::{RunningWeb, ServeError, ServerConfig, WebStats, serve};
pub use world::{SampleWorld, WorldConfig};
