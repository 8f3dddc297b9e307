//! What needs no key: the landing page, health and status.

use axum::Json;
use axum::extract::State;
use model::RunId;
use model::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::AnswerRun;
use crate::error::Problem;
use crate::runs;
use crate::state::Gateway;

/// Where to go from here.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Landing)]
pub(crate) struct LandingView {
    name: &'static str,
    docs: &'static str,
    openapi: &'static str,
    status: &'static str,
    /// What is held of people, and how they demand it.
    privacy: &'static str,
}

/// That the process answers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub(crate) struct HealthView {
    /// Always `ok`.
    status: &'static str,
}

/// What is served.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Status)]
pub(crate) struct StatusView {
    /// Always `ok`: where the database cannot be reached, there is a problem instead.
    status: &'static str,
    /// The run that answers come from; `null` before the first.
    #[schema(value_type = Option<String>, example = "run_1")]
    run: Option<RunId>,
    /// When it was made.
    #[schema(value_type = Option<String>, format = DateTime)]
    as_of: Option<Timestamp>,
}

/// Where the documentation is.
#[utoipa::path(
    get,
    path = "/",
    operation_id = "get_landing",
    tag = "status",
    security(()),
    responses((status = 200, body = LandingView, description = "The answer."))
)]
pub(crate) async fn landing() -> Json<LandingView> {
    Json(LandingView {
        name: "Borg, the search engine for the social web",
        docs: "/docs",
        openapi: "/openapi.json",
        status: "/v1/status",
        privacy: "/privacy",
    })
}

/// Whether the process answers; reads nothing.
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "get_health",
    tag = "status",
    security(()),
    responses((status = 200, body = HealthView, description = "The answer."))
)]
pub(crate) async fn health() -> Json<HealthView> {
    Json(HealthView { status: "ok" })
}

/// What is served, and whether the database can be reached: as of the last second.
#[utoipa::path(
    get,
    path = "/v1/status",
    operation_id = "get_status",
    tag = "status",
    security(()),
    responses((status = 200, body = StatusView, description = "The answer."), Problem)
)]
pub(crate) async fn status(State(gateway): State<Gateway>) -> Result<Json<StatusView>, Problem> {
    let served = gateway.status().get(gateway.now(), read(&gateway)).await?;
    let (run, as_of) = (served.map(|served| served.run), served.map(|served| served.as_of));
    Ok(Json(StatusView { status: "ok", run, as_of }))
}

async fn read(gateway: &Gateway) -> Result<Option<AnswerRun>, Problem> {
    gateway.pg().ready().await?;
    let run = gateway.served_run().get(gateway.pg(), gateway.now()).await?;
    Ok(run.as_ref().map(runs::served))
}
