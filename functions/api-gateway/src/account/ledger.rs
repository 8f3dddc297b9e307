//! The lines of an account in the ledger.

use model::port::{Ledger as _, TransferPeriod};
use model::time::Timestamp;
use model::{LedgerAccount, Transfer, TransferId};
use serde::{Deserialize, Serialize};
use store::pg::ledger::{PgLedger, TransferPlace};
use utoipa::ToSchema;

use crate::answer::{ApiAnswer, Envelope};
use crate::credit_text::CreditText;
use crate::cursor::CursorText;
use crate::error::{Problem, ProblemCode};
use crate::extract::{ApiCall, Query};
use crate::query::TimeParam;

/// A line of the ledger: it never changes. Amounts are credits, as text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LedgerLine)]
pub(crate) struct LineView {
    /// Names it for ever: a charge, `grant:…`, `expiry:…` or `refund:…`.
    #[schema(value_type = String, example = "grant:invoice-7")]
    id: TransferId,
    /// From this account: cash, promotion, customer, revenue, breakage or refunds.
    #[schema(value_type = String, example = "cash")]
    debit: LedgerAccount,
    /// To this one.
    #[schema(value_type = String, example = "customer")]
    credit: LedgerAccount,
    /// How much.
    #[schema(value_type = String, example = "1000")]
    amount: CreditText,
    /// When it came about.
    #[schema(value_type = String, format = DateTime)]
    event_at: Timestamp,
    /// When the ledger got it.
    #[schema(value_type = String, format = DateTime)]
    posted_at: Timestamp,
    /// The line that it reverses.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    reverses: Option<TransferId>,
}

impl LineView {
    fn of(line: Transfer) -> LineView {
        LineView {
            reverses: line.id.reverses(),
            id: line.id,
            debit: line.debit,
            credit: line.credit,
            amount: line.amount.into(),
            event_at: line.event_at,
            posted_at: line.posted_at,
        }
    }
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LedgerParams {
    /// Lines that were posted from this time on.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<TimeParam>,
    /// Lines that were posted before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<TimeParam>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<CursorText>,
}

/// Every movement of the account's credits, by time of posting.
#[utoipa::path(
    get,
    path = "/v1/ledger",
    operation_id = "list_ledger",
    tag = "account",
    params(LedgerParams),
    responses((status = 200, body = Envelope<Vec<LineView>>, description = "The answer."), Problem)
)]
pub(crate) async fn list(
    Query(query): Query<LedgerParams>,
    call: ApiCall,
) -> Result<ApiAnswer<Vec<LineView>>, Problem> {
    let period = TransferPeriod {
        payer: call.caller().payer,
        from: query.from.map_or(Timestamp::MIN, |time| time.0),
        until: query.until.map_or(Timestamp::MAX, |time| time.0),
    };
    let after = call.open_text_cursor(query.cursor.as_deref())?;
    let ledger = PgLedger::new(call.gateway.pg().clone());
    let page = ledger.transfers_of(&period, after.as_deref()).await?;
    let next = page.next.map(|next| call.text_cursor(&next));
    Ok(ApiAnswer::page(page.items.into_iter().map(LineView::of).collect()).then(next))
}

/// The place of a line as a cursor has it.
pub(super) fn text_of(line: &Transfer) -> String {
    format!("{} {}", line.posted_at.as_millisecond(), line.id)
}

/// The place that a cursor has.
pub(super) fn place_of(text: &str) -> Result<TransferPlace, Problem> {
    let place = text.split_once(' ').and_then(|(posted_ms, id)| {
        let posted_at = Timestamp::from_millisecond(posted_ms.parse().ok()?).ok()?;
        Some(TransferPlace { posted_at, id: id.parse().ok()? })
    });
    let bad =
        || Problem::new(ProblemCode::BadCursor, "this cursor is damaged: begin again without it");
    place.ok_or_else(bad)
}
