//! Cursors: what they walk, and what voids them.

use model::port::Clock as _;

use crate::world::{ALANS, Api};
use model::Scope;

#[tokio::test]
async fn a_walk_of_any_page_size_finds_everyone_once() {
    let api = Api::new().await;
    for limit in [1, 3, 7, 1000] {
        for sort in ["attention", "insider"] {
            let path =
                format!("/v1/communities/{}/people?sort={sort}&limit={limit}", api.world.rust);
            let mut ids: Vec<String> =
                api.walk(&path).await.iter().map(|p| p["person"]["id"].to_string()).collect();
            ids.sort();
            ids.dedup();
            assert_eq!(ids.len(), 4 + ALANS as usize, "{sort} by {limit}");
        }
    }
    assert_eq!(api.walk("/v1/communities?limit=1").await.len(), 2);
    let ranks = format!("/v1/people/{}/ranks?limit=2", api.person(0));
    assert_eq!(api.walk(&ranks).await.len(), 3);
}

#[tokio::test]
async fn a_walk_stays_on_its_run() {
    let api = Api::new().await;
    let path = format!("/v1/communities/{}/people?limit=2", api.world.rust);
    let cursor = api.get(&path).await.json()["next_cursor"].as_str().unwrap().to_owned();
    let newer = api.world.publish_again(api.database.pg(), api.clock.now()).await;
    api.clock.advance_seconds(1);
    let page = api.get(&format!("{path}&cursor={cursor}")).await;
    assert_eq!(page.json()["run"], api.world.run.to_string());
    assert_eq!(api.get(&path).await.json()["run"], newer.to_string());
}

#[tokio::test]
async fn a_foreign_cursor_is_refused() {
    let mut api = Api::new().await;
    let path = format!("/v1/communities/{}/people?limit=2", api.world.rust);
    let cursor = api.get(&path).await.json()["next_cursor"].as_str().unwrap().to_owned();
    let wider = format!("/v1/communities/{}/people?limit=9&cursor={cursor}", api.world.rust);
    assert_eq!(api.get(&wider).await.status, 200);
    let other_community = format!("/v1/communities/{}/people?cursor={cursor}", api.world.art);
    let other_parameters = format!("{path}&sort=insider&cursor={cursor}");
    let damaged = format!("{path}&cursor={}", cursor.replace(&cursor[..1], "_"));
    for path in [
        other_community,
        other_parameters,
        damaged,
        format!("/v1/communities?cursor={cursor}"),
        format!("{path}&cursor=borg"),
    ] {
        let reply = api.get(&path).await;
        assert_eq!((reply.status, reply.code().as_str()), (404, "bad_cursor"), "{path}");
    }
    for bad in ["", "bad!", "%20"] {
        let reply = api.get(&format!("{path}&cursor={bad}")).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "bad_parameter"), "`{bad}`");
    }
    api.key = api.new_key("another account", &Scope::READING, 2).await.0;
    assert_eq!(api.get(&format!("{path}&cursor={cursor}")).await.code(), "bad_cursor");
}
