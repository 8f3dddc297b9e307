//! Search: words to people, best trusted first; an account that is named exactly comes first.
//!
//! The crate `search` plans a query; this reads the index rows of the plan and shows the people found.

use model::account::Account;
use model::index::RunPerson;
use model::platform::Platform;
use model::{PersonId, RunId};
use search::plan::{ExactAccount, PREFIX_TERMS_MAX};
use search::{Folding, IndexBuilder, IndexRows, PostingListError, PublicWords, QueryPlan};
use serde::{Deserialize, Serialize};
use store::pg::profile::Profile;
use store::pg::score::PersonScore;
use store::pg::term::Term;
use store::pg::{person, score, term};
use tokio::try_join;
use utoipa::ToSchema;

use crate::answer::{AnswerRun, ApiAnswer, Envelope};
use crate::cursor::CursorPosition;
use crate::error::Problem;
use crate::extract::{ApiCall, Query};
use crate::people::{ListedPerson, PersonBrief, load, load_by_id};
use crate::query::{LIMIT_MAX, PageLimit, RunChoice, TimeParam};
use crate::runs::RunPage;
use crate::{profiles, runs};

/// The most people that are read for one page.
const SCANNED_MAX: usize = 10 * LIMIT_MAX as usize;
/// The fewest people that are read together.
const PART_MIN: usize = 64;

/// A person found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Hit)]
pub(crate) struct SearchHit {
    /// Who it is.
    person: PersonBrief,
    /// Whether the query is this person's handle or native id.
    exact: bool,
    /// Global place by attention; `null` under the noise level.
    rank: Option<u32>,
    /// Global attention on a logarithmic scale from 0 to 1000; `null` if it is not in the run.
    score: Option<u16>,
}

impl SearchHit {
    fn new(person: &ListedPerson, score: Option<PersonScore>, exact: bool) -> SearchHit {
        SearchHit {
            person: PersonBrief::new(person),
            exact,
            rank: score.and_then(|score| score.rank).map(Into::into),
            score: score.map(|score| score.score),
        }
    }
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
    as_of: Option<TimeParam>,
    /// How many rows a page has: 1 to 1000; 50 unless given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<PageLimit>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// People by handle, name and the words of their bios.
#[utoipa::path(
    get,
    path = "/v1/search",
    operation_id = "search_people",
    tag = "search",
    params(SearchParams),
    responses((status = 200, body = Envelope<Vec<SearchHit>>, description = "The answer."), Problem)
)]
pub(crate) async fn search(
    Query(query): Query<SearchParams>,
    call: ApiCall,
) -> Result<ApiAnswer<Vec<SearchHit>>, Problem> {
    let rows = query.limit.unwrap_or_default().rows() as usize;
    let wanted = RunChoice { run: query.run, as_of: query.as_of };
    let asked = RunPage::of(&call, wanted, query.cursor.as_deref()).await?;
    let served = asked.served;
    let folding = runs::folding(served)?;
    let plan = QueryPlan::parse(&query.q, folding)
        .map_err(|error| Problem::parameter("q", error.to_string()))?;
    let start = asked.begin.map_or(SearchStart::Exact(0), SearchStart::from_position);
    let exact = exact(&call, &plan).await?;
    let mut page = exact_page(&call, served, &exact, (start, rows)).await?;
    if let Some(SearchStart::Words(from)) = page.next {
        let skipped = exact.iter().map(|person| person.id).collect();
        let scan = WordScan { call: &call, run: served.run, plan: &plan, folding, skipped };
        let words = scan.page(from, rows - page.hits.len()).await?;
        page.hits.extend(words.hits);
        page.next = words.next;
    }
    let next = page.next.map(SearchStart::to_position);
    Ok(asked.answer(&call, page.hits, next))
}

/// Where a page begins: all exact hits come before those that have the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SearchStart {
    /// After this number of exact hits.
    Exact(usize),
    /// At the first person with the words whose number in the run is this or larger.
    Words(u32),
}

/// Hits, and where the next page begins; `None` after the last.
struct HitPage {
    hits: Vec<SearchHit>,
    next: Option<SearchStart>,
}

impl SearchStart {
    /// The first part of a cursor's position.
    const EXACT: u64 = 0;
    const WORDS: u64 = 1;

    fn from_position([part, at]: CursorPosition) -> SearchStart {
        match part {
            SearchStart::EXACT => SearchStart::Exact(usize::try_from(at).unwrap_or(usize::MAX)),
            _ => SearchStart::Words(u32::try_from(at).unwrap_or(u32::MAX)),
        }
    }

    fn to_position(self) -> CursorPosition {
        match self {
            SearchStart::Exact(at) => [SearchStart::EXACT, at as u64],
            SearchStart::Words(at) => [SearchStart::WORDS, at.into()],
        }
    }
}

/// Up to `rows` of the exact hits; those with the words come next where none is left.
async fn exact_page(
    call: &ApiCall,
    served: AnswerRun,
    exact: &[ListedPerson],
    (start, rows): (SearchStart, usize),
) -> Result<HitPage, Problem> {
    let first = match start {
        SearchStart::Exact(first) => first.min(exact.len()),
        SearchStart::Words(_) => return Ok(HitPage { hits: Vec::new(), next: Some(start) }),
    };
    let end = exact.len().min(first + rows);
    let people = &exact[first..end];
    let ids: Vec<PersonId> = people.iter().map(|person| person.id).collect();
    let scores = crate::people::scores(call.pg(), Some(served), &ids).await?;
    let hits = people.iter().zip(scores).map(|(person, score)| SearchHit::new(person, score, true));
    let next = if end < exact.len() { SearchStart::Exact(end) } else { SearchStart::Words(0) };
    Ok(HitPage { hits: hits.collect(), next: Some(next) })
}

