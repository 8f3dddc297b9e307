//! What can go wrong, as RFC 9457 problems. Only this file and its table of codes know status codes.
//!
//! A [`Problem`] travels in the response's extensions until [`mod@crate::finish`] gives it the
//! path and the request's id; what the framework refuses by itself becomes a problem there too.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use store::StoreError;
use utoipa::ToSchema;

use crate::rate_limit::RateState;

mod code;
mod payment_due;

pub use code::ProblemCode;
pub(crate) use code::{NOT_MODIFIED, statuses};
pub(crate) use payment_due::PaymentDue;

/// After how long something that cannot be reached is worth another try, in seconds.
const UNAVAILABLE_SECONDS: u32 = 5;

/// The detail of faults whose cause is for the log only.
const FAULT_OF_OURS: &str = "a fault of ours: tell us the request_id";

/// The detail of a method that a route does not take.
const NO_SUCH_METHOD: &str =
    "this method is not taken here: the Allow header names those that are, /docs explains them";

/// One thing that is wrong with a request, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Fault)]
pub struct ProblemFault {
    /// What is wrong.
    pub detail: String,
    /// The parameter of the query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// The place in the body, as a JSON Pointer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
}

/// Marks an answer of another protocol, in the response's extensions: its errors say themselves what is wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OtherProtocol;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    code: ProblemCode,
    detail: String,
    errors: Vec<ProblemFault>,
    /// After how many seconds it is worth trying again.
    retry_after: Option<u32>,
    payment: Option<Box<PaymentDue>>,
    floor: Option<String>,
}

/// The body of every answer with an error, as `application/problem+json` (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemBody {
    /// Where the code is explained.
    #[serde(rename = "type")]
    #[schema(example = "/docs#bad_parameter")]
    kind: String,
    /// The code in words.
    title: &'static str,
    /// The HTTP status.
    #[schema(example = 400)]
    status: u16,
    /// What is wrong with this request, and what to do.
    detail: String,
    /// The path that was asked for.
    instance: String,
    /// The code.
    code: ProblemCode,
    /// Names this request in our logs.
    request_id: String,
    /// Each fault, where it is known in particular.
    errors: Vec<ProblemFault>,
    /// Of a 402: what is missing, and how it can be paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<Box<PaymentDue>>,
    /// Of a cursor that is too old: the first one that is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    floor: Option<String>,
}

impl Problem {
    /// A problem, and what to do about it.
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Problem {
        Problem {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
            payment: None,
            floor: None,
        }
    }

    /// The same, worth trying again after this many seconds.
    #[must_use]
    pub(crate) fn retry_after(self, seconds: u32) -> Problem {
        Problem { retry_after: Some(seconds), ..self }
    }

    /// The same, saying what is missing of a payment.
    #[must_use]
    pub(crate) fn with_payment(self, due: PaymentDue) -> Problem {
        Problem { payment: Some(Box::new(due)), ..self }
    }

    /// The same, saying which cursor is not too old.
    #[must_use]
    pub(crate) fn with_floor(self, floor: String) -> Problem {
        Problem { floor: Some(floor), ..self }
    }

    /// What it is about.
    pub(crate) const fn code(&self) -> ProblemCode {
        self.code
    }

    /// What is wrong, and what to do.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// Too many requests of a sender.
    pub(crate) fn too_many(rate: RateState, sender: &str) -> Problem {
        let RateState { burst, window_seconds, wait_seconds, .. } = rate;
        let why = format!(
            "more than {burst} requests within {window_seconds} s {sender}: wait {wait_seconds} s"
        );
        Problem::new(ProblemCode::RateLimited, why).retry_after(wait_seconds)
    }

    /// Something that cannot be reached for now; the log has the reason.
    pub(crate) fn unavailable(what: &str, error: &impl std::error::Error) -> Problem {
        tracing::warn!(what, %error, "unavailable");
        let detail = format!("{what} cannot be reached: try again");
        Problem::new(ProblemCode::Unavailable, detail).retry_after(UNAVAILABLE_SECONDS)
    }

    /// A fault of ours whose cause is in the log.
    pub(crate) fn internal() -> Problem {
        Problem::new(ProblemCode::Internal, FAULT_OF_OURS)
    }

