//! People: one human, organisation or bot each, on all of its platforms.

pub(crate) mod evidence;
pub(crate) mod history;
pub(crate) mod links;
mod listed;
pub(crate) mod path;
pub(crate) mod personal;
pub(crate) mod ranks;
mod seeds;
mod view;

use std::collections::HashMap;

use model::account::{Account, AccountError};
use model::index::RunPerson;
use model::{PersonId, ProfileId, RunId};
use serde::{Deserialize, Serialize};
use store::Pg;
use store::pg::score::PersonScore;
use store::pg::{person, profile, score};
use tokio::try_join;
use utoipa::ToSchema;

use crate::answer::{AnswerRun, ApiAnswer, Envelope};
use crate::error::{Problem, ProblemCode};
use crate::extract::{ApiCall, JsonCall, JsonInput, PathId, Query};
use crate::query::{UniqueIds, check_count};
use crate::{profiles, runs};

pub(crate) use listed::{ListedPerson, load, load_by_id};
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
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 1000, example = json!(["per_2000000001"]))]
    ids: Vec<PersonId>,
}

impl JsonInput for PersonIds {
    fn check(&self) -> Result<(), Problem> {
        check_count("ids", self.ids.len())
    }
}

/// One person, with its profiles and its global scores. One that was merged answers with
/// `merged_into` and without profiles: ask for that one.
#[utoipa::path(
    get,
    path = "/v1/people/{id}",
    operation_id = "get_person",
    tag = "people",
    params(("id" = String, Path, example = "per_2000000001")),
    responses((status = 200, body = Envelope<PersonView>, description = "The answer."), Problem)
)]
pub(crate) async fn get(
    PathId(id): PathId<PersonId>,
    call: ApiCall,
) -> Result<ApiAnswer<PersonView>, Problem> {
    let served = runs::served_if_any(&call).await?;
    let ids = [id];
    let (person, scores) =
        try_join!(require_person(call.pg(), id), scores(call.pg(), served, &ids))?;
    let score = scores.into_iter().next().flatten();
    Ok(ApiAnswer::one(PersonView::new(person, score)).of(served))
}

/// The person behind an account.
#[utoipa::path(
    get,
    path = "/v1/people:resolve",
    operation_id = "resolve_account",
    tag = "people",
    params(ResolveParams),
    responses((status = 200, body = Envelope<PersonView>, description = "The answer."), Problem)
)]
pub(crate) async fn resolve(
    Query(query): Query<ResolveParams>,
    call: ApiCall,
) -> Result<ApiAnswer<PersonView>, Problem> {
    let account = account(&query.account)?;
    let unknown = || {
        let why = "is not in the index, or does not want to be found: check its spelling";
        Problem::new(ProblemCode::AccountUnknown, format!("{account} {why}"))
    };
    let found = profiles::find_listed(call.pg(), std::slice::from_ref(&account)).await?;
    let person = person::of_profiles(call.pg(), &found).await?.into_iter().next();
    let people = load(call.pg(), person.as_slice()).await?;
    answer(&call, people.into_iter().next().ok_or_else(unknown)?).await
}

/// The account that a text names. A handle that no account of its platform can have names an account that is not
/// there.
fn account(text: &str) -> Result<Account, Problem> {
    text.parse().map_err(|error| match error {
        AccountError::BadHandle(_) | AccountError::BadDomain { .. } => {
            Problem::new(ProblemCode::AccountUnknown, format!("{error}"))
        }
        AccountError::NoPlatform(_) | AccountError::UnknownPlatform(_) => {
            Problem::parameter("account", format!("{error}"))
        }
    })
}

/// Accounts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `accounts`")]
pub(crate) struct AccountNames {
    /// 1 to 1,000 accounts as `platform:handle`; a handle may also be a native id.
    #[schema(min_items = 1, max_items = 1000, example = json!(["bluesky:ada.example.org"]))]
    accounts: Vec<String>,
}

impl JsonInput for AccountNames {
    fn check(&self) -> Result<(), Problem> {
        check_count("accounts", self.accounts.len())?;
        accounts(&self.accounts).map(|_| ())
    }
}

/// Who is behind an account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResolvedAccount {
    /// The account, as it was asked for.
    #[schema(example = "bluesky:ada.example.org")]
    account: String,
    /// The person; `null` if the account is not in the index, or does not want to be found.
    person: Option<PersonView>,
}

