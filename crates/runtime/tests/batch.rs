//! The driver on golden events.
#![expect(clippy::unwrap_used, reason = "a test may panic on what it did not expect")]

use std::cell::RefCell;
use std::convert::Infallible;
use std::time::Duration;

use runtime::batch::{Batch, Driven, Message, Outcome, drive};
use serde_json::{Value, json};

/// Events are what Lambda sends; the same files serve `sam local invoke -e`.
fn golden(name: &str) -> Value {
    let path = format!("../../events/{name}.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn batch(bodies: &[&str]) -> Batch {
    let mut event = golden("fetch-jobs");
    let model = event["Records"][0].clone();
    let records = bodies.iter().enumerate().map(|(at, body)| {
        let mut record = model.clone();
        record["messageId"] = json!(format!("m{at}"));
        record["receiptHandle"] = json!(format!("r{at}"));
        record["body"] = json!(body);
        record
    });
    event["Records"] = records.collect();
    serde_json::from_value(event).unwrap()
}

/// Does what the body says.
async fn obey(message: &Message) -> Outcome {
    match message.body.as_str() {
        "done" => Outcome::Done,
        "panic" => panic!("as told"),
        "slow" => std::future::pending().await,
        "poison" => Outcome::Poison { why: "as told".into() },
        delay => Outcome::Retry { after_seconds: delay.parse().unwrap(), why: "as told".into() },
    }
}

/// Drives, and tells also what was released.
async fn driven(bodies: &[&str], left: Duration) -> (Driven, Vec<(String, u32)>) {
    let released = RefCell::new(Vec::new());
    let release = async |receipt: &str, seconds: u32| -> Result<(), Infallible> {
        released.borrow_mut().push((receipt.to_owned(), seconds));
        Ok(())
    };
    let driven = drive(batch(bodies), || left, obey, release).await;
    (driven, released.into_inner())
}

#[tokio::test]
async fn only_what_failed_comes_again() {
    let bodies = ["done", "60", "done", "poison", "99999"];
    let (driven, released) = driven(&bodies, Duration::from_secs(60)).await;
    let answer = serde_json::to_value(&driven.failures).unwrap();
    let failed = ["m1", "m3", "m4"].map(|id| json!({"itemIdentifier": id}));
    assert_eq!(answer, json!({"batchItemFailures": failed}));
    let expected = [("r1", 60), ("r3", 0), ("r4", 43_200)];
    assert_eq!(released, expected.map(|(receipt, seconds)| (receipt.to_owned(), seconds)));
    assert_eq!((driven.done, driven.retried, driven.poisoned), (2, 2, 1));
}

#[tokio::test]
async fn a_panic_is_its_own_messages_trouble() {
    let (driven, _) = driven(&["panic", "done"], Duration::from_secs(60)).await;
    assert_eq!(driven.failures.ids().collect::<Vec<_>>(), ["m0"]);
    assert_eq!((driven.done, driven.poisoned), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn what_outlasts_the_invocation_comes_again_at_once() {
    let (driven, released) = driven(&["slow", "done"], Duration::from_secs(60)).await;
    assert_eq!(driven.failures.ids().collect::<Vec<_>>(), ["m0"]);
    assert_eq!(released, [("r0".to_owned(), 0)]);
}

#[tokio::test]
async fn nothing_is_begun_without_time() {
    let (driven, _) = driven(&["done"], Duration::from_secs(2)).await;
    assert_eq!((driven.done, driven.retried), (0, 1));
}

#[tokio::test]
async fn a_release_that_fails_still_reports_its_message() {
    let release = async |_: &str, _: u32| Err("the queue is away");
    let left = || Duration::from_secs(60);
    let driven = drive(batch(&["5", "done"]), left, obey, release).await;
    assert_eq!(driven.failures.ids().collect::<Vec<_>>(), ["m0"]);
}

#[test]
fn the_number_of_receives_is_read() {
    let batch: Batch = serde_json::from_value(golden("fetch-jobs")).unwrap();
    assert_eq!(batch.messages[0].receives, 1);
    let mut broken = golden("fetch-jobs");
    broken["Records"][0]["attributes"]["ApproximateReceiveCount"] = json!("often");
    assert!(serde_json::from_value::<Batch>(broken).is_err());
}
