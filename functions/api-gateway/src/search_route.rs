//! Search: words to people, best trusted first; an account that is named exactly comes first.
//!
//! What words mean is decided in the crate `search`; here the rows that its plan asks for are
//! fetched, and the persons found are shown.

use std::collections::HashMap;

use model::platform::{Account, Platform};
use model::{PersonId, RunId};
use search::plan::{Exact, PREFIX_TERMS_MAX};
use search::{Plan, PostingsError, Rows, postings};
use serde::{Deserialize, Serialize};
use store::pg::term::Term;
use store::pg::{person, profile, score, term};
use utoipa::ToSchema;

use crate::answer::{Answer, Class, Envelope, Served};
use crate::error::{Problem, ProblemBody};
use crate::extract::{Asked, Call};
use crate::people::{Known, PersonBrief, known, listed};
use crate::query::{Limit, Moment, Wanted};
use crate::runs;

/// First in a cursor's position: the other part is how many exact hits were shown.
const IN_EXACT: u64 = 0;
/// First in a cursor's position: the exact hits are past; the other part is the next number.
const IN_FOUND: u64 = 1;

/// A person found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Hit {
    /// Who it is.
    person: PersonBrief,
    /// Whether the query is this person's handle or native id.
    exact: bool,
    /// Global place by attention; `null` under the noise level.
    rank: Option<u32>,
    /// Global attention on a logarithmic scale from 0 to 1000; `null` if it is not in the run.
    score: Option<u16>,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchParams {
    /// Words that must all be there, the last one as a prefix unless it is in quotation marks;
    /// `@handle`; or `platform:handle`. At most 256 bytes and 8 words.
    #[param(example = "ada love")]
    q: String,
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

/// People by handle, name and the words of their bios.
#[utoipa::path(get, operation_id = "search_people", path = "/v1/search", tag = "search", params(SearchParams), responses(
    (status = 200, body = Envelope<Vec<Hit>>, description = "The answer."), (status = "default", body = ProblemBody,
        description = "Why there is no answer.", content_type = "application/problem+json")))]
pub(crate) async fn search(
    call: Call,
    Asked(asked): Asked<SearchParams>,
) -> Result<Answer<Vec<Hit>>, Problem> {
    let rows = asked.limit.unwrap_or_default().rows() as usize;
    let walk = call.opened(asked.cursor.as_deref())?;
    let wanted = Wanted { run: asked.run, as_of: asked.as_of };
    let served = runs::chosen(call.pg(), wanted, walk).await?;
    let plan = Plan::parse(&asked.q, runs::folding(served)?)
        .map_err(|error| Problem::parameter("q", error.to_string()))?;
    let [part, from] = walk.map_or([IN_EXACT, 0], |cursor| cursor.position);
    let exact = exact(&call, &plan).await?;
    let seen = if part == IN_EXACT { from as usize } else { exact.len() };
    let left = exact.get(seen..).unwrap_or_default();
    let now = &left[..rows.min(left.len())];
    let mut hits = views(&call, served, now, true).await?;
    let next = if now.len() < left.len() {
        Some([IN_EXACT, (seen + now.len()) as u64])
    } else {
        let from = if part == IN_FOUND { from } else { 0 };
        let skipped: Vec<PersonId> = exact.iter().map(|person| person.id).collect();
        let (found, next) = found(&call, served.run, &plan, (from, rows - hits.len())).await?;
        let found: Vec<Known> =
            found.into_iter().filter(|person| !skipped.contains(&person.id)).collect();
        hits.extend(views(&call, served, &found, false).await?);
        next.map(|next| [IN_FOUND, next])
    };
    let next = next.map(|position| call.cursor(served.run, position));
    Ok(Answer::page(Class::Search, hits).of(Some(served)).then(next))
}

/// The listable persons that words find, from the number `from` on: those among the next `rows`
/// numbers, and the number after these.
async fn found(
    call: &Call,
    run: RunId,
    plan: &Plan,
    (from, rows): (u64, usize),
) -> Result<(Vec<Known>, Option<u64>), Problem> {
    let numbers = plan.order(&fetch(call, run, plan).await?);
    let start = numbers.partition_point(|&number| u64::from(number) < from);
    let end = numbers.len().min(start + rows);
    let scores = score::get(call.pg(), run, &numbers[start..end]).await?;
    let listable = scores.into_iter().flatten().filter(|score| !score.unlisted);
    let ids: Vec<PersonId> = listable.map(|score| score.person).collect();
    let mut people = listed(call.pg(), &ids).await?;
    let people = ids.iter().filter_map(|id| people.remove(id)).collect();
    Ok((people, numbers.get(end).map(|&next| u64::from(next))))
}

/// The persons behind the account that the query may name: few, listed or not.
async fn exact(call: &Call, plan: &Plan) -> Result<Vec<Known>, Problem> {
    let Some(Exact { platform, handle }) = plan.exact() else { return Ok(Vec::new()) };
    let platforms = platform.map_or_else(|| Platform::all().collect(), |one| vec![one]);
    let accounts: Vec<Account> =
        platforms.into_iter().filter_map(|platform| Account::new(platform, handle).ok()).collect();
    let found: Vec<_> = profile::find(call.pg(), &accounts).await?.into_iter().flatten().collect();
    let mut people: Vec<PersonId> = person::of_profiles(call.pg(), &found).await?;
    people.sort_unstable();
    people.dedup();
    known(call.pg(), &people).await
}

/// The index rows that the plan asks for.
async fn fetch(call: &Call, run: RunId, plan: &Plan) -> Result<Rows, Problem> {
    let keys = plan.keys();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let mut rows = decoded(term::get(call.pg(), run, &keys).await?)?;
    let ranges = plan.ranges(&rows);
    let ranges: Vec<(&str, &str)> =
        ranges.iter().map(|(first, past)| (first.as_str(), past.as_str())).collect();
    if !ranges.is_empty() {
        rows.extend(decoded(term::ranges(call.pg(), run, &ranges, PREFIX_TERMS_MAX).await?)?);
    }
    Ok(rows)
}

fn decoded(terms: Vec<Term>) -> Result<Rows, Problem> {
    let decode = |term: Term| Ok((term.term, postings::decode(&term.body)?));
    let rows: Result<Rows, PostingsError> = terms.into_iter().map(decode).collect();
    rows.map_err(|error| Problem::corrupt("a row of the search index", &error))
}

async fn views(
    call: &Call,
    served: Served,
    people: &[Known],
    exact: bool,
) -> Result<Vec<Hit>, Problem> {
    let ids: Vec<PersonId> = people.iter().map(|person| person.id).collect();
    let scores = crate::people::scores(call.pg(), Some(served), &ids).await?;
    let scores: HashMap<PersonId, score::PersonScore> =
        scores.into_iter().flatten().map(|score| (score.person, score)).collect();
    let hit = |person: &Known| {
        let score = scores.get(&person.id);
        Hit {
            person: PersonBrief::new(person),
            exact,
            rank: score.and_then(|score| score.rank).map(Into::into),
            score: score.map(|score| score.score),
        }
    };
    Ok(people.iter().map(hit).collect())
}
