//! The published history of a class, from which anyone computes its indices again.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use model::time::Timestamp;
use model::{Epoch, PriceClass, PublishedEpoch};
use pricing::history::encode;
use serde::{Deserialize, Serialize};
use store::pg::price;
use utoipa::ToSchema;

use crate::answer::{ApiAnswer, Envelope};
use crate::error::Problem;
use crate::extract::Query;
use crate::query::{PageLimit, TimeParam};
use crate::state::Gateway;

/// A minute of a class, with all that its index follows from.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PublishedEpoch)]
pub(crate) struct EpochView {
    /// Minutes since 1970-01-01.
    #[schema(example = 29_717_000)]
    epoch: u32,
    /// When it begins.
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    /// Units of capacity that were used two epochs before.
    used: u64,
    /// The target then.
    target: u64,
    /// The excess after that: 32.32 fixed point.
    excess: u64,
    /// The index: 32.32 fixed point. Floors are multiplied by it and divided by 2^32.
    #[schema(example = 4_294_967_296_u64)]
    index: u64,
    /// SHA-256 of the previous hash and the fields above, as `docs/prices.md` says.
    hash: String,
}

impl EpochView {
    /// How an epoch is shown.
    pub(crate) fn of(epoch: &PublishedEpoch) -> EpochView {
        EpochView {
            epoch: epoch.epoch.number(),
            starts_at: epoch.epoch.start(),
            used: epoch.used,
            target: epoch.target,
            excess: epoch.excess.bits(),
            index: epoch.index.bits(),
            hash: epoch.hash.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}

/// The form of a history.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HistoryForm {
    #[default]
    Json,
    Bytes,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryParams {
    /// Whose.
    #[param(value_type = String, example = "graph", pattern = "^(search|graph|export|stream|live)$")]
    class: PriceClass,
    /// From this time on; from the first epoch on, unless given.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<TimeParam>,
    /// How many epochs a page has: 1 to 1000; 50 unless given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<PageLimit>,
    /// `next_cursor` of the page before.
    cursor: Option<u32>,
    /// `json`, or `bytes`: 69 bytes for each epoch, as the module of `/v1/prices/recompute.wasm` takes them.
    #[param(value_type = Option<String>, example = "json", pattern = "^(json|bytes)$")]
    format: Option<HistoryForm>,
}

/// The published epochs of a class, the oldest first.
#[utoipa::path(
    get,
    path = "/v1/prices/history",
    operation_id = "list_price_history",
    tag = "prices",
    security(()),
    params(HistoryParams),
    responses(
        (status = 200, description = "The answer, in the form that `format` names.",
            content((Envelope<Vec<EpochView>> = "application/json"), (Vec<u8> = "application/octet-stream"))),
        Problem
    )
)]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    Query(query): Query<HistoryParams>,
) -> Result<Response, Problem> {
    let rows = query.limit.unwrap_or_default().rows();
    let from = query.from.map_or(Epoch::new(0), |TimeParam(at)| Epoch::of(at));
    let from = query.cursor.map_or(from, Epoch::new);
    let epochs = price::history(gateway.pg(), query.class, from, rows).await?;
    let cache = [(CACHE_CONTROL, "public, max-age=60")];
    if let HistoryForm::Bytes = query.format.unwrap_or_default() {
        let bytes: Vec<u8> = epochs.iter().flat_map(encode).collect();
        return Ok((cache, [(CONTENT_TYPE, "application/octet-stream")], bytes).into_response());
    }
    let full = epochs.len() == rows as usize;
    let next = epochs.last().filter(|_| full).map(|last| last.epoch.after(1).number().to_string());
    let views = epochs.iter().map(EpochView::of).collect();
    Ok((cache, ApiAnswer::page(views).then(next)).into_response())
}
