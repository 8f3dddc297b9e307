//! What needs no key: the landing page, health and status.

use axum::Json;
use axum::extract::State;
use model::RunId;
use model::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{Problem, ProblemBody};
use crate::runs;
use crate::state::Gateway;

/// Where to go from here.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Landing {
    name: &'static str,
    docs: &'static str,
    openapi: &'static str,
    status: &'static str,
}

/// That the process answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`.
    status: &'static str,
}

/// What is served.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Status {
    /// Always `ok`: where the record cannot be reached, there is a problem instead.
    status: &'static str,
    /// The run that answers come from; `null` before the first.
    #[schema(value_type = Option<String>, example = "run_3")]
    run: Option<RunId>,
    /// When it was made.
    #[schema(value_type = Option<String>, format = DateTime)]
    as_of: Option<Timestamp>,
}

/// Where the documentation is.
#[utoipa::path(get, operation_id = "get_landing", path = "/", tag = "status", security(()),
    responses((status = 200, body = Landing, description = "The answer.")))]
pub(crate) async fn landing() -> Json<Landing> {
    Json(Landing {
        name: "Borg, the search engine for the social web",
        docs: "/docs",
        openapi: "/openapi.json",
        status: "/v1/status",
    })
}

/// Whether the process answers; reads nothing.
#[utoipa::path(get, operation_id = "get_health", path = "/health", tag = "status", security(()),
    responses((status = 200, body = Health, description = "The answer.")))]
pub(crate) async fn health() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// What is served, and whether the record can be reached.
#[utoipa::path(get, operation_id = "get_status", path = "/v1/status", tag = "status", security(()), responses(
    (status = 200, body = Status, description = "The answer."), (status = "default", body = ProblemBody,
        description = "Why there is no answer.", content_type = "application/problem+json")))]
pub(crate) async fn status(State(gateway): State<Gateway>) -> Result<Json<Status>, Problem> {
    gateway.pg().ready().await?;
    let served = runs::active_if_any(gateway.pg()).await?;
    let (run, as_of) = (served.map(|served| served.run), served.map(|served| served.as_of));
    Ok(Json(Status { status: "ok", run, as_of }))
}
