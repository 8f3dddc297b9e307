//! `ETag` and 304.

use axum::body::Body;
use model::port::Clock as _;
use model::profile::GoneReason;
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
    assert_eq!((second.header("borg-units"), second.header("borg-cost")), ("", "0"));
    let reordered = format!("/v1/communities/{}/people?limit=5&", api.world.rust);
    assert_eq!(again(&api, &reordered, &tag).await.status, 304);
}

#[tokio::test]
async fn a_changed_answer_has_another_tag() {
    let api = Api::new().await;
    let path = format!("/v1/communities/{}/people?limit=5", api.world.rust);
    let tag = api.get(&path).await.header("etag").to_owned();
    let (pg, now) = (api.database.pg(), api.clock.now());
    erase::profile(pg, api.world.profiles[1], GoneReason::Refused, now).await.unwrap();
    let after = again(&api, &path, &tag).await;
    assert_eq!(after.status, 200);
    assert_ne!(after.header("etag"), tag);
    let other = format!("/v1/communities/{}/people?limit=6", api.world.rust);
    assert_eq!(again(&api, &other, &tag).await.status, 200);
}

/// A way to send the tags that a client knows; `{}` stands for the current one.
const KNOWN: &[&[&str]] = &[
    &["{}"],
    &["W/{}"],
    &["*"],
    &["\"old\", {}"],
    &["\"old\",W/{} , \"older\""],
    &[", ,{},"],
    &["\"with, a comma\", {}"],
    &["\"old\"", "{}"],
    &["{}", "\"old\""],
];
const UNKNOWN: &[&[&str]] = &[
    &["\"old\""],
    &["\"*\""],
    &["W/\"old\""],
    &["\"old, {bare}\""],
    &["{bare}"],
    &[""],
    &["w/{}"],
];

#[tokio::test]
async fn tags_are_read_by_their_grammar() {
    let api = Api::new().await;
    let first = api.get("/v1/runs").await;
    let tag = first.header("etag").to_owned();
    for (lines, status) in
        KNOWN.iter().map(|lines| (lines, 304)).chain(UNKNOWN.iter().map(|lines| (lines, 200)))
    {
        for method in ["GET", "HEAD"] {
            let mut request = api.request(method, "/v1/runs");
            for line in *lines {
                let line = line.replace("{}", &tag).replace("{bare}", tag.trim_matches('"'));
                request = request.header("if-none-match", line);
            }
            let reply = api.send(request, Body::empty()).await;
            assert_eq!((reply.status, reply.header("etag")), (status, tag.as_str()), "{lines:?}");
            assert_eq!(reply.header("vary"), first.header("vary"));
            assert_eq!(reply.header("cache-control"), first.header("cache-control"));
        }
    }
}

#[tokio::test]
async fn a_head_is_a_get_without_its_body() {
    let api = Api::new().await;
    let unknown = "/v1/people/per_zzzzzz".to_owned();
    let people = format!("/v1/communities/{}/people?limit=5", api.world.rust);
    for path in [people, "/v1/runs".into(), "/health".into(), "/docs".into(), unknown] {
        let get = api.get(&path).await;
        let head = api.send(api.request("HEAD", &path), Body::empty()).await;
        assert_eq!((head.status, head.text.as_str()), (get.status, ""), "{path}");
        let headers = |reply: &Reply| -> Vec<String> {
            // A head costs nothing.
            let of_get = ["borg-request-id", "borg-cost", "borg-units", "borg-charge-id"];
            let own = reply.headers.iter().filter(|(name, _)| !of_get.contains(&name.as_str()));
            own.map(|(name, value)| format!("{name}: {value:?}")).collect()
        };
        assert_eq!(headers(&head), headers(&get), "{path}");
        assert_eq!(head.header("content-length"), get.text.len().to_string(), "{path}");
    }
}
