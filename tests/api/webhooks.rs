//! Webhooks: their routes, and what a tick finds for them.

use std::time::Duration;

use axum::body::Body;
use model::message::DeliverJob;
use model::port::{Clock as _, Queue as _};
use model::profile::GoneReason;
use model::webhook::{AttemptEnd, DisabledWhy, WEBHOOKS_MAX};
use model::{Platform, Scope};
use serde_json::{Value, json};
use store::pg::webhook::attempt::{self, AttemptStart, AttemptVerdict, EndedAttempt};
use store::pg::{erase, profile};

use crate::world::{Api, Reply, WEBHOOK_ORIGIN, bluesky, deliver_queue};

const URL: &str = "https://hooks.example.org/borg";

async fn put(api: &Api, name: &str, body: &Value) -> Reply {
    let request = api.request("PUT", &format!("/v1/webhooks/{name}"));
    api.send(request, Body::from(body.to_string())).await
}

/// One more event: an Alan is gone.
async fn leave(api: &Api, number: usize) {
    let (pg, now) = (api.database.pg(), api.clock.now());
    erase::profile(pg, api.world.profiles[number], GoneReason::Deleted, now).await.unwrap();
}

/// One tick, a second after what was before; how many deliveries it made.
async fn tick(api: &Api) -> u64 {
    api.clock.advance_seconds(1);
    api.dispatcher().tick(Duration::from_secs(60)).await.unwrap().made
}

/// The bodies of all messages that wait.
async fn messages(api: &Api) -> Vec<Value> {
    let queue = deliver_queue(api.database.pg(), &api.clock);
    let received = queue.receive(10, 3_600).await.unwrap();
    received.iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect()
}

async fn log(api: &Api, name: &str) -> Value {
    api.get(&format!("/v1/webhooks/{name}/deliveries")).await.data()
}

#[tokio::test]
async fn a_secret_is_shown_when_it_is_made_and_when_it_is_replaced() {
    let api = Api::new().await;
    let order = json!({"url": URL, "filter": {"kind": ["gone"]}});
    let made = put(&api, "news", &order).await.data();
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("whsec_") && secret.len() == 50, "{secret}");
    assert_eq!((&made["url"], &made["filter"]), (&json!(URL), &order["filter"]));
    let again = put(&api, "news", &order).await.data();
    let shown = api.get("/v1/webhooks/news").await.data();
    assert_eq!((again["secret"].is_null(), &again), (true, &shown));
    assert_eq!(api.get("/v1/webhooks").await.data(), json!([shown]));
    let rotated = api.post("/v1/webhooks/news/rotate", "").await.data();
    assert_ne!(rotated["secret"].as_str().unwrap(), secret);
    assert!(rotated["old_secret_until"].is_string());
    api.clock.advance_seconds(86_400);
    let later = api.get("/v1/webhooks/news").await.data();
    assert!(later["old_secret_until"].is_null() && later["secret"].is_null());
    let delete = api.request("DELETE", "/v1/webhooks/news");
    assert_eq!(api.send(delete, Body::empty()).await.data(), json!([]));
    for path in ["/v1/webhooks/news", "/v1/webhooks/news/deliveries"] {
        assert_eq!(api.get(path).await.code(), "webhook_unknown", "{path}");
    }
}

