//! The events of the Lambda function.

use std::time::Duration;

use model::port::{OutgoingMessage, PortError, Queue, ReceivedMessage};
use platform_fetch::event::{FetchEvent, answer};
use serde_json::{Value, json};
use std::sync::Mutex;

use crate::world::{World, profile_page};

/// A queue that keeps what was released.
#[derive(Debug, Default)]
struct ReleasedMessages(Mutex<Vec<(String, u32)>>);

impl Queue for ReleasedMessages {
    async fn send(&self, _: &[OutgoingMessage]) -> Result<(), PortError> {
        Ok(())
    }

    async fn receive(&self, _: usize, _: u32) -> Result<Vec<ReceivedMessage>, PortError> {
        Ok(Vec::new())
    }

    async fn finish(&self, _: &str) -> Result<(), PortError> {
        Ok(())
    }

    async fn release(&self, receipt: &str, seconds: u32) -> Result<(), PortError> {
        self.0
            .lock()
            .expect("no test panics while it holds this")
            .push((receipt.to_owned(), seconds));
        Ok(())
    }

    async fn depth(&self) -> Result<u64, PortError> {
        Ok(0)
    }

    async fn dead_letters(&self, _: usize) -> Result<Vec<String>, PortError> {
        Ok(Vec::new())
    }
}

fn message(id: &str, body: &str) -> Value {
    json!({
        "messageId": id,
        "receiptHandle": format!("receipt of {id}"),
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1"},
    })
}

async fn run(world: &World, queue: &ReleasedMessages, event: Value) -> Value {
    let event: FetchEvent =
        serde_json::from_value(event).expect("the event is one of the function");
    answer(world.dependencies(), queue, event, Duration::from_secs(300))
        .await
        .expect("the event is answered")
}

#[tokio::test]
async fn seeds_make_accounts_due() {
    let world = World::new().await;
    world.web.answer("resolveHandle", 200, r#"{"did":"did:plc:ada"}"#);
    let queue = ReleasedMessages::default();
    let done = run(&world, &queue, json!({"seed": ["bluesky:ada.test"], "depth": 1})).await;
    assert_eq!(done, json!({"seeded": 1}));
    assert_eq!(world.counts().await.due, 1);
}

#[tokio::test]
async fn a_batch_names_the_messages_that_come_again() {
    let world = World::new().await;
    world.web.answer("getProfiles", 200, &profile_page("did:plc:ada", "ada.test", ""));
    world.add_due(&["did:plc:ada"]).await;
    let job = serde_json::to_string(&world.job().await.unwrap()).unwrap();
    let queue = ReleasedMessages::default();
    let batch = json!({"Records": [message("good", &job), message("bad", "no JSON")]});
    let done = run(&world, &queue, batch).await;
    assert_eq!(done, json!({"batchItemFailures": [{"itemIdentifier": "bad"}]}));
    assert_eq!(*queue.0.lock().unwrap(), [("receipt of bad".to_owned(), 0)]);
    assert_eq!(world.counts().await.crawled, 1);
}
