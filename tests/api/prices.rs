//! Prices are public, the same for everyone, and can be computed again.

use std::num::NonZeroU64;

use axum::body::Body;
use axum::http::Request;
use model::port::Clock as _;
use model::{Epoch, PriceClass, PriceItem, PublishedEpoch, Scope};
use pricing::history::{EPOCH_BYTES, decode, first_epoch, next_epoch};
use pricing::{AnswerOutcome, EpochUse, recompute};
use serde_json::Value;
use store::pg::price;
use tower::ServiceExt as _;

use crate::world::Api;

async fn publish(api: &Api, epochs: u32) -> Vec<PublishedEpoch> {
    let target = NonZeroU64::new(1_000).unwrap();
    let from = Epoch::of(api.clock.now()).before(epochs - 2);
    let mut history = vec![first_epoch(PriceClass::Graph, from, target)];
    for at in 1..epochs {
        let recent = EpochUse { used: 1_700 - u64::from(at % 7) * 200, target };
        history.push(next_epoch(&history, from.after(at), recent).unwrap());
    }
    let mut last = None;
    for epoch in &history {
        assert!(price::publish(api.database.pg(), epoch, last).await.unwrap());
        last = Some(epoch.epoch);
    }
    history
}

async fn open(api: &Api, path: &str) -> (Vec<u8>, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = api.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    let cache = response.headers()["cache-control"].to_str().unwrap().to_owned();
    (axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec(), cache)
}

#[tokio::test]
async fn the_published_history_recomputes_from_the_api_alone() {
    let api = Api::new().await;
    let history = publish(&api, 100).await;
    let (bytes, _) = open(&api, "/v1/prices/history?class=graph&limit=1000&format=bytes").await;
    let read: Vec<PublishedEpoch> = bytes
        .chunks_exact(EPOCH_BYTES)
        .map(|chunk| decode(chunk.try_into().unwrap()).unwrap())
        .collect();
    assert_eq!(read, history);
    assert_eq!(recompute(&[], &read).unwrap().epochs, 100);
    let mut rows = Vec::new();
    let mut path = "/v1/prices/history?class=graph&limit=30".to_owned();
    loop {
        let (page, cache) = open(&api, &path).await;
        assert_eq!(cache, "public, max-age=60");
        let page: Value = serde_json::from_slice(&page).unwrap();
        rows.extend(page["data"].as_array().unwrap().clone());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/prices/history?class=graph&limit=30&cursor={cursor}");
    }
    assert_eq!(rows.len(), 100);
    assert!(rows.iter().zip(&history).all(|(row, epoch)| row["index"] == epoch.index.bits()));
    let (module, _) = open(&api, "/v1/prices/recompute.wasm").await;
    assert_eq!(&module[..4], b"\0asm");
}

#[tokio::test]
async fn the_list_says_what_holds_now_and_next_and_what_costs_nothing() {
    let api = Api::new().await;
    let history = publish(&api, 10).await;
    let (body, cache) = open(&api, "/v1/prices").await;
    assert_eq!(cache, "public, max-age=60");
    let prices = serde_json::from_slice::<Value>(&body).unwrap()["data"].clone();
    let graph = &prices["classes"][1];
    let [.., current, next] = &history[..] else { panic!("there are ten") };
    assert_eq!(graph["current"]["index"], current.index.bits());
    assert_eq!(graph["next"]["index"], next.index.bits());
    assert!(prices["classes"][0].get("current").is_none(), "nothing is published of it");
    let items: Vec<&str> =
        prices["items"].as_array().unwrap().iter().filter_map(|one| one["item"].as_str()).collect();
    assert_eq!(items, PriceItem::ALL.map(PriceItem::slug));
    let outcomes = prices["outcomes"].as_array().unwrap();
    assert_eq!(outcomes.len(), AnswerOutcome::ALL.len());
    for (row, outcome) in outcomes.iter().zip(AnswerOutcome::ALL) {
        assert_eq!(row["outcome"], outcome.slug());
        assert_eq!(row["meaning"], outcome.meaning());
        assert_eq!(row["free_answer"], outcome.is_free_answer());
    }
    // Every route of the list is one of the document.
    let document = api.get("/openapi.json").await.json();
    for route in prices["routes"].as_array().unwrap() {
        assert!(document["paths"].get(route["route"].as_str().unwrap()).is_some(), "{route}");
    }
}

#[tokio::test]
async fn two_accounts_pay_the_same() {
    let mut api = Api::new().await;
    publish(&api, 50).await;
    let other = api.new_key("another", &Scope::ALL, 3).await.0;
    api.fund("another", "77").await;
    let paths = [
        format!("/v1/people/{}", api.person(0)),
        "/v1/communities?limit=2".to_owned(),
        format!("/v1/communities/{}/people?limit=9", api.world.rust),
    ];
    for path in paths {
        let one = api.get(&path).await;
        let mine = std::mem::replace(&mut api.key, other.clone());
        let two = api.get(&path).await;
        api.key = mine;
        for name in ["borg-cost", "borg-price-version", "borg-units"] {
            assert_eq!(one.header(name), two.header(name), "{path}");
        }
        assert_ne!(one.header("borg-charge-id"), two.header("borg-charge-id"));
    }
}
