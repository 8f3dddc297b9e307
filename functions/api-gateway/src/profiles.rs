//! Profiles: one account on one platform each.

mod neighbors;
mod view;

use model::{Account, ProfileId};
use serde::Deserialize;
use store::Pg;
use store::pg::profile::{self, Profile};
use utoipa::ToSchema;

use crate::answer::{Answer, Class, Envelope};
use crate::error::{Code, Problem, ProblemBody};
use crate::extract::{Call, Id, Json};
use crate::people::Batch;

pub(crate) use neighbors::{__path_neighbors, neighbors};
pub(crate) use view::{ProfileView, is_listed};

/// Ids of profiles.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `ids`")]
pub(crate) struct ProfileIds {
    /// 1 to 1,000 ids.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 1000, example = json!(["prf_2001"]))]
    ids: Vec<ProfileId>,
}

/// One profile.
#[utoipa::path(get, operation_id = "get_profile", path = "/v1/profiles/{id}", tag = "profiles",
    params(("id" = String, Path, example = "prf_2001")), responses(
    (status = 200, body = Envelope<ProfileView>, description = "The answer."), (status = "default", body = ProblemBody,
        description = "Why there is no answer.", content_type = "application/problem+json")))]
pub(crate) async fn get(call: Call, Id(id): Id<ProfileId>) -> Result<Answer<ProfileView>, Problem> {
    let profile = there(call.pg(), id).await?;
    Ok(Answer::one(Class::Graph, ProfileView::new(profile)))
}

/// Up to 1,000 profiles, in the order of the ids; unknown ones are left out.
#[utoipa::path(post, operation_id = "get_profiles", path = "/v1/profiles:batch", tag = "profiles", request_body = ProfileIds,
    responses((status = 200, body = Envelope<Vec<ProfileView>>, description = "The answer."),
    (status = "default", body = ProblemBody,
        description = "Why there is no answer.", content_type = "application/problem+json")))]
pub(crate) async fn batch(
    call: Call,
    Json(asked): Json<ProfileIds>,
) -> Result<Answer<Vec<ProfileView>>, Problem> {
    let ids = Batch::of(asked.ids)?;
    let profiles = profile::get(call.pg(), ids.each_once()).await?;
    let profiles = profiles.into_iter().filter(is_listed).map(ProfileView::new).collect();
    Ok(Answer::page(Class::Graph, profiles))
}

/// Those of these accounts' profiles that are listed, in the order of the accounts.
pub(crate) async fn named(pg: &Pg, accounts: &[Account]) -> Result<Vec<ProfileId>, Problem> {
    let found = profile::find(pg, accounts).await?;
    let found: Vec<ProfileId> = found.into_iter().flatten().collect();
    let listed = profile::listed(pg, &found).await?;
    Ok(found.into_iter().filter(|id| listed.contains(id)).collect())
}

/// The profile, if it is there and wants to be found.
async fn there(pg: &Pg, id: ProfileId) -> Result<Profile, Problem> {
    let found = profile::get(pg, &[id]).await?.into_iter().find(is_listed);
    let why = "or it does not want to be found: /v1/people:resolve finds one by its account";
    let unknown = || Problem::new(Code::ProfileUnknown, format!("there is no profile {id}, {why}"));
    found.ok_or_else(unknown)
}
