//! api-gateway as a Lambda function.

mod config;

use std::sync::Arc;

use api_gateway::{ChargingSettings, Gateway, GatewayParts, RequestLimits, router};
use config::Config;
use runtime::{FunctionFailure, retry};
use store::clock::System;
use store::queue::StoredQueue;
use store::wallet::{PgWallet, StoredWallet};
use store::{Aws, Pg};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), FunctionFailure> {
    let config = Config::of(&runtime::start())?;
    let pg = retry(async || Pg::connect_for_answers(&config.database_url, 2).await).await?;
    let aws = Aws::from_env().await;
    let wallet = match &config.wallet_table {
        Some(table) => StoredWallet::Dynamo(aws.wallet(table)),
        None => StoredWallet::Postgres(PgWallet::new(pg.clone())),
    };
    let gateway = Gateway::new(GatewayParts {
        pg,
        clock: Arc::new(System),
        secrets: config.secrets,
        wallet,
        usage: StoredQueue::Sqs(aws.queue(&config.usage_queue_url)),
        // It may be frozen after each answer.
        charging: ChargingSettings { limits: RequestLimits::PUBLIC, doorbells_at_once: 1 },
    });
    runtime::http::serve(router(gateway)).await
}
