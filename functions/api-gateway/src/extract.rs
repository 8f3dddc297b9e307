//! What handlers take from a request: the call with its cursors, an id, parameters, a body. What does
//! not parse is a problem that names the place.

use std::fmt::Display;
use std::str::FromStr;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use mime::Mime;
use model::RunId;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use store::Pg;

use crate::auth::ApiCaller;
use crate::cursor::{Cursor, CursorFilter, CursorPosition, CursorSealer};
use crate::error::{Problem, ProblemCode};
use crate::query;
use crate::state::Gateway;

/// One call: its database connection, and its cursors.
pub(crate) struct ApiCall {
    pub(crate) gateway: Gateway,
    /// The database, over one connection for this call.
    pg: Pg,
    filter: CursorFilter,
}

impl ApiCall {
    /// The database.
    pub(crate) fn pg(&self) -> &Pg {
        &self.pg
    }

    /// Where this page begins; `None` on the first.
    pub(crate) fn open_cursor(&self, cursor: Option<&str>) -> Result<Option<Cursor>, Problem> {
        let open = |text| self.gateway.sealer().open(text, self.filter);
        let refused = || {
            let why = "this cursor belongs to another route, other parameters, another account or \
                another server, or is damaged: begin again without it";
            Problem::new(ProblemCode::BadCursor, why)
        };
        cursor.map(|text| open(text).ok_or_else(refused)).transpose()
    }

    /// The cursor of another page of the same request.
    pub(crate) fn cursor(&self, run: RunId, position: CursorPosition) -> String {
        self.gateway.sealer().seal(Cursor { run, position }, self.filter)
    }
}

impl FromRequestParts<Gateway> for ApiCall {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<ApiCall, Problem> {
        let pairs = query::pairs(parts.uri.query().unwrap_or_default())?;
        let asked = query::canonical(pairs, &["cursor", "limit"]);
        let account = parts.extensions.get::<ApiCaller>().map_or("", |caller| &caller.account);
        let filter = CursorSealer::filter(&[account, parts.uri.path(), &asked]);
        Ok(ApiCall { gateway: gateway.clone(), pg: gateway.pg().session(), filter })
    }
}

/// The id in the path.
pub(crate) struct PathId<T>(pub(crate) T);

impl<T: FromStr<Err: Display>> FromRequestParts<Gateway> for PathId<T> {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        gateway: &Gateway,
    ) -> Result<PathId<T>, Problem> {
        let bad = |why: String| Problem::new(ProblemCode::BadId, why);
        let path = Path::<String>::from_request_parts(parts, gateway).await;
        let Path(text) =
            path.map_err(|_| bad("the path is not UTF-8: percent-encode it as UTF-8".to_owned()))?;
        if query::has_key(&text) {
            return Err(bad("an API key is no id: send it in the header".to_owned()));
        }
        text.parse().map(PathId).map_err(|error: T::Err| bad(error.to_string()))
    }
}

/// The parameters of the query.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Gateway> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Gateway) -> Result<Query<T>, Problem> {
        let pairs = query::pairs(parts.uri.query().unwrap_or_default())?;
        let text = query::canonical(pairs, &[]);
        let pairs = form_urlencoded::parse(text.as_bytes());
        let parsed = serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs));
        parsed.map(Query).map_err(|error| {
            let path = error.path().to_string();
            let why = error.into_inner().to_string();
            if path == "." {
                Problem::new(ProblemCode::BadParameter, why)
            } else {
                Problem::parameter(&path, why)
            }
        })
    }
}

/// A body of JSON.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Gateway> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, gateway: &Gateway) -> Result<JsonBody<T>, Problem> {
        require_json(request.headers())?;
        let body = Bytes::from_request(request, gateway).await.map_err(unread)?;
        let mut json = serde_json::Deserializer::from_slice(&body);
        let parsed = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let pointer = error.path().iter().map(|part| format!("/{part}")).collect::<String>();
            let pointer = pointer.replace(['[', ']'], "");
            let error = error.into_inner();
            match error.classify() {
                Category::Data => Problem::body(&pointer, error.to_string()),
                _ => no_json(&error),
            }
        })?;
        json.end().map_err(|error| no_json(&error))?;
        Ok(JsonBody(parsed))
    }
}

fn no_json(error: &serde_json::Error) -> Problem {
    Problem::body("", format!("this is no JSON: {error}"))
}

/// Refuses a body with another content type than JSON. A body without one is taken as JSON.
fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let refused = || {
        let why = "the body must be JSON: send `Content-Type: application/json`";
        Problem::new(ProblemCode::BadContentType, why)
    };
    let Some(said) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let said: Option<Mime> = said.to_str().ok().and_then(|text| text.parse().ok());
    let is_json = |mime: &Mime| {
        let plain = mime.essence_str() == mime::APPLICATION_JSON.essence_str();
        plain || (mime.type_() == mime::APPLICATION && mime.suffix() == Some(mime::JSON))
    };
    said.filter(is_json).map(|_| ()).ok_or_else(refused)
}

fn unread(error: BytesRejection) -> Problem {
    match error {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
            Problem::new(ProblemCode::BodyTooLarge, "the body is too large: send fewer ids")
        }
        error => Problem::body("", format!("it did not come whole: {error}")),
    }
}
