//! Webhooks: addresses that hear when there is something to be read in the change stream. What is sent names no one:
//! it says in which range there is something, and the reader asks `/v1/changes` for it as always.

use model::change_filter::ChangeFilterError;
use model::time::Timestamp;
use model::webhook::{DisabledWhy, WEBHOOKS_MAX};
use model::{ChangeFilter, ChangePosition, Webhook, WebhookName, WebhookUrl};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::StoreError;
use store::pg::change::{self, StreamBounds};
use store::pg::webhook::{self, NewWebhook, WebhookKey};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

pub(crate) mod deliveries;
pub(crate) mod dispatch;
mod message;
pub(crate) mod rotate;
mod secret;

use crate::answer::{ApiAnswer, Envelope};
use crate::changes::StreamCursors;
use crate::consumers::{ConsumerStart, filter_schema};
use crate::error::{Problem, ProblemCode};
use crate::extract::{ApiCall, JsonCall, JsonInput, PathId, object};
use crate::state::Gateway;

/// An address that hears of changes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(crate) struct WebhookView {
    /// Its name.
    #[schema(example = "news")]
    name: String,
    /// Where deliveries are sent.
    #[schema(example = "https://hooks.example.org/borg")]
    url: String,
    /// Which events it wants.
    #[schema(schema_with = filter_schema)]
    filter: ChangeFilter,
    /// The `seq` up to which it was looked for events.
    #[schema(value_type = u64, example = 731)]
    position: ChangePosition,
    /// The cursor of that place; absent if what came next is not kept any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    /// What deliveries are signed with. It is shown only here: when it is made, and when it is replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "whsec_…")]
    secret: Option<String>,
    /// Until when the secret before signs, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    old_secret_until: Option<Timestamp>,
    /// Since when no attempt succeeded; absent if the last one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    failing_since: Option<Timestamp>,
    /// When it was disabled: nothing is sent until it is put again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    disabled_at: Option<Timestamp>,
    /// Why it was disabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "gone")]
    why: Option<WhyView>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// Why a webhook was disabled.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DisabledWhy)]
pub(crate) enum WhyView {
    /// Its address answered 410.
    Gone,
    /// No attempt succeeded for five days.
    Failing,
}

/// What a webhook wants.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `url`, `filter` and `from`")]
pub(crate) struct WebhookOrder {
    /// Where deliveries are sent: `https`, a host name, port 443 or 8443.
    #[schema(schema_with = url_schema)]
    url: String,
    /// Of which events it hears; of all, if it is not given.
    #[serde(default, deserialize_with = "object")]
    #[schema(schema_with = filter_schema)]
    filter: ChangeFilter,
    /// Where a new one begins: `beginning`, `now` or a cursor; `now` unless given. One that is there stays where it
    /// is.
    #[serde(default = "now")]
    #[schema(value_type = String, example = "now", pattern = "^[A-Za-z0-9_-]+$", max_length = 1024)]
    from: ConsumerStart,
}

const fn now() -> ConsumerStart {
    ConsumerStart::Now
}

fn url_schema() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("Where deliveries are sent: `https`, a host name, port 443 or 8443."))
        .pattern(Some(WebhookUrl::PATTERN))
        .max_length(Some(WebhookUrl::LENGTH_MAX))
        .examples([json!("https://hooks.example.org/borg")])
        .build()
}

impl JsonInput for WebhookOrder {
    fn check_at(&self, gateway: &Gateway) -> Result<(), Problem> {
        let bad = |error: ChangeFilterError| {
            Problem::body(&format!("/filter/{}", error.field), error.to_string())
        };
        self.address(gateway)?;
        self.filter.check().map_err(bad)
    }
}

impl WebhookOrder {
    /// Where deliveries are sent.
    fn address(&self, gateway: &Gateway) -> Result<WebhookUrl, Problem> {
        let url = WebhookUrl::parse(&self.url, &gateway.webhooks().origins);
        url.map_err(|error| Problem::body("/url", error.to_string()))
    }
}

impl From<DisabledWhy> for WhyView {
    fn from(why: DisabledWhy) -> WhyView {
        match why {
            DisabledWhy::Gone => WhyView::Gone,
            DisabledWhy::Failing => WhyView::Failing,
        }
    }
}

impl WebhookView {
    fn of(
        webhook: Webhook,
        bounds: StreamBounds,
        cursors: &StreamCursors,
        now: Timestamp,
    ) -> WebhookView {
        let position = webhook.position;
        WebhookView {
            name: webhook.name.to_string(),
            url: webhook.url.to_string(),
            filter: webhook.filter,
            position,
            cursor: (position >= bounds.floor).then(|| cursors.sealed(position)),
            secret: None,
            old_secret_until: webhook.old_secret_until.filter(|&until| until > now),
            failing_since: webhook.failing_since,
            disabled_at: webhook.disabled.map(|(at, _)| at),
            why: webhook.disabled.map(|(_, why)| why.into()),
            created_at: webhook.created_at,
            updated_at: webhook.updated_at,
        }
    }
}

