//! The map of a run: the discs of people and communities, and tiles.

use std::sync::LazyLock;

use model::index::RunPerson;
use model::map::{MapDisc, MapPlace, PLACE_BYTES, TileId, unpack_places};
use model::{CommunityId, RunId};

use super::params::params;
use super::row::{MAP_PERSON, MAP_REGION, MAP_TILE, TableRow};
use super::score::PEOPLE_BLOCK;
use super::{Pg, run};
use crate::StoreError;

/// A community on the map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MapRegion {
    /// The community, or [`WORLD`](super::community::WORLD).
    pub community: CommunityId,
    /// Its level, the coarsest of several; `None` of the world.
    pub level: Option<u8>,
    /// The finest level on which it is the same group of people; `None` of the world.
    pub last_level: Option<u8>,
    /// The disc that holds its people, its parts and no others.
    pub disc: MapDisc,
}

/// Which regions are read: those of one level inside of a disc, the largest first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RegionQuery {
    /// The disc that their middles lie in. As regions of a level do not overlap, that of a community holds
    /// its parts only.
    pub within: MapDisc,
    /// Their level.
    pub level: u8,
    /// The most that are read.
    pub limit: u32,
}

const COLUMNS: &str = "community_id, level, last_level, x, y, radius";

/// These read the tables of one run, whose number stands for `{run}`.
static REGION: LazyLock<String> = LazyLock::new(|| {
    format!("select {COLUMNS} from map_region_{{run}} where run_id = $1 and community_id = $2")
});
static REGIONS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select {COLUMNS} from map_region_{{run}} where run_id = $1 and $2 between level and last_level
            and (x - $3) * (x - $3) + (y - $4) * (y - $4) <= $5 * $5
        order by radius desc, community_id limit $6"
    )
});
static NEIGHBOURS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select {COLUMNS} from map_region_{{run}} where run_id = $1 and $2 between level and last_level
            and community_id <> $6
        order by sqrt((x - $3) * (x - $3) + (y - $4) * (y - $4)) - radius, community_id limit $5"
    )
});
static PEOPLE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select u.o, p.block, substring(p.body
            from u.number % {PEOPLE_BLOCK} * {PLACE_BYTES} + 1 for {PLACE_BYTES}) body
        from unnest($2::int[]) with ordinality u(number, o)
        join map_person_{{run}} p on p.run_id = $1 and p.block = u.number / {PEOPLE_BLOCK}"
    )
});
const TILE: &str =
    "select x, body from map_tile_{run} where run_id = $1 and z = $2 and x = $3 and y = $4";

/// The region of a community, or of the world; `None` if there is none, as in runs of versions that made no
/// maps.
pub async fn region(
    pg: &Pg,
    run: RunId,
    community: CommunityId,
) -> Result<Option<MapRegion>, StoreError> {
    let params = params![run::stored(run) => INT8, community.number() as i64 => INT8];
    let rows = pg.read_run("map::region", run, &REGION, params).await?;
    MAP_REGION.rows(&rows).next().map(from_row).transpose()
}

/// The regions of a level inside of a disc.
pub async fn regions(
    pg: &Pg,
    run: RunId,
    query: RegionQuery,
) -> Result<Vec<MapRegion>, StoreError> {
    let RegionQuery { within, level, limit } = query;
    let params = params![
        run::stored(run) => INT8,
        i16::from(level) => INT2,
        within.x => FLOAT4,
        within.y => FLOAT4,
        within.radius => FLOAT4,
        i64::from(limit) => INT8,
    ];
    let rows = pg.read_run("map::regions", run, &REGIONS, params).await?;
    MAP_REGION.rows(&rows).map(from_row).collect()
}

/// The regions of a region's level that lie nearest to it, border to border; none of the world. Reads the whole
/// level.
pub async fn neighbours(
    pg: &Pg,
    run: RunId,
    of: MapRegion,
    limit: u32,
) -> Result<Vec<MapRegion>, StoreError> {
    let Some(level) = of.level else { return Ok(Vec::new()) };
    let params = params![
        run::stored(run) => INT8,
        i16::from(level) => INT2,
        of.disc.x => FLOAT4,
        of.disc.y => FLOAT4,
        i64::from(limit) => INT8,
        of.community.number() as i64 => INT8,
    ];
    let rows = pg.read_run("map::neighbours", run, &NEIGHBOURS, params).await?;
    MAP_REGION.rows(&rows).map(from_row).collect()
}

/// Where people lie, by number, in their order; `None` for those who are not on the map.
pub async fn people(
    pg: &Pg,
    run: RunId,
    numbers: &[RunPerson],
) -> Result<Vec<Option<MapPlace>>, StoreError> {
    let stored: Vec<i32> = numbers.iter().map(|person| person.number() as i32).collect();
    let params = params![run::stored(run) => INT8, stored => INT4_ARRAY];
    let mut places = vec![None; numbers.len()];
    for row in MAP_PERSON.rows(&pg.read_run("map::people", run, &PEOPLE, params).await?) {
        let found = unpack_places(row.get("body")?);
        let found = found.ok_or_else(|| row.corrupt("body", "no whole number of places"))?;
        places[row.ordinal("o")?] = found.first().copied().flatten();
    }
    Ok(places)
}

/// A tile as it was made, with those who are not listed by now; `None` if its square has none.
pub async fn tile(pg: &Pg, run: RunId, tile: TileId) -> Result<Option<Vec<u8>>, StoreError> {
    let params = params![
        run::stored(run) => INT8,
        i16::from(tile.z()) => INT2,
        tile.x() as i32 => INT4,
        tile.y() as i32 => INT4,
    ];
    let rows = pg.read_run("map::tile", run, TILE, params).await?;
    MAP_TILE.rows(&rows).next().map(|row| row.get("body")).transpose()
}

fn from_row(row: TableRow<'_>) -> Result<MapRegion, StoreError> {
    let level = |column| row.get(column).map(|level: i16| u8::try_from(level).ok());
    Ok(MapRegion {
        community: CommunityId::new(row.unsigned("community_id")?),
        level: level("level")?,
        last_level: level("last_level")?,
        disc: MapDisc { x: row.get("x")?, y: row.get("y")?, radius: row.get("radius")? },
    })
}
