//! Ordering an export: what it is made from, what it may cost, its hold, and its first job.

use axum::response::Response;
use billing::Withheld;
use model::change::ChangeRange;
use model::charge::ChargeRef;
use model::export::{ExportFilter, ExportPlace, ExportSource, ExportTerms, OPEN_EXPORTS_MAX};
use model::time::Timestamp;
use model::whole_number;
use model::{
    ChangePosition, CommunityId, Export, ExportFormat, ExportId, ExportOrder, ExportSubject,
    Platform, PriceClass, RunId,
};
use pricing::{ChargedRequest, Estimate, RequestHash, UsageBounds, estimate};
use serde::Deserialize;
use store::StoreError;
use store::pg::change;
use store::pg::community::{self, WORLD};
use store::pg::export::{self, ExportOrdered, NewExport};

use super::order_schema::OrderForms;
use super::{ExportView, hold, sizing};
use crate::answer::{ApiAnswer, Envelope};
use crate::changes::StreamCursors;
use crate::charging::CurrentPrices;
use crate::cursor::CursorText;
use crate::error::{Problem, ProblemCode, accepted};
use crate::estimate_view::EstimateView;
use crate::extract::{ApiCall, JsonInput, NoCall, WorkCall, object, present};
use crate::query::RunChoice;
use crate::runs;

/// For how long the most of an export is held, in seconds: what is not done by then fails.
const HELD_SECONDS: i64 = 86_400;

/// What is ordered.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `what` and `format`")]
pub(crate) struct OrderBody {
    what: ExportSubject,
    format: ExportFormat,
    #[serde(default, deserialize_with = "present")]
    run: Option<RunId>,
    #[serde(default, deserialize_with = "object")]
    filter: OrderFilter,
}

/// Which rows are wanted.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "an object with fields of a filter")]
struct OrderFilter {
    #[serde(deserialize_with = "present")]
    community: Option<CommunityId>,
    #[serde(deserialize_with = "whole_number::some")]
    level: Option<u8>,
    #[serde(deserialize_with = "present")]
    platform: Option<Platform>,
    #[serde(deserialize_with = "present")]
    from: Option<CursorText>,
    #[serde(deserialize_with = "present")]
    to: Option<CursorText>,
}

impl OrderFilter {
    fn rows(&self) -> ExportFilter {
        let OrderFilter { community, level, platform, .. } = *self;
        ExportFilter { community, level, platform }
    }
}

impl OrderBody {
    /// The hash of what a client said, by which another order under the same `Idempotency-Key` is found out: a retry
    /// is the same though another run is served by now.
    fn hash(&self) -> RequestHash {
        let OrderFilter { community, level, platform, from, to } = &self.filter;
        let parts = [
            self.what.to_string(),
            self.format.to_string(),
            self.run.map(|run| run.to_string()).unwrap_or_default(),
            community.map(|id| id.to_string()).unwrap_or_default(),
            level.map(|level| level.to_string()).unwrap_or_default(),
            platform.map(|platform| platform.to_string()).unwrap_or_default(),
            from.as_deref().unwrap_or_default().to_owned(),
            to.as_deref().unwrap_or_default().to_owned(),
        ];
        let parts: Vec<&[u8]> = parts.iter().map(String::as_bytes).collect();
        RequestHash::new(&parts)
    }
}

impl JsonInput for OrderBody {
    fn check(&self) -> Result<(), Problem> {
        let is_of_changes = self.what == ExportSubject::Changes;
        let OrderFilter { from, to, .. } = &self.filter;
        let range = [("from", from.is_some()), ("to", to.is_some())];
        let of_range = range.into_iter().find(|&(_, is_set)| is_set && !is_of_changes);
        let misplaced = self.filter.rows().misplaced(self.what);
        if let Some(field) = misplaced.or(of_range.map(|(name, _)| name)) {
            let why = format!("says nothing about {}: leave it out", self.what);
            return Err(Problem::body(&format!("/filter/{field}"), why));
        }
        if is_of_changes && self.run.is_some() {
            return Err(Problem::body("/run", "changes are of no run: leave it out"));
        }
        Ok(())
    }
}

