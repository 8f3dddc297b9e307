//! Moving a consumer: forward as it gets on, back if it says so, or through a range again.

use model::change::ChangeRange;
use model::{ChangePosition, ConsumerName};
use serde::Deserialize;
use store::pg::consumer::ConsumerMove;
use store::pg::{change, consumer};
use utoipa::ToSchema;

use super::{ConsumerView, found, key, shown};
use crate::answer::{ApiAnswer, Envelope};
use crate::changes::StreamCursors;
use crate::cursor::CursorText;
use crate::error::{Problem, ProblemCode};
use crate::extract::{ApiCall, JsonCall, JsonInput, PathId};

/// How far a consumer got.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `cursor`")]
pub(crate) struct CommitOrder {
    /// `next_cursor` of the page that is done.
    #[schema(value_type = String, example = "c3RyZWFtcyBnbyBvbg", pattern = "^[A-Za-z0-9_-]+$", max_length = 1024)]
    cursor: CursorText,
    /// `forward`, unless given: not before the place that was committed. `rewind`: also before it, which ends a
    /// range that is read again. `replay`: in that range, as the page's `is_replay` says; the place stays.
    #[serde(default, rename = "move")]
    #[schema(value_type = String, example = "forward", pattern = "^(forward|rewind|replay)$")]
    direction: CommitMove,
}

/// Where a consumer moves.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum CommitMove {
    #[default]
    Forward,
    Rewind,
    Replay,
}

/// What is to be read again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `from` and `to`")]
pub(crate) struct ReplayOrder {
    /// The cursor after which the range begins.
    #[schema(value_type = String, example = "c3RyZWFtcyBnbyBvbg", pattern = "^[A-Za-z0-9_-]+$", max_length = 1024)]
    from: CursorText,
    /// The cursor up to which it goes: not beyond the place that was committed.
    #[schema(value_type = String, example = "c3RyZWFtcyBnbyBvbg", pattern = "^[A-Za-z0-9_-]+$", max_length = 1024)]
    to: CursorText,
}

impl JsonInput for CommitOrder {}

impl From<CommitMove> for ConsumerMove {
    fn from(direction: CommitMove) -> ConsumerMove {
        match direction {
            CommitMove::Forward => ConsumerMove::Forward,
            CommitMove::Rewind => ConsumerMove::Rewind,
            CommitMove::Replay => ConsumerMove::Replay,
        }
    }
}

impl JsonInput for ReplayOrder {}

/// Says how far a consumer got. The same again changes nothing.
#[utoipa::path(
    post,
    path = "/v1/consumers/{name}/commit",
    operation_id = "commit_consumer",
    tag = "changes",
    params(("name" = String, Path, example = "mirror")),
    request_body = CommitOrder,
    responses((status = 200, body = Envelope<ConsumerView>, description = "The answer."), Problem)
)]
pub(crate) async fn commit(
    PathId(name): PathId<ConsumerName>,
    JsonCall { call, body }: JsonCall<CommitOrder>,
) -> Result<ApiAnswer<ConsumerView>, Problem> {
    let position = position(&call, &body.cursor).await?;
    let (pg, now) = (call.gateway.pg(), call.gateway.now());
    let moved =
        consumer::commit(pg, key(&call, &name), position, body.direction.into(), now).await?;
    match moved {
        Some(moved) => shown(&call, moved).await,
        None => {
            let at = found(&call, &name).await?.position;
            let why = format!(
                "the consumer is at {at}, beyond {position}: say `rewind` as `move` to go back"
            );
            Err(Problem::new(ProblemCode::ConsumerAhead, why))
        }
    }
}

/// Lets a consumer read a range again, in pages as always; then it goes on where it was. Commits with `"move": "replay"` move
/// it in the range, all others move its own place. Pages that were paid cost nothing.
#[utoipa::path(
    post,
    path = "/v1/consumers/{name}/replay",
    operation_id = "replay_consumer",
    tag = "changes",
    params(("name" = String, Path, example = "mirror")),
    request_body = ReplayOrder,
    responses((status = 200, body = Envelope<ConsumerView>, description = "The answer."), Problem)
)]
pub(crate) async fn replay(
    PathId(name): PathId<ConsumerName>,
    JsonCall { call, body }: JsonCall<ReplayOrder>,
) -> Result<ApiAnswer<ConsumerView>, Problem> {
    let from = position(&call, &body.from).await?;
    let to = position(&call, &body.to).await?;
    if from >= to {
        return Err(Problem::body("/to", "it must lie after `from`"));
    }
    let (pg, now) = (call.gateway.pg(), call.gateway.now());
    let moved = consumer::replay(pg, key(&call, &name), ChangeRange { from, to }, now).await?;
    match moved {
        Some(moved) => shown(&call, moved).await,
        None => {
            let at = found(&call, &name).await?.position;
            let why = format!("the consumer is at {at} only, before {to}: it reads on by itself");
            Err(Problem::new(ProblemCode::ConsumerAhead, why))
        }
    }
}

/// The position of a cursor in the body.
async fn position(call: &ApiCall, cursor: &str) -> Result<ChangePosition, Problem> {
    let (pg, cursors) = (call.gateway.pg(), StreamCursors::of(call));
    let bounds = change::sequence(pg).await?;
    cursors.opened(pg, bounds, Some(cursor)).await
}
