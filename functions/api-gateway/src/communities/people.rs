//! The people of a community, by attention or by insider score.
//!
//! The record keeps one list; views and consent are filters over it. A page reads on until it is
//! full, the list ends or [`SCANNED_MAX`] places were looked at, so it may be short; its cursor is
//! a place in the list.

use model::index::RunPerson;
use model::{CommunityId, PersonId, PersonKind, RunId};
use serde::{Deserialize, Serialize};
use store::Pg;
use store::pg::community::{self, WORLD};
use store::pg::membership::{self, Order, RankedMembership};
use store::pg::score;
use utoipa::ToSchema;

use super::{StandingView, unknown};
use crate::answer::{Answer, Class, Envelope};
use crate::error::{Problem, ProblemBody};
use crate::extract::{Asked, Call, Id};
use crate::people::{PersonBrief, by_id};
use crate::query::{LIMIT_MAX, Limit, Moment, Wanted};
use crate::runs;

/// The most places that one page looks at.
const SCANNED_MAX: u32 = 10 * LIMIT_MAX;
/// The fewest places that are looked at together.
const PART_MIN: u32 = 64;

/// A person and its place in the community.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Place {
    /// Who it is.
    person: PersonBrief,
    #[serde(flatten)]
    standing: StandingView,
}

/// Who of a community is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum View {
    #[default]
    All,
    Person,
    Organisation,
}

/// In which order.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Sort {
    #[default]
    Attention,
    Insider,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PeopleParams {
    /// `all` (unless given); `person`: humans and those of unknown kind; or `organisation`.
    #[param(inline)]
    view: Option<View>,
    /// `attention` (unless given) or `insider`, the highest first.
    #[param(inline)]
    sort: Option<Sort>,
    /// The run to answer from; the one that is served now, unless given.
    #[param(value_type = Option<String>, example = "run_3")]
    run: Option<RunId>,
    /// Instead of `run`: the newest run that was there at this time.
    #[param(value_type = Option<String>, format = DateTime)]
    as_of: Option<Moment>,
    /// How many rows a page has: 1 to 1000; 50 unless given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl View {
    fn shows(self, kind: PersonKind) -> bool {
        match self {
            View::All => true,
            View::Person => matches!(kind, PersonKind::Person | PersonKind::Unknown),
            View::Organisation => kind == PersonKind::Organisation,
        }
    }
}

impl From<Sort> for Order {
    fn from(sort: Sort) -> Order {
        match sort {
            Sort::Attention => Order::Attention,
            Sort::Insider => Order::Insider,
        }
    }
}

/// Everyone who receives attention in a community, members or not, of outsiders the first 10,000
/// (`com_0`: the first 100,000 of the world).
/// Unlisted people are left out. The walk ends where there is no `next_cursor`.
#[utoipa::path(get, operation_id = "list_community_people", path = "/v1/communities/{id}/people", tag = "communities",
    params(("id" = String, Path, example = "com_7"), PeopleParams), responses(
    (status = 200, body = Envelope<Vec<Place>>, description = "The answer."), (status = "default", body = ProblemBody,
        description = "Why there is no answer.", content_type = "application/problem+json")))]
pub(crate) async fn people(
    call: Call,
    Id(id): Id<CommunityId>,
    Asked(asked): Asked<PeopleParams>,
) -> Result<Answer<Vec<Place>>, Problem> {
    let walk = call.opened(asked.cursor.as_deref())?;
    let served =
        runs::chosen(call.pg(), Wanted { run: asked.run, as_of: asked.as_of }, walk).await?;
    let found = community::get(call.pg(), served.run, &[id]).await?.into_iter().next();
    if found.is_none() && id != WORLD {
        return Err(unknown(id, served.run));
    }
    let scan = Scan {
        pg: call.pg(),
        run: served.run,
        community: id,
        order: asked.sort.unwrap_or_default().into(),
        view: asked.view.unwrap_or_default(),
        unknown: found.is_some_and(|one| one.is_too_little_known()),
    };
    let from = walk.map_or(0, |cursor| u32::try_from(cursor.position[0]).unwrap_or(u32::MAX));
    let (places, end) = scan.page(from, asked.limit.unwrap_or_default().rows()).await?;
    let next = end.map(|end| call.cursor(served.run, [u64::from(end), 0]));
    Ok(Answer::page(Class::Graph, places).of(Some(served)).then(next))
}

/// What is looked for, and where.
struct Scan<'a> {
    pg: &'a Pg,
    run: RunId,
    community: CommunityId,
    order: Order,
    view: View,
    /// Whether it is too little known for ranks.
    unknown: bool,
}

impl Scan<'_> {
    /// Up to `rows` places from the place `from` on, and where to go on; `None` at the end.
    async fn page(&self, from: u32, rows: u32) -> Result<(Vec<Place>, Option<u32>), Problem> {
        let (mut at, mut found) = (from, Vec::new());
        while at - from < SCANNED_MAX {
            let part = (at, (2 * rows).clamp(PART_MIN, LIMIT_MAX));
            let page =
                membership::page(self.pg, self.run, self.community, self.order, part).await?;
            let Some(page) = page.filter(|page| !page.rows.is_empty()) else {
                return Ok((found, None));
            };
            for (place, shown) in (at..).zip(self.shown(&page.rows).await?) {
                // A page that ends where nobody is left would tell that somebody is hidden.
                if shown.is_some() && found.len() == rows as usize {
                    return Ok((found, Some(place)));
                }
                found.extend(shown);
            }
            at += u32::try_from(page.rows.len()).unwrap_or(u32::MAX);
            if at >= page.total {
                return Ok((found, None));
            }
        }
        Ok((found, Some(at)))
    }

    /// Each of these memberships as it is shown; `None` where the view or consent leaves it out.
    async fn shown(&self, rows: &[RankedMembership]) -> Result<Vec<Option<Place>>, Problem> {
        let in_view = |row: &&RankedMembership| self.view.shows(row.membership.kind);
        let numbers: Vec<RunPerson> =
            rows.iter().filter(in_view).map(|row| row.membership.person).collect();
        let scores = score::get(self.pg, self.run, &numbers).await?;
        let listable = scores.iter().map(|score| score.filter(|score| !score.unlisted));
        let ids: Vec<Option<PersonId>> =
            listable.map(|score| score.map(|score| score.person)).collect();
        let wanted: Vec<PersonId> = ids.iter().copied().flatten().collect();
        let people = by_id(self.pg, &wanted).await?;
        let mut ids = ids.into_iter();
        let shown = rows.iter().map(|row| {
            let id = if in_view(&row) { ids.next().flatten() } else { None };
            let person = PersonBrief::new(people.get(&id?)?);
            Some(Place { person, standing: StandingView::new(*row, self.unknown) })
        });
        Ok(shown.collect())
    }
}
