//! A person's ranks in all communities that attend to it.

use std::collections::HashMap;

use model::{Community, CommunityId, PersonId, RunId};
use serde::{Deserialize, Serialize};
use store::pg::community;
use store::pg::community::WORLD;
use store::pg::membership::{self, RankedMembership};
use tokio::try_join;
use utoipa::ToSchema;

use super::{ListedPerson, require_person, run_number};
use crate::answer::{ApiAnswer, Envelope};
use crate::community_view::{CommunityBrief, MembershipView};
use crate::cursor::CursorText;
use crate::error::Problem;
use crate::extract::{ApiCall, PathId, Query};
use crate::query::{LIMIT_MAX, PageLimit, RunChoice, TimeParam};
use crate::runs::RunPage;
use crate::sensitive::MembershipGates;

/// The fewest memberships that are read together.
const PART_MIN: usize = 64;

/// One person's place in one community.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RankView {
    /// The community; `com_0` is the whole world.
    community: CommunityBrief,
    #[serde(flatten)]
    membership: MembershipView,
    /// Why `rank` is `null`; `null` where there is a rank.
    #[schema(inline)]
    why_no_rank: Option<WhyNoRank>,
}

/// Why a person has no rank.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum WhyNoRank {
    /// Too few known people attend to it here, or the community itself is known too little.
    TooLittleKnown,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RankParams {
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

/// A person's standings, but those in sensitive communities that its bio does not name: the world first, then the
/// communities that it belongs to the most, then the others by the attention that they give it.
#[utoipa::path(
    get,
    path = "/v1/people/{id}/ranks",
    operation_id = "list_ranks",
    tag = "people",
    params(("id" = String, Path, example = "per_2000000001"), RankParams),
    responses((status = 200, body = Envelope<Vec<RankView>>, description = "The answer."), Problem)
)]
pub(crate) async fn list(
    PathId(id): PathId<PersonId>,
    Query(query): Query<RankParams>,
    call: ApiCall,
) -> Result<ApiAnswer<Vec<RankView>>, Problem> {
    let rows = query.limit.unwrap_or_default().rows() as usize;
    let wanted = RunChoice { run: query.run, as_of: query.as_of };
    let page = RunPage::of(&call, wanted, query.cursor.as_deref()).await?;
    let run = page.served.run;
    let (person, number) =
        try_join!(require_person(call.pg(), id), run_number(call.pg(), run, id))?;
    let all = match number {
        Some(number) => in_order(membership::of_person(call.pg(), run, number).await?),
        None => Vec::new(),
    };
    let from = page.begin.map_or(0, |[place, _]| place as usize).min(all.len());
    let scan = RankScan { call: &call, run, person: &person };
    let (shown, end) = scan.page(&all, from, rows).await?;
    Ok(page.answer(&call, shown, end.map(|end| [end as u64, 0])))
}

fn in_order(mut all: Vec<(CommunityId, RankedMembership)>) -> Vec<(CommunityId, RankedMembership)> {
    all.sort_by(|(a, one), (b, two)| {
        let (x, y) = (&one.membership, &two.membership);
        (*b == WORLD)
            .cmp(&(*a == WORLD))
            .then(y.belonging.total_cmp(&x.belonging))
            .then(y.score.cmp(&x.score))
            .then(a.cmp(b))
    });
    all
}

/// The memberships of one person, as they are shown.
struct RankScan<'a> {
    call: &'a ApiCall,
    run: RunId,
    person: &'a ListedPerson,
}

impl RankScan<'_> {
    /// Up to `rows` memberships from a position on, and the position of the next page; `None` at the end.
    /// There is a next page only if one that is shown is on it.
    async fn page(
        &self,
        all: &[(CommunityId, RankedMembership)],
        from: usize,
        rows: usize,
    ) -> Result<(Vec<RankView>, Option<usize>), Problem> {
        let (mut at, mut found) = (from, Vec::new());
        for part in all[from..].chunks((rows + 1).clamp(PART_MIN, LIMIT_MAX as usize)) {
            for (place, view) in (at..).zip(self.views(part).await?) {
                if view.is_some() && found.len() == rows {
                    return Ok((found, Some(place)));
                }
                found.extend(view);
            }
            at += part.len();
        }
        Ok((found, None))
    }

    /// Each of these memberships as it is shown; `None` for one that is not.
    async fn views(
        &self,
        part: &[(CommunityId, RankedMembership)],
    ) -> Result<Vec<Option<RankView>>, Problem> {
        let ids: Vec<CommunityId> = part.iter().map(|(id, _)| *id).collect();
        let communities = community::get(self.call.pg(), self.run, &ids).await?;
        let gates = MembershipGates::of(&communities);
        let communities: HashMap<CommunityId, Community> =
            communities.into_iter().map(|one| (one.id, one)).collect();
        let view = |(id, ranked): &(CommunityId, RankedMembership)| {
            let is_shown = gates.admit(*id, &self.person.profiles);
            is_shown.then(|| RankView::new(*id, communities.get(id), *ranked))
        };
        Ok(part.iter().map(view).collect())
    }
}

impl RankView {
    fn new(id: CommunityId, community: Option<&Community>, ranked: RankedMembership) -> RankView {
        let unknown = community.is_some_and(Community::is_too_little_known);
        let membership = MembershipView::new(ranked, unknown);
        RankView {
            community: CommunityBrief::new(id, community),
            why_no_rank: membership.too_little_known.then_some(WhyNoRank::TooLittleKnown),
            membership,
        }
    }
}
