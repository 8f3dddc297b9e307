//! Communities: sets of people at several scales, with stable ids.

pub(crate) mod map;
pub(crate) mod people;

use model::{CommunityId, RunId};
use search::words::TextReading;
use serde::Deserialize;
use store::pg::community::{self, CommunityPosition, CommunityQuery};

use crate::answer::{AnswerRun, ApiAnswer, Envelope};
use crate::community_view::CommunityView;
use crate::error::{Problem, ProblemCode};
use crate::extract::{ApiCall, PathId, Query};
use crate::query::{LevelParam, PageLimit, RunChoice, TimeParam};
use crate::runs::{self, RunPage};

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CommunityListParams {
    /// Only this level; 0 is the coarsest.
    #[param(value_type = Option<u8>)]
    level: Option<LevelParam>,
    /// Only the parts of this community.
    #[param(value_type = Option<String>, example = "com_7")]
    parent: Option<CommunityId>,
    /// Only those that have a label with a word that begins so, for each of these words; at most 8 words.
    q: Option<String>,
    /// The run to answer from; the one that is served now, unless given.
    #[param(value_type = Option<String>, example = "run_3")]
    run: Option<RunId>,
    /// Instead of `run`: the newest run that was there at this time.
    #[param(value_type = Option<String>, format = DateTime)]
    as_of: Option<TimeParam>,
    /// How many rows a page has: 1 to 1000; 50 unless given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<PageLimit>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CommunityParams {
    /// The run to answer from; the one that is served now, unless given.
    #[param(value_type = Option<String>, example = "run_3")]
    run: Option<RunId>,
    /// Instead of `run`: the newest run that was there at this time.
    #[param(value_type = Option<String>, format = DateTime)]
    as_of: Option<TimeParam>,
}

/// Communities, the largest first.
#[utoipa::path(
    get,
    path = "/v1/communities",
    operation_id = "list_communities",
    tag = "communities",
    params(CommunityListParams),
    responses((status = 200, body = Envelope<Vec<CommunityView>>, description = "The answer."), Problem)
)]
pub(crate) async fn list(
    Query(query): Query<CommunityListParams>,
    call: ApiCall,
) -> Result<ApiAnswer<Vec<CommunityView>>, Problem> {
    let rows = query.limit.unwrap_or_default().rows();
    let wanted = RunChoice { run: query.run, as_of: query.as_of };
    let page = RunPage::of(&call, wanted, query.cursor.as_deref()).await?;
    let words = words(query.q.as_deref(), page.served)?;
    let after = page.begin.map(|[members, id]| {
        let members = u32::try_from(members).unwrap_or(u32::MAX);
        CommunityPosition { members, id: CommunityId::new(id) }
    });
    let listed = CommunityQuery {
        level: query.level.map(|level| level.0),
        parent: query.parent,
        words: &words,
        after,
        limit: rows,
    };
    let found = community::page(call.pg(), page.served.run, listed).await?;
    let last = found.last().filter(|_| found.len() == rows as usize);
    let next = last.map(|one| [u64::from(one.members), one.id.number()]);
    let views = found.into_iter().map(CommunityView::new).collect();
    Ok(page.answer(&call, views, next))
}

/// One community.
#[utoipa::path(
    get,
    path = "/v1/communities/{id}",
    operation_id = "get_community",
    tag = "communities",
    params(("id" = String, Path, example = "com_7"), CommunityParams),
    responses((status = 200, body = Envelope<CommunityView>, description = "The answer."), Problem)
)]
pub(crate) async fn get(
    PathId(id): PathId<CommunityId>,
    Query(query): Query<CommunityParams>,
    call: ApiCall,
) -> Result<ApiAnswer<CommunityView>, Problem> {
    let wanted = RunChoice { run: query.run, as_of: query.as_of };
    let served = runs::choose(&call, wanted, None).await?;
    let found = community::get(call.pg(), served.run, &[id]).await?.into_iter().next();
    let found = found.ok_or_else(|| unknown(id, served.run))?;
    Ok(ApiAnswer::one(CommunityView::new(found)).of(Some(served)))
}

/// The words of `q`; none if it is not given.
fn words(q: Option<&str>, served: AnswerRun) -> Result<Vec<String>, Problem> {
    let Some(q) = q else { return Ok(Vec::new()) };
    let (folding, most) = (runs::folding(served)?, search::plan::QUERY_WORDS_MAX);
    let words =
        search::words::of_query(folding, TextReading::Parts, q, most).unwrap_or_default().concat();
    if words.is_empty() {
        return Err(Problem::parameter("q", "has no letter, digit or emoji in it"));
    }
    Ok(words)
}

fn unknown(id: CommunityId, run: RunId) -> Problem {
    Problem::new(
        ProblemCode::CommunityUnknown,
        format!("{run} has no community {id}: see /v1/communities"),
    )
}
