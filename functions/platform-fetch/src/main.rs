//! platform-fetch as a Lambda function.

mod config;
mod event;

use config::Config;
use event::answer;
use platform_fetch::{Doors, Hosts};
use platforms::engine::Memory;
use platforms::http::Client;
use runtime::{FunctionFailure, retry};
use store::clock::System;
use store::{Aws, Pg, Timeouts};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), FunctionFailure> {
    let Config { database_url, fetch_queue_url, engine, client } = Config::of(&runtime::start())?;
    let pg = retry(async || Pg::connect_for(&database_url, 2, Timeouts::COMMIT).await).await?;
    let queue = Aws::from_env().await.queue(&fetch_queue_url);
    let (web, memory, hosts) = (Client::new(client)?, Memory::new(), Hosts::new());
    let (engine, memory, hosts) = (&engine, &memory, &hosts);
    let doors = Doors { pg: &pg, web: &web, clock: &System, engine, memory, hosts };
    runtime::function::serve(async |event, left| answer(&doors, &queue, event, left).await).await
}
