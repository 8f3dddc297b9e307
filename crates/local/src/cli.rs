//! The command line: parsing only.

mod bulk;
#[cfg(feature = "lab")]
mod lab;
mod operate;
#[cfg(not(feature = "lab"))]
mod without_lab;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use bulk::{EvalArgs, EvalSubject, ExportArgs, ExportDataset, ImportArgs, ImportFormat};
#[cfg(feature = "lab")]
pub(crate) use lab::{
    ApiBenchArgs, BenchCommand, CommunityBenchArgs, DemoArgs, FrontierBenchArgs, LabCommand,
    LedgerBenchArgs, LedgerRole, LedgerWorkerArgs, PushBenchArgs, RankBenchArgs, RunBenchArgs,
};
pub(crate) use operate::{
    KeyCommand, OperateCommand, OperateCredits, OperateKeys, OperateRequests, OperateRuns,
};
#[cfg(not(feature = "lab"))]
pub(crate) use without_lab::MissingLabCommand as LabCommand;

/// Borg, the search engine for the social web, on one machine.
#[derive(Debug, Parser)]
#[command(name = "borg", version, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// Print one JSON object on standard output instead of tables.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// The command.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(flatten)]
    Lab(LabCommand),
    /// Crawl live, from these seeds.
    Crawl(CrawlArgs),
    /// Read a bulk file into the database.
    Import(ImportArgs),
    /// Seal a snapshot of the database, find its communities and rank its people.
    Score(ScoreArgs),
    /// Write a dataset to a file (.tsv, .ndjson or .parquet), unlisted profiles included.
    Export(ExportArgs),
    /// Compare the served run with a truth.
    Eval(EvalArgs),
    /// Serve the API.
    Serve(ServeArgs),
    /// Crawl, score and serve, continuously.
    Up(UpArgs),
    /// List every stream that can be read.
    Streams(StreamsArgs),
    /// Create and revoke API keys.
    #[command(subcommand)]
    Key(KeyCommand),
    /// An operator's orders, such as opt-outs; on AWS the function `operate` takes them.
    #[command(subcommand)]
    Operate(OperateCommand),
    /// Bring the database's schema up to date.
    Migrate,
    /// Report what the database holds and which run is served.
    Status,
}

/// `borg score`.
#[derive(Debug, Args)]
pub(crate) struct ScoreArgs {
    /// A TSV with the header `node`: trust starts from these people only.
    #[arg(long, value_name = "FILE")]
    pub(crate) trust_seeds: Option<PathBuf>,
    /// The most memory that a stage may plan to use, such as 10G.
    #[arg(long, default_value = "10G", value_parser = parse_bytes)]
    pub(crate) memory: u64,
    /// Threads; all cores if not given.
    #[arg(long)]
    pub(crate) threads: Option<usize>,
}

/// `borg crawl`.
#[derive(Debug, Args)]
pub(crate) struct CrawlArgs {
    /// Accounts such as bluesky:alice.bsky.social or fediverse:ada@example.org.
    #[arg(required = true)]
    pub(crate) seeds: Vec<String>,
    /// A manifest, or a folder of them, of platforms to add: docs/manifests.md.
    #[arg(long, value_name = "PATH")]
    pub(crate) manifest: Vec<PathBuf>,
    /// A server that stands in for a role's own; exactly this origin may be private.
    #[arg(long, value_name = "[ROLE=]URL")]
    pub(crate) base_url: Vec<String>,
    /// The most profiles to fetch.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u64>,
    /// How many steps the crawl goes from the seeds; 0 fetches only them.
    #[arg(long, value_name = "D", value_parser = clap::value_parser!(i16).range(0..))]
    pub(crate) depth: Option<i16>,
    /// Where hosts can ask about the crawl: a URL or an e-mail address.
    #[arg(long, default_value = "", env = "BORG_CONTACT")]
    pub(crate) contact: String,
}

/// `borg serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The address to listen on; port 0 takes any.
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub(crate) addr: SocketAddr,
}

/// `borg up`.
#[derive(Debug, Args)]
pub(crate) struct UpArgs {
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
    /// A manifest, or a folder of them, of platforms to add: docs/manifests.md.
    #[arg(long, value_name = "PATH")]
    pub(crate) manifest: Vec<PathBuf>,
    /// A server that stands in for a role's own; exactly this origin may be private.
    #[arg(long, value_name = "[ROLE=]URL")]
    pub(crate) base_url: Vec<String>,
    /// Where hosts can ask about the crawl: a URL or an e-mail address.
    #[arg(long, default_value = "", env = "BORG_CONTACT")]
    pub(crate) contact: String,
    /// Seconds from one scoring to the next.
    #[arg(long, value_name = "SECONDS", default_value_t = 3_600)]
    pub(crate) score_every: u64,
}

/// `borg streams`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct StreamsArgs {
    /// Only those of one platform.
    #[arg(long)]
    pub(crate) platform: Option<String>,
    /// What else to do.
    #[command(subcommand)]
    pub(crate) command: Option<StreamsCommand>,
}

/// What the author of a manifest needs.
#[derive(Debug, Subcommand)]
pub(crate) enum StreamsCommand {
    /// Check a manifest, and list its streams.
    Check {
        /// The manifest.
        file: PathBuf,
    },
    /// Read one page of one stream, and show what was found in it. Nothing is stored.
    Try(TryArgs),
    /// Print the JSON Schema of manifests.
    Schema,
}

/// `borg streams try`.
#[derive(Debug, Args)]
pub(crate) struct TryArgs {
    /// The manifest.
    pub(crate) file: PathBuf,
    /// One of its streams.
    pub(crate) stream: String,
    /// The account whose stream is read: a handle or native id.
    pub(crate) account: String,
    /// A server that stands in for a role's own; exactly this origin may be private.
    #[arg(long, value_name = "[ROLE=]URL")]
    pub(crate) base_url: Vec<String>,
    /// Where hosts can ask about the request: a URL or an e-mail address.
    #[arg(long, default_value = "", env = "BORG_CONTACT")]
    pub(crate) contact: String,
}

/// Reads `10G`, `512M`, `4096`.
fn parse_bytes(text: &str) -> Result<u64, String> {
    let (digits, unit) = text.split_at(text.trim_end_matches(|c: char| c.is_alphabetic()).len());
    let factor: u64 = match unit.to_ascii_uppercase().as_str() {
        "" | "B" => 1,
        "K" | "KB" | "KIB" => 1 << 10,
        "M" | "MB" | "MIB" => 1 << 20,
        "G" | "GB" | "GIB" => 1 << 30,
        _ => return Err(format!("unknown unit `{unit}`: take K, M or G")),
    };
    let number: u64 = digits.parse().map_err(|_| format!("`{text}` is no size, such as 10G"))?;
    number.checked_mul(factor).ok_or_else(|| format!("`{text}` is too large"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(parse_bytes("10G"), Ok(10 << 30));
        assert_eq!(parse_bytes("4096"), Ok(4096));
        assert!(parse_bytes("ten").is_err());
        assert!(parse_bytes("5X").is_err());
        assert!(parse_bytes("99999999999G").is_err());
    }
}
