//! api-gateway as a Lambda function.

mod config;

use std::sync::Arc;

use api_gateway::{ChargingSettings, ClientAddress, Gateway, GatewayParts, WebhookParts, router};
use axum::extract::Request;
use axum::middleware::map_request;
use config::Config;
use runtime::{FunctionFailure, retry};
use snapshot::SharedObjects;
use store::clock::System;
use store::objects::ObjectLinks;
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
        charging: ChargingSettings { limits: config.limits, doorbells_at_once: 1 },
        objects: SharedObjects::new(aws.objects(&config.objects_bucket)),
        exports: StoredQueue::Sqs(aws.queue(&config.export_queue_url)),
        links: ObjectLinks::S3(aws.objects(&config.objects_bucket)),
        row_cache_bytes: config.row_cache_bytes,
        webhooks: WebhookParts {
            queue: StoredQueue::Sqs(aws.queue(&config.deliver_queue_url)),
            origins: config.webhook_origins,
        },
    });
    runtime::http::serve(router(gateway).layer(map_request(addressed))).await
}

/// Notes from where a request comes.
async fn addressed(mut request: Request) -> Request {
    if let Some(address) = runtime::http::source_address(request.extensions()) {
        request.extensions_mut().insert(ClientAddress(address));
    }
    request
}
