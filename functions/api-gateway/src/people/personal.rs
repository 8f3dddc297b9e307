//! The personal view: people by the attention that starts at some others.

use std::collections::{BTreeSet, HashMap};

use graph::nearby::{AttentionPart, LocalPush, SearchStep};
use graph::rank::{PersonalRank, PushSettings};
use model::index::PersonIndex;
use model::{PersonId, RunId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::seeds::{SeedList, SeedPerson};
use super::{ListedPerson, PersonBrief, load_by_id};
use crate::answer::{ApiAnswer, Envelope};
use crate::error::{Problem, ProblemCode};
use crate::extract::{ApiCall, Query};
use crate::person_rows::RunRows;
use crate::query::{PageLimit, RunChoice, TimeParam};
use crate::runs;

/// How many people beyond those in the answer are checked, too: who was unlisted since the run, and brings others
/// into the answer, comes before most of them.
const CHECKED_MORE: usize = 64;

/// How often a view is made, past those who were unlisted since the run.
const TRIES: usize = 4;

/// A person in a personal view.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonalPlace {
    /// Who it is.
    person: PersonBrief,
    /// Its place in this answer, from 1.
    rank: u32,
    /// Its share of the walk from the seeds: the shares of all people reached sum to 1.
    share: f32,
    /// Who brings the most of it; `null` if no one who may be named does.
    via: Option<AttentionSource>,
}

/// From where attention comes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AttentionSource {
    /// Who: a seed, or another person.
    person: PersonBrief,
    /// The part of the share that comes directly from there, 0 to 1.
    part: f32,
}

/// The views of `/v1/people`.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum PersonalView {
    Personal,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PersonalParams {
    /// `personal`: people by the walk that starts, and starts again, at the seeds.
    #[param(inline, example = "personal")]
    #[expect(dead_code, reason = "there is one view so far, which a request must name")]
    view: PersonalView,
    /// 1 to 50 people, separated by commas: ids, or `platform:handle`.
    #[param(value_type = String, example = "per_2000000001,per_2000000002")]
    seeds: SeedList,
    /// Whether the seeds themselves are in the answer; not unless given.
    include_seeds: Option<bool>,
    /// Whether those that the seeds attend to already are left out; not unless given.
    exclude_known: Option<bool>,
    /// The run to answer from; the one that is served now, unless given.
    #[param(value_type = Option<String>, example = "run_1")]
    run: Option<RunId>,
    /// Instead of `run`: the newest run that was there at this time.
    #[param(value_type = Option<String>, format = DateTime)]
    as_of: Option<TimeParam>,
    /// How many people: 1 to 1000; 50 unless given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<PageLimit>,
}

/// People as these others see the world: by a random walk along attention that restarts at the seeds. It ends at
/// unlisted people, who are in no answer. The same request to the same run has the same answer.
#[utoipa::path(
    get,
    path = "/v1/people",
    operation_id = "list_people",
    tag = "people",
    params(PersonalParams),
    responses((status = 200, body = Envelope<Vec<PersonalPlace>>, description = "The answer."), Problem)
)]
pub(crate) async fn list(
    Query(query): Query<PersonalParams>,
    call: ApiCall,
) -> Result<ApiAnswer<Vec<PersonalPlace>>, Problem> {
    let wanted = RunChoice { run: query.run, as_of: query.as_of };
    let served = runs::choose(&call, wanted, None).await?;
    let people = query.seeds.people(call.pg()).await?;
    call.pg().release().await;
    let mut rows = call.gateway.rows().open(served.run).await?;
    let seeds = SeedPerson::places(&people, call.pg(), served.run, &mut rows).await?;
    let left_out = left_out(&query, &seeds, &mut rows).await?;
    let count = query.limit.unwrap_or_default().rows() as usize;
    let mut without = BTreeSet::new();
    for _ in 0..TRIES {
        call.pg().release().await;
        let push = spread(seeds.clone(), without.clone(), &mut rows).await?;
        let mut view =
            ViewAnswer { call: &call, push: &push, rows: &mut rows, left_out: &left_out };
        match view.shown(count).await? {
            ShownView::Whole(shown) => {
                let places = view.places(shown).await?;
                return Ok(ApiAnswer::page(places).of(Some(served)));
            }
            ShownView::Unlisted(people) => without.extend(people),
        }
    }
    let why =
        "too many people of this view were unlisted since the run: ask again after the next one";
    Err(Problem::new(ProblemCode::ViewUnavailable, why))
}

