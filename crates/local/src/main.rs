//! The binary `borg`: the same handlers as in the cloud, on one machine.

mod cli;
mod commands;
mod config;
mod crawler;
mod home;
mod import;
mod measure;
mod naming;
mod output;
mod planted;
mod server;
mod truth;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use serde_json::json;
use tracing_subscriber::EnvFilter;

use crate::cli::Cli;
use crate::output::{Output, say};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output { json: cli.json };
    match run(&cli, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let error = told(&error);
            if cli.json {
                say(json!({ "error": error }));
            }
            eprintln!("borg: {error}");
            ExitCode::FAILURE
        }
    }
}

/// An error and what caused it; many an error tells its cause itself.
fn told(error: &anyhow::Error) -> String {
    let mut told = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if told.is_empty() {
            told = cause;
        } else if !told.ends_with(&cause) {
            told = format!("{told}: {cause}");
        }
    }
    told
}

fn run(cli: &Cli, output: Output) -> Result<()> {
    let config = config::from_environment()?;
    let filter = EnvFilter::try_new(&config.log)?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let answer = runtime.block_on(commands::run(&cli.command, &config, output))?;
    output.answer(&answer);
    Ok(())
}
