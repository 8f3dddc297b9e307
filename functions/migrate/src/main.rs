//! migrate as a Lambda function.

mod config;

use config::Config;
use migrate::{MigrateEvent, handle};
use runtime::FunctionFailure;
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), FunctionFailure> {
    let config = Config::of(&runtime::start())?;
    runtime::function::serve(async |event: Value, _| {
        let event = MigrateEvent::of(event);
        let outcome = handle(&event, &config.database_url).await;
        let MigrateEvent::CloudFormation(request) = &event else {
            return outcome
                .map(|applied| json!({"applied": applied}))
                .map_err(FunctionFailure::new);
        };
        let body = serde_json::to_vec(&request.response(&outcome))?;
        let sent = reqwest::Client::new().put(&request.response_url).body(body).send().await?;
        sent.error_for_status()?;
        Ok(Value::Null)
    })
    .await
}