/// The whole view, past those in `without`.
async fn spread(
    seeds: Vec<PersonIndex>,
    without: BTreeSet<PersonIndex>,
    rows: &mut RunRows<'_>,
) -> Result<LocalPush, Problem> {
    let mut push = LocalPush::new(seeds, without, &PushSettings::default());
    while let SearchStep::Missing(missing) = push.advance(&*rows) {
        if !rows.fetch(&missing).await? {
            break;
        }
    }
    Ok(push)
}

/// Who is not in the answer, besides the unlisted.
async fn left_out(
    query: &PersonalParams,
    seeds: &[PersonIndex],
    rows: &mut RunRows<'_>,
) -> Result<BTreeSet<PersonIndex>, Problem> {
    let mut left_out = BTreeSet::new();
    if query.exclude_known == Some(true) {
        let known = rows.given_by(seeds).await?;
        left_out.extend(known.into_iter().flat_map(|row| row.people.iter().copied()));
    }
    for seed in seeds {
        if query.include_seeds == Some(true) {
            left_out.remove(seed)
        } else {
            left_out.insert(*seed)
        };
    }
    Ok(left_out)
}

/// What an answer is made of.
struct ViewAnswer<'a, 'b> {
    call: &'a ApiCall,
    push: &'a LocalPush,
    rows: &'a mut RunRows<'b>,
    left_out: &'a BTreeSet<PersonIndex>,
}

/// A person that is shown.
struct ShownRank {
    rank: PersonalRank,
    person: ListedPerson,
}

/// The people of an answer, or those that it has to be made again without, since they pass nothing on.
enum ShownView {
    Whole(Vec<ShownRank>),
    Unlisted(Vec<PersonIndex>),
}

impl ViewAnswer<'_, '_> {
    /// The people as they are shown.
    async fn places(&mut self, shown: Vec<ShownRank>) -> Result<Vec<PersonalPlace>, Problem> {
        let people: Vec<PersonIndex> = shown.iter().map(|one| one.rank.person).collect();
        let parts = self.push.parts(&people, &*self.rows);
        let sources = self.sources(&parts).await?;
        let place =
            |((one, part), rank): ((ShownRank, Option<AttentionPart>), u32)| PersonalPlace {
                person: PersonBrief::new(&one.person),
                rank,
                share: one.rank.share as f32,
                via: part.and_then(|part| {
                    let person = PersonBrief::new(sources.get(&part.from)?);
                    Some(AttentionSource { person, part: part.part as f32 })
                }),
            };
        Ok(shown.into_iter().zip(parts).zip(1..).map(place).collect())
    }

    /// The first `count` people, if they and those who come next are all listed now.
    async fn shown(&mut self, count: usize) -> Result<ShownView, Problem> {
        let keep = |person: PersonIndex| !self.left_out.contains(&person);
        let ranks = self.push.ranks(count + CHECKED_MORE, keep);
        let people: Vec<PersonIndex> = ranks.iter().map(|rank| rank.person).collect();
        let ids = self.rows.ids(&people).await?;
        let mut listed = load_by_id(self.call.pg(), &ids).await?;
        let unlisted = people.iter().zip(&ids).filter(|(_, id)| !listed.contains_key(id));
        let unlisted: Vec<PersonIndex> = unlisted.map(|(&person, _)| person).collect();
        if !unlisted.is_empty() {
            return Ok(ShownView::Unlisted(unlisted));
        }
        let found = ranks
            .into_iter()
            .zip(ids)
            .filter_map(|(rank, id)| Some(ShownRank { rank, person: listed.remove(&id)? }));
        Ok(ShownView::Whole(found.take(count).collect()))
    }

    /// Those who bring parts, as far as they are listed now.
    async fn sources(
        &mut self,
        parts: &[Option<AttentionPart>],
    ) -> Result<HashMap<PersonIndex, ListedPerson>, Problem> {
        let from: BTreeSet<PersonIndex> = parts.iter().flatten().map(|part| part.from).collect();
        let from: Vec<PersonIndex> = from.into_iter().collect();
        let ids: Vec<PersonId> = self.rows.ids(&from).await?;
        let mut listed = load_by_id(self.call.pg(), &ids).await?;
        let known = from.into_iter().zip(ids);
        Ok(known.filter_map(|(at, id)| Some((at, listed.remove(&id)?))).collect())
    }
}
