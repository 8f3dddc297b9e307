//! The change log.

use std::time::Duration;

use model::port::Clock as _;
use model::profile::Gone;
use store::pg::erase;

use crate::world::{Api, Reply};

/// The first page that has events. They wait for every transaction of the server that began before
/// them, those of other tests too.
async fn soon(api: &Api, path: &str) -> Reply {
    for _ in 0..600 {
        let page = api.get(path).await;
        if page.data().as_array().is_some_and(|events| !events.is_empty()) {
            return page;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no event came at {path}");
}

#[tokio::test]
async fn the_log_is_followed_without_gaps_and_always_names_where_to_go_on() {
    let api = Api::new().await;
    let first = soon(&api, "/v1/changes").await;
    assert_eq!(first.data()[0]["change"]["type"], "joined");
    let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
    let path = format!("/v1/changes?cursor={cursor}");
    let nothing = api.get(&path).await;
    assert_eq!(nothing.data().as_array().unwrap().len(), 0);
    let (pg, now) = (api.database.pg(), api.clock.now());
    erase::profile(pg, api.world.profiles[1], Gone::Deleted, now).await.unwrap();
    let cursor = nothing.json()["next_cursor"].as_str().unwrap().to_owned();
    let gone = soon(&api, &format!("/v1/changes?cursor={cursor}")).await.data();
    assert_eq!(gone[0]["change"]["type"], "gone");
    assert_eq!(gone[0]["profile"], api.world.profiles[1].to_string());
}
