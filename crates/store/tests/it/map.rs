//! The map of a run: loaded, and read back.

use model::index::RunPerson;
use model::map::{MapDisc, MappedPerson, Tile, TileId, tiles};
use model::observation::{NamedProfile, SeenProfile};
use model::{CommunityId, Consent, PersonId, Platform, ProfileId, RunId};
use store::Pg;
use store::pg::community::WORLD;
use store::pg::map::{self, MapRegion, RegionQuery};
use store::pg::publish::RunLoader;
use store::pg::{account_key, people, person, profile, run};
use testkit::database;

use crate::web::at;

/// More than one block of people.
const PEOPLE: u32 = 2_500;

fn disc(number: u32) -> MapDisc {
    MapDisc { x: number as f32 / 4096.0, y: -0.5, radius: 1e-4 }
}

fn region(community: u64, level: Option<u8>, members: u32, x: f32, radius: f32) -> MapRegion {
    let disc = MapDisc { x, y: 0.0, radius };
    MapRegion { community: CommunityId::new(community), level, members, disc }
}

/// Two communities side by side, the first with two parts; every seventh person is on no map.
async fn planted(pg: &Pg) -> RunId {
    let id = run::create(pg, None, at(0)).await.unwrap();
    let mut loader = RunLoader::begin(pg, id).await.unwrap();
    let discs: Vec<Option<MapDisc>> =
        (0..PEOPLE).map(|number| (number % 7 != 0).then(|| disc(number))).collect();
    loader.map_people(&discs).await.unwrap();
    let regions = [
        MapRegion { community: WORLD, ..region(0, None, PEOPLE, 0.0, 1.0) },
        region(1, Some(0), 20, -0.5, 0.4),
        region(2, Some(0), 30, 0.5, 0.4),
        region(3, Some(1), 5, -0.7, 0.1),
        region(4, Some(1), 15, -0.3, 0.2),
        region(5, Some(1), 30, 0.5, 0.4),
    ];
    loader.map_regions(&regions).await.unwrap();
    let person = |number| MappedPerson {
        person: PersonId::new(u64::from(number)),
        disc: disc(number),
        community: Some(CommunityId::new(3)),
    };
    let people: Vec<MappedPerson> = (1..6_000).map(person).collect();
    loader.map_tiles(&tiles(&people)).await.unwrap();
    loader.finish(1).await.unwrap();
    id
}

#[tokio::test]
async fn a_map_reads_back() {
    let db = database().await;
    let (pg, run) = (db.pg(), planted(db.pg()).await);
    let numbers = [2_499, 7, 0, 1_024, 1_023, 2_500].map(RunPerson::new);
    let found = map::people(pg, run, &numbers).await.unwrap();
    let wanted = [Some(disc(2_499)), None, None, Some(disc(1_024)), Some(disc(1_023)), None];
    assert_eq!(found, wanted);
    let own = map::region(pg, run, CommunityId::new(4)).await.unwrap();
    assert_eq!(own, Some(region(4, Some(1), 15, -0.3, 0.2)));
    assert_eq!(map::region(pg, run, WORLD).await.unwrap().unwrap().disc, MapDisc::WORLD);
    assert_eq!(map::region(pg, run, CommunityId::new(9)).await.unwrap(), None);
    let parts = async |community: u64, level, limit| {
        let within = map::region(pg, run, CommunityId::new(community)).await.unwrap().unwrap().disc;
        let found = map::regions(pg, run, RegionQuery { within, level, limit }).await.unwrap();
        found.iter().map(|region| region.community.number()).collect::<Vec<u64>>()
    };
    assert_eq!(parts(0, 0, 10).await, [2, 1]);
    assert_eq!(parts(0, 1, 2).await, [5, 4]);
    assert_eq!(parts(1, 1, 10).await, [4, 3]);
    assert_eq!(parts(2, 1, 10).await, [5], "one that has the same people has the same disc");
    let tile = map::tile(pg, run, TileId::WORLD).await.unwrap().unwrap();
    assert_eq!(Tile::decode(&tile).unwrap().people.len(), 4_096);
    let quarter = TileId::new(1, 1, 0).unwrap();
    let quarter = Tile::decode(&map::tile(pg, run, quarter).await.unwrap().unwrap()).unwrap();
    assert_eq!(quarter.people.len(), 5_999 - 4_096);
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

#[tokio::test]
async fn a_person_is_listed_if_one_of_its_profiles_is() {
    let db = database().await;
    let (pg, platform) = (db.pg(), Platform::BLUESKY);
    let named =
        |name: &&str| NamedProfile { native_id: (*name).to_owned(), handle: None, host: None };
    let names = ["yes", "no", "first", "second", "away"];
    let pages: Vec<SeenProfile> = names
        .iter()
        .map(|name| {
            let hidden = ["no", "first", "away"].contains(name);
            let consent = if hidden { Consent::UNLISTED } else { Consent::default() };
            SeenProfile { named: named(name), consent, ..SeenProfile::default() }
        })
        .collect();
    profile::import(pg, platform, &pages, at(0)).await.unwrap();
    let names: Vec<NamedProfile> = names.iter().map(named).collect();
    let ids = account_key::resolve(pg, platform, &names).await.unwrap();
    person::save_groups(pg, &[vec![ids[2], ids[3]], vec![ids[0], ids[4]]], at(0)).await.unwrap();
    let mut all: Vec<PersonId> = ids.iter().map(|id: &ProfileId| id.home_person()).collect();
    all.push(PersonId::new((2 << 45) + 900_000));
    let listed = people::listed(pg, &all).await.unwrap();
    let found: Vec<bool> = all.iter().map(|person| listed.contains(person)).collect();
    // The fourth was merged into the third, and is known by its own profile.
    assert_eq!(found, [true, false, true, true, false, false]);
}
