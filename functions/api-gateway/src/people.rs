//! People: one human, organisation or bot each, on all of its platforms.

mod batch;
mod evidence;
mod known;
mod links;
mod ranks;
mod view;

use model::account::Account;
use model::index::RunPerson;
use model::{PersonId, RunId};
use serde::Deserialize;
use store::Pg;
use store::pg::{person, score};
use utoipa::ToSchema;

use crate::answer::{Answer, Class, Envelope, Served};
use crate::error::{Code, Problem, ProblemBody};
use crate::extract::{Asked, Call, Id, Json};
use crate::{profiles, runs};

pub(crate) use batch::Batch;
pub(crate) use evidence::{__path_evidence, evidence};
pub(crate) use known::{Known, by_id, known};
pub(crate) use links::{__path_links, links};
pub(crate) use ranks::{__path_ranks, ranks};
pub(crate) use view::{PersonBrief, PersonView};

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ResolveParams {
    /// `platform:handle`; the handle may also be a native id.
    #[param(example = "bluesky:ada.example.org")]
    account: String,
}

/// Ids of people.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `ids`")]
pub(crate) struct PersonIds {
    /// 1 to 1,000 ids.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 1000, example = json!(["per_2001"]))]
    ids: Vec<PersonId>,
}

/// One person, with its profiles and its global scores. One that was merged answers with
/// `merged_into` and without profiles: ask for that one.
#[utoipa::path(get, operation_id = "get_person", path = "/v1/people/{id}", tag = "people",
    params(("id" = String, Path, example = "per_2001")), responses(
    (status = 200, body = Envelope<PersonView>, description = "The answer."), (status = "default", body = ProblemBody,
        description = "Why there is no answer.", content_type = "application/problem+json")))]
pub(crate) async fn get(call: Call, Id(id): Id<PersonId>) -> Result<Answer<PersonView>, Problem> {
    let person = there(call.pg(), id).await?;
    shown(&call, person).await
}

/// The person behind an account.
#[utoipa::path(get, operation_id = "resolve_account", path = "/v1/people:resolve", tag = "people", params(ResolveParams), responses(
    (status = 200, body = Envelope<PersonView>, description = "The answer."), (status = "default", body = ProblemBody,
        description = "Why there is no answer.", content_type = "application/problem+json")))]
pub(crate) async fn resolve(
    call: Call,
    Asked(asked): Asked<ResolveParams>,
) -> Result<Answer<PersonView>, Problem> {
    let account: Account =
        asked.account.parse().map_err(|error| Problem::parameter("account", format!("{error}")))?;
    let unknown = || {
        let why = "is not in the index, or does not want to be found: check its spelling";
        Problem::new(Code::AccountUnknown, format!("{account} {why}"))
    };
    let found = profiles::named(call.pg(), std::slice::from_ref(&account)).await?;
    let person = person::of_profiles(call.pg(), &found).await?.into_iter().next();
    let people = known(call.pg(), person.as_slice()).await?;
    shown(&call, people.into_iter().next().ok_or_else(unknown)?).await
}

/// Up to 1,000 people, in the order of the ids; unknown ones are left out.
#[utoipa::path(post, operation_id = "get_people", path = "/v1/people:batch", tag = "people", request_body = PersonIds,
    responses((status = 200, body = Envelope<Vec<PersonView>>, description = "The answer."),
    (status = "default", body = ProblemBody,
        description = "Why there is no answer.", content_type = "application/problem+json")))]
pub(crate) async fn batch(
    call: Call,
    Json(asked): Json<PersonIds>,
) -> Result<Answer<Vec<PersonView>>, Problem> {
    let ids = Batch::of(asked.ids)?;
    let people = known(call.pg(), ids.each_once()).await?;
    let served = runs::active_if_any(call.pg()).await?;
    let ids: Vec<PersonId> = people.iter().map(|person| person.id).collect();
    let scores = scores(call.pg(), served, &ids).await?;
    let shown = people.into_iter().zip(scores).map(|(one, score)| PersonView::new(one, score));
    Ok(Answer::page(Class::Graph, shown.collect()).of(served))
}

async fn shown(call: &Call, person: Known) -> Result<Answer<PersonView>, Problem> {
    let served = runs::active_if_any(call.pg()).await?;
    let score = scores(call.pg(), served, &[person.id]).await?.into_iter().next().flatten();
    Ok(Answer::one(Class::Graph, PersonView::new(person, score)).of(served))
}

/// The person, if it is there and wants to be found.
async fn there(pg: &Pg, id: PersonId) -> Result<Known, Problem> {
    let why = "or it does not want to be found: /v1/search finds the others";
    let unknown = || Problem::new(Code::PersonUnknown, format!("there is no person {id}, {why}"));
    known(pg, &[id]).await?.into_iter().next().ok_or_else(unknown)
}

/// The number of a person in a run; `None` if it came later.
async fn number(pg: &Pg, run: RunId, id: PersonId) -> Result<Option<RunPerson>, Problem> {
    Ok(score::numbers(pg, run, &[id]).await?.into_iter().next().flatten())
}

/// The global scores of these people, in their order.
pub(crate) async fn scores(
    pg: &Pg,
    served: Option<Served>,
    people: &[PersonId],
) -> Result<Vec<Option<score::PersonScore>>, Problem> {
    let Some(Served { run, .. }) = served else { return Ok(vec![None; people.len()]) };
    let numbers = score::numbers(pg, run, people).await?;
    let known: Vec<RunPerson> = numbers.iter().copied().flatten().collect();
    let mut scores = score::get(pg, run, &known).await?.into_iter();
    Ok(numbers.into_iter().map(|number| number.and_then(|_| scores.next().flatten())).collect())
}