/// The people behind up to 1,000 accounts, a row for each account in their order.
#[utoipa::path(
    post,
    path = "/v1/people:resolve",
    operation_id = "resolve_accounts",
    tag = "people",
    request_body = AccountNames,
    responses((status = 200, body = Envelope<Vec<ResolvedAccount>>, description = "The answer."), Problem)
)]
pub(crate) async fn resolve_batch(
    JsonCall { call, body }: JsonCall<AccountNames>,
) -> Result<ApiAnswer<Vec<ResolvedAccount>>, Problem> {
    let accounts = accounts(&body.accounts)?;
    let served = runs::served_if_any(&call).await?;
    let persons = behind(call.pg(), &accounts).await?;
    let mut wanted: Vec<PersonId> = persons.iter().copied().flatten().collect();
    wanted.sort_unstable();
    wanted.dedup();
    let (people, scores) =
        try_join!(load_by_id(call.pg(), &wanted), scores(call.pg(), served, &wanted))?;
    let scores: HashMap<PersonId, Option<PersonScore>> = wanted.into_iter().zip(scores).collect();
    let view = |id: PersonId| {
        let score = scores.get(&id).copied().flatten();
        people.get(&id).map(|person| PersonView::new(person.clone(), score))
    };
    let rows = body.accounts.into_iter().zip(persons);
    let rows = rows.map(|(account, id)| ResolvedAccount { account, person: id.and_then(view) });
    let rows: Vec<ResolvedAccount> = rows.collect();
    let found = rows.iter().filter(|row| row.person.is_some()).count();
    Ok(ApiAnswer::of_rows(rows, found).of(served))
}

/// Reads accounts.
fn accounts(names: &[String]) -> Result<Vec<Account>, Problem> {
    let account = |(at, name): (usize, &String)| {
        name.parse::<Account>()
            .map_err(|error| Problem::body(&format!("/accounts/{at}"), error.to_string()))
    };
    names.iter().enumerate().map(account).collect()
}

/// The person of each of these accounts that is listed.
async fn behind(pg: &Pg, accounts: &[Account]) -> Result<Vec<Option<PersonId>>, Problem> {
    let found = profile::find(pg, accounts).await?;
    let known: Vec<ProfileId> = found.iter().copied().flatten().collect();
    let listed = profile::listed(pg, &known).await?;
    let persons = person::of_profiles(pg, &known).await?;
    let person_of: HashMap<ProfileId, PersonId> = known.into_iter().zip(persons).collect();
    let found = found.into_iter().map(|id| id.filter(|id| listed.contains(id)));
    Ok(found.map(|id| id.and_then(|id| person_of.get(&id).copied())).collect())
}

/// Up to 1,000 people, in the order of the ids; unknown ones are left out.
#[utoipa::path(
    post,
    path = "/v1/people:batch",
    operation_id = "get_people",
    tag = "people",
    request_body = PersonIds,
    responses((status = 200, body = Envelope<Vec<PersonView>>, description = "The answer."), Problem)
)]
pub(crate) async fn batch(
    JsonCall { call, body }: JsonCall<PersonIds>,
) -> Result<ApiAnswer<Vec<PersonView>>, Problem> {
    let ids = UniqueIds::of(body.ids);
    let served = runs::served_if_any(&call).await?;
    let people = load(call.pg(), ids.each_once()).await?;
    let ids: Vec<PersonId> = people.iter().map(|person| person.id).collect();
    let scores = scores(call.pg(), served, &ids).await?;
    let shown = people.into_iter().zip(scores).map(|(one, score)| PersonView::new(one, score));
    Ok(ApiAnswer::page(shown.collect()).of(served))
}

async fn answer(call: &ApiCall, person: ListedPerson) -> Result<ApiAnswer<PersonView>, Problem> {
    let served = runs::served_if_any(call).await?;
    let score = scores(call.pg(), served, &[person.id]).await?.into_iter().next().flatten();
    Ok(ApiAnswer::one(PersonView::new(person, score)).of(served))
}

/// The person; a problem if it is unknown or not listed.
async fn require_person(pg: &Pg, id: PersonId) -> Result<ListedPerson, Problem> {
    let why = "or it does not want to be found: /v1/search finds the others";
    let unknown =
        || Problem::new(ProblemCode::PersonUnknown, format!("there is no person {id}, {why}"));
    load(pg, &[id]).await?.into_iter().next().ok_or_else(unknown)
}

/// The number of a person in a run; `None` if it is not in it.
async fn run_number(pg: &Pg, run: RunId, id: PersonId) -> Result<Option<RunPerson>, Problem> {
    Ok(score::numbers(pg, run, &[id]).await?.into_iter().next().flatten())
}

/// The global scores of these people, in their order.
pub(crate) async fn scores(
    pg: &Pg,
    served: Option<AnswerRun>,
    people: &[PersonId],
) -> Result<Vec<Option<PersonScore>>, Problem> {
    let Some(AnswerRun { run, .. }) = served else { return Ok(vec![None; people.len()]) };
    let numbers = score::numbers(pg, run, people).await?;
    let known: Vec<RunPerson> = numbers.iter().copied().flatten().collect();
    let mut scores = score::get(pg, run, &known).await?.into_iter();
    Ok(numbers.into_iter().map(|number| number.and_then(|_| scores.next().flatten())).collect())
}
