//! Search: words to people, best trusted first; an account that is named exactly comes first. And words to
//! communities, by their labels, the largest first.
//!
//! The crate `search` plans a query; [`scan`] reads the index rows of the plan.

mod hit;
mod scan;

use model::account::Account;
use model::platform::Platform;
use model::{CommunityId, PersonId, PersonKind, RunId};
use search::plan::{ExactAccount, QueryError};
use search::{Folding, QueryPlan};
use serde::Deserialize;
use store::pg::community::{self, CommunityPosition, CommunityQuery};
use store::pg::person;
use utoipa::ToSchema;

use crate::answer::{AnswerRun, ApiAnswer, Envelope};
use crate::community_lookup::{in_run, unknown};
use crate::cursor::{CursorPosition, CursorText};
use crate::error::Problem;
use crate::extract::{ApiCall, Query};
use crate::people::{ListedPerson, load};
use crate::query::{PageLimit, RunChoice, TimeParam};
use crate::runs::RunPage;
use crate::sensitive::MembershipGate;
use crate::{communities, profiles, runs};

pub(crate) use hit::{CommunityHit, FoundRow, SearchHit};
pub(crate) use scan::{PeopleFilter, WordScan};

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum SearchedType {
    Person,
    Organisation,
    Bot,
    Community,
    All,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchParams {
    /// Words that must all be there, the last one as a prefix unless it is in quotation marks;
    /// `@handle`; or `platform:handle`. At most 128 characters.
    #[param(example = "ada love", min_length = 1, max_length = 128, pattern = "^[^\\x00]*$")]
    q: String,
    /// `person`: humans and those of unknown kind; `organisation`; `bot`; `community`: by the words of labels,
    /// each as a prefix; or `all` of these. People of every kind, unless given.
    #[serde(rename = "type")]
    #[param(inline)]
    kind: Option<SearchedType>,
    /// Only people in the list of this community (`/v1/communities/{id}/people`), and only communities that are
    /// parts of it.
    #[param(value_type = Option<String>, example = "com_1")]
    community: Option<CommunityId>,
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

/// People by handle, name and the words of their bios, and communities by their labels: people who are named
/// exactly, then communities, the largest first, then people with the words, the best trusted first.
#[utoipa::path(
    get,
    path = "/v1/search",
    operation_id = "search_people",
    tag = "search",
    params(SearchParams),
    responses((status = 200, body = Envelope<Vec<FoundRow>>, description = "The answer."), Problem)
)]
pub(crate) async fn search(
    Query(query): Query<SearchParams>,
    call: ApiCall,
) -> Result<ApiAnswer<Vec<FoundRow>>, Problem> {
    let rows = query.limit.unwrap_or_default().rows() as usize;
    let wanted = RunChoice { run: query.run, as_of: query.as_of };
    let asked = RunPage::of(&call, wanted, query.cursor.as_deref()).await?;
    let served = asked.served;
    let folding = runs::folding(served)?;
    let plan = QueryPlan::parse(&query.q, folding);
    let Some(plan) = if_any(plan, &query.q)? else {
        return Ok(asked.answer(&call, Vec::new(), None));
    };
    let filter = filter(&call, served, &query).await?;
    let search = Search { call: &call, served, query: &query, plan: &plan, folding, filter };
    let start = asked.begin.map_or(SearchStart::Exact(0), SearchStart::from_position);
    let page = search.page(start, rows).await?;
    let next = page.next.map(SearchStart::to_position);
    Ok(asked.answer(&call, page.rows, next))
}

/// What a query means; `None` if it has nothing to look for, such as `!?`, and so finds nothing.
pub(crate) fn if_any(
    plan: Result<QueryPlan, QueryError>,
    q: &str,
) -> Result<Option<QueryPlan>, Problem> {
    match plan {
        Err(QueryError::NoWord) if !q.is_empty() => Ok(None),
        plan => plan.map(Some).map_err(|error| Problem::parameter("q", error.to_string())),
    }
}

