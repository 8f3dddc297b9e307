//! The command line: what may be said, and what it means. Parsing only.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use model::{Account, KeyId, Layer, Platform, RunId};
use operate::Whom;

/// Borg, the search engine for the social web, on one machine.
#[derive(Debug, Parser)]
#[command(name = "borg", version, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// Print one JSON object on standard output instead of tables.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Bring up a sample social web, crawl it, score it and serve it.
    Demo(DemoArgs),
    /// Crawl live, from these seeds.
    Crawl(CrawlArgs),
    /// Read a bulk file into the record.
    Import(ImportArgs),
    /// Seal a snapshot of the record, find its communities and rank its people.
    Score(ScoreArgs),
    /// Write what is known to a file of your own (.tsv, .ndjson or .parquet), of the unlisted too.
    Export(ExportArgs),
    /// Compare what is served with a truth.
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
    /// Opt accounts out, and whatever else an operator does; on AWS the function `operate` does it.
    #[command(subcommand)]
    Operate(OperateCommand),
    /// Measure a hot path, with data made from seeds; print figures that anyone can reproduce.
    #[command(subcommand)]
    Bench(BenchCommand),
    /// Bring the record's schema up to date.
    Migrate,
    /// Say what the record holds and which run is served.
    Status,
}

/// What a bulk file consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Tab-separated `src dst [weight]` with that header; `layer`, `count` and `last_day` as in exports.
    ArcsTsv,
    /// One JSON object a line: `{"src", "dst", "weight", "layer", "count", "last_day"}`.
    ArcsNdjson,
    /// One JSON object a line: `{"id", "handle", "display_name", "bio", "kind", "listed"}`.
    ProfilesNdjson,
}

/// `borg import`.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The file: UTF-8 text, as it is or packed with gzip or zstd.
    pub(crate) file: PathBuf,
    /// What it consists of; by its name if not given.
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
    /// The platform whose native ids the file names.
    #[arg(long, default_value = "file")]
    pub(crate) platform: Platform,
    /// The layer of its arcs; what the file says of each, else follow.
    #[arg(long)]
    pub(crate) layer: Option<Layer>,
    /// Add to what is there instead of replacing the whole list of each source.
    #[arg(long)]
    pub(crate) merge: bool,
    /// Leave out lines that cannot be read instead of refusing the file.
    #[arg(long)]
    pub(crate) skip_bad: bool,
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

/// What can be written to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Dataset {
    /// Who is in which community: `node community level share`.
    Communities,
    /// Everyone's place in every community.
    Members,
    /// One number for everyone: `node score`.
    Ranks,
    /// Profiles.
    Profiles,
    /// Arcs.
    Arcs,
    /// The contributors of every served score.
    Evidence,
    /// What became of the last run's communities.
    Lineage,
    /// The change log.
    Changes,
}

/// `borg export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// What to write.
    #[arg(value_enum)]
    pub(crate) dataset: Dataset,
    /// Where to; the extension decides the form: .tsv, .ndjson or .parquet.
    #[arg(long)]
    pub(crate) out: PathBuf,
    /// One level of the hierarchy: a number (0 is the coarsest) or `leaf`.
    #[arg(long)]
    pub(crate) level: Option<String>,
    /// The overlapping memberships instead of the partition.
    #[arg(long)]
    pub(crate) overlap: bool,
    /// Which number: `global`, `trust`, `attention:COM`, `insider:COM`, or `personal:NODE,NODE` for
    /// the world as these see it.
    #[arg(long, default_value = "global")]
    pub(crate) by: String,
}

/// What can be compared with a truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Compared {
    /// Communities: AMI, NMI, ARI of each level, ONMI of the overlap.
    Communities,
    /// Ranks: AUC or Spearman, NDCG.
    Ranks,
}

