//! What every request has around it: an id, a time limit, refusal of keys in URLs; and what every
//! answer gets: problems as JSON, a strong `ETag` and 304, its units, one line in the log.
//!
//! The body is part of the [`etag`], because names, links and opt-outs change within a run.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, ETAG, VARY};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::answer::AnswerUnits;
use crate::auth::ApiCaller;
use crate::error::{Problem, ProblemCode, not_modified, options};
use crate::etag::{KnownTags, etag};
use crate::query;
use crate::state::Gateway;

/// How long an answer may take: under the 30 s that an HTTP API on AWS waits.
const ANSWER_SECONDS_MAX: u64 = 20;
/// No answer is larger: 1,000 rows stay far below.
const ANSWER_BYTES_MAX: usize = 32 << 20;

/// The header with an answer's units.
pub(crate) const UNITS: HeaderName = HeaderName::from_static("borg-units");
/// The header that names the request in our logs.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("borg-request-id");

/// What is kept of a request until it is answered.
struct RequestInfo {
    id: String,
    method: Method,
    path: String,
    route: String,
    query: String,
    known: KnownTags,
}

impl RequestInfo {
    fn of(gateway: &Gateway, request: &Request) -> RequestInfo {
        let path = request.uri().path();
        let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str);
        RequestInfo {
            id: gateway.request_id(),
            method: request.method().clone(),
            path: if query::has_key(path) { "(hidden)".to_owned() } else { path.to_owned() },
            route: route.to_owned(),
            query: request.uri().query().unwrap_or_default().to_owned(),
            known: KnownTags::of(request.headers()),
        }
    }

    /// Whether it reads: a HEAD is answered as the GET, and loses its body last.
    fn is_read(&self) -> bool {
        self.method == Method::GET || self.method == Method::HEAD
    }
}

/// Runs a request and finishes its answer.
pub(crate) async fn finish(
    State(gateway): State<Gateway>,
    request: Request,
    next: Next,
) -> Response {
    let mut info = RequestInfo::of(&gateway, &request);
    let canonical = query::pairs(&info.query)
        .and_then(|pairs| query::refuse_keys(&pairs).map(|()| query::canonical(pairs, &[])));
    let response = match canonical {
        Ok(canonical) => {
            info.query = canonical;
            let answer = next.run(request);
            let limit = Duration::from_secs(ANSWER_SECONDS_MAX);
            tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| late().into_response())
        }
        Err(problem) => problem.into_response(),
    };
    settle(info, response).await
}

fn late() -> Problem {
    let detail = format!("no answer within {ANSWER_SECONDS_MAX} s: ask for less, or try again");
    Problem::new(ProblemCode::Timeout, detail)
}

async fn settle(info: RequestInfo, mut response: Response) -> Response {
    let caller = response.extensions_mut().remove::<ApiCaller>();
    let key = caller.as_ref().map(|caller| caller.key.to_string());
    let payer = caller.as_ref().map(|caller| caller.payer.to_string());
    if info.method == Method::OPTIONS {
        response = options(response);
    }
    let problem = response.extensions_mut().remove::<Problem>();
    let finished = match problem.or_else(|| Problem::of_bare(&response)) {
        Some(problem) => Err((problem, response)),
        None => tagged(&info, response).await.map_err(|problem| (problem, Response::default())),
    };
    let (mut response, units) = finished.unwrap_or_else(|(problem, bare)| {
        (problem.render(bare, info.path.clone(), info.id.clone()), AnswerUnits::NONE)
    });
    let status = response.status().as_u16();
    tracing::info!(request_id = %info.id, method = %info.method, route = %info.route, status,
        key, payer, class = units.class.slug(), rows = units.rows, bytes = units.bytes, "answered");
    let headers = response.headers_mut();
    for (name, value) in [(UNITS, units.header()), (REQUEST_ID, info.id)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    headers.append(VARY, AUTHORIZATION.into());
    response
}

/// The answer with its tag and its counted bytes, or 304 where the client has it.
async fn tagged(
    info: &RequestInfo,
    response: Response,
) -> Result<(Response, AnswerUnits), Problem> {
    let (mut parts, body) = response.into_parts();
    let units = parts.extensions.remove::<AnswerUnits>().unwrap_or(AnswerUnits::NONE);
    let body = to_bytes(body, ANSWER_BYTES_MAX).await;
    let body = body.map_err(|error| Problem::corrupt("the answer", &error))?;
    let counted =
        AnswerUnits { bytes: if units.calls > 0 { body.len() as u64 } else { 0 }, ..units };
    if !info.is_read() {
        return Ok((Response::from_parts(parts, Body::from(body)), counted));
    }
    let tag = etag(&info.path, &info.query, &body);
    let (mut response, units) = if info.known.has(&tag) {
        (not_modified(), AnswerUnits { class: units.class, ..AnswerUnits::NONE })
    } else {
        (Response::from_parts(parts, Body::from(body)), counted)
    };
    if let Ok(value) = HeaderValue::try_from(tag) {
        response.headers_mut().insert(ETAG, value);
    }
    Ok((response, units))
}
