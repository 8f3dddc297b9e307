//! The map of a run, as it is served.

use model::map::{MapDisc, Tile, TileId};
use model::{PersonId, RunId};
use store::pg::community::{self, CommunityQuery};
use store::pg::map::{self, RegionQuery};
use store::pg::{membership, score};

use crate::world::{GROUP, HERMIT, PEOPLE, World};

/// Where each person is, by its tile.
async fn people(world: &World, run: RunId) -> Vec<(PersonId, MapDisc)> {
    let tile = map::tile(world.database.pg(), run, TileId::WORLD).await.unwrap().unwrap();
    let tile = Tile::decode(&tile).unwrap();
    let mut people: Vec<_> = tile.people.iter().map(|one| (one.person, tile.disc(one))).collect();
    people.sort_by_key(|(person, _)| *person);
    people
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_map_of_a_run_has_everybody_listed_inside_of_its_community() {
    let world = World::new().await;
    let run = world.score().await;
    let pg = world.database.pg();
    let hermit = world.ids[HERMIT as usize].home_person();
    let placed = people(&world, run).await;
    assert_eq!(placed.len(), PEOPLE as usize - 1);
    assert!(placed.iter().all(|(person, _)| *person != hermit));
    let communities = community::page(pg, run, CommunityQuery { limit: 99, ..Default::default() });
    let communities = communities.await.unwrap();
    assert!(communities.len() >= 3);
    for community in communities {
        let region = map::region(pg, run, community.id).await.unwrap().unwrap();
        let levels = (Some(community.level), Some(community.last_level));
        assert_eq!((region.level, region.last_level), levels);
        let order = membership::Order::Attention;
        let page = membership::page(pg, run, community.id, order, 0..99).await.unwrap().unwrap();
        for row in page.rows.iter().filter(|row| row.membership.belonging > 0.5) {
            let number = [row.membership.person];
            let place = map::people(pg, run, &number).await.unwrap()[0];
            let person = score::get(pg, run, &number).await.unwrap()[0].unwrap().person;
            assert_eq!(place.is_none(), person == hermit);
            assert!(place.is_none_or(|place| region.disc.contains(&place.disc)));
        }
        let within = region.disc;
        let same = map::regions(pg, run, RegionQuery { within, level: community.level, limit: 9 });
        assert_eq!(same.await.unwrap().len(), 1, "no other of its level");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_run_leaves_people_near_where_they_were() {
    let world = World::scored_and_changed().await;
    let first = people(&world, RunId::new(1)).await;
    let run = world.score().await;
    let second = people(&world, run).await;
    let moved = first.iter().zip(&second).map(|((one, before), (other, after))| {
        assert_eq!(one, other);
        before.distance(after)
    });
    let mut moved: Vec<f64> = moved.collect();
    moved.sort_by(f64::total_cmp);
    assert!(moved[moved.len() / 2] < 0.1, "{moved:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_name_what_a_community_is_about_lies_outside_of_it() {
    let (world, run, communities) =
        World::with_bios(["catholic, writes", "chess, knits", "gardening"]).await;
    let pg = world.database.pg();
    let about: Vec<_> = communities.iter().filter(|one| !one.sensitive.is_empty()).collect();
    assert!(!about.is_empty(), "{communities:?}");
    let tile = map::tile(pg, run, TileId::WORLD).await.unwrap().unwrap();
    let tile = Tile::decode(&tile).unwrap();
    for community in about {
        let region = map::region(pg, run, community.id).await.unwrap().unwrap();
        for one in &tile.people {
            let inside = region.disc.distance(&tile.disc(one)) < f64::from(region.disc.radius);
            let number = world.ids.iter().position(|id| id.home_person() == one.person).unwrap();
            assert!(!inside || number < GROUP as usize, "{number} lies in {community:?}");
        }
    }
}
