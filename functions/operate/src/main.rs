//! operate as a Lambda function.

mod config;

use config::Config;
use operate::{OperateDependencies, Order, handle};
use runtime::function::InvocationContext;
use runtime::{FunctionFailure, retry};
use serde_json::Value;
use store::Pg;
use store::clock::System;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), FunctionFailure> {
    let config = Config::of(&runtime::start())?;
    let pg = retry(async || Pg::connect(&config.database_url, 2).await).await?;
    runtime::function::serve_invocations(async |event: Value, invocation: InvocationContext| {
        let order = Order::of(event)?;
        // CloudTrail has the caller's identity under this id; the event does not.
        let actor = format!("aws:{}", invocation.request_id);
        let (clock, pepper) = (&System, config.pepper.as_slice());
        let dependencies = OperateDependencies { pg: &pg, clock, pepper, actor: &actor };
        Ok(handle(&dependencies, &order).await?)
    })
    .await
}