/// The people who have the words.
struct WordScan<'a> {
    call: &'a ApiCall,
    run: RunId,
    plan: &'a QueryPlan,
    /// How the run's words are folded.
    folding: Folding,
    /// Those who were exact hits.
    skipped: Vec<PersonId>,
}

impl WordScan<'_> {
    /// Up to `rows` listed people from this number on. There is a next page only if a listed person is
    /// on it: a page must not show that hidden people were found.
    async fn page(&self, from: u32, rows: usize) -> Result<HitPage, Problem> {
        let index = fetch(self.call, self.run, self.plan).await?;
        let mut found = self.plan.people(&index).map_err(broken)?.from(from);
        let (mut hits, mut looked_at) = (Vec::new(), 0);
        while looked_at < SCANNED_MAX {
            let part = (rows + rows / 4).clamp(PART_MIN, LIMIT_MAX as usize);
            let part: Result<Vec<u32>, _> = found.by_ref().take(part).collect();
            let part = part.map_err(broken)?;
            if part.is_empty() {
                return Ok(HitPage { hits, next: None });
            }
            for (&number, hit) in part.iter().zip(self.hits(&part).await?) {
                if hit.is_some() && hits.len() == rows {
                    return Ok(HitPage { hits, next: Some(SearchStart::Words(number)) });
                }
                hits.extend(hit);
            }
            looked_at += part.len();
        }
        let next = found.next().transpose().map_err(broken)?.map(SearchStart::Words);
        Ok(HitPage { hits, next })
    }

    /// The person of each of these numbers; `None` for one that is not shown.
    async fn hits(&self, numbers: &[u32]) -> Result<Vec<Option<SearchHit>>, Problem> {
        let numbers: Vec<RunPerson> = numbers.iter().copied().map(RunPerson::new).collect();
        let scores = score::get(self.call.pg(), self.run, &numbers).await?;
        let shown = |score: &PersonScore| !score.unlisted && !self.skipped.contains(&score.person);
        let scores: Vec<Option<PersonScore>> =
            scores.into_iter().map(|score| score.filter(shown)).collect();
        let ids: Vec<PersonId> = scores.iter().flatten().map(|score| score.person).collect();
        let people = load_by_id(self.call.pg(), &ids).await?;
        let hit = |score: PersonScore| {
            let person = people.get(&score.person).filter(|person| self.has_words(person))?;
            Some(SearchHit::new(person, Some(score), false))
        };
        Ok(scores.into_iter().map(|score| hit(score?)).collect())
    }

    /// Whether what is served of a person has the words. The index has the profiles that were
    /// listed when the run was made; one that is hidden now must not be found by its words.
    fn has_words(&self, person: &ListedPerson) -> bool {
        if !person.has_hidden {
            return true;
        }
        let words: Vec<PublicWords<'_>> = person.profiles.iter().map(words).collect();
        let mut index = IndexBuilder::new(self.folding);
        let indexed = index.add(0, &words).map(|()| index.finish());
        let rows: IndexRows =
            indexed.into_iter().flatten().map(|row| (row.key, row.body)).collect();
        self.plan.people(&rows).is_ok_and(|mut found| found.next().is_some())
    }
}

/// The words of a profile as the index takes them.
fn words(profile: &Profile) -> PublicWords<'_> {
    PublicWords {
        handle: profile.handle.as_deref(),
        display_name: profile.texts.display_name.as_deref(),
        bio: profile.texts.bio.as_deref(),
        consent: profile.consent,
    }
}

/// The persons behind the account that the query may name: few.
async fn exact(call: &ApiCall, plan: &QueryPlan) -> Result<Vec<ListedPerson>, Problem> {
    let Some(ExactAccount { platform, handle }) = plan.exact() else { return Ok(Vec::new()) };
    let platforms = platform.map_or_else(|| Platform::all().collect(), |one| vec![one]);
    let accounts: Vec<Account> =
        platforms.into_iter().filter_map(|platform| Account::new(platform, handle).ok()).collect();
    let found = profiles::find_listed(call.pg(), &accounts).await?;
    let mut people: Vec<PersonId> = person::of_profiles(call.pg(), &found).await?;
    people.sort_unstable();
    people.dedup();
    load(call.pg(), &people).await
}

/// The index rows that the plan needs.
async fn fetch(call: &ApiCall, run: RunId, plan: &QueryPlan) -> Result<IndexRows, Problem> {
    let keys = plan.keys();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let got = async || -> Result<IndexRows, Problem> {
        Ok(indexed(term::get(call.pg(), run, &keys).await?))
    };
    let (mut rows, begun) = match plan.certain_ranges() {
        Some(ranges) => try_join!(got(), begun(call, run, &ranges))?,
        None => {
            let rows = got().await?;
            let begun = begun(call, run, &plan.ranges(&rows)).await?;
            (rows, begun)
        }
    };
    rows.extend(begun);
    Ok(rows)
}

/// The index rows in these ranges.
async fn begun(
    call: &ApiCall,
    run: RunId,
    ranges: &[(String, String)],
) -> Result<IndexRows, Problem> {
    if ranges.is_empty() {
        return Ok(IndexRows::new());
    }
    let ranges: Vec<(&str, &str)> =
        ranges.iter().map(|(first, past)| (first.as_str(), past.as_str())).collect();
    Ok(indexed(term::ranges(call.pg(), run, &ranges, PREFIX_TERMS_MAX).await?))
}

fn indexed(terms: Vec<Term>) -> IndexRows {
    terms.into_iter().map(|term| (term.term, term.body)).collect()
}

fn broken(error: PostingListError) -> Problem {
    Problem::corrupt("a row of the search index", &error)
}
