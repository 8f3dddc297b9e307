//! operate as a Lambda function.

mod config;

use config::Config;
use operate::{Doors, Order, handle};
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
        // Who that was is in CloudTrail under this id: an invocation does not say it.
        let actor = format!("aws:{}", invocation.request_id);
        let doors = Doors { pg: &pg, clock: &System, pepper: &config.pepper, actor: &actor };
        Ok(handle(&doors, &order).await?)
    })
    .await
}
