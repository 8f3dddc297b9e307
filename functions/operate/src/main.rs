//! operate as a Lambda function.

mod config;

use config::Config;
use operate::{OperateDependencies, Order, OrderOutcome, handle};
use runtime::function::InvocationContext;
use runtime::metrics::{FunctionMetric, MetricUnit, report};
use runtime::{FunctionFailure, retry};
use serde_json::Value;
use store::clock::System;
use store::wallet::{PgWallet, StoredWallet};
use store::{Aws, Pg};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), FunctionFailure> {
    let config = Config::of(&runtime::start())?;
    let pg = retry(async || Pg::connect(&config.database_url, 2).await).await?;
    let wallet = match &config.wallet_table {
        Some(table) => StoredWallet::Dynamo(Aws::from_env().await.wallet(table)),
        None => StoredWallet::Postgres(PgWallet::new(pg.clone())),
    };
    runtime::function::serve_invocations(async |event: Value, invocation: InvocationContext| {
        let order = Order::of(event)?;
        // CloudTrail has the caller's identity under this id; the event does not.
        let actor = format!("aws:{}", invocation.request_id);
        let (clock, pepper, wallet) = (&System, config.pepper.as_slice(), &wallet);
        let dependencies = OperateDependencies { pg: &pg, wallet, clock, pepper, actor: &actor };
        let outcome = handle(&dependencies, &order).await?;
        report_pressing(&outcome);
        Ok(outcome)
    })
    .await
}

/// Reports how many privacy requests wait for the operator, for an alarm.
fn report_pressing(outcome: &OrderOutcome) {
    if let OrderOutcome::Retained(counts) = outcome {
        let (unit, value) = (MetricUnit::Count, counts.requests_pressing());
        report("operate", &[FunctionMetric { name: "RequestsPressing", unit, value }]);
    }
}
