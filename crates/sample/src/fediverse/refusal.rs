//! Errors as Mastodon words them: `{"error": …}`.

use axum::http::StatusCode;

use crate::json::Json;
use crate::serve::Reply;

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No such account or post.
    NotFound,
    /// There was one.
    Gone,
    /// No such route, or no such host.
    NoSuchPage,
    BadRequest,
    TooMany,
}

impl Refusal {
    /// The error as a reply.
    pub(crate) fn into_reply(self) -> Reply {
        let (status, error) = match self {
            Refusal::NotFound => (StatusCode::NOT_FOUND, "Record not found"),
            Refusal::Gone => (StatusCode::GONE, "Gone"),
            Refusal::NoSuchPage => (StatusCode::NOT_FOUND, "Not found"),
            Refusal::BadRequest => (StatusCode::BAD_REQUEST, "Bad request"),
            Refusal::TooMany => (StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
        };
        let mut json = Json::default();
        json.raw(r#"{"error":"#).text(error).raw("}");
        Reply::of(status, "application/json; charset=utf-8", json.0)
    }
}