#[tokio::test]
async fn what_cannot_be_a_webhook_is_refused_by_its_place() {
    let api = Api::new().await;
    for (body, pointer) in [
        (json!({}), ""),
        (json!({"url": "http://hooks.example.org/"}), "/url"),
        (json!({"url": "https://127.0.0.1/"}), "/url"),
        (json!({"url": "https://hooks.example.org:22/"}), "/url"),
        (json!({"url": "https://u:p@hooks.example.org/"}), "/url"),
        (json!({"url": "http://127.0.0.1:99/"}), "/url"),
        (json!({"url": URL, "filter": {"kind": ["x"]}}), "/filter/kind/0"),
        (json!({"url": URL, "secret": "whsec_mine"}), "/secret"),
    ] {
        for dry_run in ["0", "1"] {
            let request = api.request("PUT", "/v1/webhooks/news").header("borg-dry-run", dry_run);
            let refused = api.send(request, Body::from(body.to_string())).await;
            assert_eq!((refused.status, refused.code().as_str()), (400, "bad_body"), "{body}");
            assert_eq!(refused.json()["errors"][0]["pointer"], pointer, "{body}");
        }
    }
    assert_eq!(put(&api, "News", &json!({"url": URL})).await.code(), "bad_id");
    let from = json!({"url": URL, "from": "yesterday"});
    assert_eq!(put(&api, "news", &from).await.code(), "bad_cursor");
    let allowed = json!({"url": format!("{WEBHOOK_ORIGIN}/hook")});
    put(&api, "news", &allowed).await.data();
    for number in 1..WEBHOOKS_MAX {
        put(&api, &format!("w{number}"), &json!({"url": URL})).await.data();
    }
    let refused = put(&api, "more", &json!({"url": URL})).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "too_many"));
    assert_eq!(api.post("/v1/webhooks/more/ping", "").await.code(), "webhook_unknown");
    let path = "/v1/webhooks/news/deliveries/dlv_1/redeliver";
    assert_eq!(api.post(path, "").await.code(), "delivery_unknown");
    let path = "/v1/webhooks/news/deliveries/alr_1/redeliver";
    assert_eq!(api.post(path, "").await.code(), "bad_id");
}

#[tokio::test]
async fn what_is_new_for_a_filter_is_announced_once_and_read_as_always() {
    let api = Api::new().await;
    put(&api, "news", &json!({"url": URL, "filter": {"kind": ["gone"]}})).await.data();
    put(&api, "ranks", &json!({"url": URL, "filter": {"kind": ["rank_changed"]}})).await.data();
    assert_eq!(tick(&api).await, 0, "there is nothing new");
    leave(&api, 9).await;
    leave(&api, 10).await;
    assert_eq!(tick(&api).await, 1);
    assert_eq!(log(&api, "ranks").await, json!([]));
    let delivery = log(&api, "news").await[0].clone();
    assert_eq!((&delivery["type"], &delivery["events"]), (&json!("changes.available"), &json!(2)));
    assert_eq!((&delivery["state"], &delivery["attempts"]), (&json!("pending"), &json!([])));
    let cursor = delivery["from"].as_str().unwrap();
    let read = api.get(&format!("/v1/changes?kind=gone&cursor={cursor}")).await;
    assert_eq!(read.data().as_array().unwrap().len(), 2);
    assert_eq!(read.json()["next_cursor"], delivery["to"]);
    let job = json!({"delivery": delivery["id"], "attempt": 1});
    assert_eq!(messages(&api).await, [job], "one message");
    leave(&api, 11).await;
    assert_eq!(tick(&api).await, 0, "one is under way, and it says enough");
    assert_eq!(messages(&api).await, [] as [Value; 0]);
    assert_eq!(log(&api, "news").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_webhook_hears_nothing_of_those_who_are_not_shown() {
    let api = Api::new().await;
    // Number 3 is the hermit, number 0 Ada.
    for (name, number) in [("hermit", 3), ("ada", 0)] {
        let filter = json!({"profile": [api.world.profiles[number]], "kind": ["profile"]});
        put(&api, name, &json!({"url": URL, "filter": filter})).await.data();
    }
    let mut pages = bluesky();
    for page in &mut pages {
        page.texts.bio = Some("a new bio".to_owned());
    }
    let (pg, now) = (api.database.pg(), api.clock.now());
    profile::import(pg, Platform::BLUESKY, &pages, now).await.unwrap();
    assert_eq!(tick(&api).await, 1);
    assert_eq!(log(&api, "hermit").await, json!([]));
    assert_eq!(log(&api, "ada").await[0]["events"], 1);
    assert_eq!(messages(&api).await.len(), 1);
}

#[tokio::test]
async fn a_ping_and_a_delivery_again_are_sent_at_once_and_not_too_often() {
    let api = Api::new().await;
    put(&api, "news", &json!({"url": URL})).await.data();
    let ping = api.post("/v1/webhooks/news/ping", "").await.data();
    assert_eq!((&ping["type"], &ping["state"]), (&json!("ping"), &json!("pending")));
    assert!(ping["events"].is_null() && ping["next_attempt_at"].is_string());
    assert_eq!(messages(&api).await, [json!({"delivery": ping["id"], "attempt": 1})]);
    let again = format!("/v1/webhooks/news/deliveries/{}/redeliver", ping["id"].as_str().unwrap());
    let refused = api.post("/v1/webhooks/news/ping", "").await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "request_in_progress"));
    let refused = api.post(&again, "").await;
    assert_eq!((refused.code().as_str(), refused.header("retry-after")), ("rate_limited", "5"));
    api.clock.advance_seconds(5);
    assert_eq!(api.post(&again, "").await.data()["id"], ping["id"]);
    // Its worker begins, and dies.
    let job = DeliverJob { delivery: ping["id"].as_str().unwrap().parse().unwrap(), attempt: 1 };
    attempt::begin(api.database.pg(), job, api.clock.now()).await.unwrap();
    api.clock.advance_seconds(5);
    let refused = api.post(&again, "").await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "request_in_progress"));
    api.clock.advance_seconds(60);
    tick(&api).await;
    assert_eq!(log(&api, "news").await[0]["state"], "failed");
    api.post("/v1/webhooks/news/ping", "").await.data();
    let pages = api.walk("/v1/webhooks/news/deliveries?limit=1").await;
    assert_eq!((pages.len(), &pages[1]["id"]), (2, &ping["id"]), "the newest first");
    let refused = api.get("/v1/webhooks/news/deliveries?limit=101").await;
    assert_eq!((refused.status, refused.code().as_str()), (400, "bad_parameter"));
}