/// An order with what it may cost.
pub(super) struct PricedOrder {
    pub(super) order: ExportOrder,
    pub(super) prices: CurrentPrices,
    pub(super) estimate: Estimate,
    bounds: UsageBounds,
}

/// Orders files: `people`, `profiles`, `communities` or `memberships` of a run, or `changes`. Its most is held at
/// once, and what was written is charged when it is done. The same order of the same run on the same day, or with
/// the same `Idempotency-Key`, is the same export.
#[utoipa::path(
    post,
    path = "/v1/exports",
    operation_id = "create_export",
    tag = "exports",
    request_body(content = OrderForms, description = "What the rows are, and in which form.",
        example = json!({"what": "people", "format": "parquet"})),
    responses(
        (status = 202, body = Envelope<ExportView>, description = "It is ordered."),
        (status = 200, body = Envelope<EstimateView>, content_type = "application/vnd.borg.estimate+json",
            description = "The answer to a dry run."),
        Problem,
    )
)]
pub(crate) async fn create(
    WorkCall { call, body }: WorkCall<OrderBody>,
) -> Result<Response, NoCall> {
    if call.caller().is_test {
        let why = "a test key orders no files: take a live one";
        return Err(Problem::new(ProblemCode::ScopeMissing, why).into());
    }
    if call.admitted().terms.quote.is_some() {
        let why =
            "an export is held from the balance, at the index of its order: leave Borg-Quote out";
        return Err(Problem::new(ProblemCode::QuoteMismatch, why).into());
    }
    let priced = priced(&call, &body).await?;
    if call.admitted().terms.is_dry_run {
        let PricedOrder { estimate, bounds, prices, .. } = &priced;
        return Err(NoCall::Estimate(Box::new(EstimateView::new(estimate, bounds, prices))));
    }
    if let Some(max) = call.admitted().terms.cost_max.filter(|&max| priced.estimate.max > max) {
        let cost = priced.estimate.max;
        return Err(hold::refused(Withheld::AboveMax { cost, max }, priced.prices.version()).into());
    }
    let export = ordered(&call, &body, &priced).await?;
    Ok(accepted(ApiAnswer::one(ExportView::of(export, &StreamCursors::of(&call)))))
}

/// What the order is made from, and what it may cost.
async fn priced(call: &ApiCall, body: &OrderBody) -> Result<PricedOrder, Problem> {
    let source = match body.what {
        ExportSubject::Changes => ExportSource::Changes(range(call, &body.filter).await?),
        _ => {
            let wanted = RunChoice { run: body.run, as_of: None };
            ExportSource::Run(runs::choose(call, wanted, None).await?.run)
        }
    };
    let filter = filter(call, body, source).await?;
    let order = ExportOrder { what: body.what, format: body.format, filter, source };
    let bounds = sizing::bounds(call.pg(), &order).await?;
    // What follows needs the wallet, too: it must not wait for a second connection.
    call.pg().release().await;
    let gateway = &call.gateway;
    let prices = gateway.charging().prices(gateway.pg(), gateway.now()).await?;
    let estimate = estimate(&bounds, &prices.bounds(PriceClass::Export));
    let estimate = estimate.map_err(|error| Problem::body("/filter", error.to_string()))?;
    Ok(PricedOrder { order, prices, estimate, bounds })
}

/// The part of the change stream that is wanted: all that is there, unless it is said.
async fn range(call: &ApiCall, filter: &OrderFilter) -> Result<ChangeRange, Problem> {
    let bounds = change::sequence(call.pg()).await?;
    let cursors = StreamCursors::of(call);
    let from = cursors.opened(call.pg(), bounds, filter.from.as_deref()).await?;
    let to: ChangePosition = match &filter.to {
        Some(to) => cursors.opened(call.pg(), bounds, Some(to)).await?,
        None => bounds.head,
    };
    if to < from {
        return Err(Problem::body("/filter/to", "lies before `from`"));
    }
    Ok(ChangeRange { from, to })
}

