//! What the engine works through: the web, the clock, the host budgets, and a job's memory.

use std::future::Future;

use model::port::{Clock, Web};

use super::memory::Memory;
use super::run::HostNews;

/// There is no token for a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoToken {
    /// Milliseconds until asking again makes sense.
    pub wait_ms: u64,
}

/// Asked once before each request. The caller's host budgets stand behind it.
pub trait Gate: Send {
    /// Takes one token for `host` (a lower-case host name, with its port unless it is the default).
    fn pass(&mut self, host: &str) -> impl Future<Output = Result<(), NoToken>> + Send;
}

/// Lets everything pass and counts it: for one-off requests and tests.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct OpenGate {
    /// How many requests passed.
    pub passed: u32,
}

impl Gate for OpenGate {
    async fn pass(&mut self, _host: &str) -> Result<(), NoToken> {
        self.passed += 1;
        Ok(())
    }
}

/// The engine's surroundings for one job. Concurrent rounds take one each and share the memory.
#[derive(Debug)]
pub struct Via<'a, W, C, G> {
    pub(crate) web: &'a W,
    pub(crate) clock: &'a C,
    pub(crate) gate: &'a mut G,
    pub(crate) memory: &'a Memory,
    pub(crate) news: Vec<HostNews>,
    pub(crate) requests: u32,
}

impl<'a, W: Web, C: Clock, G: Gate> Via<'a, W, C, G> {
    /// Surroundings with no news yet.
    pub fn new(web: &'a W, clock: &'a C, gate: &'a mut G, memory: &'a Memory) -> Self {
        Via { web, clock, gate, memory, news: Vec::new(), requests: 0 }
    }

    /// What hosts let us know since the last call, one entry per host at most, the latest last.
    pub fn take_news(&mut self) -> Vec<HostNews> {
        std::mem::take(&mut self.news)
    }

    /// Requests sent so far.
    pub fn requests(&self) -> u32 {
        self.requests
    }
}
