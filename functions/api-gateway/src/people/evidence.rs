//! Why a person has its attention: who brings it, and enough to recompute it.

use model::evidence::Evidence;
use model::index::RunPerson;
use model::{CommunityId, PersonId, RunId};
use serde::{Deserialize, Serialize};
use store::pg::community::WORLD;
use store::pg::{evidence as stored, score};
use tokio::try_join;
use utoipa::ToSchema;

use super::{PersonBrief, load_by_id, require_person, run_number};
use crate::answer::{ApiAnswer, Envelope};
use crate::community_lookup::in_run;
use crate::error::{Problem, ProblemCode};
use crate::extract::{ApiCall, PathId, Query};
use crate::query::{RunChoice, TimeParam};
use crate::runs;
use crate::sensitive::{MembershipGate, MembershipGates};

/// Why a person has its attention in a community:
/// `score = restart + rest + Σ brings`, and `brings = damping · attention · share`. Added up in
/// double precision that is within a part in a million of the attention that is served.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EvidenceView {
    /// The person.
    #[schema(value_type = String, example = "per_2000000001")]
    person: PersonId,
    /// The community; `com_0` is the whole world.
    #[schema(value_type = String, example = "com_1")]
    community: CommunityId,
    /// The attention that is explained: a share of the community's.
    score: f32,
    /// Of 10 true shares 9 are between this one …
    low: Option<f32>,
    /// … and this one, as far as the arcs that we see are a fair sample.
    high: Option<f32>,
    /// From how many independent people it comes, as an effective number; 0 if that was not kept.
    support: f32,
    /// How much of its attention each passes on.
    damping: f32,
    /// The part that comes from the restart at the members.
    restart: f32,
    /// The part that comes from contributors not named here, who bring less, are not listed, or do not
    /// name what a sensitive community is about; rounding can make it a little less than nothing.
    rest: f32,
    /// Of those who bring the most, the largest first, those who are listed. With the restart all of them
    /// bring at least 80 % of the score, or are the 500 largest.
    contributors: Vec<ContributorView>,
}

/// One person's attention that reaches the subject.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContributorView {
    /// Who it is.
    person: PersonBrief,
    /// Its own attention in the community.
    attention: f32,
    /// The share of its attention that it gives to the subject.
    share: f32,
    /// What it brings.
    brings: f32,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EvidenceParams {
    /// The community; `com_0`, the whole world, unless given.
    #[param(value_type = Option<String>, example = "com_1")]
    community: Option<CommunityId>,
    /// The run to answer from; the one that is served now, unless given.
    #[param(value_type = Option<String>, example = "run_1")]
    run: Option<RunId>,
    /// Instead of `run`: the newest run that was there at this time.
    #[param(value_type = Option<String>, format = DateTime)]
    as_of: Option<TimeParam>,
}

/// The evidence for a person's attention in a community.
#[utoipa::path(
    get,
    path = "/v1/people/{id}/evidence",
    operation_id = "get_evidence",
    tag = "people",
    params(("id" = String, Path, example = "per_2000000001"), EvidenceParams),
    responses((status = 200, body = Envelope<EvidenceView>, description = "The answer."), Problem)
)]
pub(crate) async fn get(
    PathId(id): PathId<PersonId>,
    Query(query): Query<EvidenceParams>,
    call: ApiCall,
) -> Result<ApiAnswer<EvidenceView>, Problem> {
    let community = query.community.unwrap_or(WORLD);
    let wanted = RunChoice { run: query.run, as_of: query.as_of };
    let served = runs::choose(&call, wanted, None).await?;
    let (person, number, (community, gate)) = try_join!(
        require_person(call.pg(), id),
        run_number(call.pg(), served.run, id),
        standing(&call, served.run, community),
    )?;
    let none = || {
        let why = format!("{} keeps no evidence for {id} in {community}", served.run);
        Problem::new(ProblemCode::EvidenceUnknown, why)
    };
    let number = number.filter(|_| gate.admits(&person.profiles)).ok_or_else(none)?;
    let found = stored::get(call.pg(), served.run, community, number).await?.ok_or_else(none)?;
    let named = contributors(&call, served.run, &found, gate).await?;
    let rows = named.contributors.len();
    let view = EvidenceView::new(id, community, &found, named);
    Ok(ApiAnswer::of_rows(view, rows).of(Some(served)))
}

/// The community that answers for an id, and whose membership in it may be shown.
async fn standing(
    call: &ApiCall,
    run: RunId,
    id: CommunityId,
) -> Result<(CommunityId, MembershipGate), Problem> {
    if id == WORLD {
        return Ok((id, MembershipGates::default().get(id)));
    }
    let found = in_run(call, run, id).await?;
    Ok(found.map_or((id, MembershipGate::Closed), |one| (one.id, MembershipGate::of(&one))))
}

impl EvidenceView {
    fn new(
        person: PersonId,
        community: CommunityId,
        found: &Evidence,
        named: NamedContributors,
    ) -> EvidenceView {
        let &Evidence { damping, score, restart, support, .. } = found;
        let NamedContributors { contributors, rest } = named;
        let interval = model::interval(score, support);
        EvidenceView {
            person,
            community,
            score,
            low: interval.map(|interval| interval.low),
            high: interval.map(|interval| interval.high),
            support,
            damping,
            restart,
            rest,
            contributors,
        }
    }
}

/// The contributors that are named, and what all others bring.
struct NamedContributors {
    contributors: Vec<ContributorView>,
    rest: f32,
}

/// Names those who are listed and admitted by the gate. The others are counted with those who bring
/// little, so that nothing of them is shown one by one.
async fn contributors(
    call: &ApiCall,
    run: RunId,
    found: &Evidence,
    gate: MembershipGate,
) -> Result<NamedContributors, Problem> {
    let numbers: Vec<RunPerson> = found.contributors.iter().map(|one| one.person).collect();
    let scores = score::get(call.pg(), run, &numbers).await?;
    let ids: Vec<PersonId> = scores.iter().flatten().map(|score| score.person).collect();
    let mut people = load_by_id(call.pg(), &ids).await?;
    people.retain(|_, person| gate.admits(&person.profiles));
    let (mut contributors, mut rest) = (Vec::new(), f64::from(found.rest));
    for (one, score) in found.contributors.iter().zip(scores) {
        let brings = one.contribution(found.damping);
        match score.and_then(|score| people.get(&score.person)) {
            Some(person) => contributors.push(ContributorView {
                person: PersonBrief::new(person),
                attention: one.attention,
                share: one.share,
                brings,
            }),
            None => rest += f64::from(brings),
        }
    }
    Ok(NamedContributors { contributors, rest: rest as f32 })
}
