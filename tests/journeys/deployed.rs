//! The deployed form does what the local one does: schedule → dispatch → queue → fetch → record →
//! score → API, as functions of `template.yaml` in an emulator.

mod cloud;
mod config;
mod money;

use std::time::Duration;

use model::Platform;
use sample::{FaultSettings, RunningWeb};
use serde_json::json;

use crate::borg::Borg;
use crate::crawling::{crawl, database, web, words};
use cloud::Cloud;

/// The schedule fires once a minute.
const SCHEDULE: Duration = Duration::from_secs(100);
const CRAWL: Duration = Duration::from_secs(400);
const SCORE: Duration = Duration::from_secs(300);

/// What no function can do anything with.
const POISON: &str = "this is no job";

/// The outputs that name queues, and those of their dead letters.
const QUEUES: [(&str, &str); 4] = [
    ("FetchQueueUrl", "FetchDeadLettersUrl"),
    ("UsageQueueUrl", "UsageDeadLettersUrl"),
    ("DeliverQueueUrl", "DeliverDeadLettersUrl"),
    ("ExportQueueUrl", "ExportDeadLettersUrl"),
];

/// The outputs that name functions which a schedule invokes, with what it sends.
const TICKS: [(&str, &str); 2] = [
    ("WebhookDispatchFunction", include_str!("../../events/webhook-tick.json")),
    ("ExportFunction", include_str!("../../events/export-resume.json")),
];

#[test]
fn a_deployed_borg_crawls_scores_and_serves() {
    let Some(cloud) = Cloud::deployed() else { return };
    let web = web(300, FaultSettings::default());
    seed(&cloud, &web);
    for (queue, _) in QUEUES {
        cloud.send(queue, POISON);
    }
    let before = web.stats().requests();
    cloud.wait("the schedule begins the crawl", SCHEDULE, || web.stats().requests() > before);
    cloud.wait("the crawl ends", CRAWL, || {
        cloud.invoke("CrawlDispatchFunction", json!({"tick": true}));
        cloud.is_crawled()
    });
    the_record_is_that_of_a_local_crawl(&cloud, &web);
    the_poison_alone_is_a_dead_letter(&cloud);
    cloud.invoke("GraphScoreFunction", json!({"start": true}));
    cloud.wait("a run is served", SCORE, || !cloud.get("/v1/status", None).1["run"].is_null());
    let key = the_api_answers_those_with_a_key(&cloud);
    an_operator_opts_somebody_out(&cloud, &key);
    an_operator_gives_credits_and_the_meter_proves_them(&cloud);
    what_a_schedule_invokes_answers(&cloud);
    money::a_customer_pays(&cloud);
    for prefix in ["snapshots/", "runs/"] {
        assert!(cloud.objects(prefix) > 0, "nothing is sealed under {prefix}");
    }
}

fn seed(cloud: &Cloud, web: &RunningWeb) {
    let roles = ["appview", "pds", "plc"].map(|role| format!("{role}={}", web.bluesky_url()));
    cloud.stand_in(&format!("{},instance={}", roles.join(","), web.fediverse_url()));
    let named = |platform: Platform| {
        web.seeds(platform).iter().map(|seed| format!("{platform}:{seed}")).collect::<Vec<_>>()
    };
    let seeds = [named(Platform::BLUESKY), named(Platform::FEDIVERSE)].concat();
    let answer = cloud.invoke("PlatformFetchFunction", json!({"seed": seeds}));
    assert_eq!(answer["seeded"], seeds.len(), "{answer}");
}

fn the_record_is_that_of_a_local_crawl(cloud: &Cloud, web: &RunningWeb) {
    let local = Borg::new();
    local.json(&words(&crawl(web)));
    let (wanted, found) = (database(&local), database(&cloud.borg()));
    assert!(wanted.0.len() > 3_000, "{} arcs", wanted.0.len());
    assert_eq!(found, wanted);
}

fn the_poison_alone_is_a_dead_letter(cloud: &Cloud) {
    for (queue, dead_letters) in QUEUES {
        cloud.wait(dead_letters, SCHEDULE, || cloud.waiting(dead_letters) == 1);
        assert_eq!(cloud.look(dead_letters), [POISON]);
        assert_eq!(cloud.waiting(queue), 0);
    }
}

/// A fresh stack has no key; the function `operate` makes the first one.
fn the_api_answers_those_with_a_key(cloud: &Cloud) -> String {
    let made = cloud.invoke(
        "OperateFunction",
        json!({"create-key": {"account": "journey", "credits": "1000"}}),
    );
    let key = made["key"].as_str().expect("a key is text").to_owned();
    let (status, answer) = cloud.get("/v1/communities?limit=5", Some(&key));
    assert_eq!(status, 200, "{answer}");
    let community = answer["data"][0]["id"].as_str().expect("there is a community");
    let path = format!("/v1/communities/{community}/people?limit=3");
    let (status, answer) = cloud.get(&path, Some(&key));
    assert_eq!(status, 200, "{answer}");
    assert!(!answer["data"].as_array().expect("a list").is_empty(), "{answer}");
    assert_eq!(cloud.get(&path, None).0, 401);
    key
}

fn an_operator_opts_somebody_out(cloud: &Cloud, key: &str) {
    let first = |cloud: &Cloud| {
        let (status, mut answer) = cloud.get("/v1/communities/com_0/people?limit=1", Some(key));
        assert_eq!(status, 200, "{answer}");
        answer["data"][0]["person"].take()
    };
    let best = first(cloud);
    let text = |field: &str| best[field].as_str().expect("it has one").to_owned();
    let account = format!("{}:{}", text("platform"), text("handle"));
    let answer = cloud.invoke("OperateFunction", json!({"opt-out": {"account": account}}));
    assert_eq!(answer["known"], true, "{answer}");
    let (status, _) = cloud.get(&format!("/v1/people:resolve?account={account}"), Some(key));
    assert_eq!(status, 404);
    assert_ne!(first(cloud)["handle"], best["handle"]);
    assert_eq!(cloud.invoke("OperateFunction", json!({"retain": {}}))["more"], false);
    let log = cloud.invoke("OperateFunction", json!({"list-audit": {}})).to_string();
    assert!(log.contains("aws:") && !log.contains(&text("handle")), "{log}");
}

fn an_operator_gives_credits_and_the_meter_proves_them(cloud: &Cloud) {
    let add = json!({"add-credits": {"account": "customer", "credits": "12.5", "id": "invoice-7"}});
    for _ in 0..2 {
        assert_eq!(cloud.invoke("OperateFunction", add.clone())["given"], true);
    }
    let shown = cloud.invoke("OperateFunction", json!({"show-credits": {"account": "customer"}}));
    assert_eq!(shown["available"], "12.5", "{shown}");
    let ticked = cloud.invoke("BillingMeterFunction", json!({"tick": true}));
    assert_eq!(ticked["tick"]["sweep"]["is_cut"], false, "{ticked}");
    let audited = cloud.invoke("BillingMeterFunction", json!({"audit": true}));
    assert_eq!(audited["audit"]["difference"], 0, "{audited}");
    let closed = cloud.invoke("BillingMeterFunction", json!({"close": true}));
    assert_eq!(closed["close"]["wrong_sums"], 0, "{closed}");
}

fn what_a_schedule_invokes_answers(cloud: &Cloud) {
    for (function, event) in TICKS {
        let event = serde_json::from_str(event).expect("an event is JSON");
        let answer = cloud.invoke(function, event);
        assert!(answer.is_object() && answer["errorType"].is_null(), "{function}: {answer}");
    }
}
