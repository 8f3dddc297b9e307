//! Consumers: readers of the change stream whose filter and place are kept here, so that any of a client's machines
//! can go on, and all can see where each is.

use model::change_filter::{ChangeFilterError, FILTER_IDS_MAX};
use model::consumer::CONSUMERS_MAX;
use model::time::Timestamp;
use model::{ChangeFilter, ChangePosition, Consumer, ConsumerName};
use serde::{Deserialize, Serialize};
use store::pg::change::{self, StreamBounds};
use store::pg::consumer::{self, ConsumerKey};
use store::{Pg, StoreError};
use utoipa::ToSchema;
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

pub(crate) mod changes;
pub(crate) mod moves;

use crate::answer::{ApiAnswer, Envelope};
use crate::changes::{RangeView, StreamCursors, kind_list, platform_list};
use crate::cursor::CursorText;
use crate::docs::pattern_of;
use crate::error::{Problem, ProblemCode};
use crate::extract::{ApiCall, JsonCall, JsonInput, PathId, object};

/// A reader whose place is kept.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Consumer)]
pub(crate) struct ConsumerView {
    /// Its name.
    #[schema(example = "mirror")]
    name: String,
    /// Which events it wants.
    #[schema(schema_with = filter_schema)]
    filter: ChangeFilter,
    /// The `seq` up to which all is done.
    #[schema(value_type = u64, example = 731)]
    position: ChangePosition,
    /// The cursor of that place; absent if what came next is not kept any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    /// How many places are left to the end of the stream: no more events are, with those that it does not want.
    lag: u64,
    /// What is left of a range that it reads again.
    #[serde(skip_serializing_if = "Option::is_none")]
    replay: Option<RangeView>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// Where a new reader of the stream begins.
#[derive(Debug, Default, Deserialize)]
#[serde(from = "CursorText")]
pub(crate) enum ConsumerStart {
    /// With the first event that is kept.
    #[default]
    Beginning,
    /// With the next event.
    Now,
    /// After this cursor.
    Cursor(CursorText),
}

/// What a consumer wants.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `filter` and `from`")]
pub(crate) struct ConsumerOrder {
    /// Which events; all, if it is not given.
    #[serde(default, deserialize_with = "object")]
    #[schema(schema_with = filter_schema)]
    filter: ChangeFilter,
    /// Where a new one begins: `beginning`, `now` or a cursor; `beginning` unless given. One that is there stays
    /// where it is.
    #[serde(default)]
    #[schema(value_type = String, example = "now", pattern = "^[A-Za-z0-9_-]+$", max_length = 1024)]
    from: ConsumerStart,
}

impl JsonInput for ConsumerOrder {
    fn check(&self) -> Result<(), Problem> {
        let bad = |error: ChangeFilterError| {
            Problem::body(&format!("/filter/{}", error.field), error.to_string())
        };
        self.filter.check().map_err(bad)
    }
}

impl From<CursorText> for ConsumerStart {
    fn from(text: CursorText) -> ConsumerStart {
        match &*text {
            "beginning" => ConsumerStart::Beginning,
            "now" => ConsumerStart::Now,
            _ => ConsumerStart::Cursor(text),
        }
    }
}

impl ConsumerStart {
    /// The position where it is.
    pub(crate) async fn position(
        &self,
        pg: &Pg,
        bounds: StreamBounds,
        cursors: &StreamCursors,
    ) -> Result<ChangePosition, Problem> {
        match self {
            ConsumerStart::Beginning => Ok(bounds.floor),
            ConsumerStart::Now => Ok(bounds.head),
            ConsumerStart::Cursor(cursor) => cursors.opened(pg, bounds, Some(cursor)).await,
        }
    }
}

/// The filter as an object with the names of the parameters of `/v1/changes`.
pub(crate) fn filter_schema() -> RefOr<Schema> {
    let named = |example: &str| {
        let id = ObjectBuilder::new().schema_type(Type::String).pattern(pattern_of(example));
        ArrayBuilder::new().items(id).max_items(Some(FILTER_IDS_MAX))
    };
    let filter = ObjectBuilder::new()
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)))
        .property("kind", kind_list())
        .property("person", named("per_1"))
        .property("profile", named("prf_1"))
        .property("community", named("com_1"))
        .property("platform", platform_list());
    let delta =
        ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).maximum(Some(u32::MAX));
    let example = serde_json::json!({ "kind": ["rank_changed", "gone"], "community": ["com_1"] });
    filter
        .property("min_rank_delta", delta)
        .description(Some("As the parameters of `/v1/changes`."))
        .examples([example])
        .into()
}

