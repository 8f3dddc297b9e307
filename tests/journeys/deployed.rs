//! The deployed form does what the local one does: schedule → dispatch → queue → fetch → record →
//! score → API, as functions of `template.yaml` in an emulator.

mod cloud;
mod config;

use std::time::Duration;

use model::Platform;
use sample::{Faults, Running};
use serde_json::json;

use crate::borg::Borg;
use crate::crawling::{crawl, record, web, words};
use cloud::Cloud;

/// The schedule fires once a minute.
const SCHEDULE: Duration = Duration::from_secs(100);
const CRAWL: Duration = Duration::from_secs(400);
const SCORE: Duration = Duration::from_secs(300);

/// What no function can do anything with.
const POISON: &str = "this is no job";

#[test]
fn a_deployed_borg_crawls_scores_and_serves() {
    let Some(cloud) = Cloud::deployed() else { return };
    let web = web(300, Faults::default());
    seed(&cloud, &web);
    cloud.send("FetchQueueUrl", POISON);
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
    the_api_answers_those_with_a_key(&cloud);
    for prefix in ["snapshots/", "runs/"] {
        assert!(cloud.objects(prefix) > 0, "nothing is sealed under {prefix}");
    }
}

fn seed(cloud: &Cloud, web: &Running) {
    let roles = ["appview", "pds", "plc"].map(|role| format!("{role}={}", web.bluesky_url()));
    cloud.stand_in(&format!("{},instance={}", roles.join(","), web.fediverse_url()));
    let named = |platform: Platform| {
        web.seeds(platform).iter().map(|seed| format!("{platform}:{seed}")).collect::<Vec<_>>()
    };
    let seeds = [named(Platform::BLUESKY), named(Platform::FEDIVERSE)].concat();
    let answer = cloud.invoke("PlatformFetchFunction", json!({"seed": seeds}));
    assert_eq!(answer["seeded"], seeds.len(), "{answer}");
}

fn the_record_is_that_of_a_local_crawl(cloud: &Cloud, web: &Running) {
    let local = Borg::new();
    local.json(&words(&crawl(web)));
    let (wanted, found) = (record(&local), record(&cloud.borg()));
    assert!(wanted.0.len() > 3_000, "{} arcs", wanted.0.len());
    assert_eq!(found, wanted);
}

fn the_poison_alone_is_a_dead_letter(cloud: &Cloud) {
    assert_eq!(cloud.waiting("FetchDeadLettersUrl"), 1);
    assert_eq!(cloud.look("FetchDeadLettersUrl"), [POISON]);
    assert_eq!(cloud.waiting("FetchQueueUrl"), 0);
}

fn the_api_answers_those_with_a_key(cloud: &Cloud) {
    let borg = cloud.borg();
    let key = borg.json(&["key", "create", "--account", "journey", "--credits", "1"]);
    let key = key["key"].as_str().expect("a key is text").to_owned();
    let (status, answer) = cloud.get("/v1/communities?limit=5", Some(&key));
    assert_eq!(status, 200, "{answer}");
    let community = answer["data"][0]["id"].as_str().expect("there is a community");
    let path = format!("/v1/communities/{community}/people?limit=3");
    let (status, answer) = cloud.get(&path, Some(&key));
    assert_eq!(status, 200, "{answer}");
    assert!(!answer["data"].as_array().expect("a list").is_empty(), "{answer}");
    assert_eq!(cloud.get(&path, None).0, 401);
}
