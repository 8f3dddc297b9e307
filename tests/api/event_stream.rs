//! The change stream as server-sent events.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use futures::StreamExt as _;
use model::Timestamp;
use model::port::Clock as _;
use model::profile::GoneReason;
use serde_json::{Value, json};
use store::pg::erase;
use store::pg::retention::{RetentionPolicy, sweep};
use tower::ServiceExt as _;

use crate::changes::soon;
use crate::world::Api;

/// One event as a client parses it.
#[derive(Debug)]
struct Parsed {
    kind: String,
    id: String,
    data: Value,
}

/// An open stream.
struct Opened {
    response: axum::body::BodyDataStream,
    text: String,
    last_id: String,
}

async fn ask(api: &Api, path: &str, last_id: Option<&str>) -> Response {
    let mut request = api.request("GET", path).header("accept", "text/event-stream");
    if let Some(id) = last_id {
        request = request.header("last-event-id", id);
    }
    let request = request.body(Body::empty()).unwrap();
    api.router.clone().oneshot(request).await.unwrap()
}

impl Opened {
    async fn of(api: &Api, path: &str, last_id: Option<&str>) -> Opened {
        let response = ask(api, path, last_id).await;
        assert_eq!(
            (response.status().as_u16(), &response.headers()["content-type"]),
            (200, &"text/event-stream".parse().unwrap())
        );
        let response = response.into_body().into_data_stream();
        Opened { response, text: String::new(), last_id: String::new() }
    }

    /// The next block, without comments.
    async fn block(&mut self) -> Vec<(String, String)> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let fields = block.lines().filter(|line| !line.starts_with(':'));
                let fields = fields.filter_map(|line| line.split_once(": "));
                let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
                let fields: Vec<_> = fields.collect();
                self.text = rest.to_owned();
                return fields;
            }
            let chunk = tokio::time::timeout(Duration::from_secs(30), self.response.next()).await;
            let chunk = chunk.expect("something comes").expect("it goes on").expect("it is read");
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next event.
    async fn event(&mut self) -> Parsed {
        loop {
            let block = self.block().await;
            let field = |wanted: &str| {
                block.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone())
            };
            self.last_id = field("id").unwrap_or_else(|| self.last_id.clone());
            if let Some(data) = field("data") {
                let data = serde_json::from_str(&data).unwrap();
                return Parsed { kind: field("event").unwrap(), id: self.last_id.clone(), data };
            }
        }
    }
}

async fn leave(api: &Api, number: usize) {
    let (pg, now) = (api.database.pg(), api.clock.now());
    erase::profile(pg, api.world.profiles[number], GoneReason::Deleted, now).await.unwrap();
}

#[tokio::test]
async fn events_come_as_they_happen_and_a_client_that_comes_again_misses_none() {
    let api = Api::new().await;
    let page = soon(&api, "/v1/changes").await;
    let before = api.available("tester").await;
    let mut stream = Opened::of(&api, "/v1/changes", None).await;
    let first = stream.event().await;
    assert_eq!((first.kind.as_str(), &first.data["change"]), ("joined", &page.data()[0]["change"]));
    assert_eq!(first.id, page.json()["next_cursor"].as_str().unwrap());
    assert_eq!(api.available("tester").await, before, "the page was paid before");
    leave(&api, 9).await;
    let gone = stream.event().await;
    assert_eq!(gone.data["profile"], api.world.profiles[9].to_string());
    let paid = api.available("tester").await;
    assert!(paid < before, "each page is charged before it is written");
    drop(stream);
    leave(&api, 10).await;
    let mut again = Opened::of(&api, "/v1/changes?cursor=ignored", Some(&first.id)).await;
    assert_eq!(again.event().await.data, gone.data, "the page that may have been lost");
    assert_eq!(api.available("tester").await, paid, "for nothing");
    let next = again.event().await;
    assert_eq!(next.data["profile"], api.world.profiles[10].to_string());
    let put = api.request("PUT", "/v1/consumers/mirror");
    api.send(put, Body::from(r#"{"filter":{"kind":["gone"]}}"#)).await.data();
    let mut consumer = Opened::of(&api, "/v1/consumers/mirror/changes", None).await;
    assert_eq!(consumer.event().await.data, gone.data);
    api.gateway.end_waiting();
    let end = again.event().await;
    assert_eq!(
        (end.kind.as_str(), end.data["next_cursor"].as_str()),
        ("end", Some(next.id.as_str()))
    );
    assert!(again.response.next().await.is_none(), "it ends with its server");
}

#[tokio::test]
async fn who_is_too_late_is_told_to_begin_anew_and_goes_on_from_the_floor() {
    let api = Api::new().await;
    let old = soon(&api, "/v1/changes").await.json()["next_cursor"].as_str().unwrap().to_owned();
    leave(&api, 8).await;
    let pg = api.database.pg();
    let later = Timestamp::from_second(api.clock.now().as_second() + 40 * 86_400).unwrap();
    erase::profile(pg, api.world.profiles[9], GoneReason::Deleted, later).await.unwrap();
    sweep(pg, later, RetentionPolicy::default()).await.unwrap();
    let mut stream = Opened::of(&api, "/v1/changes", Some(&old)).await;
    let reset = stream.event().await;
    assert_eq!((reset.kind.as_str(), &reset.data), ("reset", &json!({"floor": reset.id})));
    let gone = stream.event().await;
    assert_eq!(gone.data["profile"], api.world.profiles[9].to_string());
}

#[tokio::test]
async fn a_stream_that_may_not_begin_is_refused_and_one_that_cannot_be_paid_ends() {
    let mut api = Api::new().await;
    for (path, status) in [("/v1/changes?kind=x", 400), ("/v1/consumers/none/changes", 404)] {
        assert_eq!(ask(&api, path, None).await.status().as_u16(), status, "{path}");
    }
    let cursor = "x";
    assert_eq!(ask(&api, "/v1/changes", Some(cursor)).await.status().as_u16(), 404);
    api.key = api.new_key("poor", &model::Scope::ALL, 8).await.0;
    api.fund("poor", "0.06").await;
    let mut stream = Opened::of(&api, "/v1/changes", None).await;
    assert_eq!(stream.event().await.kind, "joined");
    leave(&api, 9).await;
    let problem = stream.event().await;
    assert_eq!(
        (problem.kind.as_str(), &problem.data["code"]),
        ("problem", &json!("insufficient_credits"))
    );
    assert!(stream.response.next().await.is_none(), "it ends");
    api.key = api.key.replace("borg_live_", "borg_live_x");
    assert_eq!(ask(&api, "/v1/changes", None).await.status().as_u16(), 401);
}
