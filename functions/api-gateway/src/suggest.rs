//! Suggestions as one types: people by the beginnings of names and handles, communities by those of their labels.

use search::QueryPlan;
use serde::Deserialize;

use crate::answer::{ApiAnswer, Envelope};
use crate::error::Problem;
use crate::extract::{ApiCall, Query};
use crate::query::RunChoice;
use crate::search_route::{CommunityHit, FoundRow, PeopleFilter, WordScan, if_any};
use crate::{communities, runs};

/// The most rows.
const SUGGESTED_MAX: u32 = 20;
/// The rows, unless a number is given.
const SUGGESTED: u32 = 8;
/// One row in as many is a community, if there are any.
const COMMUNITY_EVERY: u32 = 4;

/// How many rows an answer has.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
struct SuggestLimit(u32);

impl TryFrom<String> for SuggestLimit {
    type Error = String;

    fn try_from(text: String) -> Result<SuggestLimit, String> {
        let number = text.parse().ok().filter(|number| (1..=SUGGESTED_MAX).contains(number));
        let refused = || format!("must be a whole number from 1 to {SUGGESTED_MAX}");
        number.map(SuggestLimit).ok_or_else(refused)
    }
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SuggestParams {
    /// What was typed so far: the last word is taken as a beginning. At most 128
    /// characters.
    #[param(example = "ada lo", min_length = 1, max_length = 128, pattern = "^[^\\x00]*$")]
    q: String,
    /// How many rows there are: 1 to 20; 8 unless given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 20)]
    limit: Option<SuggestLimit>,
}

/// People whose handle or name has words that begin so, the best trusted first; then communities by the words of
/// their labels, the largest first, of the 10,000 largest. One page, of the run that is served.
#[utoipa::path(
    get,
    path = "/v1/suggest",
    operation_id = "suggest",
    tag = "search",
    params(SuggestParams),
    responses((status = 200, body = Envelope<Vec<FoundRow>>, description = "The answer."), Problem)
)]
pub(crate) async fn suggest(
    Query(query): Query<SuggestParams>,
    call: ApiCall,
) -> Result<ApiAnswer<Vec<FoundRow>>, Problem> {
    let rows = query.limit.map_or(SUGGESTED, |SuggestLimit(rows)| rows);
    let served = runs::choose(&call, RunChoice::default(), None).await?;
    let folding = runs::folding(served)?;
    let Some(plan) = if_any(QueryPlan::of_names(&query.q, folding), &query.q)? else {
        return Ok(ApiAnswer::page(Vec::new()).of(Some(served)));
    };
    let words = communities::words(Some(&query.q), served)?;
    let labels = call.gateway.labels().of(call.pg(), served.run, folding).await?;
    let labelled = labels.find(&words, rows.div_ceil(COMMUNITY_EVERY) as usize);
    let scan = WordScan {
        call: &call,
        run: served.run,
        plan: &plan,
        folding,
        filter: PeopleFilter::default(),
        skipped: Vec::new(),
    };
    let named = scan.page(0, rows as usize).await?.hits;
    let shown = rows as usize - labelled.len();
    let people = named.into_iter().take(shown).map(FoundRow::Person);
    let labelled = labelled.into_iter().map(|one| FoundRow::Community(CommunityHit::new(one)));
    Ok(ApiAnswer::page(people.chain(labelled).collect()).of(Some(served)))
}
