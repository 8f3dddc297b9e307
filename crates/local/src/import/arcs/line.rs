//! One arc as a line of a file has it.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use anyhow::{Result, bail};
use model::Layer;
use model::account::check_native_id;
use model::time::Day;
use serde::Deserialize;

use crate::import::lines::{read_id, shown_header};

/// Weights that can be added up and compared in single precision, however many arcs there are.
const WEIGHTS: RangeInclusive<f32> = 1e-9..=1e9;

/// The header that is expected.
pub(super) const HEADER: &str = "src<TAB>dst[<TAB>weight]";

/// An arc before its names are resolved.
#[derive(Debug, PartialEq)]
pub(super) struct ArcLine<'a> {
    pub(super) src: Cow<'a, str>,
    pub(super) dst: Cow<'a, str>,
    pub(super) layer: Option<Layer>,
    pub(super) weight: f32,
    pub(super) count: u32,
    pub(super) last_day: Day,
}

/// A column of a tab-separated file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ArcColumn {
    Src,
    Dst,
    Weight,
    Layer,
    Count,
    LastDay,
}

/// The columns by their names.
const COLUMNS: [(&str, ArcColumn); 6] = [
    ("src", ArcColumn::Src),
    ("dst", ArcColumn::Dst),
    ("weight", ArcColumn::Weight),
    ("layer", ArcColumn::Layer),
    ("count", ArcColumn::Count),
    ("last_day", ArcColumn::LastDay),
];

pub(super) fn parse_header(line: &str) -> Result<Vec<ArcColumn>> {
    let column =
        |name: &str| COLUMNS.iter().find_map(|&(known, column)| (known == name).then_some(column));
    let columns: Option<Vec<ArcColumn>> = line.split('\t').map(column).collect();
    let is_header = |columns: &Vec<ArcColumn>| {
        let once = |wanted| columns.iter().filter(|&&one| one == wanted).count() == 1;
        once(ArcColumn::Src) && once(ArcColumn::Dst) && columns.iter().all(|&one| once(one))
    };
    let Some(mut columns) = columns.filter(is_header) else {
        bail!(
            "the first line is {}, not the header {HEADER}; layer, count and last_day may follow",
            shown_header(line)
        )
    };
    if columns == [ArcColumn::Src, ArcColumn::Dst] {
        columns.push(ArcColumn::Weight);
    }
    Ok(columns)
}

/// The arc of a tab-separated line; `None` for an empty line.
pub(super) fn parse_tsv<'a>(
    line: &'a str,
    columns: &[ArcColumn],
) -> Result<Option<ArcLine<'a>>, String> {
    if line.is_empty() {
        return Ok(None);
    }
    let empty = || Cow::Borrowed("");
    let (src, dst) = (empty(), empty());
    let mut arc = ArcLine { src, dst, layer: None, weight: 1.0, count: 0, last_day: Day(0) };
    let mut fields = line.split('\t');
    for (column, field) in columns.iter().zip(fields.by_ref()) {
        arc.set(*column, field)?;
    }
    if fields.next().is_some() {
        return Err(format!("has more than {} columns", columns.len()));
    }
    if arc.src.is_empty() || arc.dst.is_empty() {
        return Err("has no second column".to_owned());
    }
    Ok(Some(arc))
}

impl<'a> ArcLine<'a> {
    fn set(&mut self, column: ArcColumn, field: &'a str) -> Result<(), String> {
        match column {
            ArcColumn::Src => self.src = read_id(field)?,
            ArcColumn::Dst => self.dst = read_id(field)?,
            ArcColumn::Weight => self.weight = weight(field)?,
            ArcColumn::Layer => self.layer = Some(layer(field)?),
            ArcColumn::Count => {
                let count = field.parse::<u32>();
                self.count = count.map_err(|_| "has a count that is no whole number")?;
            }
            ArcColumn::LastDay if field.is_empty() => {}
            ArcColumn::LastDay => {
                self.last_day =
                    field.parse::<Day>().map_err(|error| format!("has a bad last_day: {error}"))?;
            }
        }
        Ok(())
    }
}

fn layer(field: &str) -> Result<Layer, String> {
    field.parse::<Layer>().map_err(|error| format!("has an {error}"))
}

fn weight(field: &str) -> Result<f32, String> {
    in_range(field.parse::<f32>().map_err(|_| "has a weight that is no number")?)
}

fn in_range(weight: f32) -> Result<f32, String> {
    if WEIGHTS.contains(&weight) {
        return Ok(weight);
    }
    Err("has a weight that is not within 1e-9 and 1e9".to_owned())
}

/// An arc as a JSON object.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonArc {
    src: String,
    dst: String,
    layer: Option<Layer>,
    weight: Option<f32>,
    count: Option<u32>,
    last_day: Option<String>,
}

pub(super) fn parse_json(line: &str) -> Result<Option<ArcLine<'static>>, String> {
    if line.trim().is_empty() {
        return Ok(None);
    }
    let json: JsonArc =
        serde_json::from_str(line).map_err(|error| format!("is no arc: {error}"))?;
    for id in [&json.src, &json.dst] {
        check_native_id(id).map_err(|error| format!("has an id that {error}"))?;
    }
    let last_day = json.last_day.map_or(Ok(Day(0)), |text| text.parse());
    Ok(Some(ArcLine {
        src: Cow::Owned(json.src),
        dst: Cow::Owned(json.dst),
        layer: json.layer,
        weight: in_range(json.weight.unwrap_or(1.0))?,
        count: json.count.unwrap_or(0),
        last_day: last_day.map_err(|error| format!("has a bad last_day: {error}"))?,
    }))
}
