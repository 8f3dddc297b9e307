//! migrate as a Lambda function.

mod config;

use config::Config;
use migrate::{Asked, handle};
use runtime::Failure;
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let config = Config::of(&runtime::start())?;
    runtime::function::serve(async |event: Value, _| {
        let asked = Asked::of(event);
        let outcome = handle(&asked, &config.database_url).await;
        let Asked::ByCloudFormation(request) = &asked else {
            return outcome.map(|applied| json!({"applied": applied})).map_err(Failure::new);
        };
        let body = serde_json::to_vec(&request.answer(&outcome))?;
        let sent = reqwest::Client::new().put(&request.response_url).body(body).send().await?;
        sent.error_for_status()?;
        Ok(Value::Null)
    })
    .await
}
