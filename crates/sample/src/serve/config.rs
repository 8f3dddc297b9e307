//! How the sample web is served.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use model::port::Clock;

use crate::faults::Faults;
use crate::limits::Limit;

/// Limits, temperaments and faults of the served web.
#[derive(Clone)]
pub struct ServerConfig {
    /// Where the present comes from, for windows and the times that they announce.
    pub clock: Arc<dyn Clock>,
    /// The limit of every host.
    pub limit: Limit,
    /// Other limits, by host name; Bluesky's is `bsky.sample.test`.
    pub limits: BTreeMap<String, Limit>,
    /// What goes wrong.
    pub faults: Faults,
    /// How long a slow host takes for an answer.
    pub slow: Duration,
    /// How long a flaky host fails after its first request.
    pub flaky_for: Duration,
    /// The share of hosts that send every request on to another address of their own, rounded up;
    /// which ones depends on their names only.
    pub redirecting: f64,
    /// Whether the domains of handles send WebFinger on (301) to their servers, as Mastodon
    /// advises, instead of answering themselves.
    pub domains_redirect: bool,
    /// Threads that serve.
    pub threads: usize,
}

impl ServerConfig {
    /// 2,000 requests a second per host, no faults, slow hosts 40 ms, flaky ones 3 s, no redirects,
    /// one thread.
    pub fn new(clock: Arc<dyn Clock>) -> ServerConfig {
        ServerConfig {
            clock,
            limit: Limit::default(),
            limits: BTreeMap::new(),
            faults: Faults::default(),
            slow: Duration::from_millis(40),
            flaky_for: Duration::from_secs(3),
            redirecting: 0.0,
            domains_redirect: false,
            threads: 1,
        }
    }
}

impl fmt::Debug for ServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = (&self.limit, &self.limits, &self.faults, self.slow, self.flaky_for);
        let redirects = (self.redirecting, self.domains_redirect);
        f.debug_tuple("ServerConfig").field(&shown).field(&redirects).finish()
    }
}
