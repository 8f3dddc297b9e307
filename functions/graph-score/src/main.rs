//! graph-score as a Lambda function.

mod config;

use config::ScoreConfig;
use graph_score::{ObjectStore, ScoreDependencies, event};
use runtime::{FunctionFailure, retry};
use store::clock::System;
use store::{Aws, Pg};

// Stages compute for minutes, on threads that may block.
#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), FunctionFailure> {
    let config = ScoreConfig::of(&runtime::start())?;
    let pg = retry(async || Pg::connect(&config.database_url, 4).await).await?;
    let aws = Aws::from_env().await;
    let (bucket, queue) = (aws.objects(&config.objects_bucket), aws.queue(&config.score_queue_url));
    let (objects, settings) = (ObjectStore::new(&bucket), config.run());
    let dependencies = ScoreDependencies { pg: &pg, objects, clock: &System };
    runtime::function::serve(async |event, left| {
        event::answer(dependencies, &queue, &settings, event, left).await
    })
    .await
}
