//! Consumers of the change stream.

use axum::body::Body;
use model::Scope;
use model::port::Clock as _;
use model::profile::GoneReason;
use serde_json::{Value, json};
use store::pg::erase;

use crate::world::{Api, Reply};

async fn put(api: &Api, name: &str, body: &Value) -> Reply {
    let request = api.request("PUT", &format!("/v1/consumers/{name}"));
    api.send(request, Body::from(body.to_string())).await
}

async fn order(api: &Api, name: &str, verb: &str, body: &Value) -> Reply {
    api.post(&format!("/v1/consumers/{name}/{verb}"), &body.to_string()).await
}

/// One more event: an Alan is gone.
async fn leave(api: &Api, number: usize) {
    let (pg, now) = (api.database.pg(), api.clock.now());
    erase::profile(pg, api.world.profiles[number], GoneReason::Deleted, now).await.unwrap();
}

fn gone(page: &Reply) -> Vec<String> {
    let events = page.data().as_array().unwrap().clone();
    events.iter().map(|event| event["profile"].as_str().unwrap().to_owned()).collect()
}

fn next(page: &Reply) -> String {
    page.json()["next_cursor"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_consumer_reads_on_where_it_committed_and_shows_how_far_it_is() {
    let api = Api::new().await;
    let wanted = json!({"filter": {"kind": ["gone"]}, "from": "now"});
    let made = put(&api, "mirror", &wanted).await.data();
    assert_eq!((&made["name"], &made["lag"]), (&json!("mirror"), &json!(0)));
    assert_eq!(made["filter"], wanted["filter"]);
    leave(&api, 9).await;
    leave(&api, 10).await;
    let path = "/v1/consumers/mirror/changes?limit=1";
    let page = api.get(path).await;
    let ids = [9, 10].map(|number| api.world.profiles[number].to_string());
    assert_eq!(gone(&page), ids[..1]);
    assert_eq!(page.json()["range"]["from"], made["position"]);
    assert_eq!((api.get(path).await.text, page.header("borg-cost")), (page.text.clone(), "0.06"));
    let ahead = api.get(&format!("{path}&cursor={}", next(&page))).await;
    assert_eq!(gone(&ahead), ids[1..], "ahead of what is committed");
    // What was read here is free at the list, too: one filter, the same events.
    let list = format!("/v1/changes?kind=gone&limit=1&cursor={}", made["cursor"].as_str().unwrap());
    let list = api.get(&list).await;
    assert_eq!((gone(&list), list.header("borg-cost")), (gone(&page), "0"));
    assert_eq!(put(&api, "mirror", &wanted).await.data()["position"], made["position"]);
    let moved = order(&api, "mirror", "commit", &json!({"cursor": next(&page)})).await.data();
    assert_eq!((&moved["lag"], &moved["position"]), (&json!(1), &page.json()["range"]["to"]));
    assert_eq!(gone(&api.get(path).await), ids[1..]);
    let all = api.get("/v1/consumers").await.data();
    assert_eq!(all, json!([moved]));
    assert_eq!(api.get("/v1/consumers/mirror").await.data(), moved);
    let back = json!({"cursor": made["cursor"]});
    let refused = order(&api, "mirror", "commit", &back).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "consumer_ahead"));
    let back = json!({"cursor": made["cursor"], "move": "rewind"});
    assert_eq!(order(&api, "mirror", "commit", &back).await.data()["position"], made["position"]);
    let delete = api.request("DELETE", "/v1/consumers/mirror");
    assert_eq!(api.send(delete, Body::empty()).await.data(), json!([]));
    assert_eq!(api.get(path).await.code(), "consumer_unknown");
}

#[tokio::test]
async fn a_range_is_read_again_for_nothing_and_then_the_consumer_goes_on() {
    let api = Api::new().await;
    put(&api, "mirror", &json!({"filter": {"kind": ["gone"]}})).await;
    let path = "/v1/consumers/mirror/changes";
    let (mut pages, mut cursors) = (Vec::new(), Vec::new());
    for number in 9..13 {
        leave(&api, number).await;
        let page = api.get(path).await;
        assert_eq!(page.header("borg-cost"), "0.06");
        order(&api, "mirror", "commit", &json!({"cursor": next(&page)})).await.data();
        cursors.push(next(&page));
        pages.push(gone(&page));
    }
    let range = json!({"from": cursors[0], "to": cursors[2]});
    let started = order(&api, "mirror", "replay", &range).await.data();
    assert!(started["replay"]["from"].as_u64() < started["replay"]["to"].as_u64());
    leave(&api, 13).await;
    for wanted in &pages[1..3] {
        let page = api.get(path).await;
        assert_eq!((gone(&page), page.header("borg-cost")), (wanted.clone(), "0"));
        assert_eq!(page.json()["is_replay"], true);
        let done = json!({"cursor": next(&page), "move": "replay"});
        order(&api, "mirror", "commit", &done).await.data();
    }
    let on = api.get(path).await;
    assert_eq!(gone(&on), [api.world.profiles[13].to_string()]);
    assert_eq!((on.json()["is_replay"].is_null(), on.header("borg-cost")), (true, "0.06"));
    let beyond = json!({"from": cursors[3], "to": next(&on)});
    let refused = order(&api, "mirror", "replay", &beyond).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "consumer_ahead"));
    let empty = json!({"from": cursors[1], "to": cursors[1]});
    assert_eq!(order(&api, "mirror", "replay", &empty).await.code(), "bad_body");
}

#[tokio::test]
async fn what_a_consumer_is_told_badly_is_refused_by_its_place() {
    let mut api = Api::new().await;
    for (body, pointer) in [
        (json!({"filter": {"kinds": []}}), "/filter/kinds"),
        (json!({"filter": {"kind": ["x"]}}), "/filter/kind/0"),
        (json!({"filter": {"person": ["prf_1"]}}), "/filter/person/0"),
        (json!({"extra": 1}), "/extra"),
    ] {
        let refused = put(&api, "mirror", &body).await;
        assert_eq!((refused.status, refused.code().as_str()), (400, "bad_body"), "{body}");
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer, "{body}");
    }
    let many: Vec<String> = (0..101).map(|n| format!("com_{n}")).collect();
    let refused = put(&api, "mirror", &json!({"filter": {"community": many}})).await;
    assert_eq!(refused.json()["errors"][0]["pointer"], "/filter/community");
    assert_eq!(put(&api, "Mirror", &json!({})).await.code(), "bad_id");
    assert_eq!(put(&api, "mirror", &json!({"from": "yesterday"})).await.code(), "bad_cursor");
    put(&api, "mirror", &json!({})).await.data();
    assert_eq!(order(&api, "mirror", "commit", &json!({"cursor": "x"})).await.code(), "bad_cursor");
    let cursor = next(&api.get("/v1/changes").await);
    let unknown = order(&api, "other", "commit", &json!({"cursor": cursor})).await;
    assert_eq!((unknown.status, unknown.code().as_str()), (404, "consumer_unknown"));
    api.key = api.new_key("stranger", &Scope::ALL, 8).await.0;
    let foreign = order(&api, "mirror", "commit", &json!({"cursor": cursor})).await;
    assert_eq!(foreign.code(), "bad_cursor", "another account's cursor");
    assert_eq!(api.get("/v1/consumers").await.data(), json!([]));
    for path in ["/v1/consumers/mirror", "/v1/consumers/mirror/changes"] {
        assert_eq!(api.get(path).await.status, 404, "{path}");
    }
}
