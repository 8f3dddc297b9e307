//! Arcs from a file: tab-separated with a header, or one JSON object a line.
//!
//! The columns `src` and `dst` are needed; `weight`, `layer`, `count` and `last_day` may be there, as in
//! an export, in any order. The whole file is read before anything is written, so that a bad line
//! changes nothing. It takes 20 bytes an arc and the names once.

mod line;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use anyhow::{Result, bail};
use model::Layer;
use model::time::Day;

use self::line::{ArcColumn, ArcLine, HEADER, parse_header, parse_json, parse_tsv};
use crate::import::lines::{BadLines, NumberedLine, TextLines};

/// One arc.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FileArc {
    /// The layer.
    pub(crate) layer: Layer,
    /// The source: a position in the file's names.
    pub(crate) src: u32,
    /// The target.
    pub(crate) dst: u32,
    /// The weight.
    pub(crate) weight: f32,
    /// How often, in interaction layers; else 0.
    pub(crate) count: u32,
    /// The day of the last time, in interaction layers; else day 0.
    pub(crate) last_day: Day,
}

/// The arcs of a file, by layer and source.
#[derive(Debug, Default)]
pub(crate) struct ArcsFile {
    /// Native ids, in the order of their first appearance.
    pub(crate) names: Vec<String>,
    /// Sorted by layer, source and target, each of them once.
    pub(crate) arcs: Vec<FileArc>,
    /// Arcs from a node to itself, left out.
    pub(crate) self_loops: u64,
    /// Repeated arcs; the last one stays.
    pub(crate) duplicates: u64,
    /// Lines that could not be read.
    pub(crate) bad: BadLines,
}

/// How lines are read.
enum ArcFormat {
    Tsv(Vec<ArcColumn>),
    Ndjson,
}

/// Reads and sorts a tab-separated file. Its arcs are follows unless `layer` or a column of its own
/// is another layer. Fails on a missing header; bad lines are only noted.
pub(crate) fn read_tsv(mut lines: TextLines, layer: Option<Layer>) -> Result<ArcsFile> {
    let columns = parse_header(lines.header(HEADER)?)?;
    read(lines, &ArcFormat::Tsv(columns), layer)
}

/// Reads and sorts a file of one JSON object a line; see [`read_tsv`].
pub(crate) fn read_ndjson(lines: TextLines, layer: Option<Layer>) -> Result<ArcsFile> {
    read(lines, &ArcFormat::Ndjson, layer)
}

fn read(mut lines: TextLines, format: &ArcFormat, layer: Option<Layer>) -> Result<ArcsFile> {
    let mut file = ArcsFile::default();
    let mut numbers = HashMap::new();
    while let Some(NumberedLine { number, text }) = lines.next()? {
        let parsed = text.map_err(str::to_owned).and_then(|line| match format {
            ArcFormat::Tsv(columns) => parse_tsv(line, columns),
            ArcFormat::Ndjson => parse_json(line),
        });
        match parsed.and_then(|arc| arc.map(|arc| with_layer(arc, layer)).transpose()) {
            Ok(None) => {}
            Ok(Some(arc)) if arc.src == arc.dst => file.self_loops += 1,
            Ok(Some(arc)) => file.add(&mut numbers, &arc)?,
            Err(error) => file.bad.add(number, &error),
        }
    }
    file.duplicates = sort_and_dedup(&mut file.arcs);
    Ok(file)
}

/// An arc of the requested layer; it may have a layer itself, but no other.
fn with_layer(arc: ArcLine<'_>, requested: Option<Layer>) -> Result<ArcLine<'_>, String> {
    match (arc.layer, requested) {
        (Some(own), Some(requested)) if own != requested => {
            Err(format!("is of the layer {own}, not {requested}: leave --layer out"))
        }
        (own, requested) => Ok(ArcLine { layer: own.or(requested), ..arc }),
    }
}

impl ArcsFile {
    fn add(&mut self, numbers: &mut HashMap<String, u32>, arc: &ArcLine<'_>) -> Result<()> {
        let layer = arc.layer.unwrap_or(Layer::Follow);
        let src = number_of(numbers, &mut self.names, &arc.src)?;
        let dst = number_of(numbers, &mut self.names, &arc.dst)?;
        let is_counted = layer.is_interaction();
        let (count, last_day) = if is_counted { (arc.count, arc.last_day) } else { (0, Day(0)) };
        self.arcs.push(FileArc { layer, src, dst, weight: arc.weight, count, last_day });
        Ok(())
    }
}

/// The position of a name in `names`, to which a new one is added.
fn number_of(
    numbers: &mut HashMap<String, u32>,
    names: &mut Vec<String>,
    name: &str,
) -> Result<u32> {
    if let Some(&known) = numbers.get(name) {
        return Ok(known);
    }
    let Ok(next) = u32::try_from(names.len()) else { bail!("more than 4,294,967,295 ids") };
    numbers.insert(name.to_owned(), next);
    names.push(name.to_owned());
    Ok(next)
}

/// Sorts by layer, source and target; of equal arcs the last stays. Returns how many were dropped.
fn sort_and_dedup(arcs: &mut Vec<FileArc>) -> u64 {
    let key = |arc: &FileArc| (arc.layer, arc.src, arc.dst);
    let before = arcs.len();
    arcs.sort_by_key(key);
    arcs.dedup_by(|later, kept| {
        let same = key(later) == key(kept);
        if same {
            *kept = *later;
        }
        same
    });
    (before - arcs.len()) as u64
}
