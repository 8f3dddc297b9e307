//! The map of a community: where it lies, its parts, and its first people.

use std::collections::HashMap;

use model::index::RunPerson;
use model::map::{MapDisc, MapPlace};
use model::{Community, CommunityId, PersonId, RunId};
use serde::{Deserialize, Serialize};
use store::pg::community::{self, WORLD};
use store::pg::map::{self, MapRegion, RegionQuery};
use store::pg::membership::{self, Order, Page};
use store::pg::score;
use store::{Pg, StoreError};
use tokio::try_join;
use utoipa::ToSchema;

use crate::answer::{ApiAnswer, Envelope};
use crate::community_lookup::{in_run, unknown};
use crate::community_view::CommunityBrief;
use crate::error::{Problem, ProblemCode};
use crate::extract::{ApiCall, PathId, Query};
use crate::map::PlaceGates;
use crate::people::{PersonBrief, load_by_id};
use crate::query::{LIMIT_MAX, LevelParam, PageLimit, RunChoice, TimeParam};
use crate::runs;
use crate::sensitive::{MembershipGate, MembershipGates};

/// The most parts of one answer.
const PARTS_MAX: u32 = LIMIT_MAX;
/// The most neighbours of one answer.
const NEIGHBOURS_MAX: u32 = 24;
/// The fewest that are read together; twice as many each time, since most of a community may be outsiders.
const PART_MIN: u32 = 64;
/// The most places of a community that are looked at for its first people.
const SCANNED_MAX: u32 = 10 * LIMIT_MAX;

/// Where communities and people lie: within 1 of the origin, x to the right and y upwards. People do not
/// overlap, nor do communities of one level; a community holds its people and its parts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MapView {
    /// The community itself.
    region: RegionView,
    /// Its parts on the level asked for, the largest first; at most 1,000.
    parts: Vec<RegionView>,
    /// The communities of its level that lie nearest, border to border; at most 24, and none of the world.
    neighbours: Vec<RegionView>,
    /// Its members with the most attention here who lie in it. Unlisted people are left out and, of a `sensitive`
    /// community, those whose bios do not name what it is about.
    people: Vec<PersonOnMap>,
}

/// The disc of a community.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RegionView {
    #[serde(flatten)]
    community: CommunityBrief,
    /// Mean trust of its members, 0 to 1; `null` if it is no more than a stranger's, and for the world.
    trust: Option<f32>,
    /// Whether its members are known no better than strangers.
    too_little_known: bool,
    #[serde(flatten)]
    disc: DiscView,
}

/// A person and its disc.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonOnMap {
    /// Who it is.
    person: PersonBrief,
    #[serde(flatten)]
    disc: DiscView,
}

/// A disc on the map.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DiscView {
    /// The middle, to the right of the world's.
    x: f32,
    /// The middle, above the world's.
    y: f32,
    /// The radius; that of the world is 1.
    radius: f32,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MapParams {
    /// Of which level the parts are; the one below the community's, unless given. Of a level that is no finer than
    /// the community's there are none.
    #[param(value_type = Option<u8>, maximum = 255)]
    level: Option<LevelParam>,
    /// The most people: 1 to 1000; 50 unless given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<PageLimit>,
    /// The run to answer from; the one that is served now, unless given.
    #[param(value_type = Option<String>, example = "run_1")]
    run: Option<RunId>,
    /// Instead of `run`: the newest run that was there at this time.
    #[param(value_type = Option<String>, format = DateTime)]
    as_of: Option<TimeParam>,
}

impl From<MapDisc> for DiscView {
    fn from(MapDisc { x, y, radius }: MapDisc) -> DiscView {
        DiscView { x, y, radius }
    }
}

impl RegionView {
    fn new(region: &MapRegion, community: Option<&Community>) -> RegionView {
        let known = community.filter(|one| !one.is_too_little_known());
        RegionView {
            community: CommunityBrief::new(region.community, community),
            trust: known.map(|one| one.trust),
            too_little_known: community.is_some() && known.is_none(),
            disc: region.disc.into(),
        }
    }
}

/// Where a community lies on the map of a run (`com_0`: the whole world), where its parts do, and its members
/// with the most attention. Near means attending to each other. Everybody is in the tiles
/// (`/v1/map/tiles/{z}/{x}/{y}`).
#[utoipa::path(
    get,
    path = "/v1/communities/{id}/map",
    operation_id = "get_community_map",
    tag = "communities",
    params(("id" = String, Path, example = "com_1"), MapParams),
    responses((status = 200, body = Envelope<MapView>, description = "The answer."), Problem)
)]
pub(crate) async fn get(
    PathId(id): PathId<CommunityId>,
    Query(query): Query<MapParams>,
    call: ApiCall,
) -> Result<ApiAnswer<MapView>, Problem> {
    let wanted = RunChoice { run: query.run, as_of: query.as_of };
    let served = runs::choose(&call, wanted, None).await?;
    let run = served.run;
    let own = own(&call, run, id).await?;
    let id = own.as_ref().map_or(WORLD, |own| own.id);
    let region = region(call.pg(), run, id).await?;
    let level = part_level(&region, query.level);
    let rows = query.limit.unwrap_or_default().rows();
    let gate = MembershipGates::of(own.as_ref()).get(id);
    let within = MapPeople { pg: call.pg(), run, community: id, region: region.disc, gate };
    let (parts, neighbours) = try_join!(
        parts(call.pg(), run, region, level),
        map::neighbours(call.pg(), run, region, NEIGHBOURS_MAX)
    )?;
    let (parts, neighbours, people) = try_join!(
        views(call.pg(), run, &parts),
        views(call.pg(), run, &neighbours),
        within.first(rows)
    )?;
    let rows = people.len();
    let region = RegionView::new(&region, own.as_ref());
    let view = MapView { region, parts, neighbours, people };
    Ok(ApiAnswer::of_rows(view, rows).of(Some(served)))
}

