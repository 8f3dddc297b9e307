//! The commands, a file each.

mod bench;
pub(crate) mod crawl;
mod demo;
mod eval;
mod export;
mod import;
mod operate;
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
    match command {
        Command::Demo(args) => return demo::demo(config, args, output).await,
        Command::Streams(args) => return serve::streams(args, output),
        Command::Bench(command) => return bench::bench(config, command, output).await,
        _ => {}
    }
    let home = Arc::new(Home::open(config).await?);
    match command {
        Command::Crawl(args) => crawl::crawl(home, args, output).await,
        Command::Import(args) => import::import(&home, args, output).await,
        Command::Score(args) => score::score(&home, args, output).await,
        Command::Export(args) => export::export(&home, args).await,
        Command::Eval(args) => eval::eval(&home, args, output).await,
        Command::Serve(args) => serve::serve(&home, args, output).await,
        Command::Up(args) => serve::up(home, args, output).await,
        Command::Key(command) => serve::key(&home, command).await,
        Command::Operate(command) => operate::operate(&home, command, output).await,
        Command::Migrate => Ok(json!({ "migrated": true })),
        Command::Status | Command::Demo(_) | Command::Streams(_) | Command::Bench(_) => {
            status::status(&home).await
        }
    }
}
