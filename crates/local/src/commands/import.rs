//! `borg import`: a bulk file into the record.

use std::path::Path;

use anyhow::Result;
use model::observation::{NamedProfile, SeenProfile};
use model::port::Clock;
use model::{Adjacency, AdjacencyEntry, Layer, Platform, ProfileId};
use serde_json::{Value, json};
use store::pg::adjacency::{self, ImportMode, Imported};
use store::pg::{ident, profile};

use crate::cli::{Format, ImportArgs};
use crate::home::Home;
use crate::import::arcs::{self, Arc, ArcsFile};
use crate::import::lines::{BadLines, Lines};
use crate::import::profiles;
use crate::output::Output;

/// Ids resolved, and lists and profiles written, at a time.
const CHUNK: usize = 2_000;

/// Reads the file whole, refuses it if a line is bad, then writes it.
pub(crate) async fn import(home: &Home, args: &ImportArgs, output: Output) -> Result<Value> {
    let mut lines = Lines::open(&args.file)?;
    let format = match args.format {
        Some(format) => format,
        None => format_of(&args.file, &mut lines)?,
    };
    let spinner = output.spinner("reading");
    let read = match format {
        Format::ArcsTsv => arcs::read_tsv,
        Format::ArcsNdjson => arcs::read_ndjson,
        Format::ProfilesNdjson => {
            let profiles = profiles::read(lines)?;
            spinner.finish_and_clear();
            return import_profiles(home, args, profiles, output).await;
        }
    };
    let file = read(lines, args.layer)?;
    spinner.finish_and_clear();
    import_arcs(home, args, &file, output).await
}

/// By the file's name; what the lines of NDJSON are, by the first of them.
fn format_of(path: &Path, lines: &mut Lines) -> Result<Format> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let bare = name.trim_end_matches(".gz").trim_end_matches(".zst");
    if !bare.ends_with(".ndjson") && !bare.ends_with(".jsonl") {
        return Ok(Format::ArcsTsv);
    }
    let first = lines.peek()?.and_then(|(_, line)| line.ok());
    let first: Option<Value> = first.and_then(|line| serde_json::from_str(line).ok());
    let is_arc = first.is_some_and(|first| first.get("src").is_some());
    Ok(if is_arc { Format::ArcsNdjson } else { Format::ProfilesNdjson })
}

async fn import_arcs(
    home: &Home,
    args: &ImportArgs,
    file: &ArcsFile,
    output: Output,
) -> Result<Value> {
    file.bad.refuse_unless(args.skip_bad)?;
    let ids = resolve(home, args.platform, &file.names, output).await?;
    let mode = if args.merge { ImportMode::Merge } else { ImportMode::Replace };
    let mut imported = Imported::default();
    let bar = output.progress("writing", file.arcs.len() as u64);
    for of_layer in file.arcs.chunk_by(|a, b| a.layer == b.layer) {
        let layer = of_layer[0].layer;
        let lists: Vec<&[Arc]> = of_layer.chunk_by(|a, b| a.src == b.src).collect();
        for chunk in lists.chunks(CHUNK) {
            write_lists(home, (layer, &ids, chunk), mode, &mut imported).await?;
            bar.inc(chunk.iter().map(|list| list.len() as u64).sum());
        }
    }
    bar.finish_and_clear();
    Ok(json!({
        "arcs": file.arcs.len(),
        "profiles": file.names.len(),
        "self_loops": file.self_loops,
        "duplicates": file.duplicates,
        "bad_lines": file.bad.count,
        "skipped": file.bad.quoted(),
        "changed_lists": imported.changed_lists,
        "arcs_added": imported.arcs_added,
        "arcs_removed": imported.arcs_removed,
    }))
}

async fn resolve(
    home: &Home,
    platform: Platform,
    names: &[String],
    output: Output,
) -> Result<Vec<ProfileId>> {
    let bar = output.progress("naming", names.len() as u64);
    let mut ids = Vec::with_capacity(names.len());
    for chunk in names.chunks(CHUNK) {
        let named: Vec<NamedProfile> = chunk
            .iter()
            .map(|name| NamedProfile { native_id: name.clone(), ..NamedProfile::default() })
            .collect();
        ids.extend(ident::resolve(&home.pg, platform, &named).await?);
        bar.inc(chunk.len() as u64);
    }
    bar.finish_and_clear();
    Ok(ids)
}

async fn write_lists(
    home: &Home,
    (layer, ids, lists): (Layer, &[ProfileId], &[&[Arc]]),
    mode: ImportMode,
    imported: &mut Imported,
) -> Result<()> {
    let lists: Vec<(ProfileId, Adjacency)> =
        lists.iter().map(|list| (ids[list[0].src as usize], adjacency_of(ids, list))).collect();
    let done = adjacency::import(&home.pg, layer, &lists, mode, home.clock.now()).await?;
    imported.changed_lists += done.changed_lists;
    imported.arcs_added += done.arcs_added;
    imported.arcs_removed += done.arcs_removed;
    Ok(())
}

fn adjacency_of(ids: &[ProfileId], list: &[Arc]) -> Adjacency {
    let entry = |arc: &Arc| AdjacencyEntry {
        other: ids[arc.dst as usize],
        count: arc.count,
        last_day: arc.last_day,
        weight: arc.weight,
    };
    list.iter().map(entry).collect()
}

async fn import_profiles(
    home: &Home,
    args: &ImportArgs,
    (profiles, bad): (Vec<SeenProfile>, BadLines),
    output: Output,
) -> Result<Value> {
    bad.refuse_unless(args.skip_bad)?;
    let bar = output.progress("writing", profiles.len() as u64);
    let (mut changed, mut refused) = (0, 0);
    for chunk in profiles.chunks(CHUNK) {
        let now = home.clock.now();
        let done = profile::import(&home.pg, args.platform, chunk, now).await?;
        changed += done.changed;
        refused += done.refused;
        bar.inc(chunk.len() as u64);
    }
    bar.finish_and_clear();
    Ok(json!({
        "profiles": profiles.len(),
        "bad_lines": bad.count,
        "skipped": bad.quoted(),
        "changed_profiles": changed,
        "refused": refused,
    }))
}
