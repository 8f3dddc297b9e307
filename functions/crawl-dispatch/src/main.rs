//! crawl-dispatch as a Lambda function: any event is a tick.

mod config;

use config::Config;
use crawl_dispatch::{DispatchDependencies, tick};
use runtime::{FunctionFailure, retry};
use serde_json::Value;
use store::clock::System;
use store::{Aws, Pg, Timeouts};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), FunctionFailure> {
    let config = Config::of(&runtime::start())?;
    let pg = retry(async || Pg::connect_for(&config.database_url, 1, Timeouts::TICK).await).await?;
    let queue = Aws::from_env().await.queue(&config.fetch_queue_url);
    let dependencies = DispatchDependencies { pg: &pg, queue: &queue, clock: &System };
    runtime::function::serve(async |_: Value, _| Ok(tick(dependencies, &config.dispatch).await?))
        .await
}
