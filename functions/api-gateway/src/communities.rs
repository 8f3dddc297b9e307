//! Communities: sets of people at several scales, with stable ids.

mod people;
mod view;

use model::{CommunityId, RunId};
use search::words::Reading;
use serde::Deserialize;
use store::pg::community::{self, Filter};

use crate::answer::{Answer, Class, Envelope, Served};
use crate::error::{Code, Problem, ProblemBody};
use crate::extract::{Asked, Call, Id};
use crate::query::{Level, Limit, Moment, Wanted};
use crate::runs;

pub(crate) use people::{__path_people, people};
pub(crate) use view::{CommunityBrief, CommunityView, StandingView};

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    /// Only this level; 0 is the coarsest.
    #[param(value_type = Option<u8>)]
    level: Option<Level>,
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
    as_of: Option<Moment>,
    /// How many rows a page has: 1 to 1000; 50 unless given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunParams {
    /// The run to answer from; the one that is served now, unless given.
    #[param(value_type = Option<String>, example = "run_3")]
    run: Option<RunId>,
    /// Instead of `run`: the newest run that was there at this time.
    #[param(value_type = Option<String>, format = DateTime)]
    as_of: Option<Moment>,
}

/// Communities, the largest first.
#[utoipa::path(get, operation_id = "list_communities", path = "/v1/communities", tag = "communities", params(ListParams), responses(
    (status = 200, body = Envelope<Vec<CommunityView>>, description = "The answer."), (status = "default", body = ProblemBody,
        description = "Why there is no answer.", content_type = "application/problem+json")))]
pub(crate) async fn list(
    call: Call,
    Asked(asked): Asked<ListParams>,
) -> Result<Answer<Vec<CommunityView>>, Problem> {
    let rows = asked.limit.unwrap_or_default().rows();
    let walk = call.opened(asked.cursor.as_deref())?;
    let served =
        runs::chosen(call.pg(), Wanted { run: asked.run, as_of: asked.as_of }, walk).await?;
    let words = words(asked.q.as_deref(), served)?;
    let filter = Filter { level: asked.level.map(|level| level.0), parent: asked.parent };
    let after = walk.map(|cursor| {
        let [members, id] = cursor.position;
        (u32::try_from(members).unwrap_or(u32::MAX), CommunityId::new(id))
    });
    let filter = (filter, words.as_slice());
    let page = community::labelled(call.pg(), served.run, filter, after, rows).await?;
    let last = page.last().filter(|_| page.len() == rows as usize);
    let next = last.map(|one| call.cursor(served.run, [u64::from(one.members), one.id.number()]));
    let views = page.into_iter().map(CommunityView::new).collect();
    Ok(Answer::page(Class::Search, views).of(Some(served)).then(next))
}

/// One community.
#[utoipa::path(get, operation_id = "get_community", path = "/v1/communities/{id}", tag = "communities",
    params(("id" = String, Path, example = "com_7"), RunParams), responses(
    (status = 200, body = Envelope<CommunityView>, description = "The answer."), (status = "default", body = ProblemBody,
        description = "Why there is no answer.", content_type = "application/problem+json")))]
pub(crate) async fn get(
    call: Call,
    Id(id): Id<CommunityId>,
    Asked(asked): Asked<RunParams>,
) -> Result<Answer<CommunityView>, Problem> {
    let wanted = Wanted { run: asked.run, as_of: asked.as_of };
    let served = runs::chosen(call.pg(), wanted, None).await?;
    let found = community::get(call.pg(), served.run, &[id]).await?.into_iter().next();
    let found = found.ok_or_else(|| unknown(id, served.run))?;
    Ok(Answer::one(Class::Graph, CommunityView::new(found)).of(Some(served)))
}

/// The words of `q`; none if it is not given.
fn words(q: Option<&str>, served: Served) -> Result<Vec<String>, Problem> {
    let Some(q) = q else { return Ok(Vec::new()) };
    let (folding, most) = (runs::folding(served)?, search::plan::QUERY_WORDS_MAX);
    let words = search::words::asked(folding, Reading::Parts, q, most).unwrap_or_default().concat();
    if words.is_empty() {
        return Err(Problem::parameter("q", "has no letter, digit or emoji in it"));
    }
    Ok(words)
}

fn unknown(id: CommunityId, run: RunId) -> Problem {
    Problem::new(
        Code::CommunityUnknown,
        format!("{run} has no community {id}: see /v1/communities"),
    )
}
