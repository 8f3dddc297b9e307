//! The next page of a consumer.

use model::{ChangePosition, Consumer, ConsumerName};
use store::pg::change;

use super::found;
use crate::changes::{
    AcceptedForm, ChangesAnswer, ChangesBody, PageParams, StreamCursors, StreamRequest,
    read_stream, too_old,
};
use crate::error::Problem;
use crate::extract::{ApiCall, PathId};

/// The events that come next for a consumer, by its filter: after the place that was committed or, while it reads a
/// range again, within that. Nothing moves: commit `next_cursor` when the page is done, or give it as `cursor` to read
/// ahead. A page costs what it costs at `/v1/changes`, and nothing where it was read there.
#[utoipa::path(
    get,
    path = "/v1/consumers/{name}/changes",
    operation_id = "list_consumer_changes",
    tag = "changes",
    params(("name" = String, Path, example = "mirror"), PageParams),
    responses(
        (status = 200, description = "The answer, in the form that `Accept` names, as at `/v1/changes`.",
            content((ChangesBody = "application/json"), (String = "application/x-ndjson"),
                (String = "text/event-stream"))),
        Problem
    )
)]
pub(crate) async fn list(
    PathId(name): PathId<ConsumerName>,
    page: PageParams,
    form: AcceptedForm,
    call: ApiCall,
) -> Result<ChangesAnswer, Problem> {
    let (pg, cursors) = (call.gateway.pg(), StreamCursors::of(&call));
    let bounds = change::sequence(pg).await?;
    let consumer = found(&call, &name).await?;
    let given = match &page.cursor {
        Some(cursor) => Some(cursors.opened(pg, bounds, Some(cursor)).await?),
        None => None,
    };
    let (after, until) = place(&consumer, given);
    if after < bounds.floor {
        return Err(too_old(&cursors, bounds));
    }
    let request = StreamRequest { filter: &consumer.filter, after, until, page: &page };
    let read = read_stream(&call, &request).await?;
    Ok(ChangesAnswer::new(read, &cursors, form).replayed(until.is_some()))
}

/// Where the page begins, and where it ends at most: within the range that is read again, unless a cursor leads
/// out of it.
fn place(
    consumer: &Consumer,
    given: Option<ChangePosition>,
) -> (ChangePosition, Option<ChangePosition>) {
    match (consumer.replay, given) {
        (Some(range), None) => (range.from, Some(range.to)),
        (Some(range), Some(given)) if given >= range.from && given < range.to => {
            (given, Some(range.to))
        }
        (_, given) => (given.unwrap_or(consumer.position), None),
    }
}
