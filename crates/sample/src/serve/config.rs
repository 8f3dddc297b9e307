//! How the sample web is served.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use model::port::Clock;

use crate::faults::FaultSettings;
use crate::limits::WindowLimit;

/// Limits, behaviour and faults of the served web.
#[derive(Clone)]
pub struct ServerConfig {
    /// The clock of windows and of the times that they announce.
    pub clock: Arc<dyn Clock>,
    /// The limit of every host.
    pub limit: WindowLimit,
    /// Other limits, by host name; Bluesky's is `bsky.sample.test`.
    pub limits: BTreeMap<String, WindowLimit>,
    /// The faults.
    pub faults: FaultSettings,
    /// The delay of a slow host.
    pub slow: Duration,
    /// How long a flaky host fails after its first request.
    pub flaky_for: Duration,
    /// The share of hosts that redirect every request within the host, rounded up; their names
    /// decide which.
    pub redirecting: f64,
    /// Whether the domains of handles redirect WebFinger (301) to their servers, as Mastodon advises,
    /// instead of answering.
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
            limit: WindowLimit::default(),
            limits: BTreeMap::new(),
            faults: FaultSettings::default(),
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
        let fields = (&self.limit, &self.limits, &self.faults, self.slow, self.flaky_for);
        let redirects = (self.redirecting, self.domains_redirect);
        f.debug_tuple("ServerConfig").field(&fields).field(&redirects).finish()
    }
}
