//! A small crawler's eye: fetches, follows cursors and Link headers, and a clock that runs.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use model::Timestamp;
use model::port::Clock;
use reqwest::{Client, Response, StatusCode};
use sample::world::PlantedHost;
use sample::{RunningWeb, SampleWorld, ServerConfig, WorldConfig, serve};
use serde_json::Value;

/// 2026-11-22T12:00:00Z when the test begins, and as fast as the true time.
struct TestClock(Instant);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let since = self.0.elapsed().as_millis() as i64;
        Timestamp::from_millisecond(1_795_348_800_000 + since).unwrap()
    }
}

/// A clock that is stopped: every request is in one window.
struct FrozenClock;

impl Clock for FrozenClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(1_795_348_800_250).unwrap()
    }
}

static WORLD: LazyLock<Arc<SampleWorld>> =
    LazyLock::new(|| Arc::new(SampleWorld::generate(&WorldConfig::sized(1_500, 3))));

/// A world of 1,500 accounts on 24 hosts, made once for all tests.
pub(crate) fn world() -> Arc<SampleWorld> {
    WORLD.clone()
}

/// No limit that a test could reach, hosts that are never slow or flaky for long.
pub(crate) fn config() -> ServerConfig {
    let mut config = ServerConfig::new(Arc::new(TestClock(Instant::now())));
    config.limit.requests = 1_000_000;
    config.slow = Duration::from_millis(1);
    config.flaky_for = Duration::ZERO;
    config
}

/// As [`config`], with a stopped clock.
pub(crate) fn frozen() -> ServerConfig {
    ServerConfig { clock: Arc::new(FrozenClock), ..config() }
}

/// One served world and a client that does not follow redirects.
pub(crate) struct Web {
    pub(crate) running: RunningWeb,
    client: Client,
}

impl Web {
    pub(crate) fn new(world: Arc<SampleWorld>, config: ServerConfig) -> Web {
        let none = reqwest::redirect::Policy::none();
        let client = Client::builder().redirect(none).timeout(Duration::from_secs(20));
        Web { running: serve(world, config).unwrap(), client: client.build().unwrap() }
    }

    /// Fetches a path of Bluesky's origin.
    pub(crate) async fn bluesky(&self, path: &str) -> Response {
        let url = format!("{}{path}", self.running.bluesky_url());
        self.client.get(url).send().await.unwrap()
    }

    /// Fetches a path of a virtual host.
    pub(crate) async fn at(&self, host: &str, path: &str) -> Response {
        self.accepting(host, path, "*/*").await
    }

    /// Fetches a path of a virtual host in one of these forms.
    pub(crate) async fn accepting(&self, host: &str, path: &str, accept: &str) -> Response {
        let is_domain = |known: &PlantedHost| known.domain.as_deref() == Some(host);
        let fediverse =
            host.contains("social") || self.running.world().hosts().iter().any(is_domain);
        let origin =
            if fediverse { self.running.fediverse_url() } else { self.running.bluesky_url() };
        let request = self.client.get(format!("{origin}{path}"));
        request.header("Host", host).header("Accept", accept).send().await.unwrap()
    }

    /// The document of an actor.
    pub(crate) async fn actor(&self, uri: &str) -> Response {
        let (host, path) = uri.strip_prefix("https://").unwrap().split_once('/').unwrap();
        self.accepting(host, &format!("/{path}"), "application/activity+json").await
    }

    /// An XRPC query that succeeds.
    pub(crate) async fn xrpc(&self, query: &str) -> Value {
        json(self.bluesky(&format!("/xrpc/{query}")).await).await
    }

    /// Every page of an XRPC query that takes a cursor.
    pub(crate) async fn xrpc_pages(&self, query: &str) -> Vec<Value> {
        let mut pages = vec![self.xrpc(query).await];
        while let Some(cursor) = pages.last().unwrap()["cursor"].as_str() {
            let next = format!("{query}&cursor={cursor}");
            pages.push(self.xrpc(&next).await);
        }
        pages
    }

    /// A route of a fediverse host that succeeds.
    pub(crate) async fn api(&self, host: &str, path: &str) -> Value {
        json(self.at(host, path).await).await
    }

    /// Every entry of a route that is paged by Link headers, and how many pages it took.
    pub(crate) async fn api_pages(&self, host: &str, path: &str) -> (Vec<Value>, usize) {
        let (mut entries, mut next, mut pages) = (Vec::new(), Some(path.to_owned()), 0);
        while let Some(path) = next {
            let response = self.at(host, &path).await;
            let origin = format!("https://{host}");
            next = next_link(&response).map(|link| link.strip_prefix(&origin).unwrap().to_owned());
            entries.extend(json(response).await.as_array().unwrap().iter().cloned());
            pages += 1;
        }
        (entries, pages)
    }
}

/// A header's text, or nothing.
pub(crate) fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned()
}

/// The `rel="next"` of a Link header.
pub(crate) fn next_link(response: &Response) -> Option<String> {
    let link = header(response, "link");
    let next = link.split(", ").find(|part| part.ends_with("rel=\"next\""))?;
    Some(next.split(['<', '>']).nth(1)?.to_owned())
}

/// The body of a 200.
pub(crate) async fn json(response: Response) -> Value {
    assert_eq!(response.status(), StatusCode::OK, "{}", response.url());
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

/// Status and body of a refusal.
pub(crate) async fn refusal(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap())
}

/// The text under a key of each of these.
pub(crate) fn texts<'v>(of: impl IntoIterator<Item = &'v Value>, pointer: &str) -> Vec<String> {
    of.into_iter()
        .map(|value| value.pointer(pointer).unwrap().as_str().unwrap().to_owned())
        .collect()
}
