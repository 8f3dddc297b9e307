//! Arcs from a file: tab-separated with a header, or one JSON object a line.
//!
//! The columns `src` and `dst` are needed; `weight`, `layer`, `count` and `last_day` may be there, as in
//! an export, in any order. The whole file is read before anything is written, so that a bad line
//! changes nothing. It takes 20 bytes an arc and the names once.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::RangeInclusive;

use anyhow::{Result, bail};
use model::Layer;
use model::platform::check_native_id;
use model::time::Day;
use serde::Deserialize;

use crate::import::lines::{BadLines, Lines, read_id, shown_header};

/// Weights that can be added up and compared in single precision, however many arcs there are.
const WEIGHTS: RangeInclusive<f32> = 1e-9..=1e9;

/// What a header consists of.
const HEADER: &str = "src<TAB>dst[<TAB>weight]";

/// One arc.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Arc {
    /// The layer.
    pub(crate) layer: Layer,
    /// Who attends: a place in the file's names.
    pub(crate) src: u32,
    /// To whom.
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
    pub(crate) arcs: Vec<Arc>,
    /// Arcs from someone to itself, left out.
    pub(crate) self_loops: u64,
    /// Arcs that came again; the last one stays.
    pub(crate) duplicates: u64,
    /// Lines that could not be read.
    pub(crate) bad: BadLines,
}

/// One line as it says.
#[derive(Debug, PartialEq)]
struct Said<'a> {
    src: Cow<'a, str>,
    dst: Cow<'a, str>,
    layer: Option<Layer>,
    weight: f32,
    count: u32,
    last_day: Day,
}

/// How lines are read.
enum Form {
    Tsv(Vec<Column>),
    Ndjson,
}

/// Reads and sorts a tab-separated file. Its arcs are follows unless `layer` says otherwise, or a
/// column of its own. Fails on a missing header; bad lines are only noted.
pub(crate) fn read_tsv(mut lines: Lines, layer: Option<Layer>) -> Result<ArcsFile> {
    let columns = header(lines.header(HEADER)?)?;
    read(lines, &Form::Tsv(columns), layer)
}

/// Reads and sorts a file of one JSON object a line; see [`read_tsv`].
pub(crate) fn read_ndjson(lines: Lines, layer: Option<Layer>) -> Result<ArcsFile> {
    read(lines, &Form::Ndjson, layer)
}

fn read(mut lines: Lines, form: &Form, layer: Option<Layer>) -> Result<ArcsFile> {
    let mut file = ArcsFile::default();
    let mut places = HashMap::new();
    while let Some((number, line)) = lines.next()? {
        let said = line.map_err(str::to_owned).and_then(|line| match form {
            Form::Tsv(columns) => parse(line, columns),
            Form::Ndjson => parse_json(line),
        });
        let placed = said.and_then(|said| said.map(|said| placed(said, layer)).transpose());
        match placed {
            Ok(None) => {}
            Ok(Some((_, said))) if said.src == said.dst => file.self_loops += 1,
            Ok(Some((layer, said))) => file.add(&mut places, &said, layer)?,
            Err(why) => file.bad.add(number, &why),
        }
    }
    file.duplicates = sort_and_dedup(&mut file.arcs);
    Ok(file)
}

/// A line with its layer.
fn placed(said: Said<'_>, asked: Option<Layer>) -> Result<(Layer, Said<'_>), String> {
    match (said.layer, asked) {
        (Some(own), Some(asked)) if own != asked => {
            Err(format!("is of the layer {own}, not {asked}: leave --layer out"))
        }
        (own, asked) => Ok((own.or(asked).unwrap_or(Layer::Follow), said)),
    }
}

