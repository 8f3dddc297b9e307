//! The map of a community: where it lies, its parts, and its first people.

use model::index::RunPerson;
use model::map::MapDisc;
use model::{Community, CommunityId, PersonId, RunId};
use serde::{Deserialize, Serialize};
use store::Pg;
use store::pg::community::{self, WORLD};
use store::pg::map::{self, MapRegion, RegionQuery};
use store::pg::membership::{self, Order};
use store::pg::score;
use tokio::try_join;
use utoipa::ToSchema;

use super::unknown;
use crate::answer::{ApiAnswer, Envelope};
use crate::community_view::CommunityBrief;
use crate::error::{Problem, ProblemCode};
use crate::extract::{ApiCall, PathId, Query};
use crate::people::{PersonBrief, load_by_id};
use crate::query::{LIMIT_MAX, LevelParam, PageLimit, RunChoice, TimeParam};
use crate::runs;

/// The most parts of one answer.
const PARTS_MAX: u32 = LIMIT_MAX;
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
    /// Its members with the most attention here.
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
    /// Of which level the parts are; the one below the community's, unless given.
    #[param(value_type = Option<u8>)]
    level: Option<LevelParam>,
    /// The most people: 1 to 1000; 50 unless given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<PageLimit>,
    /// The run to answer from; the one that is served now, unless given.
    #[param(value_type = Option<String>, example = "run_3")]
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
    params(("id" = String, Path, example = "com_7"), MapParams),
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
    let own = own(call.pg(), run, id).await?;
    let region = region(call.pg(), run, id).await?;
    let level = part_level(&region, query.level)?;
    let rows = query.limit.unwrap_or_default().rows();
    let (parts, people) =
        try_join!(parts(call.pg(), run, &region, level), people(call.pg(), run, id, rows))?;
    let rows = people.len();
    let view = MapView { region: RegionView::new(&region, own.as_ref()), parts, people };
    Ok(ApiAnswer::of_rows(view, rows).of(Some(served)))
}

/// The community; `None` is the world.
async fn own(pg: &Pg, run: RunId, id: CommunityId) -> Result<Option<Community>, Problem> {
    if id == WORLD {
        return Ok(None);
    }
    let found = community::get(pg, run, &[id]).await?.into_iter().next();
    found.map(Some).ok_or_else(|| unknown(id, run))
}

async fn region(pg: &Pg, run: RunId, id: CommunityId) -> Result<MapRegion, Problem> {
    let found = map::region(pg, run, id).await?;
    found.ok_or_else(|| {
        let why = format!("{run} has no map: an older version made it, see /v1/runs");
        Problem::new(ProblemCode::MapUnknown, why)
    })
}

/// The level of the parts.
fn part_level(region: &MapRegion, asked: Option<LevelParam>) -> Result<u8, Problem> {
    let first = region.level.map_or(0, |own| own.saturating_add(1));
    match asked {
        None => Ok(first),
        Some(LevelParam(level)) if level >= first => Ok(level),
        Some(_) => {
            let why = format!("must be finer than the community's level: {first} or more");
            Err(Problem::parameter("level", why))
        }
    }
}

/// The communities of a level inside of a region.
async fn parts(
    pg: &Pg,
    run: RunId,
    region: &MapRegion,
    level: u8,
) -> Result<Vec<RegionView>, Problem> {
    let wanted = RegionQuery { within: region.disc, level, limit: PARTS_MAX };
    let regions = map::regions(pg, run, wanted).await?;
    let ids: Vec<CommunityId> = regions.iter().map(|region| region.community).collect();
    let communities = community::get(pg, run, &ids).await?;
    let of = |region: &MapRegion| communities.iter().find(|one| one.id == region.community);
    Ok(regions
        .iter()
        .filter_map(|region| Some(RegionView::new(region, Some(of(region)?))))
        .collect())
}

/// The first `rows` members of a community that are on the map and listed.
async fn people(
    pg: &Pg,
    run: RunId,
    id: CommunityId,
    rows: u32,
) -> Result<Vec<PersonOnMap>, Problem> {
    let (mut found, mut at, mut count) = (Vec::new(), 0, rows.max(PART_MIN));
    while at < SCANNED_MAX && found.len() < rows as usize {
        let part = at..at + count;
        let page = membership::page(pg, run, id, Order::Attention, part.clone()).await?;
        let Some(page) = page.filter(|page| !page.rows.is_empty()) else { break };
        let members = page.rows.iter().filter(|row| row.membership.member);
        let numbers: Vec<RunPerson> = members.map(|row| row.membership.person).collect();
        found.extend(shown(pg, run, &numbers).await?);
        (at, count) = (part.end, (count * 2).min(LIMIT_MAX));
    }
    found.truncate(rows as usize);
    Ok(found)
}

/// Those of these people that are shown.
async fn shown(pg: &Pg, run: RunId, numbers: &[RunPerson]) -> Result<Vec<PersonOnMap>, Problem> {
    let (scores, discs) = try_join!(score::get(pg, run, numbers), map::people(pg, run, numbers))?;
    let listable = scores.into_iter().map(|score| score.filter(|score| !score.unlisted));
    let placed: Vec<(PersonId, MapDisc)> =
        listable.zip(discs).filter_map(|(score, disc)| Some((score?.person, disc?))).collect();
    let ids: Vec<PersonId> = placed.iter().map(|(person, _)| *person).collect();
    let people = load_by_id(pg, &ids).await?;
    let on_map = placed.into_iter().filter_map(|(person, disc)| {
        let person = PersonBrief::new(people.get(&person)?);
        Some(PersonOnMap { person, disc: disc.into() })
    });
    Ok(on_map.collect())
}
