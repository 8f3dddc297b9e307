//! Errors as XRPC words them: `{"error": …, "message": …}`.

use axum::http::StatusCode;

use crate::json::JsonText;
use crate::site::SiteReply;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BlueskyRefusal {
    Missing(&'static str),
    TooSmall(&'static str, u64),
    TooLarge(&'static str, u64),
    TooManyActors,
    NoNumber(&'static str),
    MalformedCursor,
    ProfileNotFound,
    TakenDown,
    ActorNotFound(String),
    ListNotFound(String),
    RepoNotFound(String),
    NoSuchHandle,
    AuthMissing,
    NoSuchMethod,
    NoSuchPage,
    TooMany,
}

impl BlueskyRefusal {
    /// Status, error name and message.
    fn words(&self) -> (StatusCode, &'static str, String) {
        let bad = |message: String| (StatusCode::BAD_REQUEST, "InvalidRequest", message);
        match self {
            BlueskyRefusal::Missing(name) => {
                bad(format!("Error: Params must have the property \"{name}\""))
            }
            BlueskyRefusal::TooSmall(name, least) => {
                bad(format!("Error: {name} can not be less than {least}"))
            }
            BlueskyRefusal::TooLarge(name, most) => {
                bad(format!("Error: {name} can not be greater than {most}"))
            }
            BlueskyRefusal::TooManyActors => {
                bad("Error: actors must not have more than 25 elements".to_owned())
            }
            BlueskyRefusal::NoNumber(name) => bad(format!("Error: {name} must be an integer")),
            BlueskyRefusal::MalformedCursor => bad("Malformed cursor".to_owned()),
            BlueskyRefusal::ProfileNotFound => bad("Profile not found".to_owned()),
            BlueskyRefusal::TakenDown => {
                let message = "Account has been suspended".to_owned();
                (StatusCode::BAD_REQUEST, "AccountTakedown", message)
            }
            BlueskyRefusal::ActorNotFound(name) => bad(format!("Actor not found: {name}")),
            BlueskyRefusal::ListNotFound(uri) => bad(format!("List not found: {uri}")),
            BlueskyRefusal::RepoNotFound(name) => bad(format!("Could not find repo: {name}")),
            BlueskyRefusal::NoSuchHandle => bad("Unable to resolve handle".to_owned()),
            BlueskyRefusal::AuthMissing => {
                let message = "Authentication Required".to_owned();
                (StatusCode::UNAUTHORIZED, "AuthMissing", message)
            }
            BlueskyRefusal::NoSuchMethod => {
                let message = "Method Not Implemented".to_owned();
                (StatusCode::NOT_IMPLEMENTED, "MethodNotImplemented", message)
            }
            BlueskyRefusal::NoSuchPage => {
                (StatusCode::NOT_FOUND, "NotFound", "Not Found".to_owned())
            }
            BlueskyRefusal::TooMany => {
                let message = "Rate Limit Exceeded".to_owned();
                (StatusCode::TOO_MANY_REQUESTS, "RateLimitExceeded", message)
            }
        }
    }

    /// The error as a reply.
    pub(crate) fn into_reply(self) -> SiteReply {
        let (status, error, message) = self.words();
        let mut json = JsonText::default();
        json.raw(r#"{"error":"#).text(error).raw(r#","message":"#).text(&message).raw("}");
        SiteReply::of(status, "application/json; charset=utf-8", json.buffer)
    }
}
