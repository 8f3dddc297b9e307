//! graph-score as a Lambda function.

mod config;
mod event;

use config::Config;
use event::answer;
use graph_score::Doors;
use runtime::{FunctionFailure, retry};
use store::clock::System;
use store::{Aws, Pg};

// Stages compute for minutes, on threads that may block.
#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), FunctionFailure> {
    let config = Config::of(&runtime::start())?;
    let pg = retry(async || Pg::connect(&config.database_url, 4).await).await?;
    let aws = Aws::from_env().await;
    let (objects, queue) =
        (aws.objects(&config.objects_bucket), aws.queue(&config.score_queue_url));
    let settings = config.run();
    let doors = Doors { pg: &pg, objects: &objects, clock: &System };
    runtime::function::serve(async |event, left| {
        answer(doors, &queue, &settings, event, left).await
    })
    .await
}
