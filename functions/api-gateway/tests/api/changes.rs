//! The change log.

use model::port::Clock as _;
use model::profile::Gone;
use store::pg::erase;

use crate::world::Api;

#[tokio::test]
async fn the_log_is_followed_without_gaps_and_always_names_where_to_go_on() {
    let api = Api::new().await;
    let first = api.get("/v1/changes").await;
    let joined = first.data();
    assert_eq!(joined[0]["change"]["type"], "joined");
    let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
    let path = format!("/v1/changes?cursor={cursor}");
    let nothing = api.get(&path).await;
    assert_eq!(nothing.data().as_array().unwrap().len(), 0);
    let (pg, now) = (api.database.pg(), api.clock.now());
    erase::profile(pg, api.world.profiles[1], Gone::Deleted, now).await.unwrap();
    let cursor = nothing.json()["next_cursor"].as_str().unwrap().to_owned();
    let gone = api.get(&format!("/v1/changes?cursor={cursor}")).await.data();
    assert_eq!(gone[0]["change"]["type"], "gone");
    assert_eq!(gone[0]["profile"], api.world.profiles[1].to_string());
}