/// The webhook of this name.
async fn found(call: &ApiCall, name: &WebhookName) -> Result<Webhook, Problem> {
    let found = webhook::get(call.gateway.pg(), key(call, name)).await?;
    found.ok_or_else(|| unknown(name))
}

fn key<'a>(call: &ApiCall, name: &'a WebhookName) -> WebhookKey<'a> {
    WebhookKey { payer: call.caller().payer, name }
}

fn unknown(name: &WebhookName) -> Problem {
    let why = format!("there is no webhook {name} of this account: see /v1/webhooks");
    Problem::new(ProblemCode::WebhookUnknown, why)
}

/// The webhook as it is shown, with its secret where that is new.
async fn shown(
    call: &ApiCall,
    webhook: Webhook,
    secret: Option<String>,
) -> Result<ApiAnswer<WebhookView>, Problem> {
    let bounds = change::sequence(call.gateway.pg()).await?;
    let view = WebhookView::of(webhook, bounds, &StreamCursors::of(call), call.gateway.now());
    Ok(ApiAnswer::one(WebhookView { secret, ..view }))
}

/// The account's webhooks.
#[utoipa::path(
    get,
    path = "/v1/webhooks",
    operation_id = "list_webhooks",
    tag = "webhooks",
    responses((status = 200, body = Envelope<Vec<WebhookView>>, description = "The answer."), Problem)
)]
pub(crate) async fn list(call: ApiCall) -> Result<ApiAnswer<Vec<WebhookView>>, Problem> {
    let (pg, cursors, now) = (call.gateway.pg(), StreamCursors::of(&call), call.gateway.now());
    let bounds = change::sequence(pg).await?;
    let webhooks = webhook::of_payer(pg, call.caller().payer).await?;
    let view = |webhook| WebhookView::of(webhook, bounds, &cursors, now);
    Ok(ApiAnswer::page(webhooks.into_iter().map(view).collect()))
}

/// One webhook.
#[utoipa::path(
    get,
    path = "/v1/webhooks/{name}",
    operation_id = "get_webhook",
    tag = "webhooks",
    params(("name" = String, Path, example = "news")),
    responses((status = 200, body = Envelope<WebhookView>, description = "The answer."), Problem)
)]
pub(crate) async fn get(
    PathId(name): PathId<WebhookName>,
    call: ApiCall,
) -> Result<ApiAnswer<WebhookView>, Problem> {
    let webhook = found(&call, &name).await?;
    shown(&call, webhook, None).await
}

/// Makes a webhook, and shows its secret this once; or gives the one of this name another address and filter, and
/// enables it if it was disabled. The same again changes nothing. Deliveries are made as Standard Webhooks describes:
/// they say that there is something to be read, and `/v1/changes` gives it.
#[utoipa::path(
    put,
    path = "/v1/webhooks/{name}",
    operation_id = "put_webhook",
    tag = "webhooks",
    params(("name" = String, Path, example = "news")),
    request_body = WebhookOrder,
    responses((status = 200, body = Envelope<WebhookView>, description = "The answer."), Problem)
)]
pub(crate) async fn put(
    PathId(name): PathId<WebhookName>,
    JsonCall { call, body }: JsonCall<WebhookOrder>,
) -> Result<ApiAnswer<WebhookView>, Problem> {
    let url = body.address(&call.gateway)?;
    let (pg, cursors) = (call.gateway.pg(), StreamCursors::of(&call));
    let bounds = change::sequence(pg).await?;
    let position = body.from.position(pg, bounds, &cursors).await?;
    let new_secret = secret::mint()?;
    let sealed = call.gateway.webhook_sealer().seal(call.caller().payer, &name, &new_secret);
    let new = NewWebhook { url: &url, filter: &body.filter, position, secret: &sealed };
    let made = webhook::put(pg, key(&call, &name), &new, call.gateway.now()).await;
    let made = made.map_err(|error| match error {
        StoreError::Conflict(_) => {
            let why = format!("an account has at most {WEBHOOKS_MAX} webhooks: delete one first");
            Problem::new(ProblemCode::TooMany, why)
        }
        other => other.into(),
    })?;
    let secret = made.is_new.then(|| secret::shown(&new_secret));
    shown(&call, made.webhook, secret).await
}

/// Deletes a webhook, with all that was to be sent to it.
#[utoipa::path(
    delete,
    path = "/v1/webhooks/{name}",
    operation_id = "delete_webhook",
    tag = "webhooks",
    params(("name" = String, Path, example = "news")),
    responses((status = 200, body = Envelope<Vec<WebhookView>>, description = "Those that are left."), Problem)
)]
pub(crate) async fn delete(
    PathId(name): PathId<WebhookName>,
    call: ApiCall,
) -> Result<ApiAnswer<Vec<WebhookView>>, Problem> {
    if !webhook::delete(call.gateway.pg(), key(&call, &name)).await? {
        return Err(unknown(&name));
    }
    list(call).await
}
