//! The commands, a file each.

mod eval;
mod export;
mod import;
mod score;
mod status;

use anyhow::Result;
use serde_json::{Value, json};

use crate::cli::Command;
use crate::config::Config;
use crate::home::Home;
use crate::output::Output;

/// Does what was asked and returns the answer.
pub(crate) async fn run(command: &Command, config: &Config, output: Output) -> Result<Value> {
    let home = Home::open(config).await?;
    match command {
        Command::Import(args) => import::import(&home, args, output).await,
        Command::Score(args) => score::score(&home, args, output).await,
        Command::Export(args) => export::export(&home, args).await,
        Command::Eval(args) => eval::eval(&home, args, output).await,
        Command::Migrate => Ok(json!({ "migrated": true })),
        Command::Status => status::status(&home).await,
    }
}