    /// A parameter that cannot be used.
    pub fn parameter(name: &str, detail: impl Into<String>) -> Problem {
        let detail = detail.into();
        let (whole, parameter) = (format!("{name}: {detail}"), Some(name.to_owned()));
        let errors = vec![ProblemFault { detail, parameter, pointer: None }];
        Problem { errors, ..Problem::new(ProblemCode::BadParameter, whole) }
    }

    /// A body that cannot be used, at a JSON Pointer.
    pub fn body(pointer: &str, detail: impl Into<String>) -> Problem {
        let detail = detail.into();
        let place = if pointer.is_empty() { "the body" } else { pointer };
        let (whole, pointer) = (format!("{place}: {detail}"), Some(pointer.to_owned()));
        let errors = vec![ProblemFault { detail, parameter: None, pointer }];
        Problem { errors, ..Problem::new(ProblemCode::BadBody, whole) }
    }

    /// Stored data that cannot be read; the log has the reason.
    pub(crate) fn corrupt(what: &str, error: &impl std::error::Error) -> Problem {
        tracing::error!(what, %error, "stored data cannot be read");
        Problem::internal()
    }

    /// What the framework refused by itself; `None` for answers that are no errors.
    pub(crate) fn of_bare(response: &Response) -> Option<Problem> {
        match response.status() {
            status if !status.is_client_error() && !status.is_server_error() => None,
            _ if response.extensions().get::<OtherProtocol>().is_some() => None,
            StatusCode::NOT_FOUND => {
                Some(Problem::new(ProblemCode::UnknownRoute, "there is no such route: see /docs"))
            }
            StatusCode::METHOD_NOT_ALLOWED => {
                Some(Problem::new(ProblemCode::MethodNotAllowed, NO_SUCH_METHOD))
            }
            StatusCode::PAYLOAD_TOO_LARGE => Some(Problem::new(
                ProblemCode::BodyTooLarge,
                "the body is too large: send fewer ids",
            )),
            _ => Some(Problem::internal()),
        }
    }

    /// A page that says itself what is wrong, with the status and the wait of this problem.
    pub(crate) fn page(&self, page: impl IntoResponse) -> Response {
        let mut response = page.into_response();
        *response.status_mut() = self.code.facts().0;
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(OtherProtocol);
        response
    }

    /// The problem as it is sent. Headers of `bare` (such as `Allow`) are kept.
    pub(crate) fn render(self, bare: Response, instance: String, request_id: String) -> Response {
        let (status, title) = self.code.facts();
        let body = ProblemBody {
            kind: format!("/docs#{}", self.code.slug()),
            title,
            status: status.as_u16(),
            detail: self.detail,
            instance,
            code: self.code,
            request_id,
            errors: self.errors,
            payment: self.payment,
            floor: self.floor,
        };
        let (mut parts, mut response) = (bare.into_parts().0, (status, Json(body)).into_response());
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_TYPE);
        parts.headers.remove(header::CONTENT_LENGTH);
        parts.headers.remove(header::CONTENT_TYPE);
        headers.extend(parts.headers);
        let json = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, json);
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// An answer of a handler to a request that is worked on after it.
pub(crate) fn accepted(answer: impl IntoResponse) -> Response {
    (StatusCode::ACCEPTED, answer).into_response()
}

/// The same answer, as a part of what there is.
pub(crate) fn partial(mut answer: Response) -> Response {
    *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
    answer
}

/// The empty answer to a client that has the current one.
pub(crate) fn not_modified() -> Response {
    StatusCode::NOT_MODIFIED.into_response()
}

/// The answer to a plain `OPTIONS`: the `Allow` header says all.
pub(crate) fn options(bare: Response) -> Response {
    match bare.status() {
        StatusCode::METHOD_NOT_ALLOWED => StatusCode::NO_CONTENT.into_response(),
        _ => bare,
    }
}

/// Carries the problem to [`mod@crate::finish`], which renders it.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.code.facts().0.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The caller gets whether to try again; the log gets the reason.
impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        if error.is_passing() {
            return Problem::unavailable("the database", &error);
        }
        tracing::error!(%error, "the database cannot be read");
        Problem::internal()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_keeps_the_headers_of_the_bare_answer() {
        let mut bare = StatusCode::METHOD_NOT_ALLOWED.into_response();
        bare.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET"));
        let problem = Problem::of_bare(&bare).unwrap();
        let sent = problem.render(bare, "/v1/runs".into(), "req_1".into());
        assert_eq!(sent.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(sent.headers()["allow"], "GET");
        assert_eq!(sent.headers()["content-type"], "application/problem+json");
    }
}
