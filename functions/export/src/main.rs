//! export as a Lambda function.

mod config;

use config::ExportConfig;
use export::{ExportDependencies, event};
use runtime::{FunctionFailure, retry};
use snapshot::SharedObjects;
use store::clock::System;
use store::queue::StoredQueue;
use store::wallet::{PgWallet, StoredWallet};
use store::{Aws, Pg};

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), FunctionFailure> {
    let config = ExportConfig::of(&runtime::start())?;
    let pg = retry(async || Pg::connect(&config.database_url, 2).await).await?;
    let aws = Aws::from_env().await;
    let wallet = match &config.wallet_table {
        Some(table) => StoredWallet::Dynamo(aws.wallet(table)),
        None => StoredWallet::Postgres(PgWallet::new(pg.clone())),
    };
    let objects = SharedObjects::new(aws.objects(&config.objects_bucket));
    let queue = StoredQueue::Sqs(aws.queue(&config.export_queue_url));
    let usage = StoredQueue::Sqs(aws.queue(&config.usage_queue_url));
    let deps = ExportDependencies {
        pg: &pg,
        objects: objects.store(),
        wallet: &wallet,
        queue: &queue,
        usage: &usage,
        clock: &System,
    };
    runtime::function::serve(async |event, left| event::answer(deps, event, left).await).await
}
