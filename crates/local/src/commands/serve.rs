//! `borg serve`, `borg up`, `borg key` and `borg streams`.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use graph_score::RunSettings;
use operate::Order;
use platforms::{Engine, Origins};
use serde_json::{Value, json};

use super::score::run_stages;
use crate::cli::{KeyCommand, ServeArgs, StreamsArgs, UpArgs};
use crate::crawler::{Crawler, Until};
use crate::home::Home;
use crate::output::{Output, say};
use crate::server;

/// Serves the API until Ctrl-C.
pub(crate) async fn serve(home: &Home, args: &ServeArgs, output: Output) -> Result<Value> {
    let listener = server::bind(args.addr).await?;
    let url = format!("http://{}", listener.local_addr()?);
    announce(&json!({ "url": url, "docs": format!("{url}/docs") }), output);
    server::serve(home, listener).await?;
    Ok(Value::Null)
}

fn announce(what: &Value, output: Output) {
    if output.json {
        say(what);
    } else {
        eprintln!("serving {} (docs at {})", what["url"], what["docs"]);
    }
}

/// Everything at once, for ever: crawl, score, serve.
pub(crate) async fn up(home: Arc<Home>, args: &UpArgs, output: Output) -> Result<Value> {
    let listener = server::bind(args.serve.addr).await?;
    let url = format!("http://{}", listener.local_addr()?);
    announce(&json!({ "url": url, "docs": format!("{url}/docs") }), output);
    let origins = Origins::parse(&args.base_url)?;
    let crawler = Arc::new(Crawler::new(Arc::clone(&home), origins, &args.contact).await?);
    let for_ever = Until { profiles: u64::MAX, idle: None };
    let crawling = tokio::spawn({
        let crawler = Arc::clone(&crawler);
        async move { crawler.run(for_ever).await }
    });
    let scoring = score_again_and_again(&home, args, output);
    tokio::select! {
        served = server::serve(&home, listener) => served?,
        scored = scoring => scored?,
    }
    crawler.stop();
    crawling.await??;
    Ok(Value::Null)
}

async fn score_again_and_again(home: &Home, args: &UpArgs, output: Output) -> Result<()> {
    loop {
        tokio::time::sleep(Duration::from_secs(args.score_every)).await;
        run_stages(home, &RunSettings::default(), output).await?;
        server::order(home, &Order::Retain {}).await?;
    }
}

/// Creates or revokes an API key.
pub(crate) async fn key(home: &Home, command: &KeyCommand) -> Result<Value> {
    let order = match command {
        KeyCommand::Create { account, test, .. } => {
            Order::CreateKey { account: account.clone(), test: *test }
        }
        KeyCommand::Revoke { id } => Order::RevokeKey { key: *id },
    };
    server::order(home, &order).await
}

/// Every stream that can be read.
pub(crate) fn streams(args: &StreamsArgs, output: Output) -> Result<Value> {
    let engine = Engine::new(platforms::Settings::default())?;
    let mut streams = engine.streams();
    if let Some(platform) = args.platform {
        streams.retain(|stream| stream.platform == platform.slug());
    }
    let rows: Vec<Vec<String>> = streams
        .iter()
        .map(|one| {
            let name = format!("{}/{}", one.platform, one.stream);
            [&name, &one.transport, &one.auth, &one.limits, &one.emits, &one.tested_by]
                .map(ToString::to_string)
                .to_vec()
        })
        .collect();
    output.table(&["stream", "transport", "auth", "limits", "emits", "tested by"], &rows);
    Ok(json!({ "streams": streams }))
}
