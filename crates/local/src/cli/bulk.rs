//! The commands that read and write files: import, export and eval.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use model::{Layer, Platform};

/// What a bulk file consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ImportFormat {
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
    /// Its format; by its name if not given.
    #[arg(long, value_enum)]
    pub(crate) format: Option<ImportFormat>,
    /// The platform whose native ids the file names.
    #[arg(long, default_value = "file")]
    pub(crate) platform: Platform,
    /// The layer of its arcs; as the file has it for each, else follow.
    #[arg(long)]
    pub(crate) layer: Option<Layer>,
    /// Add to the stored arcs instead of replacing all arcs of each source.
    #[arg(long)]
    pub(crate) merge: bool,
    /// Skip lines that cannot be read instead of refusing the file.
    #[arg(long)]
    pub(crate) skip_bad: bool,
}

/// What can be written to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportDataset {
    /// Who is in which community: `node community level share`.
    Communities,
    /// Every person's numbers in every community.
    Members,
    /// One number for each node: `node score`.
    Ranks,
    /// Profiles.
    Profiles,
    /// Arcs.
    Arcs,
    /// The contributors of every served score.
    Evidence,
    /// How the communities follow from those of the previous run.
    Lineage,
    /// The change log.
    Changes,
}

/// `borg export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// What to write.
    #[arg(value_enum)]
    pub(crate) dataset: ExportDataset,
    /// The file; its extension decides the format: .tsv, .ndjson or .parquet.
    #[arg(long)]
    pub(crate) out: PathBuf,
    /// One level of the hierarchy: a number (0 is the coarsest) or `leaf`.
    #[arg(long)]
    pub(crate) level: Option<String>,
    /// The overlapping memberships instead of the partition.
    #[arg(long)]
    pub(crate) overlap: bool,
    /// Which number: `global`, `trust`, `attention:COM`, `insider:COM`, or `personal:NODE,NODE` for
    /// the personal view of these nodes.
    #[arg(long, default_value = "global")]
    pub(crate) by: String,
}

/// What can be compared with a truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EvalSubject {
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
    pub(crate) compared: EvalSubject,
    /// A TSV with a header and two columns: `node community`, or `node` and a number.
    #[arg(long)]
    pub(crate) truth: PathBuf,
    /// Which number to compare ranks by.
    #[arg(long, default_value = "global")]
    pub(crate) by: String,
}
