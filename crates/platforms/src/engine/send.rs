//! One request on its way: leave to ask, redirects, and what the answers say of their hosts.

use model::port::{Clock, Web, WebError, WebRequest, WebResponse};
use model::time::Timestamp;
use reqwest::Url;

use super::ask::{Answer, Ask, Stop, Target};
use super::robots;
use super::run::HostNews;
use super::via::{Gate, Via};
use crate::limits;
use crate::manifest::Manifest;
use crate::origin::Origin;
use crate::verdict::{self, Verdict};
use crate::window;

/// The most redirects that one request follows.
const REDIRECTS_MAX: usize = 5;

/// Sends a request that the host's robots.txt allows, and judges its answer.
pub(super) async fn send<W: Web, C: Clock, G: Gate>(
    via: &mut Via<'_, W, C, G>,
    ask: &Ask<'_>,
    target: Target,
    request: WebRequest,
) -> Result<Answer, Stop> {
    robots::permit(via, ask.manifest, &target, &request.url).await?;
    let (target, response) = follow(via, ask.manifest, target, request).await?;
    judge(via, ask, target.host, response).await
}

/// Sends a request and goes where it is redirected to. Each hop is a request of its own to the host
/// that it leads to; secrets, bodies and a borrowed name are for the first host alone.
pub(super) async fn follow<W: Web, C: Clock, G: Gate>(
    via: &mut Via<'_, W, C, G>,
    manifest: &Manifest,
    mut target: Target,
    mut request: WebRequest,
) -> Result<(Target, WebResponse), Stop> {
    for _ in 0..=REDIRECTS_MAX {
        let response = exchange(via, manifest, &target, request.clone()).await?;
        let Some(location) = location(&response).filter(|_| request.body.is_none()) else {
            return Ok((target, response));
        };
        (target, request) = redirected(target, request, location)?;
    }
    Err(Stop::retry(format!("{} redirects too often", target.host)))
}

fn location(response: &WebResponse) -> Option<&str> {
    let redirects = matches!(response.status, 301 | 302 | 303 | 307 | 308);
    response.header("location").filter(|_| redirects)
}

/// The request that a redirect asks for.
fn redirected(
    target: Target,
    request: WebRequest,
    location: &str,
) -> Result<(Target, WebRequest), Stop> {
    let bad = || {
        let shown: String = location.chars().take(200).collect();
        Stop::Refused(format!("{} redirects to `{shown}`, which is no usable URL", target.host))
    };
    let from = Url::parse(&request.url).map_err(|_| bad())?;
    let mut to = from.join(location).map_err(|_| bad())?;
    to.set_fragment(None);
    let host = Origin::of(&to).host().to_owned();
    let is_name = to.scheme() == "https" && to.domain().is_some();
    let (url, next) = if target.host_header.is_some() && is_name {
        // Where one server stands in for many hosts, it does for that one too.
        let query = to.query().map(|query| format!("?{query}")).unwrap_or_default();
        let base = target.base.clone();
        let url = format!("{base}{}{query}", to.path());
        (url, Target { base, host_header: Some(host.clone()), host })
    } else if Origin::of(&to) == Origin::of(&from) {
        (to.into(), target.clone())
    } else {
        let next = Target::at(&Origin::of(&to));
        (to.into(), next)
    };
    let may_see = |(name, _): &(String, String)| next.host == target.host || name == "accept";
    let headers = request.headers.into_iter().filter(may_see).collect();
    Ok((next, WebRequest { url, headers, body: None, redirected_by: Some(request.url) }))
}

/// Sends one request within the host's budget, and takes note of what the answer says of the host.
async fn exchange<W: Web, C: Clock, G: Gate>(
    via: &mut Via<'_, W, C, G>,
    manifest: &Manifest,
    target: &Target,
    mut request: WebRequest,
) -> Result<WebResponse, Stop> {
    let host = &target.host;
    if via.is_closed(host) {
        return Err(Stop::Cut);
    }
    if let Err(no_token) = via.gate.pass(host).await {
        via.close(host);
        via.wait_ms = via.wait_ms.max(no_token.wait_ms);
        return Err(Stop::Cut);
    }
    request.headers.extend(target.host_header.clone().map(|value| ("host".to_owned(), value)));
    via.requests += 1;
    let fetched = via.web.fetch(request).await;
    match fetched {
        Ok(response) => {
            let news = news(via, manifest, host, &response);
            via.hear(news).await;
            Ok(response)
        }
        Err(error) => {
            let answered = !matches!(error, WebError::Unreachable { .. });
            if !answered {
                via.close(host);
            }
            let host = host.clone();
            via.hear(HostNews { host, limit: None, pause_until: None, answered }).await;
            Err(stop(verdict::of_error(&error)))
        }
    }
}

/// What an answer means to the one who asked.
async fn judge<W: Web, C: Clock, G: Gate>(
    via: &mut Via<'_, W, C, G>,
    ask: &Ask<'_>,
    host: String,
    response: WebResponse,
) -> Result<Answer, Stop> {
    match verdict::of_answer(ask.errors, &response, &host) {
        Verdict::Page => Ok(Answer { response, host }),
        Verdict::RateLimited(told_ms) => {
            Err(via.rate_limited(ask.manifest, &host, &response, told_ms).await)
        }
        // A host in trouble may also say when to come back.
        Verdict::Retry(_) if response.header("retry-after").is_some() => {
            Err(via.rate_limited(ask.manifest, &host, &response, None).await)
        }
        other => Err(stop(other)),
    }
}

fn stop(verdict: Verdict) -> Stop {
    match verdict {
        Verdict::Page | Verdict::Empty => Stop::Empty,
        Verdict::Hidden => Stop::Hidden,
        Verdict::Gone(gone) => Stop::Gone(gone),
        Verdict::RateLimited(after_ms) => {
            Stop::Retry { after_ms, why: "the host asks for a pause".to_owned() }
        }
        Verdict::Retry(why) => Stop::retry(why),
        Verdict::GiveUp(why) => Stop::Refused(why),
    }
}

/// What an answer's headers say of its host.
fn news<W: Web, C: Clock, G: Gate>(
    via: &Via<'_, W, C, G>,
    manifest: &Manifest,
    host: &str,
    response: &WebResponse,
) -> HostNews {
    let now: Timestamp = via.clock.now();
    let announced = limits::announced(&manifest.rate, response, now);
    let usual_ms = manifest.rate.window_ms;
    let limit =
        via.memory.with_window(host, |window| window::limit(window, announced, usual_ms, now));
    let is_used_up = announced.remaining == Some(0);
    let pause_until = announced.reset.filter(|reset| is_used_up && *reset > now);
    HostNews { host: host.to_owned(), limit, pause_until, answered: true }
}
