//! Search: words to people, best trusted first; an account that is named exactly comes first.
//!
//! What words mean is decided in the crate `search`; here the rows that its plan asks for are
//! fetched, and the persons found are shown.

use std::collections::HashMap;

use model::account::Account;
use model::index::RunPerson;
use model::platform::Platform;
use model::{PersonId, RunId};
use search::plan::{Exact, PREFIX_TERMS_MAX};
use search::{Builder, Folding, Plan, PostingsError, PublicWords, Rows, postings};
use serde::{Deserialize, Serialize};
use store::pg::profile::Profile;
use store::pg::term::Term;
use store::pg::{person, score, term};
use utoipa::ToSchema;

use crate::answer::{Answer, Class, Envelope, Served};
use crate::error::{Problem, ProblemBody};
use crate::extract::{Asked, Call};
use crate::people::{Known, PersonBrief, by_id, known};
use crate::query::{LIMIT_MAX, Limit, Moment, Wanted};
use crate::{profiles, runs};

/// First in a cursor's position: the other part is how many exact hits were shown.
const IN_EXACT: u64 = 0;
/// First in a cursor's position: the exact hits are past; the other part is the next number.
const IN_FOUND: u64 = 1;

/// The most numbers that one page looks at.
const SCANNED_MAX: usize = 10 * LIMIT_MAX as usize;
/// The fewest numbers that are looked at together.
const PART_MIN: usize = 64;

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
    let folding = runs::folding(served)?;
    let plan = Plan::parse(&asked.q, folding)
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
        let numbers = plan.order(&fetch(&call, served.run, &plan).await?);
        let words = Scan { call: &call, run: served.run, plan: &plan, folding, skipped };
        let start = numbers.partition_point(|&number| u64::from(number) < from);
        let (found, next) = words.page(&numbers[start..], rows - hits.len()).await?;
        hits.extend(views(&call, served, &found, false).await?);
        next.map(|next| [IN_FOUND, next])
    };
    let next = next.map(|position| call.cursor(served.run, position));
    Ok(Answer::page(Class::Search, hits).of(Some(served)).then(next))
}

/// Whom words find.
struct Scan<'a> {
    call: &'a Call,
    run: RunId,
    plan: &'a Plan,
    /// How the run's words are folded.
    folding: Folding,
    /// Those who were shown already.
    skipped: Vec<PersonId>,
}

impl Scan<'_> {
    /// Up to `rows` listed persons of these numbers, and with which to go on; `None` where nobody
    /// listed is left, so that no page tells that somebody hidden was found.
    async fn page(
        &self,
        numbers: &[u32],
        rows: usize,
    ) -> Result<(Vec<Known>, Option<u64>), Problem> {
        let mut found = Vec::new();
        let looked_at = &numbers[..numbers.len().min(SCANNED_MAX)];
        for part in looked_at.chunks((2 * rows).clamp(PART_MIN, LIMIT_MAX as usize)) {
            for (&number, shown) in part.iter().zip(self.shown(part).await?) {
                if shown.is_some() && found.len() == rows {
                    return Ok((found, Some(number.into())));
                }
                found.extend(shown);
            }
        }
        Ok((found, numbers.get(looked_at.len()).map(|&next| next.into())))
    }

    /// The person of each of these numbers; `None` for one that is not shown.
    async fn shown(&self, numbers: &[u32]) -> Result<Vec<Option<Known>>, Problem> {
        let people: Vec<RunPerson> = numbers.iter().copied().map(RunPerson::new).collect();
        let scores = score::get(self.call.pg(), self.run, &people).await?;
        let ids: Vec<Option<PersonId>> = scores
            .into_iter()
            .map(|score| Some(score.filter(|score| !score.unlisted)?.person))
            .map(|id| id.filter(|id| !self.skipped.contains(id)))
            .collect();
        let wanted: Vec<PersonId> = ids.iter().copied().flatten().collect();
        let mut people = by_id(self.call.pg(), &wanted).await?;
        let person = |id: Option<PersonId>| people.remove(&id?);
        let people = ids.into_iter().map(person);
        Ok(people.map(|person| person.filter(|person| self.is_meant(person))).collect())
    }

    /// Whether what is served of a person has the words. The index knows its profiles as they were
    /// listed when the run was made: one that is hidden by now must not be found by its words.
    fn is_meant(&self, person: &Known) -> bool {
        if !person.has_hidden {
            return true;
        }
        let words: Vec<PublicWords<'_>> = person.profiles.iter().map(words).collect();
        let mut index = Builder::new(self.folding);
        let indexed = index.add(0, &words).map(|()| index.finish());
        let rows: Rows =
            indexed.into_iter().flatten().map(|row| (row.key.clone(), row.people())).collect();
        !self.plan.order(&rows).is_empty()
    }
}

/// The words of a profile as the index takes them.
fn words(profile: &Profile) -> PublicWords<'_> {
    PublicWords {
        handle: profile.handle.as_deref(),
        display_name: profile.display_name.as_deref(),
        bio: profile.bio.as_deref(),
        consent: profile.consent,
    }
}

/// The persons behind the account that the query may name: few.
async fn exact(call: &Call, plan: &Plan) -> Result<Vec<Known>, Problem> {
    let Some(Exact { platform, handle }) = plan.exact() else { return Ok(Vec::new()) };
    let platforms = platform.map_or_else(|| Platform::all().collect(), |one| vec![one]);
    let accounts: Vec<Account> =
        platforms.into_iter().filter_map(|platform| Account::new(platform, handle).ok()).collect();
    let found = profiles::named(call.pg(), &accounts).await?;
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
