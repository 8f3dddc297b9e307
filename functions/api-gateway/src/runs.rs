//! Runs: the list, one, and which of them an answer comes from.

use model::time::Timestamp;
use model::{RunId, SnapshotId};
use search::Folding;
use serde::{Deserialize, Serialize};
use store::Pg;
use store::pg::run::{self, Run, RunState};
use tokio::try_join;
use utoipa::ToSchema;

use crate::answer::{AnswerRun, ApiAnswer, Envelope};
use crate::cursor::{Cursor, CursorPosition, CursorText};
use crate::error::{Problem, ProblemCode};
use crate::extract::{ApiCall, PathId, Query};
use crate::query::{PageLimit, RunChoice, TimeParam};

/// The most runs that are read to find the one of a time.
const RUNS_SEEN_MAX: u32 = 10_000;

/// One scoring of one snapshot of the attention graph.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunView {
    /// The run.
    #[schema(value_type = String, example = "run_1")]
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
    fn new(run: Run, served: Option<RunId>) -> RunView {
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
            served: served == Some(run.id),
            created_at: run.created_at,
            ended_at: run.ended_at,
        }
    }
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunListParams {
    /// How many rows a page has: 1 to 1000; 50 unless given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<PageLimit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<CursorText>,
}

/// The runs, the newest first.
#[utoipa::path(
    get,
    path = "/v1/runs",
    operation_id = "list_runs",
    tag = "runs",
    params(RunListParams),
    responses((status = 200, body = Envelope<Vec<RunView>>, description = "The answer."), Problem)
)]
pub(crate) async fn list(
    Query(query): Query<RunListParams>,
    call: ApiCall,
) -> Result<ApiAnswer<Vec<RunView>>, Problem> {
    let rows = query.limit.unwrap_or_default().rows();
    let before = call.open_cursor(query.cursor.as_deref())?.map(|cursor| cursor.run);
    let list = async { Ok(run::list(call.pg(), before, rows).await?) };
    let (runs, served) = try_join!(list, served_run(&call))?;
    let served = served.map(|run| run.id);
    let full = runs.len() == rows as usize;
    let next = runs.last().filter(|_| full).map(|last| call.cursor(last.id, [0, 0]));
    let runs = runs.into_iter().map(|run| RunView::new(run, served)).collect();
    Ok(ApiAnswer::page(runs).then(next))
}

/// One run.
#[utoipa::path(
    get,
    path = "/v1/runs/{id}",
    operation_id = "get_run",
    tag = "runs",
    params(("id" = String, Path, example = "run_1")),
    responses((status = 200, body = Envelope<RunView>, description = "The answer."), Problem)
)]
pub(crate) async fn get(
    PathId(id): PathId<RunId>,
    call: ApiCall,
) -> Result<ApiAnswer<RunView>, Problem> {
    let found = async { run::get(call.pg(), id).await?.ok_or_else(|| unknown(id)) };
    let (found, served) = try_join!(found, served_run(&call))?;
    let served = served.map(|run| run.id);
    Ok(ApiAnswer::one(RunView::new(found, served)))
}

/// A page of rows of a run.
pub(crate) struct RunPage {
    pub(crate) served: AnswerRun,
    /// Where it begins; `None` on the first one.
    pub(crate) begin: Option<CursorPosition>,
}

impl RunPage {
    /// The page that a call asks for, by the run that it wants and the cursor that it sends.
    pub(crate) async fn of(
        call: &ApiCall,
        wanted: RunChoice,
        cursor: Option<&str>,
    ) -> Result<RunPage, Problem> {
        let cursor = call.open_cursor(cursor)?;
        let served = choose(call, wanted, cursor).await?;
        Ok(RunPage { served, begin: cursor.map(|cursor| cursor.position) })
    }

    /// The answer with these rows; `next` is where the next page begins, if there is one.
    pub(crate) fn answer<T>(
        self,
        call: &ApiCall,
        rows: Vec<T>,
        next: Option<CursorPosition>,
    ) -> ApiAnswer<Vec<T>> {
        let next = next.map(|position| call.cursor(self.served.run, position));
        ApiAnswer::page(rows).of(Some(self.served)).then(next)
    }
}

/// The run of an answer: the cursor's, else the requested one, else the served one.
pub(crate) async fn choose(
    call: &ApiCall,
    wanted: RunChoice,
    cursor: Option<Cursor>,
) -> Result<AnswerRun, Problem> {
    let pg = call.pg();
    let run = match (cursor.map(|cursor| cursor.run).or(wanted.run), wanted.as_of) {
        (None, None) => served_run(call).await?.ok_or_else(nothing_scored)?,
        (None, Some(TimeParam(at))) => served_at(pg, at).await?,
        (Some(id), Some(TimeParam(at))) if cursor.is_none() => {
            let found = served_at(pg, at).await?;
            let why = format!("{id} was not the newest run at that time: {} was", found.id);
            let other = || Problem::new(ProblemCode::RunUnknown, why);
            Some(found).filter(|run| run.id == id).ok_or_else(other)?
        }
        (Some(id), _) => run::get(pg, id).await?.ok_or_else(|| unknown(id))?,
    };
    match run.state {
        RunState::Published => Ok(served(&run)),
        RunState::Retired => {
            let why = format!("{} is not kept any more: see /v1/runs", run.id);
            Err(Problem::new(ProblemCode::RunRetired, why))
        }
        RunState::Running | RunState::Failed => {
            let why = format!("{} has no results: see /v1/runs", run.id);
            Err(Problem::new(ProblemCode::RunUnknown, why))
        }
    }
}

/// The served run, for answers that do not need one.
pub(crate) async fn served_if_any(call: &ApiCall) -> Result<Option<AnswerRun>, Problem> {
    let run = served_run(call).await?;
    Ok(run.as_ref().map(served))
}

pub(crate) const fn served(run: &Run) -> AnswerRun {
    AnswerRun { run: run.id, as_of: run.created_at, folding: run.folding }
}

/// How the words of a run are folded. A run that a newer version of Borg published may be served
/// while that version is rolled back: its words cannot be searched until then.
pub(crate) fn folding(served: AnswerRun) -> Result<Folding, Problem> {
    Folding::try_from(served.folding).map_err(|error| {
        let why = format!("the search index of {} has {error}: try again later", served.run);
        Problem::new(ProblemCode::Unavailable, why).retry_after(60)
    })
}

/// The run that is served, or that of the answer that is given again, while it is kept.
async fn served_run(call: &ApiCall) -> Result<Option<Run>, Problem> {
    if let Some(pinned) = call.pinned_run() {
        let found = run::get(call.pg(), pinned).await?;
        let kept = found.filter(|run| run.state == RunState::Published);
        let retired = || {
            let why = format!("{pinned}, which answered this request before, is not kept any more");
            Problem::new(ProblemCode::RunRetired, why)
        };
        return kept.map(Some).ok_or_else(retired);
    }
    call.gateway.served_run().get(call.pg(), call.gateway.now()).await
}

/// The newest run with results that existed at a time.
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
    Err(Problem::new(ProblemCode::RunUnknown, "no run is as old as `as_of`: see /v1/runs"))
}

fn unknown(id: RunId) -> Problem {
    Problem::new(ProblemCode::RunUnknown, format!("there is no run {id}: see /v1/runs"))
}

fn nothing_scored() -> Problem {
    Problem::new(ProblemCode::NoRun, "nothing has been scored yet: run `borg score`")
}
