//! Exports: files of what Borg knows, ordered and written later. [docs/exports.md](../../../docs/exports.md) describes
//! them; the function `export` writes them.

use model::charge::ChargeRef;
use model::export::{ExportPart, ExportSource};
use model::time::Timestamp;
use model::{
    ChargeId, Export, ExportFormat, ExportId, ExportState, ExportSubject, PriceVersion, RunId,
};
use serde::{Deserialize, Serialize};
use store::pg::export;
use utoipa::ToSchema;

pub(crate) mod archive;
pub(crate) mod file;
mod hold;
pub(crate) mod links;
pub(crate) mod order;
mod order_schema;
mod sizing;

use crate::answer::{ApiAnswer, Envelope};
use crate::changes::{RangeView, StreamCursors};
use crate::credit_text::CreditText;
use crate::cursor::CursorText;
use crate::error::{Problem, ProblemCode};
use crate::extract::{ApiCall, PathId, Query};
use crate::query::PageLimit;

/// Files that were ordered. Amounts are credits, as text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Export)]
pub(crate) struct ExportView {
    /// Names it.
    #[schema(value_type = String, example = "exp_7")]
    id: ExportId,
    /// `queued`, `running`, `settling` (written, and being charged), `done`, `failed` or `cancelled`.
    #[schema(value_type = String, example = "running")]
    state: ExportState,
    /// What its rows are.
    #[schema(value_type = String, example = "people")]
    what: ExportSubject,
    /// The form of its files.
    #[schema(value_type = String, example = "parquet")]
    format: ExportFormat,
    /// The run that it is made from, which is sealed; absent of changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "run_1")]
    run: Option<RunId>,
    /// The part of the change stream that it is made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<RangeView>,
    /// How many files are written.
    parts: u32,
    /// How many rows they have.
    rows: u64,
    /// How many bytes they have.
    bytes: u64,
    /// The most that it costs: held until it ends.
    #[schema(value_type = String, example = "2.5")]
    cost_max: CreditText,
    /// What it cost, once it is done; 0 if it failed or was cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "0.6")]
    cost: Option<CreditText>,
    /// Its charge.
    #[schema(value_type = String, example = "chg_00000000000000000000000000000001")]
    charge: ChargeId,
    /// By which prices.
    #[schema(value_type = String, example = "1.29717000")]
    price_version: PriceVersion,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// When it was ordered.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When all was written, or it failed or was cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// When its files are deleted: 7 days after it is done.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Of changes: the cursor with which `/v1/changes` goes on after the files.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// The files, once it is done; lists do not have them.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Vec<FileView>>,
}

/// One file of an export.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExportFile)]
pub(crate) struct FileView {
    /// Its number, from 0.
    part: u32,
    /// Of changes: the part of the stream that it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<RangeView>,
    /// Of changes: the cursor of the beginning of its range. While there is no link to the file, `/v1/changes` has the
    /// same from there on.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    /// How many rows it has.
    rows: u64,
    /// How many bytes.
    bytes: u64,
    /// The SHA-256 of its bytes, in hexadecimal digits. It changes where someone was erased.
    #[schema(example = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    sha256: String,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportListParams {
    /// How many rows a page has: 1 to 1000; 50 unless given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<PageLimit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<CursorText>,
}

impl FileView {
    fn of(part: &ExportPart, cursors: &StreamCursors) -> FileView {
        FileView {
            part: part.part,
            range: part.range.map(Into::into),
            cursor: part.range.map(|range| cursors.sealed(range.from)),
            rows: part.file.rows,
            bytes: part.file.bytes,
            sha256: hexadecimal(&part.file.sha256),
        }
    }
}

