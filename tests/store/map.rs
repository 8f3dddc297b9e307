//! The map of a run: loaded, and read back.

use model::index::RunPerson;
use model::map::{MapDisc, MapPlace, MappedPerson, Tile, TileId, tiles};
use model::{CommunityId, PersonId, RunId};
use store::Pg;
use store::pg::community::WORLD;
use store::pg::map::{self, MapRegion, RegionQuery};
use store::pg::publish::RunLoader;
use store::pg::run;
use testkit::database;

use crate::web::at;

/// More than one block of people.
const PEOPLE: u32 = 2_500;

fn disc(number: u32) -> MapDisc {
    MapDisc { x: number as f32 / 4096.0, y: -0.5, radius: 1e-4 }
}

fn place(number: u32) -> MapPlace {
    MapPlace { disc: disc(number), community: Some(CommunityId::new(3)) }
}

fn region(community: u64, level: Option<u8>, last_level: Option<u8>, disc: MapDisc) -> MapRegion {
    MapRegion { community: CommunityId::new(community), level, last_level, disc }
}

fn around(x: f32, radius: f32) -> MapDisc {
    MapDisc { x, y: 0.0, radius }
}

/// Two communities side by side, the first with two parts; every seventh person is on no map.
async fn planted(pg: &Pg) -> RunId {
    let id = run::create(pg, None, at(0)).await.unwrap();
    let mut loader = RunLoader::begin(pg, id).await.unwrap();
    let places: Vec<Option<MapPlace>> =
        (0..PEOPLE).map(|number| (number % 7 != 0).then(|| place(number))).collect();
    loader.map_people(&places).await.unwrap();
    let regions = [
        region(WORLD.number(), None, None, MapDisc::WORLD),
        region(1, Some(0), Some(0), around(-0.5, 0.3)),
        region(2, Some(0), Some(1), around(0.5, 0.4)),
        region(3, Some(1), Some(1), around(-0.7, 0.1)),
        region(4, Some(1), Some(1), around(-0.3, 0.2)),
    ];
    loader.map_regions(&regions).await.unwrap();
    let person =
        |number| MappedPerson { person: PersonId::new(u64::from(number)), place: place(number) };
    let people: Vec<MappedPerson> = (1..1_500).map(person).collect();
    loader.map_tiles(&tiles(&people)).await.unwrap();
    loader.finish(1).await.unwrap();
    id
}

#[tokio::test]
async fn a_map_reads_back() {
    let db = database().await;
    let (pg, run) = (db.pg(), planted(db.pg()).await);
    let numbers = [2_498, 7, 0, 1_024, 1_023, 2_500].map(RunPerson::new);
    let found = map::people(pg, run, &numbers).await.unwrap();
    let wanted = [Some(place(2_498)), None, None, Some(place(1_024)), Some(place(1_023)), None];
    assert_eq!(found, wanted);
    let own = map::region(pg, run, CommunityId::new(4)).await.unwrap();
    assert_eq!(own, Some(region(4, Some(1), Some(1), around(-0.3, 0.2))));
    assert_eq!(map::region(pg, run, WORLD).await.unwrap().unwrap().disc, MapDisc::WORLD);
    assert_eq!(map::region(pg, run, CommunityId::new(9)).await.unwrap(), None);
    let parts = async |community: u64, level, limit| {
        let within = map::region(pg, run, CommunityId::new(community)).await.unwrap().unwrap().disc;
        let found = map::regions(pg, run, RegionQuery { within, level, limit }).await.unwrap();
        found.iter().map(|region| region.community.number()).collect::<Vec<u64>>()
    };
    assert_eq!(parts(0, 0, 10).await, [2, 1]);
    assert_eq!(parts(0, 1, 2).await, [2, 4]);
    assert_eq!(parts(1, 1, 10).await, [4, 3]);
    assert_eq!(parts(2, 1, 10).await, [2], "it is on both levels");
    let beside = async |community: u64| {
        let of = map::region(pg, run, CommunityId::new(community)).await.unwrap().unwrap();
        let found = map::neighbours(pg, run, of, 9).await.unwrap();
        found.iter().map(|region| region.community.number()).collect::<Vec<u64>>()
    };
    assert_eq!(beside(3).await, [4, 2]);
    assert_eq!(beside(2).await, [1]);
    assert!(beside(0).await.is_empty());
    let tile = map::tile(pg, run, TileId::WORLD).await.unwrap().unwrap();
    assert_eq!(Tile::decode(&tile).unwrap().people.len(), 1_000);
    let quarter = TileId::new(1, 1, 0).unwrap();
    let quarter = Tile::decode(&map::tile(pg, run, quarter).await.unwrap().unwrap()).unwrap();
    assert_eq!(quarter.people.len(), 499);
    assert_eq!(map::tile(pg, run, TileId::new(1, 0, 0).unwrap()).await.unwrap(), None);
}

#[tokio::test]
async fn a_run_without_tables_has_no_map() {
    let db = database().await;
    let (pg, run) = (db.pg(), RunId::new(77));
    assert_eq!(map::region(pg, run, WORLD).await.unwrap(), None);
    assert_eq!(map::people(pg, run, &[RunPerson::new(0)]).await.unwrap(), [None]);
    assert_eq!(map::tile(pg, run, TileId::WORLD).await.unwrap(), None);
}
