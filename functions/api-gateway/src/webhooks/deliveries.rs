//! The log of a webhook, and what its owner asks to be sent.

use model::message::DeliverJob;
use model::port::Queue as _;
use model::time::Timestamp;
use model::webhook::{
    ATTEMPTS_MAX, Delivery, DeliveryAttempt, DeliveryContent, DeliveryState, Webhook,
};
use model::{DeliveryId, RunId, WebhookName};
use serde::{Deserialize, Serialize};
use store::pg::webhook::delivery::{self, ASKED_SECONDS, DeliveryPage};
use store::pg::webhook::due;
use utoipa::ToSchema;

use super::{found, key, message};
use crate::answer::{ApiAnswer, Envelope};
use crate::changes::StreamCursors;
use crate::cursor::CursorText;
use crate::error::{Problem, ProblemCode};
use crate::extract::{ApiCall, PathId, PathIds, Query};
use crate::query::PageLimit;

/// The most deliveries of a page: each has its attempts.
const DELIVERIES_MAX: u32 = 100;

/// One delivery.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub(crate) struct DeliveryView {
    /// Its id: `webhook-id` of all attempts.
    #[schema(value_type = String, example = "dlv_1")]
    id: DeliveryId,
    /// `changes.available`, `webhook.disabled` or `ping`.
    #[serde(rename = "type")]
    #[schema(example = "changes.available")]
    kind: &'static str,
    /// The cursor before the first event.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// The cursor of the last place that was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    /// How many events there were between.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 3)]
    events: Option<u32>,
    /// How far it is.
    state: StateView,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it is tried next; absent if it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    next_attempt_at: Option<Timestamp>,
    /// What was tried, in order.
    attempts: Vec<AttemptView>,
}

/// How far a delivery is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DeliveryState)]
pub(crate) enum StateView {
    /// It is to be sent, for the first time or again.
    Pending,
    /// An attempt succeeded.
    Delivered,
    /// It was tried as often as it is, or its webhook was disabled.
    Failed,
}

/// One attempt.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeliveryAttempt)]
pub(crate) struct AttemptView {
    /// Which, from 1 on.
    #[schema(example = 1)]
    number: u32,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// How long it took; absent while it runs, and where it was cut off.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 87)]
    duration_ms: Option<u32>,
    /// The HTTP status of the answer; absent if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 204)]
    status: Option<u16>,
    /// Why it is no success.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl DeliveryView {
    fn of(delivery: Delivery, cursors: &StreamCursors) -> DeliveryView {
        let (kind, range, events) = match delivery.content {
            DeliveryContent::Changes { range, events } => {
                ("changes.available", Some(range), Some(events))
            }
            DeliveryContent::Ping => ("ping", None, None),
            DeliveryContent::WebhookDisabled => ("webhook.disabled", None, None),
        };
        DeliveryView {
            id: delivery.id,
            kind,
            from: range.map(|range| cursors.sealed(range.from)),
            to: range.map(|range| cursors.sealed(range.to)),
            events,
            state: delivery.state.into(),
            created_at: delivery.created_at,
            next_attempt_at: delivery.due_at,
            attempts: delivery.attempts.into_iter().map(AttemptView::of).collect(),
        }
    }
}

impl From<DeliveryState> for StateView {
    fn from(state: DeliveryState) -> StateView {
        match state {
            DeliveryState::Pending => StateView::Pending,
            DeliveryState::Delivered => StateView::Delivered,
            DeliveryState::Failed => StateView::Failed,
        }
    }
}

impl AttemptView {
    fn of(attempt: DeliveryAttempt) -> AttemptView {
        let DeliveryAttempt { number, began_at: at, end } = attempt;
        let duration_ms = end.as_ref().map(|end| end.took_ms);
        let status = end.as_ref().and_then(|end| end.status);
        AttemptView { number, at, duration_ms, status, error: end.and_then(|end| end.error) }
    }
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeliveryParams {
    /// How many rows a page has: 1 to 100; 50 unless given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<PageLimit<DELIVERIES_MAX>>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<CursorText>,
}

/// What was sent to a webhook and what is to be sent, the newest first. It is kept for seven days, and what is pending
/// for four more.
#[utoipa::path(
    get,
    path = "/v1/webhooks/{name}/deliveries",
    operation_id = "list_deliveries",
    tag = "webhooks",
    params(("name" = String, Path, example = "news"), DeliveryParams),
    responses((status = 200, body = Envelope<Vec<DeliveryView>>, description = "The answer."), Problem)
)]
pub(crate) async fn list(
    PathId(name): PathId<WebhookName>,
    Query(query): Query<DeliveryParams>,
    call: ApiCall,
) -> Result<ApiAnswer<Vec<DeliveryView>>, Problem> {
    let limit = query.limit.unwrap_or_default().rows();
    let webhook = found(&call, &name).await?;
    let cursor = call.open_cursor(query.cursor.as_deref())?;
    let before = cursor.map(|cursor| DeliveryId::new(cursor.position[0]));
    let page = DeliveryPage { before, limit };
    let found = delivery::page(call.gateway.pg(), key(&call, &webhook.name), page).await?;
    let last = found.last().filter(|_| found.len() == limit as usize);
    let next = last.map(|last| call.cursor(RunId::new(0), [last.id.number(), 0]));
    let cursors = StreamCursors::of(&call);
    let views = found.into_iter().map(|delivery| DeliveryView::of(delivery, &cursors)).collect();
    Ok(ApiAnswer::page(views).then(next))
}