/// Disables a webhook: its address answers a ping with 410.
async fn disable(api: &Api, name: &str) {
    let ping = api.post(&format!("/v1/webhooks/{name}/ping"), "").await.data();
    let job = DeliverJob { delivery: ping["id"].as_str().unwrap().parse().unwrap(), attempt: 1 };
    let (pg, now) = (api.database.pg(), api.clock.now());
    let AttemptStart::Begun(begun) = attempt::begin(pg, job, now).await.unwrap() else {
        panic!("it is due");
    };
    let end = AttemptEnd { took_ms: 1, status: Some(410), error: None };
    let verdict = AttemptVerdict::Disabled(DisabledWhy::Gone);
    attempt::end(pg, EndedAttempt { job, url: &begun.url, end: &end, verdict }, now).await.unwrap();
}

#[tokio::test]
async fn every_answer_says_which_webhooks_are_disabled() {
    let mut api = Api::new().await;
    put(&api, "news", &json!({"url": URL})).await.data();
    let notice = async |api: &Api, path: &str| {
        api.clock.advance_seconds(30);
        api.get(path).await.header("borg-notice").to_owned()
    };
    assert_eq!(notice(&api, "/v1/balance").await, "");
    disable(&api, "news").await;
    let expected = "webhook-disabled;name=\"news\";why=gone";
    assert_eq!(notice(&api, "/v1/balance").await, expected);
    assert_eq!(notice(&api, "/v1/people/per_zzzzzzz").await, expected, "a problem, too");
    put(&api, "news", &json!({"url": URL})).await.data();
    assert_eq!(notice(&api, "/v1/balance").await, "", "it is enabled");
    api.clock.advance_seconds(5);
    disable(&api, "news").await;
    api.key = api.new_key("stranger", &Scope::ALL, 8).await.0;
    assert_eq!(notice(&api, "/v1/balance").await, "", "another account has none");
}

