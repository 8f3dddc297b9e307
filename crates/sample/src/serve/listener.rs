//! The path of every request: it is counted against its host's limit, perhaps replaced by a fault or
//! by the host's behaviour, answered by its platform, and gets the platform's rate-limit headers.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Response, StatusCode, header};
use model::port::Clock;

use super::host_behaviour::{HostBehaviour, is_marked, redirect};
use super::limit_headers::{announce, delay};
use super::stats::WebCounters;
use crate::bluesky::BlueskySite;
use crate::faults::{self, FaultPlan, InjectedFault, RateLimitDialect};
use crate::fediverse::FediverseSite;
use crate::limits::WindowLimiter;
use crate::site::{QueryString, SiteReply, SiteRequest};

/// The platform behind a listener.
pub(crate) enum PlatformSite {
    Bluesky(BlueskySite),
    Fediverse(FediverseSite),
}

impl PlatformSite {
    fn answer(&self, ask: &SiteRequest<'_>) -> (&'static str, SiteReply) {
        match self {
            PlatformSite::Bluesky(site) => site.answer(ask),
            PlatformSite::Fediverse(site) => site.answer(ask),
        }
    }

    /// The name of a request's host: all of Bluesky is one.
    fn name<'h>(&self, host: &'h str) -> &'h str {
        match self {
            PlatformSite::Bluesky(_) => "bsky.sample.test",
            PlatformSite::Fediverse(_) => host,
        }
    }

    fn too_many(&self) -> SiteReply {
        match self {
            PlatformSite::Bluesky(_) => BlueskySite::too_many(),
            PlatformSite::Fediverse(_) => FediverseSite::too_many(),
        }
    }

    /// The headers that this platform announces its limit with.
    fn dialect(&self) -> RateLimitDialect {
        match self {
            PlatformSite::Bluesky(_) => RateLimitDialect::UnixSeconds,
            PlatformSite::Fediverse(_) => RateLimitDialect::IsoTime,
        }
    }
}

/// One listener's platform, and what applies to a request before it is answered.
pub(crate) struct SiteListener {
    pub(crate) site: PlatformSite,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limiter: Arc<WindowLimiter>,
    pub(crate) faults: Arc<FaultPlan>,
    pub(crate) counters: Arc<WebCounters>,
    pub(crate) behaviours: BTreeMap<String, HostBehaviour>,
}

/// Answers one request.
pub(crate) async fn handle(
    State(listener): State<Arc<SiteListener>>,
    request: Request,
) -> Response<Body> {
    let host = host_of(&request);
    let now_ms = listener.clock.now().as_millisecond().max(0) as u64;
    let pass = listener.limiter.enter(listener.site.name(&host), now_ms);
    let mut response = if pass.allowed {
        listener.admit(&host, &request.into_parts().0, now_ms).await
    } else {
        Err(listener.site.too_many().into_response(Body::from))
    };
    let headers = match &mut response {
        // The true headers must not contradict an injected 429.
        Err(refused) if refused.extensions().get::<InjectedHeaders>().is_some() => None,
        Ok(response) | Err(response) => Some(response.headers_mut()),
    };
    if let Some(headers) = headers {
        announce(headers, listener.site.dialect(), &pass);
    }
    response.unwrap_or_else(|refused| refused)
}

/// Marks a response whose rate-limit headers are part of the fault.
#[derive(Clone, Copy)]
struct InjectedHeaders;

impl SiteListener {
    async fn admit(
        &self,
        host: &str,
        request: &Parts,
        now_ms: u64,
    ) -> Result<Response<Body>, Response<Body>> {
        let url = request.uri.path_and_query().map_or("/", |url| url.as_str());
        let fault = self.faults.draw(host, url);
        let fault = fault.filter(|&fault| fault != InjectedFault::Redirect || !is_marked(url));
        if let Some(fault) = fault {
            self.counters.fault(fault);
            if let Some(response) = self.instead(fault, url, now_ms).await {
                return Err(response);
            }
        }
        if let Some(behaviour) = self.behaviours.get(self.site.name(host))
            && let Some(instead) = behaviour.apply(url, now_ms).await
        {
            return Err(instead.into_response(Body::from));
        }
        let query = QueryString(request.uri.query().unwrap_or(""));
        let accept = request.headers.get(header::ACCEPT);
        let accept = accept.and_then(|accept| accept.to_str().ok()).unwrap_or("");
        let loops = fault == Some(InjectedFault::CursorLoop);
        let ask = SiteRequest { host, path: request.uri.path(), query, accept, loops };
        let (route, reply) = self.site.answer(&ask);
        self.counters.route(route);
        Ok(self.with_fault(reply, fault))
    }

    /// The response that some faults send instead of an answer.
    async fn instead(
        &self,
        fault: InjectedFault,
        url: &str,
        now_ms: u64,
    ) -> Option<Response<Body>> {
        let plain = |status| SiteReply::of(status, "text/plain", b"Sorry".to_vec());
        let json = || SiteReply::json(Vec::new());
        match fault {
            InjectedFault::TooMany(dialect) => {
                let reset_ms = now_ms + self.faults.faults.wait_seconds * 1_000;
                let mut response = self.site.too_many().into_response(Body::from);
                response.extensions_mut().insert(InjectedHeaders);
                delay(response.headers_mut(), dialect, now_ms, reset_ms);
                Some(response)
            }
            InjectedFault::ServerError => {
                let status = [500, 502, 503, 504][url.len() % 4];
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
                Some(plain(status).into_response(Body::from))
            }
            InjectedFault::Hang => {
                tokio::time::sleep(self.faults.faults.hang).await;
                Some(plain(StatusCode::GATEWAY_TIMEOUT).into_response(Body::from))
            }
            InjectedFault::Redirect => redirect(url).map(|reply| reply.into_response(Body::from)),
            InjectedFault::PrivateRedirect => {
                let to = ["http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/"];
                let mut response = plain(StatusCode::FOUND).into_response(Body::from);
                let to = HeaderValue::from_static(to[url.len() % 2]);
                response.headers_mut().insert(header::LOCATION, to);
                Some(response)
            }
            InjectedFault::Endless => Some(json().into_response(|_| faults::endless())),
            InjectedFault::GzipBomb => {
                let mut response = json().into_response(|_| faults::bomb());
                let gzip = HeaderValue::from_static("gzip");
                response.headers_mut().insert(header::CONTENT_ENCODING, gzip);
                Some(response)
            }
            InjectedFault::Truncated
            | InjectedFault::InvalidUtf8
            | InjectedFault::CursorLoop
            | InjectedFault::Drip => None,
        }
    }

    /// The response to a reply, changed by some faults.
    fn with_fault(&self, mut reply: SiteReply, fault: Option<InjectedFault>) -> Response<Body> {
        match fault {
            Some(InjectedFault::Truncated) => reply.body.truncate(reply.body.len() / 2),
            Some(InjectedFault::InvalidUtf8) => faults::corrupt_utf8(&mut reply.body),
            Some(InjectedFault::Drip) => {
                let pause = self.faults.faults.drip;
                return reply.into_response(|body| faults::drip(body, pause));
            }
            _ => {}
        }
        reply.into_response(Body::from)
    }
}

/// The `Host` header in lower case, without a port.
fn host_of(request: &Request) -> String {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    host.unwrap_or("").split(':').next().unwrap_or("").to_ascii_lowercase()
}
