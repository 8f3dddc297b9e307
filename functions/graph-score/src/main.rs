//! graph-score as a Lambda function.

mod config;
mod event;

use config::Config;
use event::{Event, begin, job};
use graph_score::Doors;
use model::port::Queue;
use runtime::{Failure, batch, patiently};
use serde_json::json;
use store::clock::System;
use store::{Aws, Pg};

// Stages compute for minutes, on threads that may block.
#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let config = Config::of(&runtime::start())?;
    let pg = patiently(async || Pg::connect(&config.database_url, 4).await).await?;
    let aws = Aws::from_env().await;
    let (objects, queue) =
        (aws.objects(&config.objects_bucket), aws.queue(&config.score_queue_url));
    let doors = Doors { pg: &pg, objects: &objects, clock: &System };
    runtime::function::serve(async |event: Event, left| match event {
        Event::Start { start } if start => Ok(json!(begin(doors, &queue).await?)),
        Event::Start { .. } => Err(Failure::new("there is nothing to do: `start` is false")),
        Event::Jobs(jobs) => {
            let each = async |message: &batch::Message| job(doors, &queue, message).await;
            let release = async |receipt: &str, seconds| queue.release(receipt, seconds).await;
            batch::serve("graph-score", jobs, left, each, release).await
        }
    })
    .await
}
