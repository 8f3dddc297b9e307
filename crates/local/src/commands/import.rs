//! `borg import`: a bulk file into the record.

use std::path::Path;

use anyhow::Result;
use model::observation::Named;
use model::port::Clock;
use model::{Adjacency, Entry, ProfileId};
use serde_json::{Value, json};
use store::pg::adjacency::{self, ImportMode, Imported};
use store::pg::{ident, profile};

use crate::cli::{Format, ImportArgs};
use crate::home::Home;
use crate::import::{arcs, profiles};
use crate::output::Output;

/// Ids resolved, and lists and profiles written, at a time.
const CHUNK: usize = 2_000;

/// Reads the file whole, refuses it if a line is bad, then writes it.
pub(crate) async fn import(home: &Home, args: &ImportArgs, output: Output) -> Result<Value> {
    match args.format.unwrap_or_else(|| format_of(&args.file)) {
        Format::ArcsTsv => import_arcs(home, args, output).await,
        Format::ProfilesNdjson => import_profiles(home, args, output).await,
    }
}

fn format_of(path: &Path) -> Format {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_default();
    let bare = name.trim_end_matches(".gz").trim_end_matches(".zst");
    if bare.ends_with(".ndjson") || bare.ends_with(".jsonl") {
        Format::ProfilesNdjson
    } else {
        Format::ArcsTsv
    }
}

async fn import_arcs(home: &Home, args: &ImportArgs, output: Output) -> Result<Value> {
    let spinner = output.spinner("reading");
    let file = arcs::read(&args.file)?;
    spinner.finish_and_clear();
    file.bad.refuse_unless(args.skip_bad)?;
    let ids = resolve(home, args, &file.names, output).await?;
    let mode = if args.merge { ImportMode::Merge } else { ImportMode::Replace };
    let imported = write_lists(home, args, (&ids, &file.arcs, mode), output).await?;
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
    args: &ImportArgs,
    names: &[String],
    output: Output,
) -> Result<Vec<ProfileId>> {
    let bar = output.progress("naming", names.len() as u64);
    let mut ids = Vec::with_capacity(names.len());
    for chunk in names.chunks(CHUNK) {
        let named: Vec<Named> = chunk
            .iter()
            .map(|name| Named { native_id: name.clone(), ..Named::default() })
            .collect();
        ids.extend(ident::resolve(&home.pg, args.platform, &named).await?);
        bar.inc(chunk.len() as u64);
    }
    bar.finish_and_clear();
    Ok(ids)
}

type Arcs<'a> = (&'a [ProfileId], &'a [(u32, u32, f32)], ImportMode);

async fn write_lists(
    home: &Home,
    args: &ImportArgs,
    (ids, arcs, mode): Arcs<'_>,
    output: Output,
) -> Result<Imported> {
    let bar = output.progress("writing", arcs.len() as u64);
    let lists: Vec<&[(u32, u32, f32)]> = arcs.chunk_by(|a, b| a.0 == b.0).collect();
    let mut total = Imported::default();
    for chunk in lists.chunks(CHUNK) {
        let chunk: Vec<(ProfileId, Adjacency)> =
            chunk.iter().map(|list| (ids[list[0].0 as usize], adjacency_of(ids, list))).collect();
        let now = home.clock.now();
        let done = adjacency::import(&home.pg, args.layer, &chunk, mode, now).await?;
        total.changed_lists += done.changed_lists;
        total.arcs_added += done.arcs_added;
        total.arcs_removed += done.arcs_removed;
        bar.inc(chunk.iter().map(|(_, list)| list.len() as u64).sum());
    }
    bar.finish_and_clear();
    Ok(total)
}

fn adjacency_of(ids: &[ProfileId], list: &[(u32, u32, f32)]) -> Adjacency {
    list.iter()
        .map(|&(_, target, weight)| Entry { weight, ..Entry::plain(ids[target as usize]) })
        .collect()
}

async fn import_profiles(home: &Home, args: &ImportArgs, output: Output) -> Result<Value> {
    let (profiles, bad) = profiles::read(&args.file)?;
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
