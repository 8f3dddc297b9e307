//! A truth to compare with: a file of two tab-separated columns, `node` and a value.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use store::table::field;

use crate::import::lines::{NumberedLine, TextLines, read_id, shown_header};

/// One line; a node may have several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TruthRow {
    pub(crate) node: String,
    pub(crate) value: String,
}

/// Reads the rows of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<TruthRow>> {
    read_lines(TextLines::open(path)?).with_context(|| path.display().to_string())
}

fn read_lines(mut lines: TextLines) -> Result<Vec<TruthRow>> {
    let header = lines.header("node<TAB>value")?;
    if !header.starts_with("node\t") {
        bail!("the first line is {}, not a header node<TAB>value", shown_header(header));
    }
    let mut truth = Vec::new();
    while let Some(NumberedLine { number, text }) = lines.next()? {
        let parsed = text.map_err(str::to_owned).and_then(parse);
        truth.extend(parsed.map_err(|error| anyhow!("line {number} {error}"))?);
    }
    Ok(truth)
}

fn parse(line: &str) -> Result<Option<TruthRow>, String> {
    if line.is_empty() {
        return Ok(None);
    }
    let (node, rest) = line.split_once('\t').ok_or("has no second column")?;
    let value = field::read(rest.split('\t').next().unwrap_or_default());
    Ok(Some(TruthRow { node: read_id(node)?.into_owned(), value: value.into_owned() }))
}

/// Values as numbers `0..`, in the order of their first appearance.
pub(crate) fn to_numbers<'a>(values: impl Iterator<Item = &'a str>) -> Vec<u32> {
    let mut known = std::collections::HashMap::new();
    values
        .map(|value| {
            let next = known.len() as u32;
            *known.entry(value).or_insert(next)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_exports_write_it() {
        let row = |node: &str, value: &str| {
            Ok(Some(TruthRow { node: node.to_owned(), value: value.to_owned() }))
        };
        assert_eq!(parse("CORP\\tom\tx\\ty\t0"), row("CORP\\tom", "x\\ty"));
        assert_eq!(parse("\"a\\tb\"\t\"c\\td\""), row("a\tb", "c\td"));
        assert_eq!(parse(""), Ok(None));
        assert!(parse("a\0\tb").unwrap_err().contains("NUL"));
        assert!(parse("alone").unwrap_err().contains("second column"));
    }

    #[test]
    fn equal_values_have_equal_numbers() {
        assert_eq!(to_numbers(["b", "a", "b", "c"].into_iter()), [0, 1, 0, 2]);
    }
}
