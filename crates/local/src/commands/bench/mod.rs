//! `borg bench`: figures that anyone can reproduce, each beside a peer or a limit.
//!
//! Processor time is counted, not time by the clock: the machine may be busy. What belongs together
//! is measured in turns within one run, and the median is told.

mod api;
mod communities;
mod crawl;
mod frontier;
mod push;
mod rank;
mod run;
mod upsert;

use anyhow::Result;
use serde_json::Value;

use crate::cli::BenchCommand;
use crate::config::Config;
use crate::output::Output;

/// Measures what was asked for.
pub(crate) async fn bench(
    config: &Config,
    command: &BenchCommand,
    output: Output,
) -> Result<Value> {
    match *command {
        BenchCommand::Rank {
            scale,
            edge_factor,
            by_degree,
            planted,
            rounds,
            threads,
            ref write,
        } => {
            use_threads(threads)?;
            let shape = rank::Shape { scale, edge_factor, by_degree, planted };
            rank::rank(shape, rounds, write.as_deref(), output)
        }
        BenchCommand::Push { arcs, views } => push::push(arcs as usize, views, output),
        BenchCommand::Communities {
            people,
            mixing,
            overlapping,
            threads,
            ref graph,
            ref write,
        } => {
            use_threads(threads)?;
            let case = match graph {
                Some(folder) => communities::read(folder)?,
                None => communities::draw(people, mixing, overlapping)?,
            };
            communities::communities(&case, write.as_deref(), output)
        }
        BenchCommand::Run { arcs, changed, threads } => {
            use_threads(threads)?;
            run::run(arcs, changed, output)
        }
        BenchCommand::Crawl { people } => crawl::crawl(config, people, output).await,
        BenchCommand::Upsert { profiles } => upsert::upsert(config, profiles, output).await,
        BenchCommand::Frontier { rows, hosts, rounds } => {
            frontier::frontier(config, (rows, hosts), rounds, output).await
        }
        BenchCommand::Api { people, requests } => {
            api::api(config, (people, requests), output).await
        }
    }
}

/// Makes the pure stages use so many threads.
pub(crate) fn use_threads(threads: Option<usize>) -> Result<()> {
    if let Some(threads) = threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    }
    Ok(())
}

/// The middle one of some measurements.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A number with so many decimals.
fn rounded(value: f64, decimals: i32) -> f64 {
    let factor = 10f64.powi(decimals);
    (value * factor).round() / factor
}