impl ArcsFile {
    fn add(
        &mut self,
        places: &mut HashMap<String, u32>,
        said: &Said<'_>,
        layer: Layer,
    ) -> Result<()> {
        let src = place(places, &mut self.names, &said.src)?;
        let dst = place(places, &mut self.names, &said.dst)?;
        let counts = layer.is_interaction();
        let (count, last_day) = if counts { (said.count, said.last_day) } else { (0, Day(0)) };
        self.arcs.push(Arc { layer, src, dst, weight: said.weight, count, last_day });
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Src,
    Dst,
    Weight,
    Layer,
    Count,
    LastDay,
}

const COLUMNS: [(&str, Column); 6] = [
    ("src", Column::Src),
    ("dst", Column::Dst),
    ("weight", Column::Weight),
    ("layer", Column::Layer),
    ("count", Column::Count),
    ("last_day", Column::LastDay),
];

fn header(line: &str) -> Result<Vec<Column>> {
    let column = |name: &str| COLUMNS.iter().find(|known| known.0 == name).map(|known| known.1);
    let columns: Option<Vec<Column>> = line.split('\t').map(column).collect();
    let is_header = |columns: &Vec<Column>| {
        let once = |wanted| columns.iter().filter(|&&one| one == wanted).count() == 1;
        once(Column::Src) && once(Column::Dst) && columns.iter().all(|&one| once(one))
    };
    let Some(mut columns) = columns.filter(is_header) else {
        bail!(
            "the first line is {}, not the header {HEADER}; layer, count and last_day may follow",
            shown_header(line)
        )
    };
    if columns == [Column::Src, Column::Dst] {
        columns.push(Column::Weight);
    }
    Ok(columns)
}

/// What one line says; `None` for an empty line.
fn parse<'a>(line: &'a str, columns: &[Column]) -> Result<Option<Said<'a>>, String> {
    if line.is_empty() {
        return Ok(None);
    }
    let empty = || Cow::Borrowed("");
    let (src, dst) = (empty(), empty());
    let mut said = Said { src, dst, layer: None, weight: 1.0, count: 0, last_day: Day(0) };
    let mut fields = line.split('\t');
    for (column, field) in columns.iter().zip(fields.by_ref()) {
        said.take(*column, field)?;
    }
    if fields.next().is_some() {
        return Err(format!("has more than {} columns", columns.len()));
    }
    if said.src.is_empty() || said.dst.is_empty() {
        return Err("has no second column".to_owned());
    }
    Ok(Some(said))
}

impl<'a> Said<'a> {
    fn take(&mut self, column: Column, field: &'a str) -> Result<(), String> {
        match column {
            Column::Src => self.src = read_id(field)?,
            Column::Dst => self.dst = read_id(field)?,
            Column::Weight => self.weight = weight(field)?,
            Column::Layer => self.layer = Some(layer(field)?),
            Column::Count => {
                let count = field.parse::<u32>();
                self.count = count.map_err(|_| "has a count that is no whole number")?;
            }
            Column::LastDay if field.is_empty() => {}
            Column::LastDay => {
                self.last_day =
                    field.parse::<Day>().map_err(|why| format!("has a bad last_day: {why}"))?;
            }
        }
        Ok(())
    }
}

fn layer(field: &str) -> Result<Layer, String> {
    field.parse::<Layer>().map_err(|why| format!("has an {why}"))
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
struct Json {
    src: String,
    dst: String,
    layer: Option<Layer>,
    weight: Option<f32>,
    count: Option<u32>,
    last_day: Option<String>,
}

fn parse_json(line: &str) -> Result<Option<Said<'static>>, String> {
    if line.trim().is_empty() {
        return Ok(None);
    }
    let json: Json = serde_json::from_str(line).map_err(|why| format!("is no arc: {why}"))?;
    for id in [&json.src, &json.dst] {
        check_native_id(id).map_err(|why| format!("has an id that {why}"))?;
    }
    let last_day = json.last_day.map_or(Ok(Day(0)), |text| text.parse());
    Ok(Some(Said {
        src: Cow::Owned(json.src),
        dst: Cow::Owned(json.dst),
        layer: json.layer,
        weight: in_range(json.weight.unwrap_or(1.0))?,
        count: json.count.unwrap_or(0),
        last_day: last_day.map_err(|why| format!("has a bad last_day: {why}"))?,
    }))
}

fn place(places: &mut HashMap<String, u32>, names: &mut Vec<String>, name: &str) -> Result<u32> {
    if let Some(&known) = places.get(name) {
        return Ok(known);
    }
    let Ok(next) = u32::try_from(names.len()) else { bail!("more than 4,294,967,295 ids") };
    places.insert(name.to_owned(), next);
    names.push(name.to_owned());
    Ok(next)
}

