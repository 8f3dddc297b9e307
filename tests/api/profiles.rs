//! Profiles and their neighbours.

use crate::world::{ALANS, Api};

#[tokio::test]
async fn a_profile_is_shown_as_its_platform_shows_it() {
    let api = Api::new().await;
    let ada = api.get(&format!("/v1/profiles/{}", api.world.profiles[0])).await.data();
    assert_eq!(ada["handle"], "ada.example.org");
    assert_eq!(ada["native_id"], "did:plc:ada.example.org");
    assert_eq!(ada["person"], api.person(0).to_string());
    assert_eq!((ada["followers"].as_u64(), ada["posts"].is_null()), (Some(500), true));
}

#[tokio::test]
async fn neighbours_are_walked_by_id_without_the_unlisted() {
    let api = Api::new().await;
    let path = format!("/v1/profiles/{}/neighbors?limit=5", api.world.profiles[0]);
    let all = api.walk(&path).await;
    assert_eq!(all.len(), 3 + ALANS as usize);
    assert!(all.iter().all(|one| one["handle"] != "hermit.example.org"));
    let mut ids: Vec<&str> = all.iter().filter_map(|one| one["profile"].as_str()).collect();
    ids.dedup();
    assert_eq!(ids.len(), all.len());
}

#[tokio::test]
async fn a_list_that_was_never_seen_is_empty_and_blocks_are_not_served() {
    let api = Api::new().await;
    let path = format!("/v1/profiles/{}/neighbors?direction=in", api.world.profiles[0]);
    assert_eq!(api.get(&path).await.data().as_array().unwrap().len(), 0);
    let path = format!("/v1/profiles/{}/neighbors?layer=block", api.world.profiles[0]);
    let refused = api.get(&path).await;
    assert_eq!((refused.status, refused.code().as_str()), (400, "bad_parameter"));
}
