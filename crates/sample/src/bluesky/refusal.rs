//! Errors as XRPC words them: `{"error": …, "message": …}`.

use axum::http::StatusCode;

use crate::json::Json;
use crate::serve::Reply;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
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

impl Refusal {
    /// Status, error name and message.
    fn words(&self) -> (StatusCode, &'static str, String) {
        let bad = |message: String| (StatusCode::BAD_REQUEST, "InvalidRequest", message);
        match self {
            Refusal::Missing(name) => {
                bad(format!("Error: Params must have the property \"{name}\""))
            }
            Refusal::TooSmall(name, least) => {
                bad(format!("Error: {name} can not be less than {least}"))
            }
            Refusal::TooLarge(name, most) => {
                bad(format!("Error: {name} can not be greater than {most}"))
            }
            Refusal::TooManyActors => {
                bad("Error: actors must not have more than 25 elements".to_owned())
            }
            Refusal::NoNumber(name) => bad(format!("Error: {name} must be an integer")),
            Refusal::MalformedCursor => bad("Malformed cursor".to_owned()),
            Refusal::ProfileNotFound => bad("Profile not found".to_owned()),
            Refusal::TakenDown => {
                let message = "Account has been suspended".to_owned();
                (StatusCode::BAD_REQUEST, "AccountTakedown", message)
            }
            Refusal::ActorNotFound(name) => bad(format!("Actor not found: {name}")),
            Refusal::ListNotFound(uri) => bad(format!("List not found: {uri}")),
            Refusal::RepoNotFound(name) => bad(format!("Could not find repo: {name}")),
            Refusal::NoSuchHandle => bad("Unable to resolve handle".to_owned()),
            Refusal::AuthMissing => {
                let message = "Authentication Required".to_owned();
                (StatusCode::UNAUTHORIZED, "AuthMissing", message)
            }
            Refusal::NoSuchMethod => {
                let message = "Method Not Implemented".to_owned();
                (StatusCode::NOT_IMPLEMENTED, "MethodNotImplemented", message)
            }
            Refusal::NoSuchPage => (StatusCode::NOT_FOUND, "NotFound", "Not Found".to_owned()),
            Refusal::TooMany => {
                let message = "Rate Limit Exceeded".to_owned();
                (StatusCode::TOO_MANY_REQUESTS, "RateLimitExceeded", message)
            }
        }
    }

    /// The error as a reply.
    pub(crate) fn into_reply(self) -> Reply {
        let (status, error, message) = self.words();
        let mut json = Json::default();
        json.raw(r#"{"error":"#).text(error).raw(r#","message":"#).text(&message).raw("}");
        Reply::of(status, "application/json; charset=utf-8", json.0)
    }
}