/// The filter; a community that is the same group as another one stands for that.
async fn filter(
    call: &ApiCall,
    body: &OrderBody,
    source: ExportSource,
) -> Result<ExportFilter, Problem> {
    let filter = body.filter.rows();
    let (Some(id), ExportSource::Run(run)) = (filter.community, source) else { return Ok(filter) };
    let found = match id {
        WORLD => None,
        id => community::get(call.pg(), run, &[id]).await?.pop(),
    };
    let found = found.ok_or_else(|| {
        let why = format!("there is no community {id} in {run}; `people` has the whole world");
        Problem::new(ProblemCode::CommunityUnknown, why)
    })?;
    Ok(ExportFilter { community: Some(found.id), ..filter })
}

/// The export of an order: a new one that is held and has a job, or the one that there is.
async fn ordered(
    call: &ApiCall,
    body: &OrderBody,
    priced: &PricedOrder,
) -> Result<Export, Problem> {
    let (gateway, now) = (&call.gateway, call.gateway.now());
    let (new, others) = new_export(call, body, priced, now)?;
    let new = NewExport { others: &others, ..new };
    let made = export::order(gateway.pg(), &new, now).await.map_err(|error| match error {
        StoreError::Conflict(_) => {
            let why = format!(
                "an account has at most {OPEN_EXPORTS_MAX} exports that are not ended: wait for one"
            );
            Problem::new(ProblemCode::TooMany, why)
        }
        other => other.into(),
    })?;
    let export = match made {
        ExportOrdered::New(export) => *export,
        ExportOrdered::Known(export) if export.terms.request != new.terms.request => {
            let version = priced.prices.version();
            return Err(hold::refused(Withheld::OtherRequest, version));
        }
        ExportOrdered::Known(export) if export.attempt.is_some() => return Ok(*export),
        // Its process died before the hold, or is at it: the same hold twice is one.
        ExportOrdered::Known(export) => *export,
    };
    hold::begin(call, export, &others).await
}

/// The order as it is to be kept, and the charges that it may have on neighbouring days.
fn new_export<'a>(
    call: &ApiCall,
    body: &OrderBody,
    priced: &PricedOrder,
    now: Timestamp,
) -> Result<(NewExport<'a>, Vec<ChargeRef>), Problem> {
    let PricedOrder { order, prices, estimate, .. } = priced;
    let meant = serde_json::to_vec(order).map_err(|error| Problem::corrupt("an order", &error))?;
    let meant = RequestHash::new(&[b"POST", b"/v1/exports", &meant]);
    let (caller, admitted) = (call.caller(), call.admitted());
    let run = match order.source {
        ExportSource::Run(run) => Some(run),
        ExportSource::Changes(_) => None,
    };
    let (request, ids) = match &admitted.terms.idempotency_key {
        Some(key) => (body.hash(), ChargedRequest::Keyed { key }.ids(caller.payer, admitted.at)),
        None => {
            let read = ChargedRequest::Read { request: meant, run };
            (meant, read.ids(caller.payer, admitted.at))
        }
    };
    let reference = |charge| ChargeRef { payer: caller.payer, charge };
    let held_until = now.as_second().saturating_add(HELD_SECONDS);
    let terms = ExportTerms {
        charge: reference(ids.id),
        request: *request.bytes(),
        key: caller.key,
        most: estimate.max,
        price_version: prices.version(),
        index: prices.index(PriceClass::Export),
        held_until: Timestamp::from_second(held_until).unwrap_or(Timestamp::MAX),
    };
    // A number that fits a column of the database.
    let id = ExportId::new(call.gateway.nonce() >> 1);
    let row = match order.source {
        ExportSource::Changes(range) => range.from.number(),
        ExportSource::Run(_) => 0,
    };
    let place = ExportPlace { after: None, row };
    let others = ids.neighbour.map(reference).into_iter().collect();
    Ok((NewExport { id, order: *order, terms, others: &[], place }, others))
}
