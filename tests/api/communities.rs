//! Communities and the people in them.

use serde_json::Value;

use crate::world::{ALANS, Api};

fn names(people: &Value) -> Vec<&str> {
    let people = people.as_array().expect("a list");
    people.iter().filter_map(|place| place["person"]["name"].as_str()).collect()
}

#[tokio::test]
async fn communities_are_listed_by_size_and_found_by_level_parent_and_label() {
    let api = Api::new().await;
    let (rust, art) = (api.world.rust.to_string(), api.world.art.to_string());
    for (query, wanted) in [
        ("", vec![&rust, &art]),
        ("level=1", vec![&art]),
        (&format!("parent={rust}"), vec![&art]),
        ("q=rus", vec![&rust]),
        ("q=Art+people", vec![&art]),
        ("q=people&level=0", vec![&rust]),
        ("q=nothing", vec![]),
        ("q=R%C3%BCst", vec![&rust]),
    ] {
        let found = api.get(&format!("/v1/communities?{query}")).await.data();
        let ids: Vec<&str> =
            found.as_array().unwrap().iter().filter_map(|c| c["id"].as_str()).collect();
        assert_eq!(ids, wanted, "{query}");
    }
}

#[tokio::test]
async fn a_community_knows_its_place_in_the_hierarchy() {
    let api = Api::new().await;
    let art = api.get(&format!("/v1/communities/{}", api.world.art)).await.data();
    assert_eq!(art["parent"], api.world.rust.to_string());
    assert_eq!((art["level"].as_u64(), art["members"].as_u64()), (Some(1), Some(8)));
    assert_eq!(art["labels"][0], "art");
    assert!(art["trust"].is_null() && art["too_little_known"] == true, "{art}");
    let rust = api.get(&format!("/v1/communities/{}", api.world.rust)).await.data();
    assert_eq!(
        (rust["trust"].as_f64(), rust["too_little_known"].as_bool()),
        (Some(0.5), Some(false))
    );
}

#[tokio::test]
async fn people_stand_by_attention_or_by_insider_score() {
    let api = Api::new().await;
    let path = format!("/v1/communities/{}/people?limit=2", api.world.rust);
    assert_eq!(names(&api.get(&path).await.data()), ["Ada Lovelace", "Grace Hopper"]);
    let by_insider = api.get(&format!("{path}&sort=insider")).await.data();
    let last = format!("alan{}.example.org", ALANS - 1);
    assert_eq!(by_insider[0]["person"]["handle"], last.as_str());
    assert!(by_insider[0]["rank"].is_null());
}

#[tokio::test]
async fn views_keep_people_and_organisations_apart() {
    let api = Api::new().await;
    let path = format!("/v1/communities/{}/people?limit=1000", api.world.rust);
    let organisations = api.get(&format!("{path}&view=organisation")).await.data();
    assert_eq!(names(&organisations), ["ACME"]);
    assert_eq!(organisations[0]["rank_organisation"], 1);
    let people = api.get(&format!("{path}&view=person")).await.data();
    assert_eq!(names(&people).len(), 2 + ALANS as usize);
    assert_eq!(people[2]["rank_person"], 3);
    let all = api.get(&format!("{path}&view=all")).await.data();
    assert_eq!(names(&all).len(), 4 + ALANS as usize);
    assert!(!names(&all).contains(&"Hermit"));
}

#[tokio::test]
async fn the_world_is_a_community_too() {
    let api = Api::new().await;
    let people = api.get("/v1/communities/com_0/people?limit=1").await.data();
    assert_eq!(names(&people), ["Ada Lovelace"]);
}
