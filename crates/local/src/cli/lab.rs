//! The commands of a build with the feature `lab`: the sample web and the benchmarks.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};

/// The commands that work on made data.
#[derive(Debug, Subcommand)]
pub(crate) enum LabCommand {
    /// Bring up a sample social web, crawl it, score it and serve it.
    Demo(DemoArgs),
    /// Measure a hot path, with data made from seeds; print figures that anyone can reproduce.
    #[command(subcommand)]
    Bench(BenchCommand),
}

/// `borg demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Exit after the summary.
    #[arg(long)]
    pub(crate) once: bool,
    /// Accounts in the sample web.
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(20..=1_000_000))]
    pub(crate) people: u32,
    /// The seed that the sample web is generated from.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Where the API is served.
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub(crate) addr: SocketAddr,
}

/// `borg bench`.
#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// The rank kernel on a random graph (R-MAT, or planted), beside a plain pull kernel.
    Rank(RankBenchArgs),
    /// Personal views by forward push, beside the exact ones.
    Push(PushBenchArgs),
    /// The search for communities in a planted graph (LFR), or in one that is given.
    Communities(CommunityBenchArgs),
    /// A whole scoring of a large drawn graph, stage by stage, without the database.
    Run(RunBenchArgs),
    /// Two crawls of the sample web: everything is new, then nothing is.
    Crawl {
        /// Accounts in the sample web.
        #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(20..=1_000_000))]
        people: u32,
    },
    /// Profiles and adjacencies into the database: new, unchanged and a tenth changed.
    Upsert {
        /// Profiles, each with 40 arcs.
        #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1_000..=10_000_000))]
        profiles: u32,
    },
    /// What a tick reads of a much larger frontier: due hosts, and two reservations.
    Frontier(FrontierBenchArgs),
    /// The routes of the API on a generated run, beside pgbench with the same statements.
    Api(ApiBenchArgs),
    /// That billing is exact: requests whose processes die, with retries and lost messages. It fails if one
    /// micro-credit is missing.
    Ledger(LedgerBenchArgs),
    /// A process of `borg bench ledger`, which starts it.
    #[command(hide = true)]
    LedgerWorker(LedgerWorkerArgs),
}

/// `borg bench rank`.
#[derive(Debug, Args)]
pub(crate) struct RankBenchArgs {
    /// 2^N people.
    #[arg(long, value_name = "N", default_value_t = 18, value_parser = clap::value_parser!(u32).range(4..=27))]
    pub(crate) scale: u32,
    /// Arcs for each person.
    #[arg(long, value_name = "M", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) edge_factor: u32,
    /// Number people by arcs received, as a snapshot does within a community.
    #[arg(long)]
    pub(crate) by_degree: bool,
    /// A graph with planted communities instead, in the order of a snapshot.
    #[arg(long, conflicts_with = "by_degree")]
    pub(crate) planted: bool,
    /// Measurements, interleaved; the median counts.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: u32,
    /// Threads; all cores if not given.
    #[arg(long)]
    pub(crate) threads: Option<usize>,
    /// Also write the graph and its ranks into this folder, to measure other programs on it.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) write: Option<PathBuf>,
}

/// `borg bench push`.
#[derive(Debug, Args)]
pub(crate) struct PushBenchArgs {
    /// Arcs of each graph.
    #[arg(long, value_name = "N", default_value_t = 10_000_000, value_parser = clap::value_parser!(u32).range(10_000..=200_000_000))]
    pub(crate) arcs: u32,
    /// Views of each graph.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) views: u32,
}

/// `borg bench communities`.
#[derive(Debug, Args)]
pub(crate) struct CommunityBenchArgs {
    /// People.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(100..=20_000_000))]
    pub(crate) people: u32,
    /// Share of each person's arcs that leave its community.
    #[arg(long, default_value_t = 0.3)]
    pub(crate) mixing: f64,
    /// Share of people who are in two communities.
    #[arg(long, default_value_t = 0.0)]
    pub(crate) overlapping: f64,
    /// Threads; all cores if not given.
    #[arg(long)]
    pub(crate) threads: Option<usize>,
    /// Read `edges.tsv.gz` (`src dst [weight]`) and, if it is there, `truth.tsv.gz`
    /// (`node community`) of this folder instead of drawing a graph.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["people", "mixing", "overlapping"])]
    pub(crate) graph: Option<PathBuf>,
    /// Also write the graph, its truth and what was found into this folder.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) write: Option<PathBuf>,
}

/// `borg bench run`.
#[derive(Debug, Args)]
pub(crate) struct RunBenchArgs {
    /// The approximate number of arcs; people are a power of two, about a fortieth as many.
    #[arg(long, value_name = "N", default_value_t = 2_000_000, value_parser = clap::value_parser!(u64).range(10_000..=1_000_000_000))]
    pub(crate) arcs: u64,
    /// Score again from there, with this share of the arcs removed.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub(crate) changed: f64,
    /// Threads; all cores if not given.
    #[arg(long)]
    pub(crate) threads: Option<usize>,
}

/// `borg bench frontier`.
#[derive(Debug, Args)]
pub(crate) struct FrontierBenchArgs {
    /// Profiles of the frontier.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(10_000..=100_000_000))]
    pub(crate) rows: u64,
    /// Hosts of these profiles.
    #[arg(long, default_value_t = 4_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) hosts: u32,
    /// Measurements, interleaved; the median counts.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: u32,
}

/// `borg bench api`.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct ApiBenchArgs {
    /// Profiles of the run.
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1_000..=10_000_000))]
    pub(crate) profiles: u32,
    /// About this many seconds of processor time for each cost, and of time for each latency; there are eight
    /// measurements for each route.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub(crate) seconds: u32,
    /// Measures the run that the last call generated.
    #[arg(long, conflicts_with = "profiles")]
    pub(crate) again: bool,
}

/// `borg bench ledger`.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct LedgerBenchArgs {
    /// Requests of the simulation in memory.
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub(crate) requests: u64,
    /// Requests that processes answer on PostgreSQL.
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    pub(crate) process_requests: u64,
    /// Requests on DynamoDB, if `AWS_ENDPOINT_URL` names one that is not AWS.
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub(crate) dynamodb_requests: u64,
    /// Decides what the requests are.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

/// What a process of `borg bench ledger` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LedgerRole {
    /// Answers requests.
    Gateway,
    /// Posts charges, and sweeps.
    Meter,
}

/// `borg bench ledger-worker`.
#[derive(Debug, Clone, Args)]
pub(crate) struct LedgerWorkerArgs {
    /// What it does.
    pub(crate) role: LedgerRole,
    /// The database.
    #[arg(long)]
    pub(crate) url: String,
    /// The file that it appends to what happened.
    #[arg(long)]
    pub(crate) notes: PathBuf,
    /// The seed of all requests.
    #[arg(long)]
    pub(crate) seed: u64,
    /// All requests, of which this process answers its share.
    #[arg(long)]
    pub(crate) requests: u64,
    /// Which one of the processes of its role it is.
    #[arg(long)]
    pub(crate) number: u64,
    /// Which one of its lives it is.
    #[arg(long)]
    pub(crate) life: u64,
    /// Where it dies.
    #[arg(long, value_name = "PLACE=COUNT")]
    pub(crate) die_at: Option<String>,
}
