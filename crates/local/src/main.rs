//! The binary `borg`: the same handlers as in the cloud, on one machine.

#[cfg(feature = "lab")]
mod api_client;
mod background;
mod cli;
mod commands;
mod config;
mod crawler;
mod exporter;
mod home;
mod import;
mod interrupt;
mod manifests;
mod measure;
mod meter;
mod naming;
mod output;
mod server;
mod threads;
mod truth;
mod webhooks;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use serde_json::json;
use tracing_subscriber::EnvFilter;

use crate::cli::Cli;
use crate::output::{CommandOutput, print_line};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = CommandOutput { json: cli.json };
    match run(&cli, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let error = with_causes(&error);
            if cli.json {
                print_line(json!({ "error": error }));
            }
            eprintln!("borg: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The text of an error and of its causes; many errors contain the text of their cause.
fn with_causes(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

fn run(cli: &Cli, output: CommandOutput) -> Result<()> {
    let config = config::from_environment()?;
    #[cfg(feature = "lab")]
    {
        config::arm_failpoint()?;
        config::shift_clock()?;
    }
    let filter = EnvFilter::try_new(&config.log)?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(commands::run(&cli.command, &config, output))
}
