//! The people who have a query's words: the rows of the search index that its plan needs, and the people found.

use model::index::RunPerson;
use model::{CommunityId, PersonId, PersonKind, RunId};
use search::plan::PREFIX_TERMS_MAX;
use search::{Folding, IndexBuilder, IndexRows, PostingListError, PublicWords, QueryPlan};
use store::pg::profile::Profile;
use store::pg::score::PersonScore;
use store::pg::term::Term;
use store::pg::{membership, score, term};
use tokio::try_join;

use super::hit::SearchHit;
use crate::error::Problem;
use crate::extract::ApiCall;
use crate::people::{ListedPerson, load_by_id};
use crate::query::LIMIT_MAX;
use crate::sensitive::MembershipGate;

/// The most people that are read for one page.
const SCANNED_MAX: usize = 10 * LIMIT_MAX as usize;
/// The fewest people that are read together.
const PART_MIN: usize = 64;

/// Who is looked for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PeopleFilter {
    /// Only people of this kind; those of unknown kind count as persons.
    pub(crate) kind: Option<PersonKind>,
    /// Only people in the list of this community, which must be the first of its group.
    pub(crate) community: Option<CommunityId>,
    /// Whose membership there may be shown.
    pub(crate) gate: Option<MembershipGate>,
}

/// The people who have the words.
pub(crate) struct WordScan<'a> {
    pub(crate) call: &'a ApiCall,
    pub(crate) run: RunId,
    pub(crate) plan: &'a QueryPlan,
    /// How the run's words are folded.
    pub(crate) folding: Folding,
    pub(crate) filter: PeopleFilter,
    /// Those who were exact hits.
    pub(crate) skipped: Vec<PersonId>,
}

/// Hits, and the number of the person with which the next page begins; `None` after the last.
pub(crate) struct WordPage {
    pub(crate) hits: Vec<SearchHit>,
    pub(crate) next: Option<u32>,
}

impl PeopleFilter {
    /// Whether such people are looked for, and may be shown beside the community.
    fn takes(self, person: &ListedPerson) -> bool {
        let kind = match person.kind() {
            PersonKind::Unknown => PersonKind::Person,
            kind => kind,
        };
        self.kind.is_none_or(|wanted| wanted == kind)
            && self.gate.is_none_or(|gate| gate.admits(&person.profiles))
    }

    /// Those of these people, by number, who are in the community; all if none is wanted.
    async fn inside(
        self,
        call: &ApiCall,
        run: RunId,
        numbers: Vec<RunPerson>,
    ) -> Result<Vec<RunPerson>, Problem> {
        match self.community {
            Some(community) => Ok(membership::inside(call.pg(), run, community, &numbers).await?),
            None => Ok(numbers),
        }
    }

    /// Those of these people who are looked for.
    pub(crate) async fn retain(
        self,
        call: &ApiCall,
        run: RunId,
        mut people: Vec<ListedPerson>,
    ) -> Result<Vec<ListedPerson>, Problem> {
        people.retain(|person| self.takes(person));
        let Some(community) = self.community else { return Ok(people) };
        let ids: Vec<PersonId> = people.iter().map(|person| person.id).collect();
        let numbers = score::numbers(call.pg(), run, &ids).await?;
        let known: Vec<RunPerson> = numbers.iter().copied().flatten().collect();
        let inside = membership::inside(call.pg(), run, community, &known).await?;
        let mut numbers = numbers.into_iter();
        people.retain(|_| numbers.next().flatten().is_some_and(|number| inside.contains(&number)));
        Ok(people)
    }
}

impl WordScan<'_> {
    /// Up to `rows` listed people from this number on. There is a next page only if a listed person is
    /// on it: a page must not show that hidden people were found.
    pub(crate) async fn page(&self, from: u32, rows: usize) -> Result<WordPage, Problem> {
        let index = fetch(self.call, self.run, self.plan).await?;
        let mut found = self.plan.people(&index).map_err(broken)?.from(from);
        let (mut hits, mut looked_at) = (Vec::new(), 0);
        while looked_at < SCANNED_MAX {
            let part = (rows + rows / 4).clamp(PART_MIN, LIMIT_MAX as usize);
            let part: Result<Vec<u32>, _> = found.by_ref().take(part).collect();
            let part = part.map_err(broken)?;
            if part.is_empty() {
                return Ok(WordPage { hits, next: None });
            }
            for (&number, hit) in part.iter().zip(self.hits(&part).await?) {
                if hit.is_some() && hits.len() == rows {
                    return Ok(WordPage { hits, next: Some(number) });
                }
                hits.extend(hit);
            }
            looked_at += part.len();
        }
        let next = found.next().transpose().map_err(broken)?;
        Ok(WordPage { hits, next })
    }

    /// The person of each of these numbers; `None` for one that is not shown.
    async fn hits(&self, numbers: &[u32]) -> Result<Vec<Option<SearchHit>>, Problem> {
        let all: Vec<RunPerson> = numbers.iter().copied().map(RunPerson::new).collect();
        let inside = self.filter.inside(self.call, self.run, all.clone()).await?;
        let found = self.shown(&inside).await?;
        let mut found = inside.into_iter().zip(found).peekable();
        let hit = |number| found.next_if(|(inside, _)| *inside == number).and_then(|(_, hit)| hit);
        Ok(all.into_iter().map(hit).collect())
    }

    /// The same without a look at communities.
    async fn shown(&self, numbers: &[RunPerson]) -> Result<Vec<Option<SearchHit>>, Problem> {
        let scores = score::get(self.call.pg(), self.run, numbers).await?;
        let shown = |score: &PersonScore| !score.unlisted && !self.skipped.contains(&score.person);
        let scores: Vec<Option<PersonScore>> =
            scores.into_iter().map(|score| score.filter(shown)).collect();
        let ids: Vec<PersonId> = scores.iter().flatten().map(|score| score.person).collect();
        let people = load_by_id(self.call.pg(), &ids).await?;
        let is_hit = |person: &&ListedPerson| self.filter.takes(person) && self.has_words(person);
        let hit = |score: PersonScore| {
            let person = people.get(&score.person).filter(is_hit)?;
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
