//! The map: regions, people, and tiles.

use std::collections::BTreeSet;

use axum::body::{Body, to_bytes};
use model::map::{TILE_MEDIA_TYPE, Tile, TileId};
use model::observation::SeenProfile;
use model::port::Clock as _;
use model::{Consent, PersonId, Platform};
use serde_json::Value;
use store::pg::profile;
use tower::ServiceExt as _;

use crate::world::{ALANS, Api, bluesky};

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

fn names(people: &Value) -> Vec<&str> {
    let people = people.as_array().expect("a list");
    people.iter().filter_map(|one| one["person"]["name"].as_str()).collect()
}

#[tokio::test]
async fn a_community_lies_in_the_world_with_its_parts_and_its_first_people() {
    let api = Api::new().await;
    let (rust, art) = (api.world.rust.to_string(), api.world.art.to_string());
    let world = api.get("/v1/communities/com_0/map?limit=2").await.data();
    assert_eq!(
        (world["region"]["id"].as_str(), world["region"]["radius"].as_f64()),
        (Some("com_0"), Some(1.0))
    );
    assert_eq!(world["parts"].as_array().unwrap().len(), 1);
    assert_eq!(world["parts"][0]["id"], rust);
    assert_eq!(names(&world["people"]), ["Ada Lovelace", "Grace Hopper"]);
    let finer = api.get("/v1/communities/com_0/map?level=1").await.data();
    assert_eq!(finer["parts"][0]["id"], art);
    let map = api.get(&format!("/v1/communities/{rust}/map")).await.data();
    assert_eq!(
        (map["region"]["x"].as_f64(), map["region"]["radius"].as_f64()),
        (Some(-0.25), Some(0.5))
    );
    assert_eq!(
        (map["region"]["trust"].as_f64(), map["region"]["too_little_known"].as_bool()),
        (Some(0.5), Some(false))
    );
    assert_eq!(map["parts"].as_array().unwrap().len(), 1);
    let part = &map["parts"][0];
    assert_eq!(
        (part["id"].as_str(), part["labels"][0].as_str()),
        (Some(art.as_str()), Some("art"))
    );
    assert!(
        part["trust"].is_null() && part["too_little_known"] == true && part["members"] == 8,
        "{part}"
    );
    // Members only, of whom the hermit is not listed.
    assert_eq!(names(&map["people"]).len(), 19);
    assert_eq!(
        (map["people"][1]["x"].as_f64(), map["people"][1]["y"].as_f64()),
        (Some(0.015625), Some(0.25))
    );
    let art = api.get(&format!("/v1/communities/{art}/map?limit=1")).await.data();
    assert_eq!((art["parts"].as_array().unwrap().len(), names(&art["people"]).len()), (0, 1));
}

#[tokio::test]
async fn what_has_no_place_on_the_map_is_named() {
    let api = Api::new().await;
    let art = api.world.art;
    let code = async |path: &str| {
        let reply = api.get(path).await;
        (reply.status, reply.code())
    };
    let refused = |status: u16, code: &str| (status, code.to_owned());
    let map = format!("/v1/communities/{art}/map");
    assert_eq!(code(&format!("{map}?level=1")).await, refused(400, "bad_parameter"));
    assert_eq!(code("/v1/communities/com_zz/map").await, refused(404, "community_unknown"));
    assert_eq!(code("/v1/map/tiles/1/0/0").await, refused(404, "map_unknown"));
    for tile in
        ["1/2/0", "13/0/0", "0/0/1", "x/0/0", "0/-1/0", "+1/0/0", "01/0/0", "0/0/99999999999"]
    {
        assert_eq!(code(&format!("/v1/map/tiles/{tile}")).await, refused(400, "bad_id"), "{tile}");
    }
    // A run of a version that made no maps.
    let client = api.database.client().await;
    for table in ["map_person", "map_region", "map_tile"] {
        let sql = format!("drop table {table}_{}", api.world.run.number());
        client.batch_execute(&sql).await.unwrap();
    }
    assert_eq!(code(&map).await, refused(404, "map_unknown"));
    assert_eq!(code("/v1/map/tiles/0/0/0").await, refused(404, "map_unknown"));
}

#[tokio::test]
async fn a_tile_has_everybody_who_is_listed_when_it_is_read() {
    let api = Api::new().await;
    let (tile, [media_type, tag]) = world_tile(&api).await;
    assert_eq!((tile.id, media_type.as_str()), (TileId::WORLD, TILE_MEDIA_TYPE));
    assert_eq!(tile.people.len(), 4 + ALANS as usize);
    let people =
        |tile: &Tile| tile.people.iter().map(|one| one.person).collect::<BTreeSet<PersonId>>();
    assert!(!people(&tile).contains(&api.person(3)), "the hermit");
    let grace = tile.disc(&tile.people[1]);
    assert!((grace.x - 0.015625).abs() < 1e-4 && (grace.y - 0.25).abs() < 1e-4, "{grace:?}");
    assert!(tile.people.iter().all(|one| one.community == Some(api.world.art)));
    let known = api.request("GET", "/v1/map/tiles/0/0/0").header("if-none-match", &tag);
    assert_eq!(api.send(known, Body::empty()).await.status, 304);
    let page = SeenProfile { consent: Consent::UNLISTED, ..bluesky().swap_remove(2) };
    profile::import(api.database.pg(), Platform::BLUESKY, &[page], api.clock.now()).await.unwrap();
    let (left, [_, other_tag]) = world_tile(&api).await;
    let gone: Vec<PersonId> = people(&tile).difference(&people(&left)).copied().collect();
    assert_eq!(gone, [api.person(2)]);
    assert_ne!(tag, other_tag);
}
