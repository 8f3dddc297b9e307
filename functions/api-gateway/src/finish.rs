//! What every request has around it: an id, limits of its sender, of time and size, refusal of keys in URLs; and what every
//! answer gets: problems as JSON, a strong `ETag` and 304, its charge before it leaves, one line in the log.
//!
//! The body is part of the [`etag`](crate::etag), because names, links and opt-outs change within a run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::HttpBody as _;
use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use model::time::Day;
use pricing::AnswerOutcome;

mod address;
mod headers;
mod ready;

use crate::charging::{Receipt, no_free_answer};
use crate::error::{Problem, ProblemCode, options};
use crate::etag::KnownTags;
use crate::query;
use crate::request_facts::RequestFacts;
use crate::state::Gateway;

pub(crate) use headers::{CHARGED, COST, EXPOSED};

/// How long an answer may take, what it waits for among it: under the 30 s that an HTTP API on AWS waits.
const ANSWER_SECONDS_MAX: u64 = 27;
/// The largest request line and headers, as HTTP APIs on AWS have it.
const HEAD_BYTES_MAX: usize = 10_240;

/// What is kept of a request until it is answered.
struct RequestInfo {
    id: String,
    method: Method,
    path: String,
    route: String,
    query: String,
    known: KnownTags,
    began: Instant,
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
            began: Instant::now(),
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
    mut request: Request,
    next: Next,
) -> Response {
    let facts = Arc::new(RequestFacts::default());
    request.extensions_mut().insert(Arc::clone(&facts));
    let mut info = RequestInfo::of(&gateway, &request);
    let canonical = address::take(&gateway, &facts, request.extensions())
        .and_then(|()| refuse_large(&request))
        .and_then(|()| query::pairs(&info.query))
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
    settle(&gateway, info, &facts, response).await
}

fn late() -> Problem {
    let detail = format!("no answer within {ANSWER_SECONDS_MAX} s: ask for less, or try again");
    Problem::new(ProblemCode::Timeout, detail)
}

/// Refuses a request whose line and headers are larger than what passes everywhere.
fn refuse_large(request: &Request) -> Result<(), Problem> {
    let line = request.uri().to_string().len() + request.method().as_str().len();
    let headers =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    let bytes = line + headers.sum::<usize>();
    if bytes <= HEAD_BYTES_MAX {
        return Ok(());
    }
    let why = format!(
        "the request line and the headers have {bytes} bytes: at most {HEAD_BYTES_MAX} pass"
    );
    Err(Problem::new(ProblemCode::HeadersTooLarge, why))
}

/// Charges the answer and gives it its headers, or puts a problem in its place.
async fn settle(
    gateway: &Gateway,
    info: RequestInfo,
    facts: &RequestFacts,
    mut response: Response,
) -> Response {
    if info.method == Method::OPTIONS {
        response = options(response);
    }
    let problem = response.extensions_mut().remove::<Problem>();
    let finished = match problem.or_else(|| Problem::of_bare(&response)) {
        Some(problem) => FinishedAnswer::Problem(problem, response),
        None => ready::released(gateway, &info, facts.admitted.get().map(Arc::as_ref), response)
            .await
            .map_or_else(FinishedAnswer::of, |(answer, receipt)| {
                FinishedAnswer::Leaves(answer, receipt)
            }),
    };
    let (response, receipt) = match finished.bounded(facts) {
        FinishedAnswer::Leaves(answer, receipt) => (answer, receipt),
        FinishedAnswer::Problem(problem, bare) => {
            let receipt = Receipt::free(outcome_of(problem.code()));
            (problem.render(bare, info.path.clone(), info.id.clone()), receipt)
        }
    };
    count(gateway, facts, receipt).await;
    log(&info, facts, &receipt, &response);
    headers::add(response, (&info.id, gateway.now()), facts, &receipt)
}

/// What leaves.
enum FinishedAnswer {
    /// The answer.
    Leaves(Response, Receipt),
    /// A problem, with the headers of a bare answer.
    Problem(Problem, Response),
}

impl FinishedAnswer {
    fn of(problem: Problem) -> FinishedAnswer {
        FinishedAnswer::Problem(problem, Response::default())
    }

    /// A refusal in the place of a free answer, where the key has none left.
    fn bounded(self, facts: &RequestFacts) -> FinishedAnswer {
        let outcome = match &self {
            FinishedAnswer::Leaves(_, receipt) => receipt.outcome,
            FinishedAnswer::Problem(problem, _) => outcome_of(problem.code()),
        };
        match facts.no_free_left().filter(|_| outcome.is_free_answer()) {
            Some(left) => FinishedAnswer::of(no_free_answer(left)),
            None => self,
        }
    }
}

/// How a request ended that got a problem.
fn outcome_of(code: ProblemCode) -> AnswerOutcome {
    match code {
        ProblemCode::RateLimited | ProblemCode::FreeAnswersExhausted => AnswerOutcome::RateLimited,
        // Its client cannot help it.
        code if code.is_failure() => AnswerOutcome::Failure,
        _ => AnswerOutcome::Error,
    }
}

async fn count(gateway: &Gateway, facts: &RequestFacts, receipt: Receipt) {
    let Some(caller) = facts.caller.get() else { return };
    let day = Day::of(gateway.now());
    let counter = &gateway.charging().counter;
    if counter.count(gateway.pg(), caller.counted(), day, receipt.outcome).await.is_err() {
        tracing::warn!("answers are counted later");
    }
}

/// One line of the access log. It names the key, and not the client's address.
fn log(info: &RequestInfo, facts: &RequestFacts, receipt: &Receipt, response: &Response) {
    let status = response.status().as_u16();
    let key = facts.caller.get().map(|caller| caller.key.to_string());
    let payer = facts.caller.get().map(|caller| caller.payer.to_string());
    let charge = receipt.charge.map(|charge| charge.to_string());
    let us = u64::try_from(info.began.elapsed().as_micros()).unwrap_or(u64::MAX);
    // Every body is whole by now; that of a HEAD is taken from it last.
    let bytes = response.body().size_hint().exact();
    tracing::info!(request_id = %info.id, method = %info.method, route = %info.route, status, us, bytes, key, payer,
        outcome = receipt.outcome.slug(), cost = %receipt.cost, charge, "answered");
}
