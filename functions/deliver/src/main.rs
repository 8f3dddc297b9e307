//! deliver as a Lambda function.

mod config;

use config::Config;
use deliver::event::answer;
use deliver::{DeliverDependencies, client_settings};
use platforms::http::WebClient;
use runtime::{FunctionFailure, retry};
use store::clock::System;
use store::queue::StoredQueue;
use store::{Aws, Pg, Timeouts};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), FunctionFailure> {
    let config = Config::of(&runtime::start())?;
    let url = &config.database_url;
    let pg = retry(async || Pg::connect_for(url, 1, Timeouts::TICK).await).await?;
    let queue = StoredQueue::Sqs(Aws::from_env().await.queue(&config.deliver_queue_url));
    let web = WebClient::new(client_settings(&config.contact, config.origins))?;
    let sealer = &config.sealer;
    let deps = DeliverDependencies { pg: &pg, queue: &queue, web: &web, clock: &System, sealer };
    runtime::function::serve(async |jobs, left| answer(deps, jobs, left).await).await
}
