//! Communities: sets of people at several scales, with stable ids.

pub(crate) mod lineage;
pub(crate) mod map;
pub(crate) mod people;

use std::collections::HashSet;

use model::{CommunityId, RunId};
use search::words::TextReading;
use serde::Deserialize;
use store::pg::community::{self, CommunityPosition, CommunityQuery};
use utoipa::ToSchema;

use crate::answer::{AnswerRun, ApiAnswer, Envelope};
use crate::community_lookup::{in_run, unknown};
use crate::community_view::CommunityView;
use crate::cursor::CursorText;
use crate::error::Problem;
use crate::extract::{ApiCall, JsonCall, JsonInput, PathId, Query};
use crate::query::{LevelParam, PageLimit, RunChoice, TimeParam, UniqueIds, check_count};
use crate::runs::{self, RunPage};

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CommunityListParams {
    /// Only those on this level; 0 is the coarsest.
    #[param(value_type = Option<u8>, maximum = 255)]
    level: Option<LevelParam>,
    /// Only the parts of this community.
    #[param(value_type = Option<String>, example = "com_1")]
    parent: Option<CommunityId>,
    /// Only those that have a label with a word that begins so, for each of these words; at most 128
    /// characters.
    #[param(min_length = 1, max_length = 128, pattern = "^[^\\x00]*$", example = "ada")]
    q: Option<String>,
    /// The run to answer from; the one that is served now, unless given.
    #[param(value_type = Option<String>, example = "run_1")]
    run: Option<RunId>,
    /// Instead of `run`: the newest run that was there at this time.
    #[param(value_type = Option<String>, format = DateTime)]
    as_of: Option<TimeParam>,
    /// How many rows a page has: 1 to 1000; 50 unless given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<PageLimit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<CursorText>,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CommunityParams {
    /// The run to answer from; the one that is served now, unless given.
    #[param(value_type = Option<String>, example = "run_1")]
    run: Option<RunId>,
    /// Instead of `run`: the newest run that was there at this time.
    #[param(value_type = Option<String>, format = DateTime)]
    as_of: Option<TimeParam>,
}

/// Communities, the largest first. A group of people that is the same on several levels is one of them.
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
    if words.is_empty() && query.q.is_some() {
        return Ok(page.answer(&call, Vec::new(), None));
    }
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

/// Ids of communities.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `ids`")]
pub(crate) struct CommunityIds {
    /// 1 to 1,000 ids.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 1000, example = json!(["com_1"]))]
    ids: Vec<CommunityId>,
}

impl JsonInput for CommunityIds {
    fn check(&self) -> Result<(), Problem> {
        check_count("ids", self.ids.len())
    }
}

/// One community. If it is the same group as another on a coarser level, that one answers.
#[utoipa::path(
    get,
    path = "/v1/communities/{id}",
    operation_id = "get_community",
    tag = "communities",
    params(("id" = String, Path, example = "com_1"), CommunityParams),
    responses((status = 200, body = Envelope<CommunityView>, description = "The answer."), Problem)
)]
pub(crate) async fn get(
    PathId(id): PathId<CommunityId>,
    Query(query): Query<CommunityParams>,
    call: ApiCall,
) -> Result<ApiAnswer<CommunityView>, Problem> {
    let wanted = RunChoice { run: query.run, as_of: query.as_of };
    let served = runs::choose(&call, wanted, None).await?;
    match in_run(&call, served.run, id).await? {
        Some(found) => Ok(ApiAnswer::one(CommunityView::new(found)).of(Some(served))),
        None => Err(unknown(&call, id, served.run).await),
    }
}

/// Up to 1,000 communities, in the order of the ids; unknown ones are left out, and a group that several
/// of the ids name is there once.
#[utoipa::path(
    post,
    path = "/v1/communities:batch",
    operation_id = "get_communities",
    tag = "communities",
    request_body = CommunityIds,
    responses((status = 200, body = Envelope<Vec<CommunityView>>, description = "The answer."), Problem)
)]
pub(crate) async fn batch(
    JsonCall { call, body }: JsonCall<CommunityIds>,
) -> Result<ApiAnswer<Vec<CommunityView>>, Problem> {
    let ids = UniqueIds::of(body.ids);
    let served = runs::choose(&call, RunChoice::default(), None).await?;
    let found = community::get(call.pg(), served.run, ids.each_once()).await?;
    let mut seen = HashSet::with_capacity(found.len());
    let found = found.into_iter().filter(|one| seen.insert(one.id)).map(CommunityView::new);
    Ok(ApiAnswer::page(found.collect()).of(Some(served)))
}

/// The words of `q`; none if it is not given, or has no letter, digit or emoji in it.
pub(crate) fn words(q: Option<&str>, served: AnswerRun) -> Result<Vec<String>, Problem> {
    let Some(q) = q else { return Ok(Vec::new()) };
    let (folding, most) = (runs::folding(served)?, search::plan::QUERY_CHARS_MAX);
    if q.is_empty() || q.chars().count() > most {
        return Err(Problem::parameter("q", format!("must have 1 to {most} characters")));
    }
    Ok(search::words::of_query(folding, TextReading::Parts, q, most).unwrap_or_default().concat())
}