/// The community; `None` is the world.
async fn own(call: &ApiCall, run: RunId, id: CommunityId) -> Result<Option<Community>, Problem> {
    if id == WORLD {
        return Ok(None);
    }
    match in_run(call, run, id).await? {
        Some(found) => Ok(Some(found)),
        None => Err(unknown(call, id, run).await),
    }
}

async fn region(pg: &Pg, run: RunId, id: CommunityId) -> Result<MapRegion, Problem> {
    let found = map::region(pg, run, id).await?;
    found.ok_or_else(|| {
        let why = format!("{run} has no map: an older version made it, see /v1/runs");
        Problem::new(ProblemCode::MapUnknown, why)
    })
}

/// The level of the parts; `None` if there are none on the level asked for.
fn part_level(region: &MapRegion, asked: Option<LevelParam>) -> Option<u8> {
    let first = region.last_level.map_or(0, |own| own.saturating_add(1));
    match asked {
        None => Some(first),
        Some(LevelParam(level)) => Some(level).filter(|&level| level >= first),
    }
}

/// The parts of a region on a level.
async fn parts(
    pg: &Pg,
    run: RunId,
    region: MapRegion,
    level: Option<u8>,
) -> Result<Vec<MapRegion>, StoreError> {
    let Some(level) = level else { return Ok(Vec::new()) };
    map::regions(pg, run, RegionQuery { within: region.disc, level, limit: PARTS_MAX }).await
}

/// Regions as they are shown.
async fn views(pg: &Pg, run: RunId, regions: &[MapRegion]) -> Result<Vec<RegionView>, Problem> {
    let ids: Vec<CommunityId> = regions.iter().map(|region| region.community).collect();
    let found = community::get(pg, run, &ids).await?;
    let found: HashMap<CommunityId, Community> =
        found.into_iter().map(|one| (one.id, one)).collect();
    let view = |region: &MapRegion| {
        found.get(&region.community).map(|community| RegionView::new(region, Some(community)))
    };
    Ok(regions.iter().filter_map(view).collect())
}

/// The people of a community that lie in it.
struct MapPeople<'a> {
    pg: &'a Pg,
    run: RunId,
    community: CommunityId,
    region: MapDisc,
    /// Whose membership may be shown.
    gate: MembershipGate,
}

impl MapPeople<'_> {
    /// The first `rows` members with the most attention that may be shown.
    async fn first(&self, rows: u32) -> Result<Vec<PersonOnMap>, Problem> {
        let (mut found, mut at, mut count) = (Vec::new(), 0, rows.max(PART_MIN));
        while at < SCANNED_MAX && found.len() < rows as usize {
            let part = at..at + count;
            (at, count) = (part.end, (count * 2).min(LIMIT_MAX));
            let order = Order::Attention;
            let page = membership::page(self.pg, self.run, self.community, order, part).await?;
            let Some(page) = page.filter(|page| !page.rows.is_empty()) else { break };
            found.extend(self.shown(&page).await?);
        }
        found.truncate(rows as usize);
        Ok(found)
    }

    /// Those of a page that may be shown.
    async fn shown(&self, page: &Page) -> Result<Vec<PersonOnMap>, Problem> {
        let members = page.rows.iter().filter(|row| row.membership.member);
        let numbers: Vec<RunPerson> = members.map(|row| row.membership.person).collect();
        let (scores, places) = try_join!(
            score::get(self.pg, self.run, &numbers),
            map::people(self.pg, self.run, &numbers)
        )?;
        let listable = scores.into_iter().map(|score| score.filter(|score| !score.unlisted));
        let placed: Vec<(PersonId, MapPlace)> = listable
            .zip(places)
            .filter_map(|(score, place)| Some((score?.person, place?)))
            .collect();
        let ids: Vec<PersonId> = placed.iter().map(|(person, _)| *person).collect();
        let homes: Vec<CommunityId> =
            placed.iter().filter_map(|(_, place)| place.community).collect();
        let (people, gates) =
            try_join!(load_by_id(self.pg, &ids), PlaceGates::read(self.pg, self.run, &homes))?;
        let on_map = placed.iter().filter_map(|(person, place)| {
            let person = people.get(person)?;
            let profiles = &person.profiles;
            let is_shown = self.region.contains(&place.disc)
                && self.gate.admits(profiles)
                && gates.admit(place.community, profiles);
            is_shown
                .then(|| PersonOnMap { person: PersonBrief::new(person), disc: place.disc.into() })
        });
        Ok(on_map.collect())
    }
}