/// Sends a message that says nothing, to see whether it arrives: once, without retries, and one at a time. The log has
/// the outcome. If it succeeds where others failed, what waits is sent, too.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{name}/ping",
    operation_id = "ping_webhook",
    tag = "webhooks",
    params(("name" = String, Path, example = "news")),
    responses((status = 200, body = Envelope<DeliveryView>, description = "The answer."), Problem)
)]
pub(crate) async fn ping(
    PathId(name): PathId<WebhookName>,
    call: ApiCall,
) -> Result<ApiAnswer<DeliveryView>, Problem> {
    let webhook = enabled(&call, &name).await?;
    let (pg, now, key) = (call.gateway.pg(), call.gateway.now(), key(&call, &webhook.name));
    if delivery::has_pending_ping(pg, key).await? {
        return Err(under_way("a ping of it is under way: wait until the log has its outcome"));
    }
    let job = delivery::ping(pg, key, &message::ping(&name, now), now).await?;
    sent(&call, &name, job.ok_or_else(too_soon)?).await
}

/// Sends a delivery again, however it ended, with its id and its text. If it fails, it is tried again as a new one is.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{name}/deliveries/{id}/redeliver",
    operation_id = "redeliver",
    tag = "webhooks",
    params(("name" = String, Path, example = "news"), ("id" = String, Path, example = "dlv_1")),
    responses((status = 200, body = Envelope<DeliveryView>, description = "The answer."), Problem)
)]
pub(crate) async fn redeliver(
    PathIds(name, id): PathIds<WebhookName, DeliveryId>,
    call: ApiCall,
) -> Result<ApiAnswer<DeliveryView>, Problem> {
    let webhook = enabled(&call, &name).await?;
    let (pg, now, key) = (call.gateway.pg(), call.gateway.now(), key(&call, &webhook.name));
    let known = delivery::get(pg, key, id).await?.ok_or_else(|| no_such_delivery(id))?;
    if known.attempts.len() >= ATTEMPTS_MAX as usize {
        let why = format!("a delivery has at most {ATTEMPTS_MAX} attempts: read /v1/changes");
        return Err(Problem::new(ProblemCode::TooMany, why));
    }
    if known.is_under_way(now) {
        return Err(under_way("an attempt of it is under way: wait until the log has its outcome"));
    }
    let job = delivery::redeliver(pg, key, id, now).await?;
    sent(&call, &name, job.ok_or_else(too_soon)?).await
}

/// The webhook of this name, to which something may be sent.
async fn enabled(call: &ApiCall, name: &WebhookName) -> Result<Webhook, Problem> {
    let webhook = found(call, name).await?;
    if webhook.disabled.is_some() {
        let why = format!("the webhook {name} is disabled: put it again when it can be reached");
        return Err(Problem::new(ProblemCode::WebhookDisabled, why));
    }
    Ok(webhook)
}

/// Sends the message of a job, and shows its delivery. A message that cannot be sent now is sent by the next tick.
async fn sent(
    call: &ApiCall,
    name: &WebhookName,
    job: DeliverJob,
) -> Result<ApiAnswer<DeliveryView>, Problem> {
    let pg = call.gateway.pg();
    match call.gateway.webhooks().queue.send(&[job.message(0)]).await {
        Ok(()) => due::woken(pg, &[job], call.gateway.now()).await?,
        Err(error) => tracing::warn!(%error, "a delivery waits for the next tick"),
    }
    let found = delivery::get(pg, key(call, name), job.delivery).await?;
    let found = found.ok_or_else(|| no_such_delivery(job.delivery))?;
    Ok(ApiAnswer::one(DeliveryView::of(found, &StreamCursors::of(call))))
}

fn no_such_delivery(id: DeliveryId) -> Problem {
    let why = format!("there is no delivery {id} of this webhook: see its deliveries");
    Problem::new(ProblemCode::DeliveryUnknown, why)
}

fn under_way(why: &str) -> Problem {
    Problem::new(ProblemCode::RequestInProgress, why)
}

fn too_soon() -> Problem {
    let why = format!(
        "the webhooks of an account are sent something on request every {ASKED_SECONDS} s at most"
    );
    Problem::new(ProblemCode::RateLimited, why).retry_after(ASKED_SECONDS)
}
