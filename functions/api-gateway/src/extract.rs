//! What handlers take from a request: an id, parameters, a body, and the call with its cursors. What does
//! not parse is a problem that names the place.
//!
//! The call comes last: taking it ends a dry run, when everything else was found right.

use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::str::FromStr;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use mime::Mime;
use model::RunId;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use store::Pg;

use crate::caller::ApiCaller;
use crate::charging::AdmittedRequest;
use crate::cursor::{Cursor, CursorFilter, CursorPosition, CursorSealer};
use crate::error::{Problem, ProblemCode};
use crate::estimate_view::EstimateView;
use crate::query;
use crate::request_facts::RequestFacts;
use crate::state::Gateway;

/// One call: its database connection, its caller, and its cursors.
pub(crate) struct ApiCall {
    pub(crate) gateway: Gateway,
    /// The database, over one connection for this call, which is kept once it is used. What needs the wallet,
    /// too, takes the gateway's: a call must not wait for a second connection while it keeps the first.
    pg: Pg,
    /// Who calls, and on which terms.
    admitted: Arc<AdmittedRequest>,
    filter: CursorFilter,
}

impl ApiCall {
    /// The database.
    pub(crate) fn pg(&self) -> &Pg {
        &self.pg
    }

    /// Who calls.
    pub(crate) fn caller(&self) -> &ApiCaller {
        &self.admitted.caller
    }

    /// Who calls, and on which terms.
    pub(crate) fn admitted(&self) -> &AdmittedRequest {
        &self.admitted
    }

    /// The call of a request, also if it is a dry run.
    fn begin(parts: &Parts, gateway: &Gateway) -> Result<ApiCall, Problem> {
        refuse_unread(parts)?;
        let pairs = query::pairs(parts.uri.query().unwrap_or_default())?;
        let asked = query::canonical(pairs, &["cursor", "limit"]);
        let admitted = RequestFacts::of(&parts.extensions).admitted.get().cloned();
        // A route without a scope takes no call.
        let admitted = admitted.ok_or_else(Problem::internal)?;
        let filter = CursorSealer::filter(&[&admitted.caller.account, parts.uri.path(), &asked]);
        Ok(ApiCall { gateway: gateway.clone(), pg: gateway.pg().session(), admitted, filter })
    }

    /// The run that answers, whichever is served: that of the answer that is given again.
    pub(crate) fn pinned_run(&self) -> Option<RunId> {
        self.admitted.pinned_run()
    }

    /// Where this page begins; `None` on the first.
    pub(crate) fn open_cursor(&self, cursor: Option<&str>) -> Result<Option<Cursor>, Problem> {
        let open = |text| self.gateway.sealer().open(text, self.filter).ok_or_else(foreign_cursor);
        cursor.map(open).transpose()
    }

    /// As [`ApiCall::open_cursor`], of a position that is a text.
    pub(crate) fn open_text_cursor(&self, cursor: Option<&str>) -> Result<Option<String>, Problem> {
        let sealer = self.gateway.sealer();
        let open = |text| sealer.open_text(text, self.filter).ok_or_else(foreign_cursor);
        cursor.map(open).transpose()
    }

    /// As [`ApiCall::cursor`], of a position that is a text.
    pub(crate) fn text_cursor(&self, position: &str) -> String {
        self.gateway.sealer().seal_text(position, self.filter)
    }

    /// The cursor of another page of the same request.
    pub(crate) fn cursor(&self, run: RunId, position: CursorPosition) -> String {
        self.gateway.sealer().seal(Cursor { run, position }, self.filter)
    }
}

fn foreign_cursor() -> Problem {
    let why = "this cursor belongs to another route, other parameters, another account or \
        another server, or is damaged: begin again without it";
    Problem::new(ProblemCode::BadCursor, why)
}

/// Why a handler does not run.
pub(crate) enum NoCall {
    /// Something is wrong.
    Problem(Problem),
    /// Only the cost was asked for, and the request is right.
    DryRun,
    /// Only the cost was asked for, and this is it.
    Estimate(Box<EstimateView>),
}

/// Marks the answer to a dry run, in the response's extensions, with its estimate if that is not the admission's.
#[derive(Debug, Clone)]
pub(crate) struct DryRunReached(pub(crate) Option<Arc<EstimateView>>);

impl From<Problem> for NoCall {
    fn from(problem: Problem) -> NoCall {
        NoCall::Problem(problem)
    }
}

impl IntoResponse for NoCall {
    fn into_response(self) -> Response {
        match self {
            NoCall::Problem(problem) => problem.into_response(),
            NoCall::DryRun => {
                let mut response = Response::default();
                response.extensions_mut().insert(DryRunReached(None));
                response
            }
            NoCall::Estimate(estimate) => {
                let mut response = Response::default();
                response.extensions_mut().insert(DryRunReached(Some(Arc::new(*estimate))));
                response
            }
        }
    }
}

impl FromRequestParts<Gateway> for ApiCall {
    type Rejection = NoCall;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<ApiCall, NoCall> {
        let call = ApiCall::begin(parts, gateway)?;
        if call.admitted.terms.is_dry_run { Err(NoCall::DryRun) } else { Ok(call) }
    }
}