#[tokio::test]
async fn other_webhooks_of_the_account_hear_that_one_is_disabled() {
    let api = Api::new().await;
    for name in ["news", "other"] {
        put(&api, name, &json!({"url": URL, "filter": {"kind": ["gone"]}})).await.data();
    }
    disable(&api, "news").await;
    messages(&api).await;
    let dispatcher = api.dispatcher();
    let (one, two) =
        tokio::join!(dispatcher.tick(Duration::from_secs(60)), dispatcher.tick(Duration::ZERO));
    assert_eq!(one.unwrap().notices + two.unwrap().notices, 1, "it is announced once");
    let heard = log(&api, "other").await;
    assert_eq!(heard[0]["type"], "webhook.disabled");
    assert_eq!(log(&api, "news").await.as_array().unwrap().len(), 1, "it hears nothing itself");
    // It is no ping: it is tried again, and does not keep one from being sent.
    let job =
        DeliverJob { delivery: heard[0]["id"].as_str().unwrap().parse().unwrap(), attempt: 1 };
    let pg = api.database.pg();
    let AttemptStart::Begun(begun) = attempt::begin(pg, job, api.clock.now()).await.unwrap() else {
        panic!("it is due");
    };
    let said: Value = serde_json::from_str(&begun.body).unwrap();
    assert_eq!((&said["type"], begun.is_ping), (&json!("webhook.disabled"), false));
    assert_eq!(said["data"], json!({"webhook": "news", "why": "gone"}));
    api.clock.advance_seconds(60);
    let again = attempt::begin(pg, DeliverJob { attempt: 2, ..job }, api.clock.now()).await;
    assert!(matches!(again.unwrap(), AttemptStart::Begun(_)));
    assert_eq!(api.post("/v1/webhooks/other/ping", "").await.data()["type"], "ping");
    // One that is enabled again before the others hear of it is none.
    put(&api, "news", &json!({"url": URL})).await.data();
    api.clock.advance_seconds(5);
    disable(&api, "news").await;
    put(&api, "news", &json!({"url": URL})).await.data();
    assert_eq!(dispatcher.tick(Duration::ZERO).await.unwrap().notices, 0);
}

#[tokio::test]
async fn a_webhook_that_fails_keeps_no_other_waiting() {
    let api = Api::new().await;
    for name in ["bad", "news"] {
        put(&api, name, &json!({"url": URL, "filter": {"kind": ["gone"]}})).await.data();
    }
    api.database.fail_webhooks("bad").await;
    leave(&api, 9).await;
    api.clock.advance_seconds(1);
    let report = api.dispatcher().tick(Duration::from_secs(60)).await.unwrap();
    assert_eq!((report.looked, report.failed, report.made, report.sent), (2, 1, 1, 1));
    // Messages are sent though there is no time to look.
    api.clock.advance_seconds(1_000);
    let report = api.dispatcher().tick(Duration::ZERO).await.unwrap();
    assert_eq!((report.looked, report.sent), (0, 1));
}

#[tokio::test]
async fn a_webhook_that_is_slow_is_cut_off() {
    let api = Api::new().await;
    put(&api, "slow", &json!({"url": URL, "filter": {"kind": ["gone"]}})).await.data();
    leave(&api, 9).await;
    api.database.slow_webhooks("slow", 5).await;
    api.clock.advance_seconds(1);
    let report = api.dispatcher().tick(Duration::from_secs(2)).await.unwrap();
    assert_eq!((report.looked, report.failed, report.made), (1, 1, 0));
}

#[tokio::test]
async fn a_tick_looks_on_where_there_is_nothing() {
    let api = Api::new().await;
    put(&api, "news", &json!({"url": URL, "filter": {"kind": ["gone"]}})).await.data();
    api.database.skip_positions(35_000).await;
    leave(&api, 9).await;
    assert_eq!(tick(&api).await, 1, "one tick is enough");
    assert_eq!(log(&api, "news").await[0]["events"], 1);
}