impl ConsumerView {
    fn of(consumer: Consumer, bounds: StreamBounds, cursors: &StreamCursors) -> ConsumerView {
        let Consumer { name, filter, position, replay, created_at, updated_at } = consumer;
        ConsumerView {
            name: name.to_string(),
            filter,
            position,
            cursor: (position >= bounds.floor).then(|| cursors.sealed(position)),
            lag: bounds.head.number().saturating_sub(position.number()),
            replay: replay.map(RangeView::from),
            created_at,
            updated_at,
        }
    }
}

/// The consumer of this name.
async fn found(call: &ApiCall, name: &ConsumerName) -> Result<Consumer, Problem> {
    let found = consumer::get(call.gateway.pg(), key(call, name)).await?;
    found.ok_or_else(|| unknown(name))
}

fn key<'a>(call: &ApiCall, name: &'a ConsumerName) -> ConsumerKey<'a> {
    ConsumerKey { payer: call.caller().payer, name }
}

fn unknown(name: &ConsumerName) -> Problem {
    let why = format!("there is no consumer {name} of this account: see /v1/consumers");
    Problem::new(ProblemCode::ConsumerUnknown, why)
}

async fn shown(call: &ApiCall, consumer: Consumer) -> Result<ApiAnswer<ConsumerView>, Problem> {
    let bounds = change::sequence(call.gateway.pg()).await?;
    Ok(ApiAnswer::one(ConsumerView::of(consumer, bounds, &StreamCursors::of(call))))
}

/// The account's consumers, and where each is.
#[utoipa::path(
    get,
    path = "/v1/consumers",
    operation_id = "list_consumers",
    tag = "changes",
    responses((status = 200, body = Envelope<Vec<ConsumerView>>, description = "The answer."), Problem)
)]
pub(crate) async fn list(call: ApiCall) -> Result<ApiAnswer<Vec<ConsumerView>>, Problem> {
    let (pg, cursors) = (call.gateway.pg(), StreamCursors::of(&call));
    let bounds = change::sequence(pg).await?;
    let consumers = consumer::of_payer(pg, call.caller().payer).await?;
    let view = |consumer| ConsumerView::of(consumer, bounds, &cursors);
    Ok(ApiAnswer::page(consumers.into_iter().map(view).collect()))
}

/// One consumer.
#[utoipa::path(
    get,
    path = "/v1/consumers/{name}",
    operation_id = "get_consumer",
    tag = "changes",
    params(("name" = String, Path, example = "mirror")),
    responses((status = 200, body = Envelope<ConsumerView>, description = "The answer."), Problem)
)]
pub(crate) async fn get(
    PathId(name): PathId<ConsumerName>,
    call: ApiCall,
) -> Result<ApiAnswer<ConsumerView>, Problem> {
    let consumer = found(&call, &name).await?;
    shown(&call, consumer).await
}

/// Makes a consumer, or gives the one of this name another filter. The same again changes nothing.
#[utoipa::path(
    put,
    path = "/v1/consumers/{name}",
    operation_id = "put_consumer",
    tag = "changes",
    params(("name" = String, Path, example = "mirror")),
    request_body = ConsumerOrder,
    responses((status = 200, body = Envelope<ConsumerView>, description = "The answer."), Problem)
)]
pub(crate) async fn put(
    PathId(name): PathId<ConsumerName>,
    JsonCall { call, body }: JsonCall<ConsumerOrder>,
) -> Result<ApiAnswer<ConsumerView>, Problem> {
    let ConsumerOrder { filter, from } = body;
    let (pg, cursors) = (call.gateway.pg(), StreamCursors::of(&call));
    let bounds = change::sequence(pg).await?;
    let position = from.position(pg, bounds, &cursors).await?;
    let made = consumer::put(pg, key(&call, &name), &filter, position, call.gateway.now()).await;
    let made = made.map_err(|error| match error {
        StoreError::Conflict(_) => {
            let why = format!("an account has at most {CONSUMERS_MAX} consumers: delete one first");
            Problem::new(ProblemCode::TooMany, why)
        }
        other => other.into(),
    })?;
    shown(&call, made).await
}

/// Deletes a consumer.
#[utoipa::path(
    delete,
    path = "/v1/consumers/{name}",
    operation_id = "delete_consumer",
    tag = "changes",
    params(("name" = String, Path, example = "mirror")),
    responses((status = 200, body = Envelope<Vec<ConsumerView>>, description = "Those that are left."), Problem)
)]
pub(crate) async fn delete(
    PathId(name): PathId<ConsumerName>,
    call: ApiCall,
) -> Result<ApiAnswer<Vec<ConsumerView>>, Problem> {
    if !consumer::delete(call.gateway.pg(), key(&call, &name)).await? {
        return Err(unknown(&name));
    }
    list(call).await
}
