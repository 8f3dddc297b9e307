//! platform-fetch as a Lambda function.

mod config;

use config::Config;
use platform_fetch::event::answer;
use platform_fetch::{FetchDependencies, HostCache};
use platforms::engine::FetchMemory;
use platforms::http::WebClient;
use runtime::{FunctionFailure, retry};
use store::clock::System;
use store::{Aws, Pg, Timeouts};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), FunctionFailure> {
    let Config { database_url, fetch_queue_url, engine, client } = Config::of(&runtime::start())?;
    let pg = retry(async || Pg::connect_for(&database_url, 2, Timeouts::COMMIT).await).await?;
    let queue = Aws::from_env().await.queue(&fetch_queue_url);
    let (web, memory, hosts) = (WebClient::new(client)?, FetchMemory::new(), HostCache::new());
    let (engine, memory, hosts) = (&engine, &memory, &hosts);
    let dependencies =
        FetchDependencies { pg: &pg, web: &web, clock: &System, engine, memory, hosts };
    runtime::function::serve(async |event, left| answer(dependencies, &queue, event, left).await)
        .await
}
