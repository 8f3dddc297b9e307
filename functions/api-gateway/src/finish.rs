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

use crate::answer::Units;
use crate::auth::Caller;
use crate::error::{Code, Problem, not_modified, options};
use crate::etag::{Known, etag};
use crate::query;
use crate::state::Gateway;

/// How long an answer may take: under the 30 s that an HTTP API on AWS waits.
const ANSWER_SECONDS_MAX: u64 = 20;
/// No answer is larger: 1,000 rows stay far below.
const ANSWER_BYTES_MAX: usize = 32 << 20;

/// The header that says what an answer is worth.
pub(crate) const UNITS: HeaderName = HeaderName::from_static("borg-units");
/// The header that names the request in our logs.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("borg-request-id");

/// What is kept of a request until its answer is there.
struct Asked {
    id: String,
    method: Method,
    path: String,
    route: String,
    query: String,
    known: Known,
}

impl Asked {
    fn of(gateway: &Gateway, request: &Request) -> Asked {
        let path = request.uri().path();
        let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str);
        Asked {
            id: gateway.request_id(),
            method: request.method().clone(),
            path: if query::has_key(path) { "(hidden)".to_owned() } else { path.to_owned() },
            route: route.to_owned(),
            query: request.uri().query().unwrap_or_default().to_owned(),
            known: Known::of(request.headers()),
        }
    }

    /// Whether it asks for what is there: a HEAD is answered as the GET, and loses its body last.
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
    let mut asked = Asked::of(&gateway, &request);
    let canonical = query::pairs(&asked.query)
        .and_then(|pairs| query::refuse_keys(&pairs).map(|()| query::canonical(pairs, &[])));
    let response = match canonical {
        Ok(canonical) => {
            asked.query = canonical;
            let answer = next.run(request);
            let limit = Duration::from_secs(ANSWER_SECONDS_MAX);
            tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| late().into_response())
        }
        Err(problem) => problem.into_response(),
    };
    settle(asked, response).await
}

fn late() -> Problem {
    let detail = format!("no answer within {ANSWER_SECONDS_MAX} s: ask for less, or try again");
    Problem::new(Code::Timeout, detail)
}

async fn settle(asked: Asked, mut response: Response) -> Response {
    let key = response.extensions_mut().remove::<Caller>().map(|caller| caller.key.to_string());
    if asked.method == Method::OPTIONS {
        response = options(response);
    }
    let problem = response.extensions_mut().remove::<Problem>();
    let finished = match problem.or_else(|| Problem::of_bare(&response)) {
        Some(problem) => Err((problem, response)),
        None => tagged(&asked, response).await.map_err(|problem| (problem, Response::default())),
    };
    let (mut response, units) = finished.unwrap_or_else(|(problem, bare)| {
        (problem.render(bare, asked.path.clone(), asked.id.clone()), Units::NONE)
    });
    let status = response.status().as_u16();
    tracing::info!(request_id = %asked.id, method = %asked.method, route = %asked.route, status,
        key, class = units.class.slug(), rows = units.rows, bytes = units.bytes, "answered");
    let headers = response.headers_mut();
    for (name, value) in [(UNITS, units.header()), (REQUEST_ID, asked.id)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    headers.append(VARY, AUTHORIZATION.into());
    response
}

/// The answer with its tag and its counted bytes, or 304 where the client has it.
async fn tagged(asked: &Asked, response: Response) -> Result<(Response, Units), Problem> {
    let (mut parts, body) = response.into_parts();
    let units = parts.extensions.remove::<Units>().unwrap_or(Units::NONE);
    let body = to_bytes(body, ANSWER_BYTES_MAX).await;
    let body = body.map_err(|error| Problem::corrupt("the answer", &error))?;
    let counted = Units { bytes: if units.calls > 0 { body.len() as u64 } else { 0 }, ..units };
    if !asked.is_read() {
        return Ok((Response::from_parts(parts, Body::from(body)), counted));
    }
    let tag = etag(&asked.path, &asked.query, &body);
    let (mut response, units) = if asked.known.has(&tag) {
        (not_modified(), Units { class: units.class, ..Units::NONE })
    } else {
        (Response::from_parts(parts, Body::from(body)), counted)
    };
    if let Ok(value) = HeaderValue::try_from(tag) {
        response.headers_mut().insert(ETAG, value);
    }
    Ok((response, units))
}
