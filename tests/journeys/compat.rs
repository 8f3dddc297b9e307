//! What is still in the queues when a release is rolled out, or back.

use std::fmt::Debug;

use model::message::{FetchJob, FetchMessage, ScoreJob, Stage};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A message that v0.1.0 sent: it is read, and written as it was.
fn golden<T: DeserializeOwned + Serialize + Debug>(queue: &str) -> T {
    let path = format!("compat/v0.1.0/messages/{queue}.json");
    let text = std::fs::read_to_string(path).expect("it is kept");
    let message: T = serde_json::from_str(&text).expect("it is read");
    let (before, after): (Value, Value) = (
        serde_json::from_str(&text).expect("it is JSON"),
        serde_json::to_value(&message).expect("it is written"),
    );
    let known = before.as_object().expect("an object");
    for (name, value) in known {
        assert_eq!(&after[name], value, "{queue}.{name}, which the release before reads");
    }
    message
}

#[test]
fn messages_of_the_release_before_are_read_and_written_unchanged() {
    let fetch: FetchJob = golden("fetch");
    assert_eq!((fetch.host.as_str(), fetch.lease.tokens), ("public.api.bsky.app", 40));
    let body = serde_json::to_string(&fetch).expect("it is written");
    let message = FetchMessage::read(&body).expect("it is read");
    assert_eq!(message, FetchMessage::Profiles(fetch));
    let score: ScoreJob = golden("score");
    assert_eq!(score.stage, Stage::Snapshot);
}
