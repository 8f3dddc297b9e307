//! The change stream: what happened to profiles, people and communities, in one order that can be followed without
//! gaps.
//!
//! An event names its profile and how much changed, not the other ends: the lists themselves are at
//! `/v1/profiles/{id}/neighbors`. Consent is applied as it is when the stream is read: of an unlisted
//! profile it shows only that it is gone, and arcs to and from it do not count. A rank change
//! names the people who caused it, if they are listed now; in a sensitive community it is there only if its
//! person names what the community is about, and so do those who caused it.
//!
//! A page says which part of the stream was looked at, so who filters knows that nothing was left out. It is read
//! by [`page`], waited for by [`wait`], written as the client accepts by [`answer`]; as a stream of server-sent
//! events it is many pages ([`event_stream`]).

mod accepted;
mod answer;
mod cursor;
pub(crate) mod event_stream;
mod facts;
mod page;
mod params;
mod shown;
mod view;
mod wait;

pub(crate) use accepted::AcceptedForm;
pub(crate) use answer::{ChangesAnswer, ChangesBody};
pub(crate) use cursor::{StreamCursors, too_old};
pub(crate) use page::{EventPage, EventRequest, read as read_page};
pub(crate) use params::{ChangeQuery, FilterParams, PageParams, kind_list, platform_list};
pub(crate) use view::RangeView;
pub(crate) use wait::{StreamRequest, read_stream};

use crate::error::Problem;
use crate::extract::ApiCall;

/// What changed since, in the order in which it was committed. There is always a `next_cursor`: keep it, and ask
/// again with it later. It goes on with any filter. A page costs as many events as it has, and nothing where it is
/// given again.
#[utoipa::path(
    get,
    path = "/v1/changes",
    operation_id = "list_changes",
    tag = "changes",
    params(PageParams, FilterParams),
    responses(
        (status = 200, description = "The answer, in the form that `Accept` names: `application/json`; \
            `application/x-ndjson`, a line for each event and a last one for the page; or, where it is offered, \
            `text/event-stream`.",
            content((ChangesBody = "application/json"), (String = "application/x-ndjson"),
                (String = "text/event-stream"))),
        Problem
    )
)]
pub(crate) async fn list(
    ChangeQuery { page, filter }: ChangeQuery,
    form: AcceptedForm,
    call: ApiCall,
) -> Result<ChangesAnswer, Problem> {
    let cursors = StreamCursors::of(&call);
    let bounds = store::pg::change::sequence(call.gateway.pg()).await?;
    let after = cursors.opened(call.gateway.pg(), bounds, page.cursor.as_deref()).await?;
    let request = StreamRequest { filter: &filter, after, until: None, page: &page };
    let read = read_stream(&call, &request).await?;
    Ok(ChangesAnswer::new(read, &cursors, form))
}
