//! What can go wrong, as RFC 9457 problems. The only file that knows status codes.
//!
//! A [`Problem`] travels in the response's extensions until [`mod@crate::finish`] gives it the
//! path and the request's id; what the framework refuses by itself becomes a problem there too.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use store::StoreError;
use utoipa::ToSchema;

/// What went wrong. Clients may rely on these names; the texts beside them may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Code)]
pub enum ProblemCode {
    /// There is no key in the `Authorization` header.
    KeyMissing,
    /// What is in the `Authorization` header has not the form of a key, or a wrong checksum.
    KeyMalformed,
    /// The key is unknown.
    KeyUnknown,
    /// The key was revoked.
    KeyRevoked,
    /// The key may not do this.
    ScopeMissing,
    /// The URL has a key in it, where logs and histories keep it.
    KeyInUrl,
    /// A parameter of the query is unknown, repeated or out of its range.
    BadParameter,
    /// The id in the path has not the form of one.
    BadId,
    /// The body is not the JSON that the route takes.
    BadBody,
    /// The body's `Content-Type` is not JSON.
    BadContentType,
    /// The body is larger than the route takes.
    BodyTooLarge,
    /// The cursor was not made for this route, these parameters and this account.
    BadCursor,
    /// There is no such route.
    UnknownRoute,
    /// The route does not take this method.
    MethodNotAllowed,
    /// There is no such person, or it does not want to be found.
    PersonUnknown,
    /// There is no such profile, or it does not want to be found.
    ProfileUnknown,
    /// There is no such account in the index, or it does not want to be found.
    AccountUnknown,
    /// There is no such community in this run.
    CommunityUnknown,
    /// There is no evidence for this person in this community.
    EvidenceUnknown,
    /// There is no such run, or none as old as that, or it is not finished.
    RunUnknown,
    /// The run's results are not kept any more.
    RunRetired,
    /// Nothing has been scored yet.
    NoRun,
    /// The record cannot be reached for now.
    Unavailable,
    /// The answer took too long.
    Timeout,
    /// A fault of ours.
    Internal,
}

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

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    code: ProblemCode,
    detail: String,
    errors: Vec<ProblemFault>,
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
}

impl ProblemCode {
    /// Every code.
    const ALL: [ProblemCode; 25] = [
        ProblemCode::KeyMissing,
        ProblemCode::KeyMalformed,
        ProblemCode::KeyUnknown,
        ProblemCode::KeyRevoked,
        ProblemCode::ScopeMissing,
        ProblemCode::KeyInUrl,
        ProblemCode::BadParameter,
        ProblemCode::BadId,
        ProblemCode::BadBody,
        ProblemCode::BadContentType,
        ProblemCode::BodyTooLarge,
        ProblemCode::BadCursor,
        ProblemCode::UnknownRoute,
        ProblemCode::MethodNotAllowed,
        ProblemCode::PersonUnknown,
        ProblemCode::ProfileUnknown,
        ProblemCode::AccountUnknown,
        ProblemCode::CommunityUnknown,
        ProblemCode::EvidenceUnknown,
        ProblemCode::RunUnknown,
        ProblemCode::RunRetired,
        ProblemCode::NoRun,
        ProblemCode::Unavailable,
        ProblemCode::Timeout,
        ProblemCode::Internal,
    ];

    /// All codes with status and title, a line each: for the documentation.
    pub(crate) fn explained() -> String {
        let line = |code: ProblemCode| {
            let (status, title) = code.facts();
            format!("`{}` ({}): {title}.", code.slug(), status.as_u16())
        };
        ProblemCode::ALL.map(line).join("\n")
    }

    const fn facts(self) -> (StatusCode, &'static str) {
        match self {
            ProblemCode::KeyMissing => (StatusCode::UNAUTHORIZED, "No API key"),
            ProblemCode::KeyMalformed => (StatusCode::UNAUTHORIZED, "Malformed API key"),
            ProblemCode::KeyUnknown => (StatusCode::UNAUTHORIZED, "Unknown API key"),
            ProblemCode::KeyRevoked => (StatusCode::UNAUTHORIZED, "Revoked API key"),
            ProblemCode::ScopeMissing => (StatusCode::FORBIDDEN, "Scope missing"),
            ProblemCode::KeyInUrl => (StatusCode::BAD_REQUEST, "API key in the URL"),
            ProblemCode::BadParameter => (StatusCode::BAD_REQUEST, "Bad parameter"),
            ProblemCode::BadId => (StatusCode::BAD_REQUEST, "Bad id"),
            ProblemCode::BadBody => (StatusCode::BAD_REQUEST, "Bad body"),
            ProblemCode::BadContentType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "Bad content type"),
            ProblemCode::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Body too large"),
            ProblemCode::BadCursor => (StatusCode::BAD_REQUEST, "Bad cursor"),
            ProblemCode::UnknownRoute => (StatusCode::NOT_FOUND, "Unknown route"),
            ProblemCode::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
            ProblemCode::PersonUnknown => (StatusCode::NOT_FOUND, "Unknown person"),
            ProblemCode::ProfileUnknown => (StatusCode::NOT_FOUND, "Unknown profile"),
            ProblemCode::AccountUnknown => (StatusCode::NOT_FOUND, "Unknown account"),
            ProblemCode::CommunityUnknown => (StatusCode::NOT_FOUND, "Unknown community"),
            ProblemCode::EvidenceUnknown => (StatusCode::NOT_FOUND, "No evidence"),
            ProblemCode::RunUnknown => (StatusCode::NOT_FOUND, "Unknown run"),
            ProblemCode::RunRetired => (StatusCode::GONE, "Retired run"),
            ProblemCode::NoRun => (StatusCode::NOT_FOUND, "Nothing scored yet"),
            ProblemCode::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "Unavailable"),
            ProblemCode::Timeout => (StatusCode::GATEWAY_TIMEOUT, "Timed out"),
            ProblemCode::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "Internal error"),
        }
    }

    fn slug(self) -> String {
        let json = serde_json::to_value(self).unwrap_or_default();
        json.as_str().unwrap_or_default().to_owned()
    }
}

impl Problem {
    /// A problem, and what to do about it.
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Problem {
        Problem { code, detail: detail.into(), errors: Vec::new() }
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
        Problem { code: ProblemCode::BadParameter, detail: whole, errors }
    }

    /// A body that cannot be used, at a JSON Pointer.
    pub fn body(pointer: &str, detail: impl Into<String>) -> Problem {
        let detail = detail.into();
        let place = if pointer.is_empty() { "the body" } else { pointer };
        let (whole, pointer) = (format!("{place}: {detail}"), Some(pointer.to_owned()));
        let errors = vec![ProblemFault { detail, parameter: None, pointer }];
        Problem { code: ProblemCode::BadBody, detail: whole, errors }
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
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
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
            tracing::warn!(%error, "the database is unavailable");
            return Problem::new(
                ProblemCode::Unavailable,
                "the database cannot be reached: try again",
            );
        }
        tracing::error!(%error, "the database cannot be read");
        Problem::internal()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_named_as_clients_see_it() {
        assert_eq!(ProblemCode::KeyInUrl.slug(), "key_in_url");
    }

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
