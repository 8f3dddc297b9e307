//! Arcs from a tab-separated file with the header `src dst` or `src dst weight`.
//!
//! The whole file is read before anything is written, so that a bad line changes nothing. It takes
//! 12 bytes an arc and the names once.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::path::Path;

use anyhow::{Result, bail};
use model::platform::HANDLE_BYTES_MAX;

use crate::import::lines::{BadLines, Lines};

/// Weights that can be added up and compared in single precision, however many arcs there are.
const WEIGHTS: RangeInclusive<f32> = 1e-9..=1e9;

/// The arcs of a file, by source.
#[derive(Debug, Default)]
pub(crate) struct ArcsFile {
    /// Native ids, in the order of their first appearance.
    pub(crate) names: Vec<String>,
    /// Source, target (places in `names`) and weight, sorted by source and target, each pair once.
    pub(crate) arcs: Vec<(u32, u32, f32)>,
    /// Arcs from someone to itself, left out.
    pub(crate) self_loops: u64,
    /// Pairs that came again; the last weight stays.
    pub(crate) duplicates: u64,
    /// Lines that could not be read.
    pub(crate) bad: BadLines,
}

/// Reads and sorts a file. Fails on a missing header; bad lines are only noted.
pub(crate) fn read(path: &Path) -> Result<ArcsFile> {
    let mut lines = Lines::open(path)?;
    check_header(&mut lines)?;
    let mut file = ArcsFile::default();
    let mut places = HashMap::new();
    while let Some((number, line)) = lines.next()? {
        match line.and_then(parse) {
            Ok(None) => {}
            Ok(Some((src, dst, _))) if src == dst => file.self_loops += 1,
            Ok(Some((src, dst, weight))) => {
                let src = place(&mut places, &mut file.names, src)?;
                let dst = place(&mut places, &mut file.names, dst)?;
                file.arcs.push((src, dst, weight));
            }
            Err(why) => file.bad.add(number, why),
        }
    }
    file.duplicates = sort_and_dedup(&mut file.arcs);
    Ok(file)
}

fn check_header(lines: &mut Lines) -> Result<()> {
    let first = lines.next()?.map(|(_, line)| line.unwrap_or_default().to_owned());
    match first.as_deref() {
        Some("src\tdst" | "src\tdst\tweight") => Ok(()),
        Some(other) => {
            let shown: String = other.chars().take(60).collect();
            bail!("the first line is `{shown}`, not the header src<TAB>dst[<TAB>weight]")
        }
        None => bail!("the file is empty: it needs the header src<TAB>dst[<TAB>weight]"),
    }
}

/// One line's source, target and weight; `None` for an empty line.
fn parse(line: &str) -> Result<Option<(&str, &str, f32)>, &'static str> {
    if line.is_empty() {
        return Ok(None);
    }
    let mut fields = line.split('\t');
    let src = fields.next().unwrap_or_default();
    let dst = fields.next().ok_or("has no second column")?;
    let weight = match fields.next() {
        None => 1.0,
        Some(text) => text.parse::<f32>().map_err(|_| "has a weight that is no number")?,
    };
    if fields.next().is_some() {
        return Err("has more than three columns");
    }
    if src.is_empty() || dst.is_empty() {
        return Err("has an empty id");
    }
    if src.len().max(dst.len()) > HANDLE_BYTES_MAX {
        return Err("has an id of more than 2048 bytes");
    }
    if !WEIGHTS.contains(&weight) {
        return Err("has a weight that is not within 1e-9 and 1e9");
    }
    Ok(Some((src, dst, weight)))
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

/// Sorts by source and target; of equal pairs the last stays. Returns how many went.
fn sort_and_dedup(arcs: &mut Vec<(u32, u32, f32)>) -> u64 {
    let before = arcs.len();
    arcs.sort_by_key(|&(src, dst, _)| (src, dst));
    arcs.dedup_by(|later, kept| {
        let same = (later.0, later.1) == (kept.0, kept.1);
        if same {
            kept.2 = later.2;
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

    #[test]
    fn arcs_are_sorted_and_loops_and_repetitions_counted() {
        let text = file(b"src\tdst\tweight\nb\ta\t2\na\tb\t1\na\ta\t1\nb\ta\t3\n");
        let arcs = read(text.path()).unwrap();
        assert_eq!(arcs.names, ["b", "a"]);
        assert_eq!(arcs.arcs, [(0, 1, 3.0), (1, 0, 1.0)]);
        assert_eq!((arcs.self_loops, arcs.duplicates, arcs.bad.count), (1, 1, 0));
    }

    #[test]
    fn bad_lines_are_named_by_number() {
        let text = file(b"src\tdst\na\tb\nalone\nx\ty\tzero\nx\ty\t0\n\xff\tb\n");
        let arcs = read(text.path()).unwrap();
        assert_eq!(arcs.bad.count, 4);
        let refusal = arcs.bad.refuse_unless(false).unwrap_err().to_string();
        for part in
            ["line 3 has no second", "line 4", "line 5", "line 6 is not UTF-8", "--skip-bad"]
        {
            assert!(refusal.contains(part), "{refusal}");
        }
        assert!(arcs.bad.refuse_unless(true).is_ok());
    }

    #[test]
    fn a_file_without_header_is_refused() {
        let refusal = read(file(b"1\t2\n").path()).unwrap_err().to_string();
        assert!(refusal.contains("src<TAB>dst"), "{refusal}");
        assert!(read(file(b"").path()).is_err());
    }

    #[test]
    fn packed_files_are_unpacked_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("arcs.tsv.zst");
        std::fs::write(&path, zstd::encode_all(&b"src\tdst\n1\t2\n"[..], 1).unwrap()).unwrap();
        assert_eq!(read(&path).unwrap().arcs.len(), 1);
    }
}
