//! Runs: the list, one, and which of them an answer comes from.

use model::time::Timestamp;
use model::{RunId, SnapshotId};
use search::Folding;
use serde::{Deserialize, Serialize};
use store::Pg;
use store::pg::run::{self, Run, RunState};
use utoipa::ToSchema;

use crate::answer::{Answer, Class, Envelope, Served};
use crate::cursor::Cursor;
use crate::error::{Code, Problem, ProblemBody};
use crate::extract::{Asked, Call, Id};
use crate::query::{Limit, Moment, Wanted};

/// How many runs are looked through for the one that was served at some time.
const RUNS_SEEN_MAX: u32 = 10_000;

/// One scoring of one snapshot of the attention graph.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunView {
    /// The run.
    #[schema(value_type = String, example = "run_3")]
    id: RunId,
    /// The snapshot that it scores, once there is one.
    #[schema(value_type = Option<String>, example = "snp_2")]
    snapshot: Option<SnapshotId>,
    /// How it stands: running, published, failed or retired.
    #[schema(example = "published")]
    state: &'static str,
    /// The last stage that is done: snapshot, communities, rank, people or publish.
    stage: Option<&'static str>,
    /// Whether answers come from it, unless a request asks for another.
    served: bool,
    /// When it was made: `as_of` of its answers.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
}

impl RunView {
    fn new(run: Run, active: Option<RunId>) -> RunView {
        RunView {
            id: run.id,
            snapshot: run.snapshot,
            state: match run.state {
                RunState::Running => "running",
                RunState::Published => "published",
                RunState::Failed => "failed",
                RunState::Retired => "retired",
            },
            stage: run.sealed.map(model::message::Stage::slug),
            served: active == Some(run.id),
            created_at: run.created_at,
            ended_at: run.ended_at,
        }
    }
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    /// How many rows a page has: 1 to 1000; 50 unless given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The runs, the newest first.
#[utoipa::path(get, operation_id = "list_runs", path = "/v1/runs", tag = "runs", params(ListParams), responses(
    (status = 200, body = Envelope<Vec<RunView>>, description = "The answer."), (status = "default", body = ProblemBody,
        description = "Why there is no answer.", content_type = "application/problem+json")))]
pub(crate) async fn list(
    call: Call,
    Asked(asked): Asked<ListParams>,
) -> Result<Answer<Vec<RunView>>, Problem> {
    let rows = asked.limit.unwrap_or_default().rows();
    let before = call.opened(asked.cursor.as_deref())?.map(|cursor| cursor.run);
    let runs = run::list(call.pg(), before, rows).await?;
    let active = run::active(call.pg()).await?;
    let full = runs.len() == rows as usize;
    let next = runs.last().filter(|_| full).map(|last| call.cursor(last.id, [0, 0]));
    let runs = runs.into_iter().map(|run| RunView::new(run, active)).collect();
    Ok(Answer::page(Class::Free, runs).then(next))
}

/// One run.
#[utoipa::path(get, operation_id = "get_run", path = "/v1/runs/{id}", tag = "runs",
    params(("id" = String, Path, example = "run_3")), responses(
    (status = 200, body = Envelope<RunView>, description = "The answer."), (status = "default", body = ProblemBody,
        description = "Why there is no answer.", content_type = "application/problem+json")))]
pub(crate) async fn get(call: Call, Id(id): Id<RunId>) -> Result<Answer<RunView>, Problem> {
    let found = run::get(call.pg(), id).await?.ok_or_else(|| unknown(id))?;
    let active = run::active(call.pg()).await?;
    Ok(Answer::one(Class::Free, RunView::new(found, active)))
}

/// The run to answer from: the walk's, else the one that was asked for, else the active one.
pub(crate) async fn chosen(
    pg: &Pg,
    wanted: Wanted,
    walk: Option<Cursor>,
) -> Result<Served, Problem> {
    let run = match (walk.map(|cursor| cursor.run).or(wanted.run), wanted.as_of) {
        (None, None) => active(pg).await?.ok_or_else(nothing_scored)?,
        (None, Some(Moment(at))) => served_at(pg, at).await?,
        (Some(_), Some(_)) if walk.is_none() => {
            return Err(Problem::parameter("as_of", "give either `run` or `as_of`"));
        }
        (Some(id), _) => run::get(pg, id).await?.ok_or_else(|| unknown(id))?,
    };
    match run.state {
        RunState::Published => Ok(served(&run)),
        RunState::Retired => {
            let why = format!("{} is not kept any more: see /v1/runs", run.id);
            Err(Problem::new(Code::RunRetired, why))
        }
        RunState::Running | RunState::Failed => {
            let why = format!("{} has no results: see /v1/runs", run.id);
            Err(Problem::new(Code::RunUnknown, why))
        }
    }
}

/// The active run, where an answer says more with one but needs none.
pub(crate) async fn active_if_any(pg: &Pg) -> Result<Option<Served>, Problem> {
    let run = active(pg).await?;
    Ok(run.as_ref().map(served))
}

const fn served(run: &Run) -> Served {
    Served { run: run.id, as_of: run.created_at, folding: run.folding }
}

/// How the words of a run are folded. One that a newer version of Borg published may be served while
/// that version is being taken back: its words cannot be asked for until then.
pub(crate) fn folding(served: Served) -> Result<Folding, Problem> {
    Folding::try_from(served.folding).map_err(|error| {
        let why = format!("the search index of {} has {error}: try again later", served.run);
        Problem::new(Code::Unavailable, why)
    })
}

async fn active(pg: &Pg) -> Result<Option<Run>, Problem> {
    let Some(id) = run::active(pg).await? else { return Ok(None) };
    Ok(run::get(pg, id).await?)
}

/// The newest run with results that was there at a time.
async fn served_at(pg: &Pg, at: Timestamp) -> Result<Run, Problem> {
    const PAGE: u32 = 1000;
    let mut before = None;
    for _ in 0..RUNS_SEEN_MAX / PAGE {
        let page = run::list(pg, before, PAGE).await?;
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        let results = |run: &Run| matches!(run.state, RunState::Published | RunState::Retired);
        let mut there = page.into_iter().filter(|run| run.created_at <= at && results(run));
        if let Some(found) = there.next() {
            return Ok(found);
        }
    }
    Err(Problem::new(Code::RunUnknown, "no run is as old as `as_of`: see /v1/runs"))
}

fn unknown(id: RunId) -> Problem {
    Problem::new(Code::RunUnknown, format!("there is no run {id}: see /v1/runs"))
}

fn nothing_scored() -> Problem {
    Problem::new(Code::NoRun, "nothing has been scored yet: run `borg score`")
}