/// `borg eval`.
#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    /// What to compare.
    #[arg(value_enum)]
    pub(crate) compared: Compared,
    /// A TSV with a header and two columns: `node community`, or `node` and a number.
    #[arg(long)]
    pub(crate) truth: PathBuf,
    /// Which number to compare ranks by.
    #[arg(long, default_value = "global")]
    pub(crate) by: String,
}

/// `borg demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// End after the summary.
    #[arg(long)]
    pub(crate) once: bool,
    /// Accounts in the sample web.
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(20..=1_000_000))]
    pub(crate) people: u32,
    /// What the sample web is planted from.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Where the API is served.
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub(crate) addr: SocketAddr,
}

/// `borg crawl`.
#[derive(Debug, Args)]
pub(crate) struct CrawlArgs {
    /// Accounts such as bluesky:alice.bsky.social or fediverse:ada@example.org.
    #[arg(required = true)]
    pub(crate) seeds: Vec<Account>,
    /// A server that stands in for a role's own; exactly this origin may be private.
    #[arg(long, value_name = "[ROLE=]URL")]
    pub(crate) base_url: Vec<String>,
    /// The most profiles to fetch.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u64>,
    /// How many steps to go from the seeds; 0 fetches only them.
    #[arg(long, value_name = "D", value_parser = clap::value_parser!(i16).range(0..))]
    pub(crate) depth: Option<i16>,
    /// Where those who are crawled can ask about it: a URL or an e-mail address.
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
    /// A server that stands in for a role's own; exactly this origin may be private.
    #[arg(long, value_name = "[ROLE=]URL")]
    pub(crate) base_url: Vec<String>,
    /// Where those who are crawled can ask about it: a URL or an e-mail address.
    #[arg(long, default_value = "", env = "BORG_CONTACT")]
    pub(crate) contact: String,
    /// Seconds from one scoring to the next.
    #[arg(long, value_name = "SECONDS", default_value_t = 3_600)]
    pub(crate) score_every: u64,
}

/// `borg streams`.
#[derive(Debug, Args)]
pub(crate) struct StreamsArgs {
    /// Only those of one platform.
    #[arg(long)]
    pub(crate) platform: Option<Platform>,
}

/// `borg key`.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Create a key that may read everything; it is shown once.
    Create {
        /// The account that it belongs to.
        #[arg(long)]
        account: String,
        /// Credits for the account; nothing is charged yet.
        #[arg(long, default_value_t = 0)]
        credits: u64,
        /// A key for sample data and play credits.
        #[arg(long)]
        test: bool,
    },
    /// Revoke a key.
    Revoke {
        /// Its id, such as key_1.
        id: KeyId,
    },
}

/// `borg operate`.
#[derive(Debug, Subcommand)]
pub(crate) enum OperateCommand {
    /// Erase an account for good, because its owner asked; it need not be known.
    OptOut {
        /// A handle or native id such as bluesky:alice.bsky.social, prf_…, or per_… with all profiles.
        account: Whom,
    },
    /// API keys.
    #[command(subcommand)]
    Keys(OperateKeys),
    /// Which run is served.
    #[command(subcommand)]
    Runs(OperateRuns),
    /// End what has been kept for long enough; `borg score` and `borg up` do it too.
    Retain,
    /// Say what operators did.
    Audit,
}

/// `borg operate keys`.
#[derive(Debug, Subcommand)]
pub(crate) enum OperateKeys {
    /// Create a key that may read everything; it is shown once.
    Create {
        /// The account that it belongs to.
        #[arg(long)]
        account: String,
        /// A key for sample data and play credits.
        #[arg(long)]
        test: bool,
    },
    /// Name the keys, without their secrets.
    List {
        /// Only those of this account.
        #[arg(long)]
        account: Option<String>,
    },
    /// Revoke a key.
    Revoke {
        /// Its id, such as key_1.
        id: KeyId,
    },
}

/// `borg operate runs`.
#[derive(Debug, Subcommand)]
pub(crate) enum OperateRuns {
    /// Serve an older run again.
    Activate {
        /// Its id, such as run_1.
        run: RunId,
    },
}

