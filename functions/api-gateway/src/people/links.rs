//! What joins the profiles of a person.

use model::identity::Proof;
use model::{PersonId, ProfileId};
use serde::Serialize;
use store::pg::identity;
use utoipa::ToSchema;

use super::require_person;
use crate::answer::{ApiAnswer, Envelope};
use crate::error::Problem;
use crate::extract::{ApiCall, PathId};

/// A proven link between two profiles.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LinkView {
    /// One profile.
    #[schema(value_type = String, example = "prf_2000000001")]
    a: ProfileId,
    /// The other.
    #[schema(value_type = String, example = "prf_3001")]
    b: ProfileId,
    /// What proves it. `mutual`: each names the other; `website`: both control one web page that
    /// no other one of their platforms controls.
    #[schema(value_type = String, example = "mutual")]
    proof: Proof,
}

/// The proofs that join a person's profiles.
#[utoipa::path(
    get,
    path = "/v1/people/{id}/links",
    operation_id = "list_links",
    tag = "people",
    params(("id" = String, Path, example = "per_2000000001")),
    responses((status = 200, body = Envelope<Vec<LinkView>>, description = "The answer."), Problem)
)]
pub(crate) async fn list(
    PathId(id): PathId<PersonId>,
    call: ApiCall,
) -> Result<ApiAnswer<Vec<LinkView>>, Problem> {
    let person = require_person(call.pg(), id).await?;
    let profiles: Vec<ProfileId> = person.profiles.iter().map(|profile| profile.id).collect();
    let links = identity::among(call.pg(), &profiles).await?;
    let links = links.into_iter().map(|link| LinkView { a: link.a, b: link.b, proof: link.proof });
    Ok(ApiAnswer::page(links.collect()))
}
