//! An answer on its way out: its tag, and its charge.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use axum::http::response::Parts;
use axum::http::{HeaderValue, Method};
use axum::response::{IntoResponse, Response};
use pricing::AnswerOutcome;

use super::RequestInfo;
use crate::answer::{AnswerFacts, Envelope};
use crate::charging::{AdmittedRequest, ReadyAnswer, Receipt, release};
use crate::docs::ESTIMATE;
use crate::error::{Problem, not_modified};
use crate::estimate_view::EstimateView;
use crate::etag::etag;
use crate::extract::DryRunReached;
use crate::state::Gateway;

/// No answer is larger: 1,000 rows stay far below, and files of exports have at most 50 MB.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// The answer as it may leave: whole, as a 304 where the client has it, or what it would cost.
///
/// # Errors
/// Why nothing of it may leave.
pub(super) async fn released(
    gateway: &Gateway,
    info: &RequestInfo,
    admitted: Option<&AdmittedRequest>,
    response: Response,
) -> Result<(Response, Receipt), Problem> {
    let (parts, body) = response.into_parts();
    if let Some(DryRunReached(own)) = parts.extensions.get::<DryRunReached>() {
        let priced = admitted.and_then(|admitted| admitted.priced.as_ref());
        let estimate = own.clone().unwrap_or_else(|| Arc::new(EstimateView::of(priced)));
        return Ok((dry_run(&estimate), Receipt::free(AnswerOutcome::DryRun)));
    }
    let body = to_bytes(body, ANSWER_BYTES_MAX).await;
    let body = body.map_err(|error| Problem::corrupt("the answer", &error))?;
    // Of a part of a file its handler says what the whole is.
    let own = parts.headers.get(ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
    let tag = own.or_else(|| info.is_read().then(|| etag(&info.path, &info.query, &body)));
    if let Some(tag) = tag.as_ref().filter(|tag| info.known.has(tag)) {
        let response = tagged(unchanged(&parts), tag);
        return Ok((response, Receipt::free(AnswerOutcome::NotModified)));
    }
    let receipt = match admitted {
        Some(admitted) => charge(gateway, &info.method, admitted, &parts).await?,
        None => Receipt::free(AnswerOutcome::FreeRoute),
    };
    Ok((whole(parts, body, tag), receipt))
}

fn whole(parts: Parts, body: Bytes, tag: Option<String>) -> Response {
    let response = Response::from_parts(parts, Body::from(body));
    match tag {
        Some(tag) => tagged(response, &tag),
        None => response,
    }
}

/// The empty answer in the place of one that the client has: for how long it may keep that is said again
/// (RFC 9110, 15.4.5).
fn unchanged(whole: &Parts) -> Response {
    let mut response = not_modified();
    if let Some(kept) = whole.headers.get(CACHE_CONTROL) {
        response.headers_mut().insert(CACHE_CONTROL, kept.clone());
    }
    response
}

fn tagged(mut response: Response, tag: &str) -> Response {
    if let Ok(value) = HeaderValue::try_from(tag) {
        response.headers_mut().insert(ETAG, value);
    }
    response
}

async fn charge(
    gateway: &Gateway,
    method: &Method,
    admitted: &AdmittedRequest,
    parts: &Parts,
) -> Result<Receipt, Problem> {
    let facts = parts.extensions.get::<AnswerFacts>().copied().unwrap_or_default();
    let (nonce, at) = (gateway.nonce(), gateway.now());
    let AnswerFacts { rows, run, charged_as, waited } = facts;
    let answer = ReadyAnswer { method, rows, run, charged_as, waited, nonce, at };
    release(gateway.charging(), admitted, answer).await
}

/// What the answer would cost.
fn dry_run(data: &EstimateView) -> Response {
    let estimate = Json(Envelope { data, next_cursor: None, run: None, as_of: None });
    // Another type than that of an answer, so that no client takes one for the other.
    ([(CONTENT_TYPE, ESTIMATE)], estimate).into_response()
}
