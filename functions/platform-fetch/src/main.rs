//! platform-fetch as a Lambda function.

mod config;
mod event;

use config::Config;
use event::{Event, job, seed};
use model::port::Queue;
use platform_fetch::Doors;
use platforms::engine::Memory;
use platforms::http::Client;
use runtime::{Failure, batch, patiently};
use serde_json::json;
use store::clock::System;
use store::{Aws, Pg};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let Config { database_url, fetch_queue_url, engine, client } = Config::of(&runtime::start())?;
    let pg = patiently(async || Pg::connect(&database_url, 2).await).await?;
    let queue = Aws::from_env().await.queue(&fetch_queue_url);
    let (web, memory) = (Client::new(client)?, Memory::new());
    let doors = Doors { pg: &pg, web: &web, clock: &System, engine: &engine, memory: &memory };
    runtime::function::serve(async |event: Event, left| match event {
        Event::Seeds { seed: names, depth } => {
            Ok(json!({"seeded": seed(&doors, &names, depth).await?}))
        }
        Event::Jobs(jobs) => {
            let each = async |message: &batch::Message| job(&doors, message).await;
            let release = async |receipt: &str, seconds| queue.release(receipt, seconds).await;
            batch::serve("platform-fetch", jobs, left, each, release).await
        }
    })
    .await
}