/// Who is looked for.
async fn filter(
    call: &ApiCall,
    served: AnswerRun,
    query: &SearchParams,
) -> Result<PeopleFilter, Problem> {
    let kind = match query.kind {
        Some(SearchedType::Person) => Some(PersonKind::Person),
        Some(SearchedType::Organisation) => Some(PersonKind::Organisation),
        Some(SearchedType::Bot) => Some(PersonKind::Bot),
        Some(SearchedType::Community | SearchedType::All) | None => None,
    };
    let Some(id) = query.community else {
        return Ok(PeopleFilter { kind, ..PeopleFilter::default() });
    };
    match in_run(call, served.run, id).await? {
        Some(found) => {
            let gate = Some(MembershipGate::of(&found));
            Ok(PeopleFilter { kind, community: Some(found.id), gate })
        }
        None => Err(unknown(call, id, served.run).await),
    }
}

/// Where a page begins: exact hits come before communities, and those before people who have the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SearchStart {
    /// After this number of exact hits.
    Exact(usize),
    /// At the first person with the words whose number in the run is this or larger.
    Words(u32),
    /// After this community; at the first, if there is none.
    Communities(Option<CommunityPosition>),
}

/// Rows, and where the next page begins; `None` after the last.
struct FoundPage {
    rows: Vec<FoundRow>,
    next: Option<SearchStart>,
}

impl SearchStart {
    /// The low byte of the first part of a cursor's position.
    const EXACT: u64 = 0;
    const WORDS: u64 = 1;
    const COMMUNITIES: u64 = 2;

    fn from_position([part, at]: CursorPosition) -> SearchStart {
        let clipped = |number| u32::try_from(number).unwrap_or(u32::MAX);
        match part & 0xff {
            SearchStart::EXACT => SearchStart::Exact(usize::try_from(at).unwrap_or(usize::MAX)),
            SearchStart::COMMUNITIES => {
                let members = clipped(part >> 8);
                let after = CommunityPosition { members, id: CommunityId::new(at) };
                SearchStart::Communities(Some(after).filter(|_| at > 0))
            }
            _ => SearchStart::Words(clipped(at)),
        }
    }

    fn to_position(self) -> CursorPosition {
        match self {
            SearchStart::Exact(at) => [SearchStart::EXACT, at as u64],
            SearchStart::Words(at) => [SearchStart::WORDS, at.into()],
            SearchStart::Communities(None) => [SearchStart::COMMUNITIES, 0],
            SearchStart::Communities(Some(CommunityPosition { members, id })) => {
                [SearchStart::COMMUNITIES | (u64::from(members) << 8), id.number()]
            }
        }
    }
}

/// One search.
struct Search<'a> {
    call: &'a ApiCall,
    served: AnswerRun,
    query: &'a SearchParams,
    plan: &'a QueryPlan,
    folding: Folding,
    filter: PeopleFilter,
}

