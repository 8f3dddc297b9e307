//! `borg serve` and `borg up`.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use graph_score::RunSettings;
use operate::Order;
use platforms::OriginOverrides;
use serde_json::json;
use tokio::net::TcpListener;

use super::score::run_stages;
use crate::cli::{ServeArgs, UpArgs};
use crate::crawler::{CrawlEnd, LocalCrawler};
use crate::home::BorgHome;
use crate::manifests;
use crate::output::{CommandOutput, print_line};
use crate::server;

/// Serves the API until Ctrl-C.
pub(crate) async fn serve(home: &BorgHome, args: &ServeArgs, output: CommandOutput) -> Result<()> {
    let listener = server::bind(args.addr).await?;
    announce(&listener, output)?;
    server::serve(home, listener).await
}

/// Prints the API's address before it is served.
fn announce(listener: &TcpListener, output: CommandOutput) -> Result<()> {
    let url = format!("http://{}", listener.local_addr()?);
    if output.json {
        print_line(json!({ "url": url, "docs": format!("{url}/docs") }));
    } else {
        eprintln!("serving {url} (docs at {url}/docs)");
    }
    Ok(())
}

/// Crawls, scores and serves at the same time, until Ctrl-C.
pub(crate) async fn up(home: Arc<BorgHome>, args: &UpArgs, output: CommandOutput) -> Result<()> {
    let listener = server::bind(args.serve.addr).await?;
    announce(&listener, output)?;
    manifests::keep(&home, &manifests::read(&args.manifest)?).await?;
    let origins = OriginOverrides::parse(&args.base_url)?;
    let crawler = Arc::new(LocalCrawler::new(Arc::clone(&home), origins, &args.contact).await?);
    let endless = CrawlEnd { profiles: u64::MAX, idle: None };
    let crawling = tokio::spawn({
        let crawler = Arc::clone(&crawler);
        async move { crawler.run(endless).await }
    });
    tokio::select! {
        served = server::serve(&home, listener) => served?,
        scored = score_periodically(&home, args, output) => scored?,
    }
    crawler.stop();
    crawling.await??;
    Ok(())
}

async fn score_periodically(home: &BorgHome, args: &UpArgs, output: CommandOutput) -> Result<()> {
    loop {
        tokio::time::sleep(Duration::from_secs(args.score_every)).await;
        run_stages(home, &RunSettings::default(), output).await?;
        server::order(home, &Order::Retain {}).await?;
    }
}
