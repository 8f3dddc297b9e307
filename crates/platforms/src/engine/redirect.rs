//! A request through its redirects, and what each answer reports of its host.

use model::port::{WebError, WebRequest, WebResponse};
use reqwest::Url;

use super::context::FetchContext;
use super::page_request::RequestTarget;
use super::run::HostReport;
use super::stop_reason::StopReason;
use crate::limits;
use crate::manifest::PlatformManifest;
use crate::origin::ServerOrigin;
use crate::verdict;
use crate::window;

/// The most redirects that one request follows.
const REDIRECTS_MAX: usize = 5;

/// A request and where it goes.
#[derive(Debug)]
pub(super) struct RoutedRequest {
    pub(super) target: RequestTarget,
    pub(super) request: WebRequest,
}

/// An answer and where it came from.
#[derive(Debug)]
pub(super) struct RoutedAnswer {
    pub(super) target: RequestTarget,
    pub(super) response: WebResponse,
}

/// Sends a request and follows its redirects. Each hop is a request of its own, in the budget of the
/// host that it leads to. Secrets, bodies and a borrowed host name are for the first host only.
pub(super) async fn follow(
    fetch: &mut FetchContext<'_>,
    manifest: &PlatformManifest,
    mut sent: RoutedRequest,
) -> Result<RoutedAnswer, StopReason> {
    for _ in 0..=REDIRECTS_MAX {
        let response = exchange(fetch, manifest, &sent.target, sent.request.clone()).await?;
        let Some(location) = location(&response).filter(|_| sent.request.body.is_none()) else {
            return Ok(RoutedAnswer { target: sent.target, response });
        };
        sent = redirected(sent, location)?;
    }
    Err(StopReason::retry(format!("{} redirects too often", sent.target.host)))
}

fn location(response: &WebResponse) -> Option<&str> {
    let redirects = matches!(response.status, 301 | 302 | 303 | 307 | 308);
    response.header("location").filter(|_| redirects)
}

/// The request to the place that a redirect names.
fn redirected(
    RoutedRequest { target, request }: RoutedRequest,
    location: &str,
) -> Result<RoutedRequest, StopReason> {
    let bad = || {
        let shown: String = location.chars().take(200).collect();
        StopReason::Refused(format!(
            "{} redirects to `{shown}`, which is no usable URL",
            target.host
        ))
    };
    let from = Url::parse(&request.url).map_err(|_| bad())?;
    let mut to = from.join(location).map_err(|_| bad())?;
    to.set_fragment(None);
    let host = ServerOrigin::of(&to).host().to_owned();
    let is_name = to.scheme() == "https" && to.domain().is_some();
    let (url, next) = if target.host_header.is_some() && is_name {
        // A server that replaces many hosts replaces this one too.
        let query = to.query().map(|query| format!("?{query}")).unwrap_or_default();
        let base = target.base.clone();
        let url = format!("{base}{}{query}", to.path());
        (url, RequestTarget { base, host_header: Some(host.clone()), host })
    } else if ServerOrigin::of(&to) == ServerOrigin::of(&from) {
        (to.into(), target.clone())
    } else {
        let next = RequestTarget::at(&ServerOrigin::of(&to));
        (to.into(), next)
    };
    let may_see = |(name, _): &(String, String)| next.host == target.host || name == "accept";
    let headers = request.headers.into_iter().filter(may_see).collect();
    let request = WebRequest { url, headers, body: None, redirected_by: Some(request.url) };
    Ok(RoutedRequest { target: next, request })
}

/// Sends one request within the host's budget, and reports what the answer says of the host.
async fn exchange(
    fetch: &mut FetchContext<'_>,
    manifest: &PlatformManifest,
    target: &RequestTarget,
    mut request: WebRequest,
) -> Result<WebResponse, StopReason> {
    let host = &target.host;
    fetch.acquire(host).await?;
    request.headers.extend(target.host_header.clone().map(|value| ("host".to_owned(), value)));
    match fetch.send(request).await {
        Ok(response) => {
            let report = report_of(fetch, manifest, host, &response);
            fetch.report(report).await;
            Ok(response)
        }
        Err(error) => {
            let answered = !matches!(error, WebError::Unreachable { .. });
            if !answered {
                fetch.close(host);
            }
            fetch.report(HostReport { answered, ..HostReport::answered(host) }).await;
            Err(StopReason::of(verdict::of_error(&error)))
        }
    }
}

/// What an answer's headers say of its host.
fn report_of(
    fetch: &FetchContext<'_>,
    manifest: &PlatformManifest,
    host: &str,
    response: &WebResponse,
) -> HostReport {
    let now = fetch.clock.now();
    let announced = limits::announced(&manifest.rate, response, now);
    let usual_ms = manifest.rate.window_ms;
    let limit =
        fetch.memory.with_window(host, |window| window::limit(window, announced, usual_ms, now));
    let is_used_up = announced.remaining == Some(0);
    let pause_until = announced.reset.filter(|reset| is_used_up && *reset > now);
    HostReport { limit, pause_until, ..HostReport::answered(host) }
}
