//! `borg import`: a bulk file into the database.

use std::path::Path;

use anyhow::Result;
use model::observation::NamedProfile;
use model::port::Clock;
use model::{Adjacency, AdjacencyEntry, Layer, ProfileId};
use serde::Serialize;
use serde_json::Value;
use store::pg::adjacency::{self, AdjacencyImport, ImportMode};
use store::pg::{account_key, profile};

use crate::cli::{ImportArgs, ImportFormat};
use crate::home::BorgHome;
use crate::import::arcs::{self, ArcsFile, FileArc};
use crate::import::lines::TextLines;
use crate::import::profiles::{self, ProfilesFile};
use crate::output::{CommandOutput, CommandReport};

/// Ids resolved, and adjacencies and profiles written, at a time.
const CHUNK: usize = 2_000;

/// What an import read and wrote.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum ImportReport {
    Arcs(ArcsReport),
    Profiles(ProfilesReport),
}

impl CommandReport for ImportReport {}

#[derive(Debug, Serialize)]
pub(crate) struct ArcsReport {
    arcs: usize,
    profiles: usize,
    self_loops: u64,
    duplicates: u64,
    bad_lines: u64,
    /// The first bad lines.
    skipped: Vec<String>,
    changed_lists: u64,
    arcs_added: u64,
    arcs_removed: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct ProfilesReport {
    profiles: usize,
    bad_lines: u64,
    /// The first bad lines.
    skipped: Vec<String>,
    changed_profiles: u64,
    refused: u64,
}

/// Reads the whole file, refuses it if a line is bad, then writes it.
pub(crate) async fn import(
    home: &BorgHome,
    args: &ImportArgs,
    output: CommandOutput,
) -> Result<ImportReport> {
    let mut lines = TextLines::open(&args.file)?;
    let format = match args.format {
        Some(format) => format,
        None => format_of(&args.file, &mut lines)?,
    };
    let import = BulkImport { home, args, output };
    let spinner = output.spinner("reading");
    let read = match format {
        ImportFormat::ArcsTsv => arcs::read_tsv,
        ImportFormat::ArcsNdjson => arcs::read_ndjson,
        ImportFormat::ProfilesNdjson => {
            let file = profiles::read(lines)?;
            spinner.finish_and_clear();
            return Ok(ImportReport::Profiles(import.profiles(file).await?));
        }
    };
    let file = read(lines, args.layer)?;
    spinner.finish_and_clear();
    Ok(ImportReport::Arcs(import.arcs(&file).await?))
}

/// The format by the file's name; NDJSON is of arcs if its first line is an arc.
fn format_of(path: &Path, lines: &mut TextLines) -> Result<ImportFormat> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let bare = name.trim_end_matches(".gz").trim_end_matches(".zst");
    if !bare.ends_with(".ndjson") && !bare.ends_with(".jsonl") {
        return Ok(ImportFormat::ArcsTsv);
    }
    let first = lines.peek()?.and_then(|line| line.text.ok());
    let first: Option<Value> = first.and_then(|line| serde_json::from_str(line).ok());
    let is_arc = first.is_some_and(|first| first.get("src").is_some());
    Ok(if is_arc { ImportFormat::ArcsNdjson } else { ImportFormat::ProfilesNdjson })
}

/// The arcs of one layer, a list for each source, and the ids of the file's nodes.
struct LayerLists<'a> {
    layer: Layer,
    ids: &'a [ProfileId],
    lists: &'a [&'a [FileArc]],
}

/// An import under way.
struct BulkImport<'a> {
    home: &'a BorgHome,
    args: &'a ImportArgs,
    output: CommandOutput,
}

impl BulkImport<'_> {
    async fn arcs(&self, file: &ArcsFile) -> Result<ArcsReport> {
        file.bad.refuse_unless(self.args.skip_bad)?;
        let ids = self.resolve(&file.names).await?;
        let mut total = AdjacencyImport::default();
        let bar = self.output.progress("writing", file.arcs.len() as u64);
        for of_layer in file.arcs.chunk_by(|a, b| a.layer == b.layer) {
            let layer = of_layer[0].layer;
            let lists: Vec<&[FileArc]> = of_layer.chunk_by(|a, b| a.src == b.src).collect();
            for lists in lists.chunks(CHUNK) {
                let done = self.write_lists(LayerLists { layer, ids: &ids, lists }).await?;
                total.changed_lists += done.changed_lists;
                total.arcs_added += done.arcs_added;
                total.arcs_removed += done.arcs_removed;
                bar.inc(lists.iter().map(|list| list.len() as u64).sum());
            }
        }
        bar.finish_and_clear();
        Ok(ArcsReport {
            arcs: file.arcs.len(),
            profiles: file.names.len(),
            self_loops: file.self_loops,
            duplicates: file.duplicates,
            bad_lines: file.bad.count,
            skipped: file.bad.quoted().to_vec(),
            changed_lists: total.changed_lists,
            arcs_added: total.arcs_added,
            arcs_removed: total.arcs_removed,
        })
    }

    /// The profiles of native ids, created where they are new.
    async fn resolve(&self, native_ids: &[String]) -> Result<Vec<ProfileId>> {
        let bar = self.output.progress("resolving", native_ids.len() as u64);
        let mut ids = Vec::with_capacity(native_ids.len());
        for chunk in native_ids.chunks(CHUNK) {
            let named =
                |id: &String| NamedProfile { native_id: id.clone(), ..NamedProfile::default() };
            let named: Vec<NamedProfile> = chunk.iter().map(named).collect();
            ids.extend(account_key::resolve(&self.home.pg, self.args.platform, &named).await?);
            bar.inc(chunk.len() as u64);
        }
        bar.finish_and_clear();
        Ok(ids)
    }

    async fn write_lists(
        &self,
        LayerLists { layer, ids, lists }: LayerLists<'_>,
    ) -> Result<AdjacencyImport> {
        let mode = if self.args.merge { ImportMode::Merge } else { ImportMode::Replace };
        let list = |list: &&[FileArc]| (ids[list[0].src as usize], adjacency_of(ids, list));
        let lists: Vec<(ProfileId, Adjacency)> = lists.iter().map(list).collect();
        let now = self.home.clock.now();
        Ok(adjacency::import(&self.home.pg, layer, &lists, mode, now).await?)
    }

    async fn profiles(&self, file: ProfilesFile) -> Result<ProfilesReport> {
        file.bad.refuse_unless(self.args.skip_bad)?;
        let bar = self.output.progress("writing", file.profiles.len() as u64);
        let (mut changed, mut refused) = (0, 0);
        for chunk in file.profiles.chunks(CHUNK) {
            let now = self.home.clock.now();
            let done = profile::import(&self.home.pg, self.args.platform, chunk, now).await?;
            changed += done.changed;
            refused += done.refused;
            bar.inc(chunk.len() as u64);
        }
        bar.finish_and_clear();
        Ok(ProfilesReport {
            profiles: file.profiles.len(),
            bad_lines: file.bad.count,
            skipped: file.bad.quoted().to_vec(),
            changed_profiles: changed,
            refused,
        })
    }
}

fn adjacency_of(ids: &[ProfileId], list: &[FileArc]) -> Adjacency {
    let entry = |arc: &FileArc| AdjacencyEntry {
        other: ids[arc.dst as usize],
        count: arc.count,
        last_day: arc.last_day,
        weight: arc.weight,
    };
    list.iter().map(entry).collect()
}