/// Sorts by layer, source and target; of equal arcs the last stays. Returns how many went.
fn sort_and_dedup(arcs: &mut Vec<Arc>) -> u64 {
    let key = |arc: &Arc| (arc.layer, arc.src, arc.dst);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    fn read(text: &[u8]) -> Result<ArcsFile> {
        read_tsv(Lines::open(file(text).path())?, None)
    }

    /// Who attends to whom in which layer, with the weight, by place.
    fn plain(file: &ArcsFile) -> Vec<(Layer, u32, u32, f32)> {
        file.arcs.iter().map(|arc| (arc.layer, arc.src, arc.dst, arc.weight)).collect()
    }

    #[test]
    fn an_arc_takes_what_the_module_says() {
        assert_eq!(size_of::<Arc>(), 20);
    }

    #[test]
    fn arcs_are_sorted_and_loops_and_repetitions_counted() {
        let arcs = read(b"src\tdst\tweight\nb\ta\t2\na\tb\t1\na\ta\t1\nb\ta\t3\n").unwrap();
        assert_eq!(arcs.names, ["b", "a"]);
        assert_eq!(plain(&arcs), [(Layer::Follow, 0, 1, 3.0), (Layer::Follow, 1, 0, 1.0)]);
        assert_eq!((arcs.self_loops, arcs.duplicates, arcs.bad.count), (1, 1, 0));
    }

    #[test]
    fn bad_lines_are_named_by_number() {
        let arcs =
            read(b"src\tdst\na\tb\nalone\nx\ty\tzero\nx\ty\t0\n\xff\tb\na\0\tb\n\tb\na\tb\t1\t1\n")
                .unwrap();
        assert_eq!(arcs.bad.count, 7);
        let refusal = arcs.bad.refuse_unless(false).unwrap_err().to_string();
        for part in [
            "line 3 has no second",
            "line 4",
            "line 5",
            "line 6 is not UTF-8",
            "line 7 has an id that has a NUL",
            "line 8 has an id that is empty",
            "line 9 has more than 3 columns",
            "--skip-bad",
        ] {
            assert!(refusal.contains(part), "{part}: {refusal}");
        }
        assert!(arcs.bad.refuse_unless(true).is_ok());
    }

    #[test]
    fn long_ids_stay_apart_and_longer_ones_are_bad_lines() {
        let (long, longer) = ("x".repeat(2_047), "x".repeat(2_049));
        let text = format!("src\tdst\n{long}a\t{long}b\n{longer}\ta\na\t{longer}\n");
        let arcs = read(text.as_bytes()).unwrap();
        assert_eq!((arcs.names.len(), arcs.arcs.len(), arcs.bad.count), (2, 1, 2));
        assert!(arcs.bad.quoted()[1].contains("line 4 has an id that has more than 2048 bytes"));
    }

    #[test]
    fn a_file_without_header_is_refused_with_all_that_is_in_it() {
        let refusal = |text: &[u8]| read(text).unwrap_err().to_string();
        assert!(refusal(b"1\t2\n").contains("src<TAB>dst"));
        assert!(refusal(b"").contains("empty"));
        assert!(refusal("src\tdst\u{200b}\n".as_bytes()).contains("dst\\u{200b}"));
        for wrong in [&b"src\tdst\tdst\n"[..], b"src\tweight\n", b"src\tdst\thug\n", b"src,dst\n"] {
            assert!(refusal(wrong).contains("not the header"));
        }
    }

    #[test]
    fn an_export_reads_as_what_was_exported() {
        let text = b"src\tdst\tlayer\tweight\tcount\tlast_day\n\
            \"a\\tb\"\tCORP\\tom\tlike\t0.001\t3\t2026-11-22\n\
            CORP\\tom\t\"a\\tb\"\tfollow\t2\t0\t\n";
        let arcs = read(text).unwrap();
        assert_eq!(
            (arcs.names.as_slice(), arcs.bad.count),
            (&["a\tb".into(), "CORP\\tom".into()][..], 0)
        );
        let follow = (Layer::Follow, 1, 0, 2.0);
        assert_eq!(plain(&arcs), [follow, (Layer::Like, 0, 1, 0.001)]);
        assert_eq!((arcs.arcs[1].count, arcs.arcs[1].last_day), (3, Day(20_779)));
        let likes = read_tsv(Lines::open(file(text).path()).unwrap(), Some(Layer::Like)).unwrap();
        assert_eq!((likes.arcs.len(), likes.bad.count), (1, 1));
        assert!(likes.bad.quoted()[0].contains("line 3 is of the layer follow"));
    }

    #[test]
    fn a_line_of_json_is_an_arc_or_says_why_not() {
        let line = r#"{"src":"a\tb","dst":"c","layer":"like","weight":0.001,"count":2,"last_day":"2026-11-22"}"#;
        let said = parse_json(line).unwrap().unwrap();
        assert_eq!((&*said.src, said.weight, said.last_day), ("a\tb", 0.001, Day(20_779)));
        let plain = parse_json(r#"{"src":"a","dst":"c","last_day":null}"#).unwrap().unwrap();
        assert_eq!((plain.layer, plain.weight, plain.count), (None, 1.0, 0));
        let why = |line: &str| parse_json(line).unwrap_err();
        assert!(why(r#"{"src":"a\u0000","dst":"c"}"#).contains("NUL"));
        assert!(why(r#"{"src":"a","dst":"c","hug":1}"#).contains("hug"));
        assert!(why(r#"{"src":"a","dst":"c","weight":0}"#).contains("1e-9"));
    }

    #[test]
    fn packed_files_are_unpacked_whatever_they_are_called() {
        let packed = zstd::encode_all(&b"src\tdst\n1\t2\n"[..], 1).unwrap();
        assert_eq!(read(&packed).unwrap().arcs.len(), 1);
    }
}
