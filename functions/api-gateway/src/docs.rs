//! The documentation: the OpenAPI document, and a page that shows it and loads nothing from
//! elsewhere.

use std::collections::BTreeMap;

use axum::extract::Request;
use axum::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use utoipa::IntoResponses;
use utoipa::OpenApi as _;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{self, OpenApi, RefOr, ResponseBuilder};

use crate::answer::Envelope;
use crate::error::{Problem, ProblemBody};
use crate::estimate_view::EstimateView;

mod answers;
mod document;
mod forms;
mod links;
mod samples;
mod terms;
mod version_3_0;

pub(crate) use document::completed;
pub(crate) use forms::{account_pattern, pattern_of};
pub(crate) use terms::ESTIMATE;
pub(crate) use version_3_0::in_3_0;

const SECURITY: [(HeaderName, &str); 3] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Borg",
        version = "1",
        description = "The search engine for the social web: people, the communities that they \
            belong to, and their ranks, with evidence.\n\n\
            Send your key as `Authorization: Bearer borg_live_…`. Answers are `{data, \
            next_cursor?, run?, as_of?}`; errors are RFC 9457 problems with a `code`. Every answer \
            to a GET or HEAD has an `ETag`: send it as `If-None-Match`, and an unchanged answer is a free \
            304.\n\n\
            `Borg-Cost` says what an answer cost, in credits ($0.001); errors, 304s and empty answers cost \
            nothing. `Borg-Max-Cost` refuses what may cost more, `Borg-Dry-Run: 1` says what it would \
            cost, `Borg-Quote` names a quote that pays, and by an `Idempotency-Key` a request is charged \
            once. `RateLimit` says how many requests and free answers are left. `/v1/prices` has the rest."
    ),
    components(schemas(ProblemBody, Envelope<EstimateView>)),
    modifiers(&BearerKey),
    security(("key" = []))
)]
struct ApiDescription;

/// Says how keys are sent.
struct BearerKey;

impl utoipa::Modify for BearerKey {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("borg_live_…");
        let scheme = SecurityScheme::Http(scheme.build());
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("key", scheme);
        let secret = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
        let secret = secret
            .bearer_format("borg_privacy_…")
            .description(Some("What came with a privacy request, and reads its outcome."));
        components.add_security_scheme("privacy_secret", SecurityScheme::Http(secret.build()));
    }
}

/// Marks an operation that can end with problems: [`mod@answers`] says which.
impl IntoResponses for Problem {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        let response = ResponseBuilder::new().description("Why there is no answer.").build();
        BTreeMap::from([("default".to_owned(), RefOr::T(response))])
    }
}

/// The document before its routes are added.
pub(crate) fn description() -> OpenApi {
    ApiDescription::openapi()
}

/// A document as it is served.
pub(crate) fn json(document: &serde_json::Value) -> String {
    serde_json::to_string_pretty(document).unwrap_or_default()
}

/// The document's answer.
pub(crate) fn document(json: String) -> Response {
    typed("application/json", json)
}

/// The page.
pub(crate) async fn page() -> Response {
    typed("text/html; charset=utf-8", include_str!("../docs/index.html"))
}

/// The page's looks.
pub(crate) async fn style() -> Response {
    typed("text/css; charset=utf-8", include_str!("../docs/style.css"))
}

/// The page's script.
pub(crate) async fn script() -> Response {
    typed("text/javascript; charset=utf-8", include_str!("../docs/script.js"))
}

/// How the page renders markdown.
pub(crate) async fn markdown() -> Response {
    typed("text/javascript; charset=utf-8", include_str!("../docs/markdown.js"))
}

/// What an agent needs to know first (llmstxt.org).
pub(crate) async fn for_agents() -> Response {
    typed("text/plain; charset=utf-8", include_str!("../docs/llms.txt"))
}

fn typed(kind: &'static str, body: impl IntoResponse) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static(kind))], body).into_response()
}

/// Gives every answer the headers that keep browsers from doing more than they should.
pub(crate) async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in SECURITY {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
