//! The commands, a file each.

#[cfg(feature = "lab")]
mod bench;
pub(crate) mod crawl;
#[cfg(feature = "lab")]
mod demo;
mod eval;
mod export;
mod import;
mod lab;
mod operate;
#[cfg(feature = "lab")]
mod planted;
pub(crate) mod score;
mod serve;
mod served;
mod status;
mod streams;

use std::sync::Arc;

use anyhow::Result;

use crate::cli::Command;
use crate::config::Config;
use crate::home::BorgHome;
use crate::output::CommandOutput;

/// Runs a command and prints its report.
pub(crate) async fn run(command: &Command, config: &Config, output: CommandOutput) -> Result<()> {
    let open = || BorgHome::open(config);
    match command {
        Command::Lab(command) => lab::run(command, config, output).await,
        Command::Crawl(args) => {
            output.report(&crawl::crawl(Arc::new(open().await?), args, output).await?)
        }
        Command::Import(args) => {
            output.report(&import::import(&open().await?, args, output).await?)
        }
        Command::Score(args) => output.report(&score::score(&open().await?, args, output).await?),
        Command::Export(args) => output.report(&export::export(&open().await?, args).await?),
        Command::Eval(args) => output.report(&eval::eval(&open().await?, args).await?),
        Command::Serve(args) => serve::serve(&open().await?, args, output).await,
        Command::Up(args) => serve::up(Arc::new(open().await?), args, output).await,
        Command::Streams(args) => streams::run(args, config, output).await,
        Command::Key(command) => output.report(&operate::key(&open().await?, command).await?),
        Command::Operate(command) => {
            output.report(&operate::operate(&open().await?, command).await?)
        }
        Command::Migrate => output.report(&status::migrate(&open().await?)),
        Command::Status => output.report(&status::status(&open().await?).await?),
    }
}
