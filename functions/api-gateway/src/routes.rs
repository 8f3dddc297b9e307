//! The one table of routes: which path, which handler, which scope.

use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{Method, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing};
use model::Scope;
use tower::ServiceExt as _;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{Any, CorsLayer};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::admission::RouteMethods;
use crate::error::Problem;
use crate::state::Gateway;
use crate::{
    account, admission, auth, changes, charging, communities, consumers, docs, exports, finish,
    map, mcp, payments, people, prices, privacy, profiles, quotes, runs, search_route, status,
    suggest, webhooks,
};

/// How long a browser remembers what it may send: the longest that browsers take.
const PREFLIGHT_KEPT: Duration = Duration::from_secs(7_200);

/// The whole API, and its documentation.
pub fn router(gateway: Gateway) -> Router {
    let (routes, document) = table(&gateway).split_for_parts();
    let document = docs::completed(document);
    let (json, json_3_0) = (docs::json(&document), docs::json(&docs::in_3_0(&document)));
    let routes = routes
        .route("/openapi.json", routing::get(async move || docs::document(json)))
        .route("/openapi-3.0.json", routing::get(async move || docs::document(json_3_0)))
        .route("/docs", routing::get(docs::page))
        .route("/docs/style.css", routing::get(docs::style))
        .route("/docs/script.js", routing::get(docs::script))
        .route("/docs/markdown.js", routing::get(docs::markdown))
        .route("/llms.txt", routing::get(docs::for_agents))
        .route("/privacy", routing::get(privacy::page::get).post(privacy::page::make))
        .route("/privacy/request", routing::post(privacy::page::show))
        .route("/privacy/data", routing::post(privacy::page::data))
        .route("/privacy/style.css", routing::get(privacy::page::style));
    let api = finished(routes, &gateway);
    let routes = api.clone().merge(finished(mcp::routes(api, &document), &gateway));
    let routes = if gateway.are_streams_sent() {
        let pages = (gateway, routes.clone());
        routes.layer(from_fn_with_state(pages, changes::event_stream::serve))
    } else {
        routes
    };
    routes.clone().layer(cors()).layer(from_fn_with_state(routes, past_cors))
}

/// Routes with all that is around every request.
fn finished(routes: Router<Gateway>, gateway: &Gateway) -> Router {
    routes
        .layer(DefaultBodyLimit::max(charging::BODY_BYTES_MAX))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(docs::harden))
        .layer(from_fn_with_state(gateway.clone(), finish::finish))
        .with_state(gateway.clone())
}

/// Lets a plain `OPTIONS` past the layer for browsers, which takes any for a preflight.
async fn past_cors(State(routes): State<Router>, request: Request, next: Next) -> Response {
    let is_preflight = request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if request.method() != Method::OPTIONS || is_preflight {
        return next.run(request).await;
    }
    routes.oneshot(request).await.into_response()
}

fn table(gateway: &Gateway) -> OpenApiRouter<Gateway> {
    let for_scope = |scope, routes: OpenApiRouter<Gateway>| {
        let methods = RouteMethods::of(routes.get_openapi());
        routes
            .route_layer(from_fn_with_state((gateway.clone(), methods), admission::admit))
            .route_layer(from_fn_with_state((gateway.clone(), scope), auth::require))
    };
    let open = OpenApiRouter::with_openapi(docs::description())
        .routes(routes!(status::landing))
        .routes(routes!(status::health))
        .routes(routes!(status::status))
        .routes(routes!(prices::get))
        .routes(routes!(prices::history::list))
        .routes(routes!(prices::recompute::get))
        .routes(routes!(payments::callback))
        .routes(routes!(privacy::create))
        .routes(routes!(privacy::get))
        .routes(routes!(privacy::check))
        .routes(routes!(privacy::data::get))
        .routes(routes!(exports::file::get));
    let scoped = data_routes().into_iter().chain(account_routes());
    scoped.fold(open, |all, (scope, routes)| all.merge(for_scope(scope, routes)))
}

/// The routes that need a scope, with it.
type ScopedRoutes = (Scope, OpenApiRouter<Gateway>);

