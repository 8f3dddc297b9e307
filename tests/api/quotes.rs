//! Quotes: a lower price is kept, a higher one is not paid.

use std::num::NonZeroU64;

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::port::{Clock as _, Wallet as _};
use model::{Epoch, MicroCredits, PriceClass, Scope};
use pricing::history::{first_epoch, next_epoch};
use pricing::{EpochUse, QuoteVerifier};
use serde_json::{Value, json};
use store::pg::price;

use crate::world::{Api, Reply};

/// Publishes an index of the class `graph` from now on: the first after `busy` minutes of twice the target.
pub(crate) async fn publish(api: &Api, busy: u32) {
    let target = NonZeroU64::new(100_000).unwrap();
    let now = Epoch::of(api.clock.now());
    let mut history = price::recent(api.database.pg(), PriceClass::Graph, 40).await.unwrap();
    if history.is_empty() {
        let first = first_epoch(PriceClass::Graph, now.before(busy + 1), target);
        assert!(price::publish(api.database.pg(), &first, None).await.unwrap());
        history.push(first);
    }
    for minutes in (0..busy).rev() {
        let recent = EpochUse { used: 200_000, target };
        let next = next_epoch(&history, now.before(minutes), recent).unwrap();
        let last = history.last().map(|last| last.epoch);
        assert!(price::publish(api.database.pg(), &next, last).await.unwrap());
        history.push(next);
    }
    // Until it is looked again whether there are new prices.
    api.clock.advance_seconds(5);
}

fn cap(rows: u64) -> Value {
    json!({"class": "graph", "units": {"call.read": 10, "row.person": rows}})
}

async fn quote(api: &Api, cap: &Value) -> Reply {
    api.post("/v1/quotes", &cap.to_string()).await
}

async fn read(api: &Api, person: usize, quote: &str) -> Reply {
    let path = format!("/v1/people/{}", api.person(person));
    api.send(api.request("GET", &path).header("borg-quote", quote), Body::empty()).await
}

#[tokio::test]
async fn a_quote_keeps_the_price_while_the_index_rises() {
    let api = Api::new().await;
    publish(&api, 1).await;
    let before = api.available("tester").await;
    let given = quote(&api, &cap(20)).await;
    let data = given.data();
    let id = data["id"].as_str().unwrap().to_owned();
    let most: MicroCredits = data["max_total"].as_str().unwrap().parse().unwrap();
    assert_eq!(before.checked_sub(most), Some(api.available("tester").await), "it is set aside");
    let signed = data["signed"].as_str().unwrap();
    let key = api.get("/v1/prices").await.data()["quotes"]["key"].clone();
    let key = URL_SAFE_NO_PAD.decode(key["x"].as_str().unwrap()).unwrap().try_into().unwrap();
    let (payer, now) = (api.payer("tester").await, api.clock.now());
    let verified = QuoteVerifier::new(&[key]).unwrap().verify(signed, payer, now).unwrap();
    assert_eq!((verified.id.to_string(), verified.max_total), (id.clone(), most));
    let first = read(&api, 0, &id).await;
    assert_eq!((first.status, first.header("borg-quote")), (200, id.as_str()));
    let locked = first.header("borg-cost").to_owned();
    api.clock.advance_seconds(600);
    publish(&api, 9).await;
    let plain = api.get(&format!("/v1/people/{}", api.person(1))).await;
    let higher: MicroCredits = plain.header("borg-cost").parse().unwrap();
    assert!(higher > locked.parse().unwrap(), "{higher} is more than {locked}");
    let second = read(&api, 2, &id).await;
    assert_eq!(second.header("borg-cost"), locked, "the quote pays");
    let left = api.get(&format!("/v1/quotes/{id}")).await.data()["left"].clone();
    let left: MicroCredits = left.as_str().unwrap().parse().unwrap();
    let paid = locked.parse::<MicroCredits>().unwrap().checked_mul(2).unwrap();
    assert_eq!(most.checked_sub(paid), Some(left));
    let ended = api.send(api.request("DELETE", &format!("/v1/quotes/{id}")), Body::empty()).await;
    assert_eq!(ended.data()["left"], "0");
    let spent = paid.checked_add(higher).unwrap();
    assert_eq!(before.checked_sub(spent), Some(api.available("tester").await));
}

#[tokio::test]
async fn a_quote_that_does_not_apply_is_refused_and_nothing_is_charged() {
    let mut api = Api::new().await;
    publish(&api, 1).await;
    let id = quote(&api, &cap(20)).await.data()["id"].as_str().unwrap().to_owned();
    let search = api.request("GET", "/v1/search?q=ada").header("borg-quote", &id);
    let refused = api.send(search, Body::empty()).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "quote_mismatch"));
    assert_eq!(read(&api, 0, "qt_zzz").await.code(), "quote_unknown");
    let other = api.new_key("another", &Scope::ALL, 9).await.0;
    let mine = std::mem::replace(&mut api.key, other);
    api.fund("another", "100").await;
    for reply in [read(&api, 0, &id).await, api.get(&format!("/v1/quotes/{id}")).await] {
        assert_eq!((reply.status, reply.code().as_str()), (404, "quote_unknown"));
    }
    assert_eq!(api.available("another").await.to_string(), "100");
    api.key = mine;
    api.clock.advance_seconds(900);
    let late = read(&api, 0, &id).await;
    assert_eq!((late.status, late.code().as_str()), (410, "quote_expired"));
}

#[tokio::test]
async fn few_quotes_are_open_and_few_units_of_a_class_are_quoted() {
    let api = Api::new().await;
    let unpublished = quote(&api, &cap(1)).await;
    assert_eq!((unpublished.status, unpublished.header("retry-after")), (503, "60"));
    publish(&api, 1).await;
    // By its units, and by what it costs.
    let calls = json!({"class": "graph", "units": {"call.read": 1_000_000, "row.rank": 1}});
    for cap in [cap(10_001), calls] {
        let too_large = quote(&api, &cap).await;
        assert_eq!((too_large.status, too_large.code().as_str()), (429, "quotes_sold_out"));
    }
    for _ in 0..3 {
        assert_eq!(quote(&api, &cap(10)).await.status, 200);
    }
    let fourth = quote(&api, &cap(10)).await;
    assert_eq!((fourth.status, fourth.code().as_str()), (409, "too_many"));
    let balance = api.wallet().balance(api.payer("tester").await).await.unwrap();
    assert_eq!((balance.quotes_open, balance.is_sound()), (3, true));
    assert_eq!(api.get("/v1/quotes").await.data().as_array().unwrap().len(), 3);
    for (body, status) in [
        ("{}", 400),
        (r#"{"class":"graph","units":{}}"#, 400),
        (r#"{"class":"graph","units":{"call.read":5}}"#, 400),
        (r#"{"class":"graph","units":{"row.person":-1}}"#, 400),
        (r#"{"class":"graph","units":{"row.person":18446744073709551615}}"#, 400),
        (r#"{"class":"graphs","units":{"row.person":1}}"#, 400),
        ("[", 400),
    ] {
        let reply = api.post("/v1/quotes", body).await;
        assert_eq!(reply.status, status, "{body}: {}", reply.text);
    }
}

/// A quote of the API's own key.
pub(crate) async fn give(api: &Api) -> String {
    publish(api, 1).await;
    quote(api, &cap(1)).await.data()["id"].as_str().unwrap().to_owned()
}
