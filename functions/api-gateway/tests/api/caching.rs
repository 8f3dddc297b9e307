//! `ETag` and 304.

use axum::body::Body;
use model::port::Clock as _;
use model::profile::Gone;
use store::pg::erase;

use crate::world::{Api, Reply};

async fn again(api: &Api, path: &str, tag: &str) -> Reply {
    api.send(api.request("GET", path).header("if-none-match", tag), Body::empty()).await
}

#[tokio::test]
async fn an_unchanged_answer_is_an_empty_free_304() {
    let api = Api::new().await;
    let path = format!("/v1/communities/{}/people?limit=5", api.world.rust);
    let first = api.get(&path).await;
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with('"') && tag.len() == 34, "a strong tag: {tag}");
    let second = again(&api, &path, &format!("\"old\", {tag}")).await;
    assert_eq!((second.status, second.text.as_str()), (304, ""));
    assert_eq!(second.header("etag"), tag);
    assert_eq!(second.header("borg-units"), "class=graph, calls=0, rows=0, bytes=0");
    let reordered = format!("/v1/communities/{}/people?limit=5&", api.world.rust);
    assert_eq!(again(&api, &reordered, &tag).await.status, 304);
}

#[tokio::test]
async fn a_changed_answer_has_another_tag() {
    let api = Api::new().await;
    let path = format!("/v1/communities/{}/people?limit=5", api.world.rust);
    let tag = api.get(&path).await.header("etag").to_owned();
    let (pg, now) = (api.database.pg(), api.clock.now());
    erase::profile(pg, api.world.profiles[1], Gone::Refused, now).await.unwrap();
    let after = again(&api, &path, &tag).await;
    assert_eq!(after.status, 200);
    assert_ne!(after.header("etag"), tag);
    let other = format!("/v1/communities/{}/people?limit=6", api.world.rust);
    assert_eq!(again(&api, &other, &tag).await.status, 200);
}
