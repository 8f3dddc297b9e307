//! What every implementation of [`Queue`] must do.

use std::time::Duration;

use model::port::{OutgoingMessage, PortError, Queue, ReceivedMessage};

/// Runs the suite on an empty queue that lets a message be received twice at most. `pass` lets
/// that many seconds pass for the queue.
///
/// # Panics
/// If the implementation breaks a promise of the port.
pub async fn queue_suite(queue: &impl Queue, pass: impl AsyncFn(u32)) {
    a_finished_message_is_gone(queue, &pass).await;
    an_unfinished_message_comes_back(queue, &pass).await;
    a_delayed_message_waits(queue, &pass).await;
    a_released_message_comes_back_sooner(queue, &pass).await;
    a_void_receipt_changes_nothing(queue, &pass).await;
    at_most_ten_come_at_once(queue).await;
    a_message_received_too_often_dies(queue, &pass).await;
    too_long_a_message_is_refused(queue).await;
}

/// How long a received message stays invisible.
const VISIBILITY: u32 = 2;

async fn send(queue: &impl Queue, body: &str, delay_seconds: u32) {
    let message = OutgoingMessage { body: body.to_owned(), delay_seconds };
    queue.send(&[message]).await.expect("a message can be sent");
}

/// Receives until something comes; a queue of many machines may need more than one look.
async fn receive(queue: &impl Queue) -> Vec<ReceivedMessage> {
    for _ in 0..5 {
        let received = queue.receive(10, VISIBILITY).await.expect("a queue can be asked");
        if !received.is_empty() {
            return received;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Vec::new()
}

async fn one(queue: &impl Queue) -> ReceivedMessage {
    let mut received = receive(queue).await;
    assert_eq!(received.len(), 1, "{received:?}");
    received.remove(0)
}

async fn finish(queue: &impl Queue, received: &ReceivedMessage) {
    queue.finish(&received.receipt).await.expect("a receipt can be finished");
}

async fn a_finished_message_is_gone(queue: &impl Queue, pass: &impl AsyncFn(u32)) {
    send(queue, "finished", 0).await;
    assert_eq!(queue.depth().await, Ok(1));
    let received = one(queue).await;
    assert_eq!((received.body.as_str(), received.receives), ("finished", 1));
    finish(queue, &received).await;
    pass(VISIBILITY + 1).await;
    assert_eq!(receive(queue).await, []);
    assert_eq!(queue.depth().await, Ok(0));
}

async fn an_unfinished_message_comes_back(queue: &impl Queue, pass: &impl AsyncFn(u32)) {
    send(queue, "unfinished", 0).await;
    one(queue).await;
    assert_eq!(receive(queue).await, []);
    pass(VISIBILITY + 1).await;
    let again = one(queue).await;
    assert_eq!((again.body.as_str(), again.receives), ("unfinished", 2));
    finish(queue, &again).await;
}

async fn a_delayed_message_waits(queue: &impl Queue, pass: &impl AsyncFn(u32)) {
    send(queue, "delayed", 3).await;
    assert_eq!(receive(queue).await, []);
    pass(4).await;
    finish(queue, &one(queue).await).await;
}

async fn a_released_message_comes_back_sooner(queue: &impl Queue, pass: &impl AsyncFn(u32)) {
    send(queue, "released", 0).await;
    let received = one(queue).await;
    queue.release(&received.receipt, 0).await.expect("a receipt can be released");
    pass(0).await;
    let again = one(queue).await;
    assert_eq!(again.receives, 2);
    finish(queue, &again).await;
}

async fn a_void_receipt_changes_nothing(queue: &impl Queue, pass: &impl AsyncFn(u32)) {
    send(queue, "received again", 0).await;
    let old = one(queue).await;
    pass(VISIBILITY + 1).await;
    let new = one(queue).await;
    finish(queue, &old).await;
    assert_eq!(queue.depth().await, Ok(1));
    finish(queue, &new).await;
    finish(queue, &new).await;
    assert_eq!(queue.depth().await, Ok(0));
}

async fn at_most_ten_come_at_once(queue: &impl Queue) {
    let message = |n: usize| OutgoingMessage { body: n.to_string(), delay_seconds: 0 };
    let messages: Vec<OutgoingMessage> = (0..12).map(message).collect();
    queue.send(&messages).await.expect("messages can be sent");
    let mut bodies = Vec::new();
    while bodies.len() < 12 {
        let received = queue.receive(100, VISIBILITY + 60).await.expect("a queue can be asked");
        assert!(received.len() <= 10);
        for one in received {
            finish(queue, &one).await;
            bodies.push(one.body);
        }
    }
    bodies.sort_by_key(|body| body.parse::<usize>().ok());
    assert_eq!(bodies, (0..12).map(|n: usize| n.to_string()).collect::<Vec<_>>());
}

async fn a_message_received_too_often_dies(queue: &impl Queue, pass: &impl AsyncFn(u32)) {
    send(queue, "poison", 0).await;
    for receives in 1..=2 {
        assert_eq!(one(queue).await.receives, receives);
        pass(VISIBILITY + 1).await;
    }
    assert_eq!(receive(queue).await, []);
    assert_eq!(queue.dead_letters(10).await, Ok(vec!["poison".to_owned()]));
    assert_eq!(queue.depth().await, Ok(0));
}

async fn too_long_a_message_is_refused(queue: &impl Queue) {
    let long = OutgoingMessage { body: "x".repeat(256 * 1024 + 1), delay_seconds: 0 };
    assert!(matches!(queue.send(&[long]).await, Err(PortError::Refused(_))));
}
