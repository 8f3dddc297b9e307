//! The monthly statements of an account: sealed, chained, and such that anyone can check them.

use billing::line_bytes;
use billing::merkle::leaf;
use model::port::{Ledger as _, TransferPeriod};
use model::time::Timestamp;
use model::{Month, Statement};
use serde::{Deserialize, Serialize};
use store::pg::ledger::{PgLedger, statements};
use utoipa::ToSchema;

use crate::answer::{ApiAnswer, Envelope};
use crate::credit_text::CreditText;
use crate::cursor::CursorText;
use crate::error::{Problem, ProblemCode};
use crate::extract::{ApiCall, PathId, Query};

/// The most statements that are listed: ten years.
const LISTED_MAX: u32 = 120;

/// What moved in a month. Amounts are credits, as text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Statement)]
pub(crate) struct StatementView {
    #[schema(value_type = String, example = "2026-11")]
    month: Month,
    /// How many lines of the ledger.
    lines: u64,
    /// What could be used before the first.
    #[schema(value_type = String, example = "0")]
    opening: CreditText,
    /// What came.
    #[schema(value_type = String, example = "1000")]
    credited: CreditText,
    /// What went.
    #[schema(value_type = String, example = "4.05")]
    debited: CreditText,
    /// What can be used after the last: opening + credited − debited.
    #[schema(value_type = String, example = "995.95")]
    closing: CreditText,
    /// The root of the month before; zeros if there is none.
    previous_root: String,
    /// SHA-256 over a 2, the previous root, the head and the Merkle root of the lines (RFC 6962); the head is
    /// `account month lines opening credited debited`, amounts in micro-credits.
    root: String,
}

impl StatementView {
    fn of(statement: Statement) -> StatementView {
        StatementView {
            month: statement.month,
            lines: statement.lines,
            opening: statement.opening.into(),
            credited: statement.credited.into(),
            debited: statement.debited.into(),
            closing: statement.closing.into(),
            previous_root: hex(&statement.previous_root),
            root: hex(&statement.root),
        }
    }
}

/// A line of a statement, as it was sealed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatementLine)]
pub(crate) struct SealedLineView {
    /// The bytes that are hashed: the line as JSON, amounts in micro-credits.
    line: String,
    /// SHA-256 over a 0 and those bytes: a leaf of the Merkle tree.
    leaf: String,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The statements, the newest first. A month is sealed an hour after its end.
#[utoipa::path(
    get,
    path = "/v1/statements",
    operation_id = "list_statements",
    tag = "account",
    responses((status = 200, body = Envelope<Vec<StatementView>>, description = "The answer."), Problem)
)]
pub(crate) async fn list(call: ApiCall) -> Result<ApiAnswer<Vec<StatementView>>, Problem> {
    let found = statements(call.gateway.pg(), call.caller().payer, LISTED_MAX).await?;
    Ok(ApiAnswer::page(found.into_iter().map(StatementView::of).collect()))
}

/// One statement.
#[utoipa::path(
    get,
    path = "/v1/statements/{month}",
    operation_id = "get_statement",
    tag = "account",
    params(("month" = String, Path, example = "2026-11")),
    responses((status = 200, body = Envelope<StatementView>, description = "The answer."), Problem)
)]
pub(crate) async fn get(
    PathId(month): PathId<Month>,
    call: ApiCall,
) -> Result<ApiAnswer<StatementView>, Problem> {
    Ok(ApiAnswer::one(StatementView::of(own(&call, month).await?)))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LineParams {
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<CursorText>,
}

/// The lines of a statement in their order, as they were sealed.
#[utoipa::path(
    get,
    path = "/v1/statements/{month}/lines",
    operation_id = "list_statement_lines",
    tag = "account",
    params(("month" = String, Path, example = "2026-11"), LineParams),
    responses((status = 200, body = Envelope<Vec<SealedLineView>>, description = "The answer."), Problem)
)]
pub(crate) async fn lines(
    PathId(month): PathId<Month>,
    Query(query): Query<LineParams>,
    call: ApiCall,
) -> Result<ApiAnswer<Vec<SealedLineView>>, Problem> {
    let statement = own(&call, month).await?;
    let ledger = PgLedger::new(call.gateway.pg().clone());
    let before = ledger.last_statement(statement.payer, month.previous()).await?;
    // It begins where the one before ended.
    let before = before.filter(|before| before.month < month);
    let period = TransferPeriod {
        payer: statement.payer,
        from: before.map_or(Timestamp::MIN, |before| before.month.next().start()),
        until: month.next().start(),
    };
    let after = call.open_text_cursor(query.cursor.as_deref())?;
    let page = ledger.transfers_of(&period, after.as_deref()).await?;
    let mut views = Vec::with_capacity(page.items.len());
    for line in &page.items {
        let bytes = line_bytes(line)?;
        let leaf = hex(&leaf(&bytes));
        views.push(SealedLineView { line: String::from_utf8_lossy(&bytes).into_owned(), leaf });
    }
    Ok(ApiAnswer::page(views).then(page.next.map(|next| call.text_cursor(&next))))
}

async fn own(call: &ApiCall, month: Month) -> Result<Statement, Problem> {
    let ledger = PgLedger::new(call.gateway.pg().clone());
    let found = ledger.last_statement(call.caller().payer, month).await?;
    found.filter(|statement| statement.month == month).ok_or_else(|| {
        let why = format!("there is no statement for {month} yet: see /v1/statements");
        Problem::new(ProblemCode::StatementUnknown, why)
    })
}
