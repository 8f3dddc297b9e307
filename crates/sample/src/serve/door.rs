//! The way of every request: counted against its host's limit, perhaps spoilt, tempered by the
//! host's nature, answered by its platform, and sent with the platform's rate-limit headers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use model::port::Clock;

use super::stats::Counters;
use super::{Ask, Query, Reply};
use crate::bluesky::Bluesky;
use crate::faults::{self, Dialect, Fault, FaultPlan};
use crate::fediverse::Fediverse;
use crate::limits::{Limiter, Pass};
use crate::time::{http_date, iso};
use crate::world::Nature;

/// The platform behind a door.
pub(crate) enum Site {
    Bluesky(Bluesky),
    Fediverse(Fediverse),
}

impl Site {
    fn answer(&self, ask: &Ask<'_>) -> (&'static str, Reply) {
        match self {
            Site::Bluesky(site) => site.answer(ask),
            Site::Fediverse(site) => site.answer(ask),
        }
    }

    /// The name under which a request's host is known: all of Bluesky is one.
    fn name<'h>(&self, host: &'h str) -> &'h str {
        match self {
            Site::Bluesky(_) => "bsky.sample.test",
            Site::Fediverse(_) => host,
        }
    }

    fn too_many(&self) -> Reply {
        match self {
            Site::Bluesky(_) => Bluesky::too_many(),
            Site::Fediverse(_) => Fediverse::too_many(),
        }
    }

    /// The headers that this platform announces its limit with.
    fn dialect(&self) -> Dialect {
        match self {
            Site::Bluesky(_) => Dialect::UnixSeconds,
            Site::Fediverse(_) => Dialect::IsoTime,
        }
    }
}

/// One listener's platform with all that stands before it.
pub(crate) struct Door {
    pub(crate) site: Site,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limiter: Arc<Limiter>,
    pub(crate) faults: Arc<FaultPlan>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) tempers: BTreeMap<String, Temper>,
}

/// How a host treats requests before it answers them.
pub(crate) struct Temper {
    pub(crate) nature: Nature,
    pub(crate) slow: Duration,
    pub(crate) flaky_for: Duration,
    /// Whether every request is sent on within the host.
    pub(crate) redirects: bool,
    /// When the first request came, in unix milliseconds; 0 before it.
    pub(crate) woken_ms: AtomicU64,
}

impl Temper {
    /// Waits, fails or sends on, as is the host's nature.
    async fn endure(&self, url: &str, now_ms: u64) -> Option<Reply> {
        let reply = self.wait_or_fail(now_ms).await;
        reply.or_else(|| self.redirects.then(|| redirect(url)).flatten())
    }

    async fn wait_or_fail(&self, now_ms: u64) -> Option<Reply> {
        let page = |status| Reply::of(status, "text/html", b"<h1>Sorry</h1>".to_vec());
        match self.nature {
            Nature::Broken => Some(page(StatusCode::BAD_GATEWAY)),
            Nature::Flaky => {
                let woken =
                    self.woken_ms.compare_exchange(0, now_ms, Ordering::Relaxed, Ordering::Relaxed);
                let until = woken.err().unwrap_or(now_ms) + self.flaky_for.as_millis() as u64;
                (now_ms < until).then(|| page(StatusCode::SERVICE_UNAVAILABLE))
            }
            Nature::Slow => {
                tokio::time::sleep(self.slow).await;
                None
            }
            Nature::Bluesky | Nature::Mastodon | Nature::Old | Nature::Snac => None,
        }
    }
}

/// Answers one request.
pub(crate) async fn handle(State(door): State<Arc<Door>>, request: Request) -> Response<Body> {
    let host = host_of(&request);
    let now_ms = door.clock.now().as_millisecond().max(0) as u64;
    let pass = door.limiter.enter(door.site.name(&host), now_ms);
    let mut response = if pass.allowed {
        door.admit(&host, &request.into_parts().0, now_ms).await
    } else {
        Err(door.site.too_many().into_response(Body::from))
    };
    let headers = match &mut response {
        // An injected 429 must not be contradicted by the true headers.
        Err(refused) if refused.extensions().get::<Injected>().is_some() => None,
        Ok(response) | Err(response) => Some(response.headers_mut()),
    };
    if let Some(headers) = headers {
        announce(headers, door.site.dialect(), &pass);
    }
    response.unwrap_or_else(|refused| refused)
}

/// Marks a response whose rate-limit headers are part of the fault.
#[derive(Clone, Copy)]
struct Injected;

impl Door {
    async fn admit(
        &self,
        host: &str,
        request: &Parts,
        now_ms: u64,
    ) -> Result<Response<Body>, Response<Body>> {
        let url = request.uri.path_and_query().map_or("/", |url| url.as_str());
        let fault = self.faults.draw(host, url);
        let fault = fault.filter(|&fault| fault != Fault::Redirect || !is_marked(url));
        if let Some(fault) = fault {
            self.counters.fault(fault);
            if let Some(response) = self.instead(fault, url, now_ms).await {
                return Err(response);
            }
        }
        if let Some(temper) = self.tempers.get(self.site.name(host))
            && let Some(instead) = temper.endure(url, now_ms).await
        {
            return Err(instead.into_response(Body::from));
        }
        let query = Query(request.uri.query().unwrap_or(""));
        let accept = request.headers.get(header::ACCEPT);
        let accept = accept.and_then(|accept| accept.to_str().ok()).unwrap_or("");
        let circle = fault == Some(Fault::CursorLoop);
        let ask = Ask { host, path: request.uri.path(), query, accept, circle };
        let (route, reply) = self.site.answer(&ask);
        self.counters.route(route);
        Ok(self.spoil(reply, fault))
    }

