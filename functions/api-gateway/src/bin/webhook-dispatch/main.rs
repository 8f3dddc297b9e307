//! webhook-dispatch as a Lambda function: any event is a tick. It is built from the gateway's code, since webhooks hear
//! of what readers are shown, and is a function of its own, since it needs no wallet and answers no one.

mod config;

use std::sync::Arc;
use std::time::Duration;

use api_gateway::WebhookDispatcher;
use config::Config;
use runtime::{FunctionFailure, retry};
use serde_json::Value;
use store::clock::System;
use store::queue::StoredQueue;
use store::{Aws, Pg};

/// The time that is left for messages, and for the answer.
const RESERVE: Duration = Duration::from_secs(15);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), FunctionFailure> {
    let Config { database_url, deliver_queue_url, secrets } = Config::of(&runtime::start())?;
    let pg = retry(async || Pg::connect_for_answers(&database_url, 2).await).await?;
    let queue = StoredQueue::Sqs(Aws::from_env().await.queue(&deliver_queue_url));
    let dispatcher = WebhookDispatcher::new(pg, queue, Arc::new(System), &secrets);
    let tick = async |_: Value, left: Duration| {
        let ticked = dispatcher.tick(left.saturating_sub(RESERVE)).await;
        ticked.map_err(|problem| FunctionFailure::new(format!("{problem:?}")))
    };
    runtime::function::serve(tick).await
}
