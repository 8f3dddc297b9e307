//! Starting and stopping the sample web.

use std::collections::{BTreeMap, HashSet};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use axum::Router;
use axum::serve::ListenerExt;
use model::Platform;
use tokio::runtime::{Builder, Runtime};

use super::config::ServerConfig;
use super::host_behaviour::HostBehaviour;
use super::listener::{PlatformSite, SiteListener, handle};
use super::stats::{WebCounters, WebStats};
use crate::bluesky::BlueskySite;
use crate::faults::FaultPlan;
use crate::fediverse::FediverseSite;
use crate::limits::WindowLimiter;
use crate::random::mix_bytes;
use crate::world::{HostNature, PlantedHost, SampleWorld};

/// Why the sample web did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// No loopback port or no thread is available.
    #[error("start the sample web: {0}; are loopback ports and threads available?")]
    Io(#[from] std::io::Error),
}

/// The sample web while it is served, on threads of its own. Dropping it stops it at once.
#[derive(Debug)]
pub struct RunningWeb {
    world: Arc<SampleWorld>,
    runtime: Option<Runtime>,
    limiter: Arc<WindowLimiter>,
    counters: Arc<WebCounters>,
    bluesky: String,
    fediverse: String,
}

/// Serves a world on two loopback ports. It does not need a runtime around it.
pub fn serve(world: Arc<SampleWorld>, config: ServerConfig) -> Result<RunningWeb, ServeError> {
    let threads = config.threads.max(1);
    let runtime = Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name("sample-web")
        .enable_all()
        .build()?;
    let (bluesky_listener, bluesky) = listen()?;
    let (fediverse_listener, fediverse) = listen()?;
    let limiter = limiter(&world, &config);
    let counters = Arc::new(WebCounters::default());
    let faults = Arc::new(FaultPlan::new(config.faults.clone()));
    let listener_of = |site| SiteListener {
        site,
        clock: config.clock.clone(),
        limiter: limiter.clone(),
        faults: faults.clone(),
        counters: counters.clone(),
        behaviours: behaviours(&world, &config),
    };
    let sites = [
        (bluesky_listener, PlatformSite::Bluesky(BlueskySite::new(world.clone(), &bluesky))),
        (
            fediverse_listener,
            PlatformSite::Fediverse(FediverseSite::new(world.clone(), config.domains_redirect)),
        ),
    ];
    for (listener, site) in sites {
        let _within = runtime.enter();
        let listener = tokio::net::TcpListener::from_std(listener)?;
        runtime.spawn(keep_open(listener, listener_of(site)));
    }
    Ok(RunningWeb { world, runtime: Some(runtime), limiter, counters, bluesky, fediverse })
}

async fn keep_open(listener: tokio::net::TcpListener, site: SiteListener) {
    // A connection without TCP_NODELAY is only slower.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let router = Router::new().fallback(handle).with_state(Arc::new(site));
    // Accept errors are retried within; it ends only when the runtime is shut down.
    drop(axum::serve(listener, router).await);
}

fn listen() -> std::io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}

fn limiter(world: &SampleWorld, config: &ServerConfig) -> Arc<WindowLimiter> {
    let servers = world.hosts().iter().map(|host| host.name.as_str());
    let domains = world.hosts().iter().filter_map(|host| host.domain.as_deref());
    Arc::new(WindowLimiter::new(servers.chain(domains), config.limit, &config.limits))
}

fn behaviours(world: &SampleWorld, config: &ServerConfig) -> BTreeMap<String, HostBehaviour> {
    let redirecting = redirecting(world, config.redirecting);
    let behaviour = |host: &PlantedHost| HostBehaviour {
        nature: host.nature,
        slow: config.slow,
        flaky_for: config.flaky_for,
        redirects: redirecting.contains(host.name.as_str()),
        first_request_ms: AtomicU64::new(0),
    };
    world.hosts().iter().map(|host| (host.name.clone(), behaviour(host))).collect()
}

/// A share of the hosts that answer, rounded up.
fn redirecting(world: &SampleWorld, share: f64) -> HashSet<&str> {
    let answers = world.hosts().iter().filter(|host| host.nature != HostNature::Broken);
    let mut names: Vec<&str> = answers.map(|host| host.name.as_str()).collect();
    names.sort_by_key(|name| mix_bytes(name.as_bytes()));
    names.truncate((names.len() as f64 * share).ceil() as usize);
    names.into_iter().collect()
}

impl RunningWeb {
    /// The world that is served.
    pub fn world(&self) -> &Arc<SampleWorld> {
        &self.world
    }

    /// The origin of Bluesky's AppView, PDS and PLC, such as `http://127.0.0.1:41123`.
    pub fn bluesky_url(&self) -> &str {
        &self.bluesky
    }

    /// The origin behind every fediverse host; the `Host` header chooses.
    pub fn fediverse_url(&self) -> &str {
        &self.fediverse
    }

    /// The handles to start a crawl of one platform from.
    pub fn seeds(&self, platform: Platform) -> Vec<&str> {
        self.world.seed_handles(platform)
    }

    /// The counts so far.
    pub fn stats(&self) -> WebStats {
        WebStats { by_host: self.limiter.stats(), ..self.counters.stats() }
    }

    /// Stops serving: listeners and connections close at once.
    pub fn stop(self) {}
}

impl Drop for RunningWeb {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