impl Search<'_> {
    fn has_people(&self) -> bool {
        self.query.kind != Some(SearchedType::Community)
    }

    /// Communities are in no list of people of one.
    fn has_communities(&self) -> bool {
        let kind = self.query.kind;
        matches!(kind, Some(SearchedType::Community | SearchedType::All))
            && self.filter.community.is_none()
    }

    /// Up to `rows` rows, part after part. There is a next page only if there is a row on it.
    async fn page(&self, start: SearchStart, rows: usize) -> Result<FoundPage, Problem> {
        let exact = if self.has_people() { self.exact().await? } else { Vec::new() };
        let (mut found, mut start) = (Vec::new(), Some(start));
        while let Some(begin) = start {
            let room = rows - found.len();
            let part = match begin {
                SearchStart::Exact(at) => self.exact_part(&exact, at, room).await?,
                SearchStart::Communities(after) => self.communities(after, room).await?,
                SearchStart::Words(from) => self.people(&exact, from, room).await?,
            };
            found.extend(part.rows);
            if part.next.is_some() {
                return Ok(FoundPage { rows: found, next: part.next });
            }
            start = self.following(begin);
        }
        Ok(FoundPage { rows: found, next: None })
    }

    /// The part after one that is at its end.
    fn following(&self, begin: SearchStart) -> Option<SearchStart> {
        let words = Some(SearchStart::Words(0)).filter(|_| self.has_people());
        match begin {
            SearchStart::Exact(_) if self.has_communities() => Some(SearchStart::Communities(None)),
            SearchStart::Exact(_) | SearchStart::Communities(_) => words,
            SearchStart::Words(_) => None,
        }
    }

    /// Up to `room` of the exact hits.
    async fn exact_part(
        &self,
        exact: &[ListedPerson],
        at: usize,
        room: usize,
    ) -> Result<FoundPage, Problem> {
        let first = at.min(exact.len());
        let end = exact.len().min(first + room);
        let people = &exact[first..end];
        let ids: Vec<PersonId> = people.iter().map(|person| person.id).collect();
        let scores = crate::people::scores(self.call.pg(), Some(self.served), &ids).await?;
        let hits = people.iter().zip(scores);
        let hits = hits.map(|(person, score)| SearchHit::new(person, score, true));
        let next = (end < exact.len()).then_some(SearchStart::Exact(end));
        Ok(FoundPage { rows: hits.map(FoundRow::Person).collect(), next })
    }

    /// Up to `room` communities whose labels have the words.
    async fn communities(
        &self,
        after: Option<CommunityPosition>,
        room: usize,
    ) -> Result<FoundPage, Problem> {
        let limit = u32::try_from(room + 1).unwrap_or(u32::MAX);
        let words = communities::words(Some(&self.query.q), self.served)?;
        if words.is_empty() {
            return Ok(FoundPage { rows: Vec::new(), next: None });
        }
        let parent = self.filter.community;
        let wanted = CommunityQuery { parent, words: &words, after, limit, level: None };
        let mut found = community::page(self.call.pg(), self.served.run, wanted).await?;
        let is_last = found.len() <= room;
        found.truncate(room);
        let last = found.last().map(|one| CommunityPosition { members: one.members, id: one.id });
        let next = (!is_last).then_some(SearchStart::Communities(last.or(after)));
        let rows = found.into_iter().map(|one| FoundRow::Community(CommunityHit::new(one)));
        Ok(FoundPage { rows: rows.collect(), next })
    }

    /// Up to `room` people who have the words, from a number of the run on.
    async fn people(
        &self,
        exact: &[ListedPerson],
        from: u32,
        room: usize,
    ) -> Result<FoundPage, Problem> {
        let scan = WordScan {
            call: self.call,
            run: self.served.run,
            plan: self.plan,
            folding: self.folding,
            filter: self.filter,
            skipped: exact.iter().map(|person| person.id).collect(),
        };
        let page = scan.page(from, room).await?;
        let rows = page.hits.into_iter().map(FoundRow::Person).collect();
        Ok(FoundPage { rows, next: page.next.map(SearchStart::Words) })
    }

    /// The persons behind the account that the query may name: few.
    async fn exact(&self) -> Result<Vec<ListedPerson>, Problem> {
        let (call, Some(ExactAccount { platform, handle })) = (self.call, self.plan.exact()) else {
            return Ok(Vec::new());
        };
        let platforms = platform.map_or_else(|| Platform::all().collect(), |one| vec![one]);
        let accounts = platforms.into_iter();
        let accounts = accounts.filter_map(|platform| Account::new(platform, handle).ok());
        let accounts: Vec<Account> = accounts.collect();
        let found = profiles::find_listed(call.pg(), &accounts).await?;
        let mut people: Vec<PersonId> = person::of_profiles(call.pg(), &found).await?;
        people.sort_unstable();
        people.dedup();
        self.filter.retain(call, self.served.run, load(call.pg(), &people).await?).await
    }
}