/// What a body of JSON may be.
pub(crate) trait JsonInput: DeserializeOwned + Send {
    /// Whether it is what the document describes, as far as types do not say it. A dry run is checked by it, too.
    ///
    /// # Errors
    /// The first field that is not.
    fn check(&self) -> Result<(), Problem> {
        Ok(())
    }

    /// The same, for what is allowed by some servers only.
    ///
    /// # Errors
    /// As [`JsonInput::check`].
    fn check_at(&self, _: &Gateway) -> Result<(), Problem> {
        self.check()
    }
}

/// Reads an optional field that is absent, never `null`.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Reads a field of a body that is an object: a list of its fields' values, which types take as well, is none.
pub(crate) fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    deserializer.deserialize_map(ObjectVisitor(PhantomData))
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

/// A call with a body of JSON.
pub(crate) struct JsonCall<T> {
    pub(crate) call: ApiCall,
    pub(crate) body: T,
}

/// The same for work whose handler estimates it: a dry run reaches it, too.
pub(crate) struct WorkCall<T> {
    pub(crate) call: ApiCall,
    pub(crate) body: T,
}

impl<T: JsonInput> FromRequest<Gateway> for JsonCall<T> {
    type Rejection = NoCall;

    async fn from_request(request: Request, gateway: &Gateway) -> Result<JsonCall<T>, NoCall> {
        let WorkCall { call, body } = WorkCall::from_request(request, gateway).await?;
        if call.admitted.terms.is_dry_run {
            return Err(NoCall::DryRun);
        }
        Ok(JsonCall { call, body })
    }
}

impl<T: JsonInput> FromRequest<Gateway> for WorkCall<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, gateway: &Gateway) -> Result<WorkCall<T>, Problem> {
        let (parts, body) = request.into_parts();
        let request = Request::from_parts(parts.clone(), body);
        let JsonBody(body) = JsonBody::<T>::from_request(request, gateway).await?;
        body.check_at(gateway)?;
        Ok(WorkCall { call: ApiCall::begin(&parts, gateway)?, body })
    }
}

/// A body of JSON on a route without a key, which takes no parameters.
pub(crate) struct KeylessJson<T>(pub(crate) T);

impl<T: JsonInput> FromRequest<Gateway> for KeylessJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, gateway: &Gateway) -> Result<KeylessJson<T>, Problem> {
        let (parts, body) = request.into_parts();
        refuse_unread(&parts)?;
        let request = Request::from_parts(parts, body);
        let JsonBody(body) = JsonBody::<T>::from_request(request, gateway).await?;
        body.check()?;
        Ok(KeylessJson(body))
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
        let path = Path::<String>::from_request_parts(parts, gateway).await;
        let Path(text) = path.map_err(|_| bad_id(NOT_UTF8.to_owned()))?;
        path_id(&text).map(PathId)
    }
}

/// The two ids in the path.
pub(crate) struct PathIds<A, B>(pub(crate) A, pub(crate) B);

impl<A, B> FromRequestParts<Gateway> for PathIds<A, B>
where
    A: FromStr<Err: Display>,
    B: FromStr<Err: Display>,
{
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        gateway: &Gateway,
    ) -> Result<PathIds<A, B>, Problem> {
        let path = Path::<(String, String)>::from_request_parts(parts, gateway).await;
        let Path((first, second)) = path.map_err(|_| bad_id(NOT_UTF8.to_owned()))?;
        Ok(PathIds(path_id(&first)?, path_id(&second)?))
    }
}

const NOT_UTF8: &str = "the path is not UTF-8: percent-encode it as UTF-8";

fn bad_id(why: String) -> Problem {
    Problem::new(ProblemCode::BadId, why)
}

/// An id as it stands in the path.
fn path_id<T: FromStr<Err: Display>>(text: &str) -> Result<T, Problem> {
    if query::has_key(text) {
        return Err(bad_id("an API key is no id: send it in the header".to_owned()));
    }
    text.parse().map_err(|error: T::Err| bad_id(error.to_string()))
}

/// Marks a request whose parameters a handler takes.
#[derive(Debug, Clone, Copy)]
struct QueryRead;

/// Refuses parameters of the query that no one took, on a route that takes none.
pub(crate) fn refuse_unread(parts: &Parts) -> Result<(), Problem> {
    if parts.extensions.get::<QueryRead>().is_some() {
        return Ok(());
    }
    match query::pairs(parts.uri.query().unwrap_or_default())?.first() {
        Some((name, _)) => Err(Problem::parameter(name, "this route takes no parameters")),
        None => Ok(()),
    }
}

/// The pairs of the query, for a handler that takes them one by one.
pub(crate) fn take_pairs(parts: &mut Parts) -> Result<Vec<(String, String)>, Problem> {
    parts.extensions.insert(QueryRead);
    query::pairs(parts.uri.query().unwrap_or_default())
}

/// The parameters of the query.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Gateway> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Gateway) -> Result<Query<T>, Problem> {
        let text = query::canonical(take_pairs(parts)?, &[]);
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
struct JsonBody<T>(T);

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
