//! The charges of an account.

use model::charge::ChargeRef;
use model::port::{Ledger as _, Wallet as _};
use model::time::Timestamp;
use model::{
    Charge, ChargeId, ChargeState, KeyId, PriceVersion, QuoteId, RunId, Transfer, TransferId, Usage,
};
use serde::{Deserialize, Serialize};
use store::pg::ledger::{PgLedger, newest};
use utoipa::ToSchema;

use super::ledger::{place_of, text_of};
use crate::answer::{ApiAnswer, Envelope};
use crate::credit_text::CreditText;
use crate::cursor::CursorText;
use crate::error::{Problem, ProblemCode};
use crate::extract::{ApiCall, PathId, Query};
use crate::query::PageLimit;

/// What was charged for one answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Charge)]
pub(crate) struct ChargeView {
    /// Names it for ever.
    #[schema(value_type = String, example = "chg_0w3ge1r70w3ge1r70w3ge1r70w3ge1r7")]
    id: ChargeId,
    /// `served`: the wallet paid; `posted`: the ledger has it, too; `pending`: its most is held.
    state: &'static str,
    /// The key that asked.
    #[schema(value_type = String, example = "key_1")]
    key: KeyId,
    /// The route.
    #[schema(example = "/v1/people/{id}")]
    route: String,
    /// What the answer consists of.
    #[schema(value_type = Object, example = json!({"class": "graph", "units": {"call.read": 1, "row.person": 1}}))]
    usage: Usage,
    /// What it cost, in credits.
    #[schema(value_type = String, example = "0.25")]
    cost: CreditText,
    /// By which prices: the cost follows from them and the usage, but for a quote, which may cost less.
    #[schema(value_type = String, example = "1.29717000")]
    price_version: PriceVersion,
    /// The quote that paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "qt_7")]
    quote: Option<QuoteId>,
    /// The run that answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "run_1")]
    run: Option<RunId>,
    /// When the answer was ready.
    #[schema(value_type = String, format = DateTime)]
    served_at: Timestamp,
    /// When the ledger got it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    posted_at: Option<Timestamp>,
}

impl ChargeView {
    fn of_wallet(charge: Charge) -> ChargeView {
        ChargeView {
            id: charge.id,
            state: charge.state.slug(),
            key: charge.key,
            route: charge.route,
            usage: charge.usage,
            cost: charge.cost.into(),
            price_version: charge.price_version,
            quote: charge.quote,
            run: charge.run,
            served_at: charge.served_at.unwrap_or(charge.opened_at),
            posted_at: charge.posted_at,
        }
    }

    /// `None` if the line is of no charge.
    fn of_line(line: Transfer) -> Option<ChargeView> {
        let TransferId::Charge { charge: id } = line.id else { return None };
        let detail = line.detail?;
        Some(ChargeView {
            id,
            state: ChargeState::Posted.slug(),
            key: detail.key,
            route: detail.route,
            usage: detail.usage,
            cost: line.amount.into(),
            price_version: detail.price_version,
            quote: detail.quote,
            run: None,
            served_at: line.event_at,
            posted_at: Some(line.posted_at),
        })
    }
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChargeParams {
    /// How many rows a page has: 1 to 1000; 50 unless given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<PageLimit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<CursorText>,
}

/// The posted charges, the newest first. A charge is posted within seconds; before, it is found by its id.
#[utoipa::path(
    get,
    path = "/v1/charges",
    operation_id = "list_charges",
    tag = "account",
    params(ChargeParams),
    responses((status = 200, body = Envelope<Vec<ChargeView>>, description = "The answer."), Problem)
)]
pub(crate) async fn list(
    Query(query): Query<ChargeParams>,
    call: ApiCall,
) -> Result<ApiAnswer<Vec<ChargeView>>, Problem> {
    let rows = query.limit.unwrap_or_default().rows();
    let before = call.open_text_cursor(query.cursor.as_deref())?;
    let before = before.as_deref().map(place_of).transpose()?;
    let lines = newest(call.gateway.pg(), call.caller().payer, true, before, rows).await?;
    let full = lines.len() == rows as usize;
    let next = lines.last().filter(|_| full).map(|last| call.text_cursor(&text_of(last)));
    let views = lines.into_iter().filter_map(ChargeView::of_line).collect();
    Ok(ApiAnswer::page(views).then(next))
}

/// One charge.
#[utoipa::path(
    get,
    path = "/v1/charges/{id}",
    operation_id = "get_charge",
    tag = "account",
    params(("id" = String, Path, example = "chg_0w3ge1r70w3ge1r70w3ge1r70w3ge1r7")),
    responses((status = 200, body = Envelope<ChargeView>, description = "The answer."), Problem)
)]
pub(crate) async fn get(
    PathId(id): PathId<ChargeId>,
    call: ApiCall,
) -> Result<ApiAnswer<ChargeView>, Problem> {
    let payer = call.caller().payer;
    let wallet = &call.gateway.charging().wallet;
    let found = wallet.charges(&[ChargeRef { payer, charge: id }]).await?.into_iter().next();
    if let Some(charge) = found.filter(|charge| charge.state != ChargeState::Void) {
        return Ok(ApiAnswer::one(ChargeView::of_wallet(charge)));
    }
    // The wallet forgets old charges, the ledger never.
    let ledger = PgLedger::new(call.gateway.pg().clone());
    let lines = ledger.transfers(&[TransferId::Charge { charge: id }]).await?;
    let own = lines.into_iter().map(|line| line.transfer).find(|line| line.payer == payer);
    let unknown = || {
        let why = format!("there is no charge {id} of this account: see /v1/charges");
        Problem::new(ProblemCode::ChargeUnknown, why)
    };
    own.and_then(ChargeView::of_line).map(ApiAnswer::one).ok_or_else(unknown)
}