/// `borg bench`.
#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// The rank kernel on a random graph (R-MAT, or planted), beside a plain pull kernel.
    Rank {
        /// 2^N people.
        #[arg(long, value_name = "N", default_value_t = 18, value_parser = clap::value_parser!(u32).range(4..=27))]
        scale: u32,
        /// Arcs for each person.
        #[arg(long, value_name = "M", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=64))]
        edge_factor: u32,
        /// Number people by arcs received, as a snapshot does within a community.
        #[arg(long)]
        by_degree: bool,
        /// A graph with planted communities instead, in the order of a snapshot.
        #[arg(long, conflicts_with = "by_degree")]
        planted: bool,
        /// Measurements, interleaved; the median counts.
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
        rounds: u32,
        /// Threads; all cores if not given.
        #[arg(long)]
        threads: Option<usize>,
        /// Also write the graph and its ranks into this folder, for others to be measured on.
        #[arg(long, value_name = "FOLDER")]
        write: Option<PathBuf>,
    },
    /// Personal views by forward push, beside the exact ones.
    Push {
        /// Arcs of each graph.
        #[arg(long, value_name = "N", default_value_t = 10_000_000, value_parser = clap::value_parser!(u32).range(10_000..=200_000_000))]
        arcs: u32,
        /// Views of each graph.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        views: u32,
    },
    /// The search for communities in a planted graph (LFR), or in one that is given.
    Communities {
        /// People.
        #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(100..=20_000_000))]
        people: u32,
        /// Share of each person's arcs that leave its community.
        #[arg(long, default_value_t = 0.3)]
        mixing: f64,
        /// Share of people who are in two communities.
        #[arg(long, default_value_t = 0.0)]
        overlapping: f64,
        /// Threads; all cores if not given.
        #[arg(long)]
        threads: Option<usize>,
        /// Read `edges.tsv.gz` (`src dst [weight]`) and, if it is there, `truth.tsv.gz`
        /// (`node community`) of this folder instead of drawing a graph.
        #[arg(long, value_name = "FOLDER", conflicts_with_all = ["people", "mixing", "overlapping"])]
        graph: Option<PathBuf>,
        /// Also write the graph, its truth and what was found into this folder.
        #[arg(long, value_name = "FOLDER")]
        write: Option<PathBuf>,
    },
    /// A whole scoring of a large drawn graph, stage by stage, without the record.
    Run {
        /// About so many arcs, over a fortieth as many people.
        #[arg(long, value_name = "N", default_value_t = 2_000_000, value_parser = clap::value_parser!(u64).range(10_000..=1_000_000_000))]
        arcs: u64,
        /// Run on from there, with this share of the arcs gone.
        #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
        changed: f64,
        /// Threads; all cores if not given.
        #[arg(long)]
        threads: Option<usize>,
    },
    /// A crawl of the sample web, twice: everything is new, then nothing is.
    Crawl {
        /// Accounts in the sample web.
        #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(20..=1_000_000))]
        people: u32,
    },
    /// Profiles and lists into the record: new, unchanged and a tenth changed.
    Upsert {
        /// Profiles, each with a list of 40.
        #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1_000..=10_000_000))]
        profiles: u32,
    },
    /// What a tick reads of a frontier far larger than it: due hosts, and two claims.
    Frontier {
        /// Profiles of the frontier.
        #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(10_000..=100_000_000))]
        rows: u64,
        /// Hosts that they live on.
        #[arg(long, default_value_t = 4_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        hosts: u32,
        /// Measurements, interleaved; the median counts.
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
        rounds: u32,
    },
    /// The routes of the API on a scored sample web, without a network between.
    Api {
        /// Accounts in the sample web.
        #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(200..=1_000_000))]
        people: u32,
        /// Requests to each route.
        #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(10..=1_000_000))]
        requests: u32,
    },
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
