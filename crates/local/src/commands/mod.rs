//! The commands, a file each.

mod bench;
pub(crate) mod crawl;
mod demo;
mod eval;
mod export;
mod import;
mod score;
mod serve;
mod status;

use std::sync::Arc;

use anyhow::Result;
use serde_json::{Value, json};

use crate::cli::Command;
use crate::config::Config;
use crate::home::Home;
use crate::output::Output;

/// Does what was asked and returns the answer.
pub(crate) async fn run(command: &Command, config: &Config, output: Output) -> Result<Value> {
    let open = || Home::open(config);
    match command {
        Command::Demo(args) => demo::demo(config, args, output).await,
        Command::Streams(args) => serve::streams(args, output),
        Command::Bench(command) => bench::bench(config, command, output).await,
        Command::Crawl(args) => crawl::crawl(Arc::new(open().await?), args, output).await,
        Command::Import(args) => import::import(&open().await?, args, output).await,
        Command::Score(args) => score::score(&open().await?, args, output).await,
        Command::Export(args) => export::export(&open().await?, args).await,
        Command::Eval(args) => eval::eval(&open().await?, args, output).await,
        Command::Serve(args) => serve::serve(&open().await?, args, output).await,
        Command::Up(args) => serve::up(Arc::new(open().await?), args, output).await,
        Command::Key(command) => serve::key(&open().await?, command).await,
        Command::Migrate => open().await.map(|_| json!({ "migrated": true })),
        Command::Status => status::status(&open().await?).await,
    }
}
