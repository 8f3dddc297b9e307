//! Profiles: one account on one platform each.

pub(crate) mod neighbors;
mod view;

use model::{Account, ProfileId};
use serde::Deserialize;
use store::Pg;
use store::pg::profile::{self, Profile};
use utoipa::ToSchema;

use crate::answer::{ApiAnswer, Envelope};
use crate::error::{Problem, ProblemCode};
use crate::extract::{ApiCall, JsonCall, JsonInput, PathId};
use crate::query::{UniqueIds, check_count};

pub(crate) use view::{ProfileView, is_listed};

/// Ids of profiles.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with `ids`")]
pub(crate) struct ProfileIds {
    /// 1 to 1,000 ids.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 1000, example = json!(["prf_2000000001"]))]
    ids: Vec<ProfileId>,
}

impl JsonInput for ProfileIds {
    fn check(&self) -> Result<(), Problem> {
        check_count("ids", self.ids.len())
    }
}

/// One profile.
#[utoipa::path(
    get,
    path = "/v1/profiles/{id}",
    operation_id = "get_profile",
    tag = "profiles",
    params(("id" = String, Path, example = "prf_2000000001")),
    responses((status = 200, body = Envelope<ProfileView>, description = "The answer."), Problem)
)]
pub(crate) async fn get(
    PathId(id): PathId<ProfileId>,
    call: ApiCall,
) -> Result<ApiAnswer<ProfileView>, Problem> {
    let profile = require_profile(call.pg(), id).await?;
    Ok(ApiAnswer::one(ProfileView::new(profile)))
}

/// Up to 1,000 profiles, in the order of the ids; unknown ones are left out.
#[utoipa::path(
    post,
    path = "/v1/profiles:batch",
    operation_id = "get_profiles",
    tag = "profiles",
    request_body = ProfileIds,
    responses((status = 200, body = Envelope<Vec<ProfileView>>, description = "The answer."), Problem)
)]
pub(crate) async fn batch(
    JsonCall { call, body }: JsonCall<ProfileIds>,
) -> Result<ApiAnswer<Vec<ProfileView>>, Problem> {
    let ids = UniqueIds::of(body.ids);
    let profiles = profile::get(call.pg(), ids.each_once()).await?;
    let profiles = profiles.into_iter().filter(is_listed).map(ProfileView::new).collect();
    Ok(ApiAnswer::page(profiles))
}

/// Those of these accounts' profiles that are listed, in the order of the accounts.
pub(crate) async fn find_listed(pg: &Pg, accounts: &[Account]) -> Result<Vec<ProfileId>, Problem> {
    let found = profile::find(pg, accounts).await?;
    let found: Vec<ProfileId> = found.into_iter().flatten().collect();
    let listed = profile::listed(pg, &found).await?;
    Ok(found.into_iter().filter(|id| listed.contains(id)).collect())
}

/// The profile; a problem if it is unknown or not listed.
async fn require_profile(pg: &Pg, id: ProfileId) -> Result<Profile, Problem> {
    let found = profile::get(pg, &[id]).await?.into_iter().find(is_listed);
    let why = "or it does not want to be found: /v1/people:resolve finds one by its account";
    let unknown =
        || Problem::new(ProblemCode::ProfileUnknown, format!("there is no profile {id}, {why}"));
    found.ok_or_else(unknown)
}
