//! A person's rank in one community over all runs, as steps.

use model::rank_change::RankChangeReason;
use model::time::Timestamp;
use model::{CommunityId, PersonId, RunId};
use serde::{Deserialize, Serialize};
use store::pg::community::WORLD;
use store::pg::history::{self, DatedStep, HistoryQuery};
use tokio::try_join;
use utoipa::ToSchema;

use super::ranks::WhyNoRank;
use super::{ListedPerson, PersonBrief, load_by_id, require_person};
use crate::answer::{ApiAnswer, Envelope};
use crate::community_lookup::standing_for;
use crate::cursor::CursorText;
use crate::error::Problem;
use crate::extract::{ApiCall, PathId, Query};
use crate::query::{PageLimit, TimeParam};
use crate::sensitive::MembershipGates;

/// A person's rank from one run on, until the next step.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RankStepView {
    /// The run that found it.
    #[schema(value_type = String, example = "run_1")]
    run: RunId,
    /// When that run was published.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Place by attention; `null` under the noise level.
    rank: Option<u32>,
    /// Why `rank` is `null`; `null` where there is a rank.
    #[schema(inline)]
    why_no_rank: Option<WhyNoRank>,
    /// Share of the community's attention, within 0.02 %.
    attention: f32,
    /// Of 10 true shares 9 are between this one …
    attention_low: Option<f32>,
    /// … and this one, as far as the arcs that we see are a fair sample; `null` where there are none.
    attention_high: Option<f32>,
    /// Attention on a logarithmic scale from 0 to 1000.
    score: u16,
    /// Whether it holds until the next step. It does not where the person left the first 1,000: further down
    /// ranks are not followed.
    holds: bool,
    /// Those whose gain or loss explains the step, the largest first, at most 5. There are none for small
    /// steps, and who does not want to be listed is not among them.
    reasons: Vec<StepReason>,
}

/// What one contributor changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StepReason {
    /// Who attends, or attended, to the person.
    person: PersonBrief,
    /// Its part of the person's attention in the run before; 0 for nothing.
    before: f32,
    /// Its part in this run; 0 for nothing.
    after: f32,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RankHistoryParams {
    /// The community; `com_0`, the whole world, unless given.
    #[param(value_type = Option<String>, example = "com_1")]
    community: Option<CommunityId>,
    /// Only runs that were published by this time.
    #[param(value_type = Option<String>, format = DateTime)]
    as_of: Option<TimeParam>,
    /// How many steps a page has: 1 to 1000; 50 unless given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<PageLimit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<CursorText>,
}

/// A person's rank in one community over all runs, the newest first: a step where rank or score changed, which
/// holds until the next one. Ranks are followed among the first 1,000 of a community, for 400 days. The
/// oldest step may be that with which the history begins. The walk ends where there is no `next_cursor`.
#[utoipa::path(
    get,
    path = "/v1/people/{id}/history",
    operation_id = "list_rank_history",
    tag = "people",
    params(("id" = String, Path, example = "per_2000000001"), RankHistoryParams),
    responses((status = 200, body = Envelope<Vec<RankStepView>>, description = "The answer."), Problem)
)]
pub(crate) async fn list(
    PathId(id): PathId<PersonId>,
    Query(query): Query<RankHistoryParams>,
    call: ApiCall,
) -> Result<ApiAnswer<Vec<RankStepView>>, Problem> {
    let cursor = call.open_cursor(query.cursor.as_deref())?;
    let community = standing_for(&call, query.community.unwrap_or(WORLD));
    let (person, community) = try_join!(require_person(call.pg(), id), community)?;
    let gates = MembershipGates::of_kept_runs(call.pg(), &[community]).await?;
    let gate = gates.get(community);
    if !gate.admits(&person.profiles) {
        return Ok(ApiAnswer::page(Vec::new()));
    }
    let wanted = HistoryQuery {
        person: id,
        community,
        before: cursor.map(|cursor| cursor.run),
        until: query.as_of.map_or(Timestamp::MAX, |TimeParam(at)| at),
        limit: query.limit.unwrap_or_default().rows(),
    };
    let page = history::of_person(call.pg(), &wanted).await?;
    let named = page.steps.iter().flat_map(|step| &step.reasons).map(|reason| reason.person);
    let named: Vec<PersonId> = named.collect();
    let people = load_by_id(call.pg(), &named).await?;
    let next = page.next.map(|run| call.cursor(run, [0, 0]));
    let named =
        |person: &PersonId| people.get(person).filter(|person| gate.admits(&person.profiles));
    let steps = page.steps.into_iter().map(|step| RankStepView::new(step, named));
    Ok(ApiAnswer::page(steps.collect()).then(next))
}

impl RankStepView {
    fn new<'a>(
        dated: DatedStep,
        named: impl Fn(&PersonId) -> Option<&'a ListedPerson>,
    ) -> RankStepView {
        let DatedStep { run, at, step, reasons } = dated;
        let interval = step.interval();
        let reason = |RankChangeReason { person, before, after }: RankChangeReason| {
            let person = PersonBrief::new(named(&person)?);
            Some(StepReason { person, before, after })
        };
        RankStepView {
            run,
            at,
            rank: step.rank.map(Into::into),
            why_no_rank: step.rank.is_none().then_some(WhyNoRank::TooLittleKnown),
            attention: step.attention,
            attention_low: interval.map(|interval| interval.low),
            attention_high: interval.map(|interval| interval.high),
            score: step.score(),
            holds: step.rank.is_none() || step.is_followed(),
            reasons: reasons.into_iter().filter_map(reason).collect(),
        }
    }
}
