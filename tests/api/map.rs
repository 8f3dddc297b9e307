//! The map: regions, people, and tiles.

use std::collections::BTreeSet;

use axum::body::{Body, to_bytes};
use model::map::{TILE_MEDIA_TYPE, Tile, TileId};
use model::observation::SeenProfile;
use model::port::Clock as _;
use model::{Consent, PersonId, Platform};
use serde_json::{Value, json};
use store::pg::profile;
use tower::ServiceExt as _;

use crate::sensitive::{ADA, OUTSPOKEN, PlantedWorld, pages};
use crate::world::{Api, bluesky};

/// The tile of the whole world, its media type and its tag.
async fn world_tile(api: &Api) -> (Tile, [String; 2]) {
    let request = api.request("GET", "/v1/map/tiles/0/0/0").body(Body::empty()).unwrap();
    let response = api.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    let headers = ["content-type", "etag"].map(header);
    assert!(header("borg-units").contains("row.person=1"));
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (Tile::decode(&body).unwrap(), headers)
}

fn people_of(tile: &Tile) -> BTreeSet<PersonId> {
    tile.people.iter().map(|one| one.person).collect()
}

/// The ids in a list of rows, or of their people.
fn ids(rows: &Value) -> Vec<&str> {
    let id = |row: &'_ Value| if row["person"].is_object() { "/person/id" } else { "/id" };
    rows.as_array()
        .unwrap()
        .iter()
        .map(|row| row.pointer(id(row)).unwrap().as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_community_lies_in_the_world_with_its_parts_and_its_first_people() {
    let api = Api::new().await;
    let (rust, art) = (api.world.rust.to_string(), api.world.art.to_string());
    let world = api.get("/v1/communities/com_0/map?limit=2").await.data();
    assert_eq!(
        (&world["region"]["id"], &world["region"]["radius"]),
        (&json!("com_0"), &json!(1.0))
    );
    assert_eq!(ids(&world["parts"]), [rust.as_str()]);
    assert_eq!(ids(&world["people"]), [api.person(0).to_string(), api.person(1).to_string()]);
    let finer = api.get("/v1/communities/com_0/map?level=1").await.data();
    assert_eq!(ids(&finer["parts"]), [art.as_str()]);
    let map = api.get(&format!("/v1/communities/{rust}/map")).await.data();
    assert_eq!((&map["region"]["x"], &map["region"]["radius"]), (&json!(-0.25), &json!(0.5)));
    assert_eq!(
        (&map["region"]["trust"], &map["region"]["too_little_known"]),
        (&json!(0.5), &json!(false))
    );
    assert!(ids(&map["neighbours"]).is_empty());
    let part = &map["parts"][0];
    assert_eq!((&part["id"], &part["labels"][0]), (&json!(art), &json!("art")));
    assert!(part["trust"].is_null() && part["too_little_known"] == true, "{part}");
    // Members only, and the hermit among them is not listed.
    assert_eq!(ids(&map["people"]).len(), 19);
    assert_eq!((&map["people"][1]["x"], &map["people"][1]["y"]), (&json!(-0.234375), &json!(0.25)));
    let reply = api.get(&format!("/v1/communities/{rust}/map?limit=3")).await;
    assert_eq!(reply.header("borg-units"), "class=graph, call.read=1, row.person=3");
    let art = api.get(&format!("/v1/communities/{art}/map?limit=1")).await.data();
    assert!(ids(&art["parts"]).is_empty());
}

#[tokio::test]
async fn what_has_no_place_on_the_map_is_named() {
    let api = Api::new().await;
    let map = format!("/v1/communities/{}/map", api.world.art);
    let code = async |path: &str| {
        let reply = api.get(path).await;
        (reply.status, reply.code())
    };
    let refused = |status: u16, code: &str| (status, code.to_owned());
    let none = api.get(&format!("{map}?level=0")).await.data();
    assert_eq!(none["parts"].as_array().map(Vec::len), Some(0));
    assert_eq!(code("/v1/communities/com_zz/map").await, refused(404, "community_unknown"));
    assert_eq!(code("/v1/map/tiles/1/0/0").await, refused(404, "map_unknown"));
    for tile in ["1/2/0", "0/0/1"] {
        assert_eq!(code(&format!("/v1/map/tiles/{tile}")).await, refused(404, "map_unknown"));
    }
    for tile in ["13/0/0", "0/0/4096", "x/0/0", "0/-1/0", "+1/0/0", "01/0/0", "0/0/99999999999"] {
        assert_eq!(code(&format!("/v1/map/tiles/{tile}")).await, refused(400, "bad_id"), "{tile}");
    }
    // A run of a version that made no maps.
    for table in ["map_person", "map_region", "map_tile"] {
        let own = format!("{table}_{}", api.world.run.number());
        api.database.rename_table(&own, &format!("no_{own}")).await;
    }
    assert_eq!(code(&map).await, refused(404, "map_unknown"));
    assert_eq!(code("/v1/map/tiles/0/0/0").await, refused(404, "map_unknown"));
}

#[tokio::test]
async fn a_tile_has_everybody_who_is_listed_when_it_is_read() {
    let api = Api::new().await;
    let (tile, [media_type, tag]) = world_tile(&api).await;
    assert_eq!((tile.id, media_type.as_str()), (TileId::WORLD, TILE_MEDIA_TYPE));
    assert_eq!(tile.people.len(), bluesky().len() - 1);
    assert!(!people_of(&tile).contains(&api.person(3)), "the hermit");
    let grace = tile.disc(&tile.people[1]);
    assert!((grace.x + 0.234375).abs() < 1e-4 && (grace.y - 0.25).abs() < 1e-4, "{grace:?}");
    assert_eq!(tile.people[0].community, Some(api.world.rust));
    let known = api.request("GET", "/v1/map/tiles/0/0/0").header("if-none-match", &tag);
    assert_eq!(api.send(known, Body::empty()).await.status, 304);
    let page = SeenProfile { consent: Consent::UNLISTED, ..bluesky().swap_remove(2) };
    profile::import(api.database.pg(), Platform::BLUESKY, &[page], api.clock.now()).await.unwrap();
    let (left, [_, other_tag]) = world_tile(&api).await;
    let gone: Vec<PersonId> = people_of(&tile).difference(&people_of(&left)).copied().collect();
    assert_eq!(gone, [api.person(2)]);
    assert_ne!(tag, other_tag);
}

#[tokio::test]
async fn who_takes_the_topic_out_of_its_bio_is_on_no_map_that_places_it_there() {
    let world = PlantedWorld::new().await;
    let api = &world.api;
    let ada = api.person(ADA);
    let plain = format!("/v1/communities/{}/map?limit=1000", world.plain);
    let mosque = format!("/v1/communities/{}/map?limit=1000", world.mosque);
    let (tile, _) = world_tile(api).await;
    assert!(people_of(&tile).contains(&ada));
    assert_eq!(people_of(&tile).len(), pages().len() - 1);
    assert!(ids(&api.get(&plain).await.data()["people"]).contains(&ada.to_string().as_str()));
    let here = api.get(&mosque).await.data();
    assert_eq!(ids(&here["people"]), [ada.to_string(), api.person(OUTSPOKEN).to_string()]);
    assert_eq!(ids(&here["neighbours"]), [world.group.to_string()]);
    let mut changed = pages();
    changed[ADA].texts.bio = Some("analytical engines".to_owned());
    let (pg, now) = (api.database.pg(), api.clock.now());
    profile::import(pg, Platform::BLUESKY, &changed, now).await.unwrap();
    assert!(!people_of(&world_tile(api).await.0).contains(&ada));
    for map in [&plain, &mosque, &"/v1/communities/com_0/map?limit=1000".to_owned()] {
        let people = api.get(map).await.data();
        assert!(!ids(&people["people"]).contains(&ada.to_string().as_str()), "{map}");
    }
    // Elsewhere she is who she was.
    let people = api.get(&format!("/v1/communities/{}/people", world.plain)).await.data();
    assert!(ids(&people).contains(&ada.to_string().as_str()));
}