/// A hash as clients get it.
fn hexadecimal(hash: &[u8; 32]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl ExportView {
    fn of(export: Export, cursors: &StreamCursors) -> ExportView {
        let (run, range) = match export.order.source {
            ExportSource::Run(run) => (Some(run), None),
            ExportSource::Changes(range) => (None, Some(range)),
        };
        let is_free = matches!(export.state, ExportState::Failed | ExportState::Cancelled);
        ExportView {
            id: export.id,
            state: export.state,
            what: export.order.what,
            format: export.order.format,
            run,
            range: range.map(Into::into),
            next_cursor: range.map(|range| cursors.sealed(range.to)),
            parts: export.parts,
            rows: export.rows,
            bytes: export.bytes,
            cost_max: export.terms.most.into(),
            cost: export.cost.or(is_free.then_some(model::MicroCredits::ZERO)).map(Into::into),
            charge: export.terms.charge.charge,
            price_version: export.terms.price_version,
            error: export.error,
            created_at: export.created_at,
            ended_at: export.ended_at,
            expires_at: export.expires_at,
            files: None,
        }
    }
}

/// The account's exports, the newest first.
#[utoipa::path(
    get,
    path = "/v1/exports",
    operation_id = "list_exports",
    tag = "exports",
    params(ExportListParams),
    responses((status = 200, body = Envelope<Vec<ExportView>>, description = "The answer."), Problem)
)]
pub(crate) async fn list(
    Query(query): Query<ExportListParams>,
    call: ApiCall,
) -> Result<ApiAnswer<Vec<ExportView>>, Problem> {
    let rows = query.limit.unwrap_or_default().rows();
    let cursor = call.open_text_cursor(query.cursor.as_deref())?;
    let after = cursor.as_deref().and_then(place);
    let exports = export::of_payer(call.pg(), call.caller().payer, after, rows).await?;
    let last = exports.last().filter(|_| exports.len() == rows as usize);
    let next = last
        .map(|last| call.text_cursor(&format!("{} {}", last.created_at.as_millisecond(), last.id)));
    let cursors = StreamCursors::of(&call);
    let view = |export| ExportView::of(export, &cursors);
    Ok(ApiAnswer::page(exports.into_iter().map(view).collect()).then(next))
}

/// The place in the list that a cursor names.
fn place(text: &str) -> Option<(Timestamp, ExportId)> {
    let (at, id) = text.split_once(' ')?;
    Some((Timestamp::from_millisecond(at.parse().ok()?).ok()?, id.parse().ok()?))
}

/// One export: how far it is and, once it is done, its files.
#[utoipa::path(
    get,
    path = "/v1/exports/{id}",
    operation_id = "get_export",
    tag = "exports",
    params(("id" = String, Path, example = "exp_7")),
    responses((status = 200, body = Envelope<ExportView>, description = "The answer."), Problem)
)]
pub(crate) async fn get(
    PathId(id): PathId<ExportId>,
    call: ApiCall,
) -> Result<ApiAnswer<ExportView>, Problem> {
    let own = own(&call, id).await?;
    let files = match own.state {
        ExportState::Done => Some(export::manifest(call.pg(), id).await?),
        _ => None,
    };
    let cursors = StreamCursors::of(&call);
    let mut view = ExportView::of(own, &cursors);
    view.files = files.map(|files| files.iter().map(|one| FileView::of(one, &cursors)).collect());
    Ok(ApiAnswer::one(view))
}

/// Cancels an export that is not written yet: it costs nothing. One that ended stays as it is.
#[utoipa::path(
    delete,
    path = "/v1/exports/{id}",
    operation_id = "cancel_export",
    tag = "exports",
    params(("id" = String, Path, example = "exp_7")),
    responses((status = 200, body = Envelope<ExportView>, description = "The export as it is then."), Problem)
)]
pub(crate) async fn cancel(
    PathId(id): PathId<ExportId>,
    call: ApiCall,
) -> Result<ApiAnswer<ExportView>, Problem> {
    let gateway = &call.gateway;
    own(&call, id).await?;
    export::cancel(gateway.pg(), id, gateway.now()).await?;
    let now = own(&call, id).await?;
    // Again, too, if the hold was not released the last time.
    if let (ExportState::Cancelled, Some(attempt)) = (now.state, now.attempt) {
        billing::abandon(&gateway.charging().wallet, now.terms.charge, attempt).await?;
    }
    Ok(ApiAnswer::one(ExportView::of(now, &StreamCursors::of(&call))))
}

/// An export of the account that calls.
async fn own(call: &ApiCall, id: ExportId) -> Result<Export, Problem> {
    let found = export::get(call.gateway.pg(), id).await?;
    let is_own = |export: &Export| {
        let ChargeRef { payer, .. } = export.terms.charge;
        payer == call.caller().payer
    };
    found.filter(is_own).ok_or_else(|| {
        let why = format!("there is no export {id} of this account, or it is not kept any more");
        Problem::new(ProblemCode::ExportUnknown, why)
    })
}
