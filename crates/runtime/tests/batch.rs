//! The driver on golden events.
#![expect(clippy::unwrap_used, reason = "a test may panic on what it did not expect")]

use std::cell::RefCell;
use std::convert::Infallible;
use std::time::Duration;

use runtime::batch::{DrivenBatch, MessageOutcome, QueueBatch, QueueMessage, drive, drive_whole};
use serde_json::{Value, json};

/// Events are what Lambda sends; the same files serve `sam local invoke -e`.
fn golden(name: &str) -> Value {
    let path = format!("../../events/{name}.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn batch(bodies: &[&str]) -> QueueBatch {
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

/// Handles a message as its body requests.
async fn follow_body(message: &QueueMessage) -> MessageOutcome {
    match message.body.as_str() {
        "done" => MessageOutcome::Done,
        "panic" => panic!("as requested"),
        "slow" => std::future::pending().await,
        "poison" => MessageOutcome::Poison { why: "as requested".into() },
        delay => MessageOutcome::Retry {
            after_seconds: delay.parse().unwrap(),
            why: "as requested".into(),
        },
    }
}

/// Drives a batch; returns also the released receipts with their delays.
async fn drive_bodies(bodies: &[&str], left: Duration) -> (DrivenBatch, Vec<(String, u32)>) {
    let released = RefCell::new(Vec::new());
    let release = async |receipt: &str, seconds: u32| -> Result<(), Infallible> {
        released.borrow_mut().push((receipt.to_owned(), seconds));
        Ok(())
    };
    let driven = drive(batch(bodies), || left, follow_body, release).await;
    (driven, released.into_inner())
}

#[tokio::test]
async fn only_failed_messages_are_delivered_again() {
    let bodies = ["done", "60", "done", "poison", "99999"];
    let (driven, released) = drive_bodies(&bodies, Duration::from_secs(60)).await;
    let answer = serde_json::to_value(&driven.failures).unwrap();
    let failed = ["m1", "m3", "m4"].map(|id| json!({"itemIdentifier": id}));
    assert_eq!(answer, json!({"batchItemFailures": failed}));
    let expected = [("r1", 60), ("r3", 0), ("r4", 43_200)];
    assert_eq!(released, expected.map(|(receipt, seconds)| (receipt.to_owned(), seconds)));
    assert_eq!((driven.done, driven.retried, driven.poisoned), (2, 2, 1));
}

#[tokio::test]
async fn a_panic_affects_only_its_own_message() {
    let (driven, _) = drive_bodies(&["panic", "done"], Duration::from_secs(60)).await;
    assert_eq!(driven.failures.ids().collect::<Vec<_>>(), ["m0"]);
    assert_eq!((driven.done, driven.poisoned), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_exceeds_the_time_left_is_released_at_once() {
    let (driven, released) = drive_bodies(&["slow", "done"], Duration::from_secs(60)).await;
    assert_eq!(driven.failures.ids().collect::<Vec<_>>(), ["m0"]);
    assert_eq!(released, [("r0".to_owned(), 0)]);
}

#[tokio::test]
async fn no_message_is_handled_without_time() {
    let (driven, _) = drive_bodies(&["done"], Duration::from_secs(2)).await;
    assert_eq!((driven.done, driven.retried), (0, 1));
}

#[tokio::test]
async fn a_release_that_fails_still_reports_its_message() {
    let release = async |_: &str, _: u32| Err("the queue is away");
    let left = || Duration::from_secs(60);
    let driven = drive(batch(&["5", "done"]), left, follow_body, release).await;
    assert_eq!(driven.failures.ids().collect::<Vec<_>>(), ["m0"]);
}

/// Drives a batch whole; returns also the released receipts, and how many messages each call got.
async fn drive_whole_bodies(
    bodies: &[&str],
    left: Duration,
) -> (DrivenBatch, Vec<String>, Vec<usize>) {
    let (released, calls) = (RefCell::new(Vec::new()), RefCell::new(Vec::new()));
    let release = async |receipt: &str, seconds: u32| -> Result<(), Infallible> {
        released.borrow_mut().push(format!("{receipt} {seconds}"));
        Ok(())
    };
    let handle = async |messages: &[QueueMessage]| {
        calls.borrow_mut().push(messages.len());
        let mut outcomes = Vec::new();
        for message in messages.iter().filter(|message| message.body != "forgotten") {
            outcomes.push(follow_body(message).await);
        }
        outcomes
    };
    let driven = drive_whole(batch(bodies), || left, handle, release).await;
    (driven, released.into_inner(), calls.into_inner())
}

#[tokio::test]
async fn a_whole_batch_is_one_call_with_an_outcome_for_each_message() {
    let bodies = ["done", "60", "poison", "done", "forgotten"];
    let (driven, released, calls) = drive_whole_bodies(&bodies, Duration::from_secs(60)).await;
    assert_eq!(calls, [5]);
    assert_eq!(driven.failures.ids().collect::<Vec<_>>(), ["m1", "m2", "m4"]);
    assert_eq!(released, ["r1 60", "r2 0", "r4 0"]);
    assert_eq!((driven.done, driven.retried, driven.poisoned), (2, 2, 1));
}

#[tokio::test]
async fn a_whole_batch_that_panics_is_handled_one_by_one() {
    let bodies = ["done", "panic", "60"];
    let (driven, released, calls) = drive_whole_bodies(&bodies, Duration::from_secs(60)).await;
    assert_eq!(calls, [3, 1, 1, 1]);
    assert_eq!(released, ["r1 0", "r2 60"]);
    assert_eq!((driven.done, driven.retried, driven.poisoned), (1, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_whole_batch_that_exceeds_the_time_left_comes_again() {
    for (body, left) in [("slow", 60), ("done", 2)] {
        let (driven, released, _) =
            drive_whole_bodies(&["done", body], Duration::from_secs(left)).await;
        assert_eq!(released, ["r0 0", "r1 0"], "{body}");
        assert_eq!((driven.done, driven.retried), (0, 2), "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn releases_that_hang_do_not_keep_the_answer() {
    let handle = async |messages: &[QueueMessage]| {
        messages.iter().map(|_| MessageOutcome::Poison { why: "no".into() }).collect()
    };
    let release = async |_: &str, _: u32| std::future::pending::<Result<(), Infallible>>().await;
    let left = || Duration::from_secs(60);
    let driven = drive_whole(batch(&["1", "2"]), left, handle, release).await;
    assert_eq!(driven.failures.ids().count(), 2);
}

#[test]
fn the_number_of_receives_is_read() {
    let batch: QueueBatch = serde_json::from_value(golden("fetch-jobs")).unwrap();
    assert_eq!(batch.messages[0].receives, 1);
    let mut broken = golden("fetch-jobs");
    broken["Records"][0]["attributes"]["ApproximateReceiveCount"] = json!("often");
    assert!(serde_json::from_value::<QueueBatch>(broken).is_err());
}
