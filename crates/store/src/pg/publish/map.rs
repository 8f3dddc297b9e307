//! The map of a run, as it is loaded.

use model::map::{MapDisc, MapPlace, Tile, pack_places};
use tokio_postgres::types::{ToSql, Type};

use super::RunLoader;
use super::rows::{KeyedBody, RunTable};
use crate::StoreError;
use crate::pg::copy::CopyRow;
use crate::pg::map::MapRegion;
use crate::pg::score::PEOPLE_BLOCK;

const MAP_PERSON: RunTable =
    RunTable { name: "map_person", columns: &[("block", Type::INT4), ("body", Type::BYTEA)] };
const MAP_REGION: RunTable = RunTable {
    name: "map_region",
    columns: &[
        ("community_id", Type::INT8),
        ("level", Type::INT2),
        ("last_level", Type::INT2),
        ("x", Type::FLOAT4),
        ("y", Type::FLOAT4),
        ("radius", Type::FLOAT4),
    ],
};
const MAP_TILE: RunTable = RunTable {
    name: "map_tile",
    columns: &[("z", Type::INT2), ("x", Type::INT4), ("y", Type::INT4), ("body", Type::BYTEA)],
};

/// The most tiles of one statement: each has up to about 12 kB.
const TILES_MAX: usize = 64;

/// The stored level of the world.
const WORLD_LEVEL: i16 = -1;

struct RegionRow {
    community: i64,
    level: i16,
    last_level: i16,
    disc: MapDisc,
}

struct TileRow {
    z: i16,
    x: i32,
    y: i32,
    body: Vec<u8>,
}

impl RunLoader<'_> {
    /// Adds where all people lie, in the order of their numbers; `None` for those who are on no map.
    pub async fn map_people(&mut self, places: &[Option<MapPlace>]) -> Result<(), StoreError> {
        let blocks = (0..).zip(places.chunks(PEOPLE_BLOCK));
        let rows = blocks.map(|(key, places)| KeyedBody::<i32> { key, body: pack_places(places) });
        self.send_all(&MAP_PERSON, rows).await
    }

    /// Adds the regions of communities, and that of the world.
    pub async fn map_regions(&mut self, regions: &[MapRegion]) -> Result<(), StoreError> {
        let row = |region: &MapRegion| RegionRow {
            community: region.community.number() as i64,
            level: region.level.map_or(WORLD_LEVEL, i16::from),
            last_level: region.last_level.map_or(WORLD_LEVEL, i16::from),
            disc: region.disc,
        };
        self.send_all(&MAP_REGION, regions.iter().map(row)).await
    }

    /// Adds tiles.
    pub async fn map_tiles(&mut self, tiles: &[Tile]) -> Result<(), StoreError> {
        let row = |tile: &Tile| TileRow {
            z: i16::from(tile.id.z()),
            x: tile.id.x() as i32,
            y: tile.id.y() as i32,
            body: tile.encode(),
        };
        for tiles in tiles.chunks(TILES_MAX) {
            self.send(&MAP_TILE, tiles.iter().map(row).collect()).await?;
        }
        Ok(())
    }
}

impl CopyRow for RegionRow {
    fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        let MapDisc { x, y, radius } = &self.disc;
        vec![&self.community, &self.level, &self.last_level, x, y, radius]
    }
}

impl CopyRow for TileRow {
    fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        vec![&self.z, &self.x, &self.y, &self.body]
    }
}
