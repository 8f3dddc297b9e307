//! The people of a community, by attention or by insider score.
//!
//! The database has one list; views and consent are filters over it. A page is read until it is full,
//! the list ends or [`SCANNED_MAX`] positions were read, so it may be short; its cursor is a position
//! in the list.

use model::index::RunPerson;
use model::{Community, CommunityId, PersonId, PersonKind, RunId};
use serde::{Deserialize, Serialize};
use store::Pg;
use store::pg::community::{self, WORLD};
use store::pg::membership::{self, Order, Page, RankedMembership};
use store::pg::score;
use tokio::try_join;
use utoipa::ToSchema;

use crate::answer::{ApiAnswer, Envelope};
use crate::community_lookup::unknown;
use crate::community_view::MembershipView;
use crate::cursor::CursorText;
use crate::error::Problem;
use crate::extract::{ApiCall, PathId, Query};
use crate::people::{PersonBrief, load_by_id};
use crate::query::{LIMIT_MAX, PageLimit, RunChoice, TimeParam};
use crate::runs::RunPage;
use crate::sensitive::{MembershipGate, MembershipGates};

/// The most positions that are read for one page.
const SCANNED_MAX: u32 = 10 * LIMIT_MAX;
/// The fewest positions that are read together.
const PART_MIN: u32 = 64;

/// A person and its place in the community.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Place)]
pub(crate) struct PersonPlace {
    /// Who it is.
    person: PersonBrief,
    #[serde(flatten)]
    membership: MembershipView,
}

/// Who of a community is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum PeopleView {
    #[default]
    All,
    Person,
    Organisation,
}

/// In which order.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum PeopleOrder {
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
    view: Option<PeopleView>,
    /// `attention` (unless given) or `insider`, the highest first.
    #[param(inline)]
    sort: Option<PeopleOrder>,
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

impl PeopleView {
    fn shows(self, kind: PersonKind) -> bool {
        match self {
            PeopleView::All => true,
            PeopleView::Person => matches!(kind, PersonKind::Person | PersonKind::Unknown),
            PeopleView::Organisation => kind == PersonKind::Organisation,
        }
    }
}

impl From<PeopleOrder> for Order {
    fn from(sort: PeopleOrder) -> Order {
        match sort {
            PeopleOrder::Attention => Order::Attention,
            PeopleOrder::Insider => Order::Insider,
        }
    }
}

/// Everyone who receives attention in a community, members or not, of outsiders the first 10,000
/// (`com_0`: the first 100,000 of the world).
/// Unlisted people are left out and, of a community that is `sensitive`, those whose bios do not name what
/// it is about: ranks count them. The walk ends where there is no `next_cursor`.
#[utoipa::path(
    get,
    path = "/v1/communities/{id}/people",
    operation_id = "list_community_people",
    tag = "communities",
    params(("id" = String, Path, example = "com_1"), PeopleParams),
    responses((status = 200, body = Envelope<Vec<PersonPlace>>, description = "The answer."), Problem)
)]
pub(crate) async fn list(
    PathId(id): PathId<CommunityId>,
    Query(query): Query<PeopleParams>,
    call: ApiCall,
) -> Result<ApiAnswer<Vec<PersonPlace>>, Problem> {
    let wanted = RunChoice { run: query.run, as_of: query.as_of };
    let page = RunPage::of(&call, wanted, query.cursor.as_deref()).await?;
    let run = page.served.run;
    let mut scan = PeopleScan {
        pg: call.pg(),
        run,
        community: id,
        order: query.sort.unwrap_or_default().into(),
        view: query.view.unwrap_or_default(),
        unknown: false,
        gate: MembershipGate::Closed,
    };
    let from = page.begin.map_or(0, |[place, _]| u32::try_from(place).unwrap_or(u32::MAX));
    let rows = query.limit.unwrap_or_default().rows();
    let ids = [id];
    let found = async { Ok(community::get(call.pg(), run, &ids).await?) };
    let (found, first) = try_join!(found, scan.part(from, rows))?;
    let found = found.first();
    if found.is_none() && id != WORLD {
        return Err(unknown(&call, id, run).await);
    }
    // Of a group that is the same on several levels, the people are those of its first community.
    let first = match found.filter(|one| one.id != id) {
        Some(same) => {
            scan.community = same.id;
            scan.part(from, rows).await?
        }
        None => first,
    };
    scan.unknown = found.is_some_and(Community::is_too_little_known);
    scan.gate = MembershipGates::of(found).get(scan.community);
    let (places, end) = scan.page(first, from, rows).await?;
    let next = end.map(|end| [u64::from(end), 0]);
    Ok(page.answer(&call, places, next))
}

/// The list that pages are read from, and its filter.
struct PeopleScan<'a> {
    pg: &'a Pg,
    run: RunId,
    community: CommunityId,
    order: Order,
    view: PeopleView,
    /// Whether the community is too little known for ranks.
    unknown: bool,
    /// Whose membership may be shown.
    gate: MembershipGate,
}

impl PeopleScan<'_> {
    /// Up to `rows` people from a position on, and the position of the next page; `None` at the end.
    async fn page(
        &self,
        first: Option<Page>,
        from: u32,
        rows: u32,
    ) -> Result<(Vec<PersonPlace>, Option<u32>), Problem> {
        let (mut at, mut found, mut part) = (from, Vec::new(), first);
        while at - from < SCANNED_MAX {
            let page = match part.take() {
                Some(first) => Some(first),
                None => self.part(at, rows).await?,
            };
            let Some(page) = page.filter(|page| !page.rows.is_empty()) else {
                return Ok((found, None));
            };
            for (place, shown) in (at..).zip(self.shown(&page.rows).await?) {
                // There is a next page only if a listed person is on it.
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

    /// The memberships at the places from `at` on that are looked at together.
    async fn part(&self, at: u32, rows: u32) -> Result<Option<Page>, Problem> {
        let part = at..at.saturating_add((rows + rows / 4).clamp(PART_MIN, LIMIT_MAX));
        Ok(membership::page(self.pg, self.run, self.community, self.order, part).await?)
    }

    /// Each of these memberships as it is shown; `None` where the view or consent leaves it out.
    async fn shown(&self, rows: &[RankedMembership]) -> Result<Vec<Option<PersonPlace>>, Problem> {
        let in_view = |row: &&RankedMembership| self.view.shows(row.membership.kind);
        let numbers: Vec<RunPerson> =
            rows.iter().filter(in_view).map(|row| row.membership.person).collect();
        let scores = score::get(self.pg, self.run, &numbers).await?;
        let listable = scores.iter().map(|score| score.filter(|score| !score.unlisted));
        let ids: Vec<Option<PersonId>> =
            listable.map(|score| score.map(|score| score.person)).collect();
        let wanted: Vec<PersonId> = ids.iter().copied().flatten().collect();
        let people = load_by_id(self.pg, &wanted).await?;
        let mut ids = ids.into_iter();
        let shown = rows.iter().map(|row| {
            let id = if in_view(&row) { ids.next().flatten() } else { None };
            let person = people.get(&id?).filter(|person| self.gate.admits(&person.profiles))?;
            let person = PersonBrief::new(person);
            Some(PersonPlace { person, membership: MembershipView::new(*row, self.unknown) })
        });
        Ok(shown.collect())
    }
}
