//! billing-meter as a Lambda function.

mod config;

use billing_meter::{MeterDependencies, event};
use config::MeterConfig;
use runtime::{FunctionFailure, retry};
use store::clock::System;
use store::queue::StoredQueue;
use store::wallet::{PgWallet, StoredWallet};
use store::{Aws, Pg};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), FunctionFailure> {
    let config = MeterConfig::of(&runtime::start())?;
    let pg = retry(async || Pg::connect(&config.database_url, 2).await).await?;
    let aws = Aws::from_env().await;
    let wallet = match &config.wallet_table {
        Some(table) => StoredWallet::Dynamo(aws.wallet(table)),
        None => StoredWallet::Postgres(PgWallet::new(pg.clone())),
    };
    let (queue, targets) = (StoredQueue::Sqs(aws.queue(&config.usage_queue_url)), &config.targets);
    let deps =
        MeterDependencies { pg: &pg, wallet: &wallet, queue: &queue, clock: &System, targets };
    runtime::function::serve(async |event, left| event::answer(deps, event, left).await).await
}
