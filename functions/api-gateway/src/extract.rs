//! What handlers take from a request: the call with its walk, an id, parameters, a body. What
//! does not parse is a problem that says where.

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

use crate::auth::Caller;
use crate::cursor::{Cursor, Filter, Position, Sealer};
use crate::error::{Code, Problem};
use crate::query;
use crate::state::Gateway;

/// One call: the way to the record, and the walk that the call is a step of.
pub(crate) struct Call {
    pub(crate) gateway: Gateway,
    filter: Filter,
}

impl Call {
    /// The record.
    pub(crate) fn pg(&self) -> &Pg {
        self.gateway.pg()
    }

    /// Where this page begins; `None` on the first.
    pub(crate) fn opened(&self, cursor: Option<&str>) -> Result<Option<Cursor>, Problem> {
        let open = |text| self.gateway.sealer().open(text, self.filter);
        let refused = || {
            let why = "this cursor belongs to another route, other parameters, another account or \
                another server, or is damaged: begin again without it";
            Problem::new(Code::BadCursor, why)
        };
        cursor.map(|text| open(text).ok_or_else(refused)).transpose()
    }

    /// The cursor of a page of the same walk.
    pub(crate) fn cursor(&self, run: RunId, position: Position) -> String {
        self.gateway.sealer().seal(Cursor { run, position }, self.filter)
    }
}

impl FromRequestParts<Gateway> for Call {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Call, Problem> {
        let pairs = query::pairs(parts.uri.query().unwrap_or_default())?;
        let asked = query::canonical(pairs, &["cursor", "limit"]);
        let account = parts.extensions.get::<Caller>().map_or("", |caller| &caller.account);
        let filter = Sealer::filter(&[account, parts.uri.path(), &asked]);
        Ok(Call { gateway: gateway.clone(), filter })
    }
}

/// The id in the path.
pub(crate) struct Id<T>(pub(crate) T);

impl<T: FromStr<Err: Display>> FromRequestParts<Gateway> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Id<T>, Problem> {
        let bad = |why: String| Problem::new(Code::BadId, why);
        let path = Path::<String>::from_request_parts(parts, gateway).await;
        let Path(text) =
            path.map_err(|_| bad("the path is not UTF-8: percent-encode it as UTF-8".to_owned()))?;
        if query::has_key(&text) {
            return Err(bad("an API key is no id: send it in the header".to_owned()));
        }
        text.parse().map(Id).map_err(|error: T::Err| bad(error.to_string()))
    }
}

/// The parameters of the query.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Gateway> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Gateway) -> Result<Asked<T>, Problem> {
        let pairs = query::pairs(parts.uri.query().unwrap_or_default())?;
        let text = query::canonical(pairs, &[]);
        let pairs = form_urlencoded::parse(text.as_bytes());
        let parsed = serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs));
        parsed.map(Asked).map_err(|error| {
            let path = error.path().to_string();
            let why = error.into_inner().to_string();
            if path == "." {
                Problem::new(Code::BadParameter, why)
            } else {
                Problem::parameter(&path, why)
            }
        })
    }
}

/// A body of JSON.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Gateway> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, gateway: &Gateway) -> Result<Json<T>, Problem> {
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
        Ok(Json(parsed))
    }
}

fn no_json(error: &serde_json::Error) -> Problem {
    Problem::body("", format!("this is no JSON: {error}"))
}

/// Refuses a body that says it is something else than JSON. One that says nothing is taken for it.
fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let refused = || {
        let why = "the body must be JSON: send `Content-Type: application/json`";
        Problem::new(Code::BadContentType, why)
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
            Problem::new(Code::BodyTooLarge, "the body is too large: send fewer ids")
        }
        error => Problem::body("", format!("it did not come whole: {error}")),
    }
}
