//! What became of a community over all runs.

use model::time::Timestamp;
use model::{Community, CommunityId, EventKind, RunId};
use serde::{Deserialize, Serialize};
use store::pg::lineage::{self, DatedEvent, EventPosition};
use tokio::try_join;
use utoipa::ToSchema;

use crate::answer::{ApiAnswer, Envelope};
use crate::community_lookup::{find, in_run, unknown};
use crate::community_view::CommunityBrief;
use crate::cursor::CursorText;
use crate::error::Problem;
use crate::extract::{ApiCall, PathId, Query};
use crate::query::{PageLimit, RunChoice};
use crate::runs;

/// A community over time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LineageView {
    /// The community; that which stands for it, if it is the same group on several levels.
    #[schema(value_type = String, example = "com_1")]
    id: CommunityId,
    /// Whether it is in the run that is served.
    #[schema(value_type = String, example = "living", pattern = "^(living|ended)$")]
    state: LineageState,
    /// The living community that most of its people went into; `null` while it lives, or if there is none.
    continued_by: Option<CommunityBrief>,
    /// What happened, the newest first.
    events: Vec<LineageEventView>,
}

/// Whether a community is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum LineageState {
    Living,
    Ended,
}

/// What happened in one run.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LineageEventView {
    /// The run.
    #[schema(value_type = String, example = "run_1")]
    run: RunId,
    /// When it was published.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// `born`: it has no past. `grown`: by a quarter at least. `shrunk`: by a fifth at least. `split`: its
    /// people left `other`, which lives on. `merged`: its people went into `other`. `died`: its people
    /// went to many others, or are gone.
    #[schema(value_type = String, example = "grown")]
    kind: EventKind,
    /// The community that it happened to: this one, or one that left it or went into it.
    #[schema(value_type = String, example = "com_1")]
    community: CommunityId,
    /// The one that it came from or went into; `null` where there is none.
    #[schema(value_type = Option<String>, example = "com_2")]
    other: Option<CommunityId>,
    /// The level that it was found on; 0 is the coarsest.
    level: u8,
    /// How many people the two share, or it shares with itself in the run before.
    shared: u32,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LineageParams {
    /// How many events a page has: 1 to 1000; 50 unless given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<PageLimit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<CursorText>,
}

/// What became of a community: when it was born, grew, shrank, split, merged or died. An id that ended answers
/// too, with the community that continues it. Kept for good.
#[utoipa::path(
    get,
    path = "/v1/communities/{id}/lineage",
    operation_id = "get_community_lineage",
    tag = "communities",
    params(("id" = String, Path, example = "com_1"), LineageParams),
    responses((status = 200, body = Envelope<LineageView>, description = "The answer."), Problem)
)]
pub(crate) async fn get(
    PathId(id): PathId<CommunityId>,
    Query(query): Query<LineageParams>,
    call: ApiCall,
) -> Result<ApiAnswer<LineageView>, Problem> {
    let cursor = call.open_cursor(query.cursor.as_deref())?;
    let rows = query.limit.unwrap_or_default().rows();
    let served = runs::choose(&call, RunChoice::default(), None).await?;
    let living = in_run(&call, served.run, id).await?;
    let id = living.as_ref().map_or(id, |one| one.id);
    let after = cursor.map(|cursor| EventPosition {
        run: cursor.run,
        community: CommunityId::new(cursor.position[0]),
    });
    let events =
        async { Ok::<_, Problem>(lineage::of_community(call.pg(), id, after, rows).await?) };
    let (events, heir) = try_join!(events, heir(&call, served.run, id, living.is_some()))?;
    if living.is_none() && events.is_empty() && !lineage::is_known(call.pg(), id).await? {
        return Err(unknown(&call, id, served.run).await);
    }
    let last = events.last().filter(|_| events.len() == rows as usize);
    let next = last.map(|last| call.cursor(last.run, [last.event.community.number(), 0]));
    let (count, heir) = (events.len(), heir.as_ref());
    let view = LineageView {
        id,
        state: if living.is_some() { LineageState::Living } else { LineageState::Ended },
        continued_by: heir.map(|heir| CommunityBrief::new(heir.id, Some(heir))),
        events: events.into_iter().map(LineageEventView::new).collect(),
    };
    Ok(ApiAnswer::of_rows(view, count).of(Some(served)).then(next))
}

/// The living community that continues one that ended.
async fn heir(
    call: &ApiCall,
    run: RunId,
    id: CommunityId,
    is_living: bool,
) -> Result<Option<Community>, Problem> {
    if is_living {
        return Ok(None);
    }
    let line = lineage::continued_by(call.pg(), id).await?;
    find(call, run, &line).await
}

impl LineageEventView {
    fn new(dated: DatedEvent) -> LineageEventView {
        let DatedEvent { run, at, event } = dated;
        LineageEventView {
            run,
            at,
            kind: event.event,
            community: event.community,
            other: event.other,
            level: event.level,
            shared: event.shared,
        }
    }
}
