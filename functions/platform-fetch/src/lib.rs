//! A fetch job to observations in the database.
//!
//! A job names profiles of one host. What is still to be fetched of each is read from the database,
//! fetched through the manifest engine within the host's budget, and committed in batches, each in one
//! transaction. However a job is interrupted, the database says where it continues. So it may run
//! twice, or twice at once: a page that is committed already adds nothing.
//!
//! A job has a deadline. Streams are cut before it, what was seen is committed, and the profiles that
//! were not reached are due again at once.

mod convert;
#[cfg(feature = "lambda")]
pub mod event;
mod hosts;
mod job;
mod limiter;
mod message;
mod proof;
mod seed;

use model::port::Clock;
use platforms::engine::{CrawlEngine, ErasedWeb, FetchMemory};
use store::Pg;

pub use hosts::HostCache;
pub use job::{FetchError, FetchSummary, handle};
pub use message::{JobEnd, handle_message};
pub use seed::{SeedError, seed};

/// How long a job may take, in seconds, where nothing else says so: as long as the function's time-out
/// in `template.yaml`.
pub const JOB_SECONDS: i64 = 300;

/// What a job is given.
#[derive(Clone, Copy)]
pub struct FetchDependencies<'a> {
    /// The database.
    pub pg: &'a Pg,
    /// The web client.
    pub web: &'a dyn ErasedWeb,
    /// The current time.
    pub clock: &'a dyn Clock,
    /// The compiled manifests.
    pub engine: &'a CrawlEngine,
    /// The names that this process has looked up.
    pub memory: &'a FetchMemory,
    /// The hosts that this process sends requests to.
    pub hosts: &'a HostCache,
}

impl std::fmt::Debug for FetchDependencies<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FetchDependencies").field("pg", self.pg).finish_non_exhaustive()
    }
}
