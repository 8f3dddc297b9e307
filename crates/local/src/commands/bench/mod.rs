//! `borg bench`: reproducible figures, each beside a peer or a limit.
//!
//! Processor time is measured, not wall time: the machine may be busy. What is compared is measured
//! in turns within one run, and the median is reported.

mod api;
mod communities;
mod crawl;
mod files;
mod frontier;
mod ledger;
mod push;
mod rank;
mod run;
mod upsert;

use anyhow::Result;

use crate::cli::BenchCommand;
use crate::config::Config;
use crate::output::CommandOutput;
use crate::threads::use_threads;

/// Runs a benchmark and prints its figures.
pub(crate) async fn bench(
    config: &Config,
    command: &BenchCommand,
    output: CommandOutput,
) -> Result<()> {
    match command {
        BenchCommand::Rank(args) => {
            use_threads(args.threads)?;
            output.report(&rank::rank(args, output)?)
        }
        BenchCommand::Push(args) => output.report(&push::push(args, output)?),
        BenchCommand::Communities(args) => {
            use_threads(args.threads)?;
            output.report(&communities::communities(args, output)?)
        }
        BenchCommand::Run(args) => {
            use_threads(args.threads)?;
            output.report(&run::run(args, output)?)
        }
        BenchCommand::Crawl { people } => {
            output.report(&crawl::crawl(config, *people, output).await?)
        }
        BenchCommand::Upsert { profiles } => {
            output.report(&upsert::upsert(config, *profiles, output).await?)
        }
        BenchCommand::Frontier(args) => {
            output.report(&frontier::frontier(config, args, output).await?)
        }
        BenchCommand::Api(args) => output.report(&api::api(config, *args, output).await?),
        BenchCommand::Ledger(args) => {
            let report = ledger::ledger(config, *args, output).await?;
            output.report(&report)?;
            report.require_exact()
        }
        BenchCommand::LedgerWorker(args) => ledger::worker(args).await,
    }
}

/// The middle one of some measurements.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A number rounded to some decimals.
fn rounded(value: f64, decimals: i32) -> f64 {
    let factor = 10f64.powi(decimals);
    (value * factor).round() / factor
}
