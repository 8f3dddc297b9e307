//! Errors in the words of Mastodon: `{"error": …}`.

use axum::http::StatusCode;

use crate::json::JsonText;
use crate::site::SiteReply;

/// Why a request fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FediverseRefusal {
    /// No such account or post.
    NotFound,
    /// It is deleted.
    Gone,
    /// No such route, or no such host.
    NoSuchPage,
    BadRequest,
    TooMany,
}

impl FediverseRefusal {
    /// The error as a reply.
    pub(crate) fn into_reply(self) -> SiteReply {
        let (status, error) = match self {
            FediverseRefusal::NotFound => (StatusCode::NOT_FOUND, "Record not found"),
            FediverseRefusal::Gone => (StatusCode::GONE, "Gone"),
            FediverseRefusal::NoSuchPage => (StatusCode::NOT_FOUND, "Not found"),
            FediverseRefusal::BadRequest => (StatusCode::BAD_REQUEST, "Bad request"),
            FediverseRefusal::TooMany => (StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
        };
        let mut json = JsonText::default();
        json.raw(r#"{"error":"#).text(error).raw("}");
        SiteReply::of(status, "application/json; charset=utf-8", json.buffer)
    }
}