/// What Borg knows.
fn data_routes() -> [ScopedRoutes; 6] {
    let by_id = OpenApiRouter::new()
        .routes(routes!(people::get))
        .routes(routes!(people::resolve, people::resolve_batch))
        .routes(routes!(people::batch))
        .routes(routes!(people::links::list))
        .routes(routes!(profiles::get))
        .routes(routes!(profiles::batch))
        .routes(routes!(profiles::neighbors::list));
    let ranks = OpenApiRouter::new()
        .routes(routes!(people::ranks::list))
        .routes(routes!(people::history::list))
        .routes(routes!(people::evidence::get))
        .routes(routes!(people::path::get))
        .routes(routes!(people::personal::list))
        .routes(routes!(runs::list))
        .routes(routes!(runs::get));
    let communities = OpenApiRouter::new()
        .routes(routes!(communities::list))
        .routes(routes!(communities::get))
        .routes(routes!(communities::batch))
        .routes(routes!(communities::lineage::get))
        .routes(routes!(communities::people::list))
        .routes(routes!(communities::map::get))
        .routes(routes!(map::tile));
    let search = OpenApiRouter::new()
        .routes(routes!(search_route::search))
        .routes(routes!(suggest::suggest));
    let stream = OpenApiRouter::new()
        .routes(routes!(changes::list))
        .routes(routes!(exports::archive::plan))
        .routes(routes!(consumers::list))
        .routes(routes!(consumers::get, consumers::put, consumers::delete))
        .routes(routes!(consumers::changes::list))
        .routes(routes!(consumers::moves::commit))
        .routes(routes!(consumers::moves::replay))
        .routes(routes!(webhooks::list))
        .routes(routes!(webhooks::get, webhooks::put, webhooks::delete))
        .routes(routes!(webhooks::rotate::rotate))
        .routes(routes!(webhooks::deliveries::ping))
        .routes(routes!(webhooks::deliveries::list))
        .routes(routes!(webhooks::deliveries::redeliver));
    let files = OpenApiRouter::new()
        .routes(routes!(exports::list, exports::order::create))
        .routes(routes!(exports::get, exports::cancel))
        .routes(routes!(exports::links::create));
    [
        (Scope::ProfilesRead, by_id),
        (Scope::RanksRead, ranks),
        (Scope::CommunitiesRead, communities),
        (Scope::SearchRead, search),
        (Scope::StreamRead, stream),
        (Scope::ExportWrite, files),
    ]
}

/// What concerns the caller's own account.
fn account_routes() -> [ScopedRoutes; 3] {
    let money = OpenApiRouter::new()
        .routes(routes!(account::balance::get))
        .routes(routes!(account::spending::list))
        .routes(routes!(account::charges::list))
        .routes(routes!(account::charges::get))
        .routes(routes!(account::ledger::list))
        .routes(routes!(account::statements::list))
        .routes(routes!(account::statements::get))
        .routes(routes!(account::statements::lines))
        .routes(routes!(account::budgets::list))
        .routes(routes!(account::alerts::list))
        .routes(routes!(quotes::list))
        .routes(routes!(quotes::get));
    let terms = OpenApiRouter::new()
        .routes(routes!(account::alerts::create))
        .routes(routes!(account::alerts::delete))
        .routes(routes!(quotes::create))
        .routes(routes!(quotes::end));
    let keys = OpenApiRouter::new()
        .routes(routes!(account::budgets::set))
        .routes(routes!(account::keys::list, account::keys::create))
        .routes(routes!(account::keys::get, account::keys::revoke))
        .routes(routes!(account::keys::rotate));
    [(Scope::BillingRead, money), (Scope::BillingWrite, terms), (Scope::KeysWrite, keys)]
}

fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers(
            [
                header::AUTHORIZATION,
                header::CONTENT_TYPE,
                header::IF_NONE_MATCH,
                header::RANGE,
                header::IF_RANGE,
                changes::event_stream::LAST_EVENT_ID,
                charging::MAX_COST,
                charging::DRY_RUN,
                charging::QUOTE,
                charging::IDEMPOTENCY_KEY,
            ]
            .into_iter()
            .chain(mcp::HEADERS)
            .collect::<Vec<_>>(),
        )
        .expose_headers(
            [
                header::ALLOW,
                header::ETAG,
                header::RETRY_AFTER,
                header::WWW_AUTHENTICATE,
                header::ACCEPT_RANGES,
                header::CONTENT_RANGE,
            ]
            .into_iter()
            .chain(finish::EXPOSED)
            .collect::<Vec<_>>(),
        )
        .max_age(PREFLIGHT_KEPT)
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    tracing::error!("a handler panicked");
    Problem::internal().into_response()
}
