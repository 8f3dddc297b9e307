//! What has to agree without a compiler seeing it: the functions' folders, the template, the golden
//! events and the messages.

use std::fs;
use std::path::PathBuf;

use model::message::{DeliverJob, FetchJob, ProofJob, ScoreJob};
use serde::de::DeserializeOwned;
use serde_json::Value;

fn root() -> PathBuf {
    PathBuf::from("..")
}

fn text(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn functions() -> Vec<String> {
    let folders = fs::read_dir(root().join("functions")).expect("there are functions");
    let mut names: Vec<String> = folders
        .map(|folder| folder.expect("a folder can be read").file_name().into_string())
        .collect::<Result<_, _>>()
        .expect("names are UTF-8");
    names.sort();
    names
}

/// `crawl-dispatch` → `CrawlDispatch`.
fn logical_id(function: &str) -> String {
    let capital = |part: &str| part[..1].to_uppercase() + &part[1..];
    function.split('-').map(capital).collect()
}

/// The body of the one message of a golden event.
fn body<T: DeserializeOwned>(event: &str) -> T {
    let event: Value = serde_json::from_str(&text(event)).expect("an event is JSON");
    let body = event["Records"][0]["body"].as_str().expect("a record has a body");
    serde_json::from_str(body).expect("the body is the message")
}

#[test]
fn every_function_is_in_the_template_and_is_built_for_it() {
    let (template, script) = (text("template.yaml"), text("infra/lambda.sh"));
    for name in functions() {
        let resource = format!("\n  {}:\n    Type: AWS::Serverless::Function\n", logical_id(&name));
        assert!(template.contains(&resource), "{name} is not in template.yaml");
        assert!(template.contains(&format!("CodeUri: build/lambda/{name}/\n")), "{name}");
        assert!(script.contains(&name), "infra/lambda.sh does not build {name}");
    }
    // The gateway's code makes two.
    assert!(template.contains("CodeUri: build/lambda/webhook-dispatch/\n"));
    assert!(script.contains("webhook-dispatch"));
    assert_eq!(template.matches("AWS::Serverless::Function\n").count(), functions().len() + 1);
}

#[test]
fn the_golden_events_have_the_present_messages() {
    let job: FetchJob = body("events/fetch-jobs.json");
    assert_eq!(job.profiles.len(), 1);
    let job: ProofJob = body("events/fetch-proof.json");
    assert_eq!(job.number, 1);
    let job: ScoreJob = body("events/score-jobs.json");
    assert_eq!(job.stage, model::message::Stage::Snapshot);
    let job: DeliverJob = body("events/deliver-jobs.json");
    assert_eq!(job.attempt, 1);
}

#[test]
fn every_event_is_json() {
    for entry in fs::read_dir(root().join("events")).expect("there are events") {
        let path = entry.expect("an event can be read").path();
        let event = fs::read_to_string(&path).expect("an event is text");
        assert!(serde_json::from_str::<Value>(&event).is_ok(), "{}", path.display());
    }
}