    /// What some faults send instead of an answer.
    async fn instead(&self, fault: Fault, url: &str, now_ms: u64) -> Option<Response<Body>> {
        let plain = |status| Reply::of(status, "text/plain", b"Sorry".to_vec());
        let json = || Reply::json(Vec::new());
        match fault {
            Fault::TooMany(dialect) => {
                let reset_ms = now_ms + self.faults.faults.wait_seconds * 1_000;
                let mut response = self.site.too_many().into_response(Body::from);
                response.extensions_mut().insert(Injected);
                delay(response.headers_mut(), dialect, now_ms, reset_ms);
                Some(response)
            }
            Fault::ServerError => {
                let status = [500, 502, 503, 504][url.len() % 4];
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
                Some(plain(status).into_response(Body::from))
            }
            Fault::Hang => {
                tokio::time::sleep(self.faults.faults.hang).await;
                Some(plain(StatusCode::GATEWAY_TIMEOUT).into_response(Body::from))
            }
            Fault::Redirect => redirect(url).map(|reply| reply.into_response(Body::from)),
            Fault::PrivateRedirect => {
                let to = ["http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/"];
                let mut response = plain(StatusCode::FOUND).into_response(Body::from);
                let to = HeaderValue::from_static(to[url.len() % 2]);
                response.headers_mut().insert(header::LOCATION, to);
                Some(response)
            }
            Fault::Endless => Some(json().into_response(|_| faults::endless())),
            Fault::GzipBomb => {
                let mut response = json().into_response(|_| faults::bomb());
                let gzip = HeaderValue::from_static("gzip");
                response.headers_mut().insert(header::CONTENT_ENCODING, gzip);
                Some(response)
            }
            Fault::Truncated | Fault::InvalidUtf8 | Fault::CursorLoop | Fault::Drip => None,
        }
    }

    /// Sends a reply, spoilt if the fault says so.
    fn spoil(&self, mut reply: Reply, fault: Option<Fault>) -> Response<Body> {
        match fault {
            Some(Fault::Truncated) => reply.body.truncate(reply.body.len() / 2),
            Some(Fault::InvalidUtf8) => faults::spoil_utf8(&mut reply.body),
            Some(Fault::Drip) => {
                let pause = self.faults.faults.drip;
                return reply.into_response(|body| faults::drip(body, pause));
            }
            _ => {}
        }
        reply.into_response(Body::from)
    }
}

/// Marks an address that a host has sent a client to.
const MARK: &str = "moved=1";

/// Sends a client on to the same thing at another address of the host; whoever comes from there is
/// not sent again.
fn redirect(url: &str) -> Option<Reply> {
    if is_marked(url) {
        return None;
    }
    let status =
        [StatusCode::FOUND, StatusCode::TEMPORARY_REDIRECT, StatusCode::PERMANENT_REDIRECT];
    let and = if url.contains('?') { '&' } else { '?' };
    Some(Reply::redirect(status[url.len() % 3], format!("{url}{and}{MARK}")))
}

fn is_marked(url: &str) -> bool {
    url.rsplit(['?', '&']).next() == Some(MARK)
}

/// The `Host` header in lower case, without a port.
fn host_of(request: &Request) -> String {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    host.unwrap_or("").split(':').next().unwrap_or("").to_ascii_lowercase()
}

const fn name(name: &'static str) -> HeaderName {
    HeaderName::from_static(name)
}

/// Announces a limit as the platform does.
fn announce(headers: &mut HeaderMap, dialect: Dialect, pass: &Pass) {
    let (limit, remaining) = (pass.limit.requests.into(), pass.remaining.into());
    if dialect == Dialect::UnixSeconds {
        headers.insert(name("ratelimit-limit"), limit);
        headers.insert(name("ratelimit-remaining"), remaining);
        headers.insert(name("ratelimit-reset"), pass.reset_ms.div_ceil(1_000).into());
        let policy = format!("{};w={}", pass.limit.requests, pass.limit.window_ms.div_ceil(1_000));
        insert(headers, "ratelimit-policy", policy);
    } else {
        headers.insert(name("x-ratelimit-limit"), limit);
        headers.insert(name("x-ratelimit-remaining"), remaining);
        insert(headers, "x-ratelimit-reset", iso(pass.reset_ms));
    }
}

/// Says when to come back, in one of the dialects.
fn delay(headers: &mut HeaderMap, dialect: Dialect, now_ms: u64, reset_ms: u64) {
    let seconds = (reset_ms - now_ms).div_ceil(1_000);
    let at = reset_ms.div_ceil(1_000);
    match dialect {
        Dialect::UnixSeconds => {
            headers.insert(name("ratelimit-remaining"), 0.into());
            headers.insert(name("ratelimit-reset"), at.into());
        }
        Dialect::IsoTime => {
            headers.insert(name("x-ratelimit-remaining"), 0.into());
            insert(headers, "x-ratelimit-reset", iso(reset_ms));
        }
        Dialect::SecondsLeft => {
            headers.insert(name("x-ratelimit-remaining"), 0.into());
            headers.insert(name("x-ratelimit-reset"), seconds.into());
        }
        Dialect::RetryAfterSeconds => {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        Dialect::RetryAfterDate => {
            insert(headers, "retry-after", http_date(at));
        }
    }
}

fn insert(headers: &mut HeaderMap, header: &'static str, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name(header), value);
    }
}
