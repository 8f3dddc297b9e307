//! api-gateway as a Lambda function.

mod config;

use std::sync::Arc;

use api_gateway::{Gateway, router};
use config::Config;
use runtime::{FunctionFailure, retry};
use store::Pg;
use store::clock::System;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), FunctionFailure> {
    let config = Config::of(&runtime::start())?;
    let pg = retry(async || Pg::connect_for_answers(&config.database_url, 2).await).await?;
    runtime::http::serve(router(Gateway::new(pg, Arc::new(System), config.secrets))).await
}
