//! The lines of a text file, each with its number, and the fields in them.

use std::borrow::Cow;
use std::io::{BufRead, Read};
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use model::account::check_native_id;
use store::table::field;

use super::text;

/// The longest line that is taken, in bytes.
const LINE_BYTES_MAX: u64 = 1 << 20;

/// How many bad lines are quoted; the others are only counted.
const QUOTED_MAX: usize = 20;

/// How much of a wrong header is shown, in characters.
const SHOWN_CHARS: usize = 60;

/// A file's lines, one at a time.
pub(crate) struct TextLines {
    reader: Box<dyn BufRead>,
    shown: String,
    number: u64,
    buffer: Vec<u8>,
    /// Whether the line in the buffer is the next one.
    is_ahead: bool,
}

/// One line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NumberedLine<'a> {
    /// Counted from 1.
    pub(crate) number: u64,
    /// The text, or why the line has none.
    pub(crate) text: Result<&'a str, &'static str>,
}

impl TextLines {
    /// Opens a text file, packed or not; see [`text::open`].
    pub(crate) fn open(path: &Path) -> Result<TextLines> {
        let shown = path.display().to_string();
        Ok(TextLines {
            reader: text::open(path)?,
            shown,
            number: 0,
            buffer: Vec::new(),
            is_ahead: false,
        })
    }

    /// The next line without its end; `None` at the end of the file. A line that is not UTF-8 is an
    /// `Err` inside, which the caller may skip.
    pub(crate) fn next(&mut self) -> Result<Option<NumberedLine<'_>>> {
        let is_there = std::mem::take(&mut self.is_ahead) || self.read()?;
        Ok(is_there.then(|| self.line()))
    }

    /// The line that [`TextLines::next`] will return.
    pub(crate) fn peek(&mut self) -> Result<Option<NumberedLine<'_>>> {
        self.is_ahead = self.is_ahead || self.read()?;
        Ok(self.is_ahead.then(|| self.line()))
    }

    fn line(&self) -> NumberedLine<'_> {
        let line = self.buffer.strip_suffix(b"\n").unwrap_or(&self.buffer);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        NumberedLine { number: self.number, text: str::from_utf8(line).map_err(|_| "is not UTF-8") }
    }

    /// The header, which must be there.
    pub(crate) fn header(&mut self, wanted: &str) -> Result<&str> {
        let shown = self.shown.clone();
        match self.next()? {
            Some(NumberedLine { text: Ok(header), .. }) => Ok(header),
            Some(NumberedLine { text: Err(error), .. }) => {
                bail!("{shown}: the first line {error}: it should be {wanted}")
            }
            None => bail!("{shown}: the file is empty: it needs the header {wanted}"),
        }
    }

    /// Reads the next line into the buffer, if there is one.
    fn read(&mut self) -> Result<bool> {
        self.buffer.clear();
        let limited = &mut self.reader.by_ref().take(LINE_BYTES_MAX + 1);
        let read = limited
            .read_until(b'\n', &mut self.buffer)
            .with_context(|| format!("read {} after line {}", self.shown, self.number))?;
        self.number += u64::from(read > 0);
        if read as u64 > LINE_BYTES_MAX {
            bail!("{}: line {} is longer than {LINE_BYTES_MAX} bytes", self.shown, self.number);
        }
        Ok(read > 0)
    }
}

/// A wrong header with its invisible characters escaped, and the usual reason.
pub(crate) fn shown_header(header: &str) -> String {
    let shown: String = header.chars().take(SHOWN_CHARS).collect();
    let shown = format!("`{}`", shown.escape_debug());
    if header.contains('\r') {
        format!("{shown} (its lines end with \\r alone: have them end with \\n)")
    } else {
        shown
    }
}

/// A field that is a native id, escaped as in exports or not.
pub(crate) fn read_id(field: &str) -> Result<Cow<'_, str>, String> {
    let id = field::read(field);
    check_native_id(&id).map_err(|error| format!("has an id that {error}"))?;
    Ok(id)
}

/// The lines that could not be read.
#[derive(Debug, Default)]
pub(crate) struct BadLines {
    /// Their number.
    pub(crate) count: u64,
    quoted: Vec<String>,
}

impl BadLines {
    /// Adds one.
    pub(crate) fn add(&mut self, number: u64, error: &str) {
        self.count += 1;
        if self.quoted.len() < QUOTED_MAX {
            self.quoted.push(format!("line {number} {error}"));
        }
    }

    /// An error that lists them, unless there are none or they may be skipped.
    pub(crate) fn refuse_unless(&self, skip: bool) -> Result<()> {
        if skip || self.count == 0 {
            return Ok(());
        }
        let more = self.count.saturating_sub(self.quoted.len() as u64);
        let rest = if more > 0 { format!("; and {more} more") } else { String::new() };
        bail!(
            "{} bad lines, nothing was imported: {}{rest}. Correct them, or skip them with --skip-bad",
            self.count,
            self.quoted.join("; ")
        )
    }

    /// The first of them, as text.
    pub(crate) fn quoted(&self) -> &[String] {
        &self.quoted
    }
}

/// The ids in a tab-separated file of the one column `node`.
pub(crate) fn read_nodes(path: &Path) -> Result<Vec<String>> {
    let mut lines = TextLines::open(path)?;
    let header = lines.header("node")?;
    if header != "node" {
        bail!("the first line is {}, not the header node", shown_header(header));
    }
    let mut nodes = Vec::new();
    while let Some(NumberedLine { number, text }) = lines.next()? {
        let node = text.map_err(str::to_owned).and_then(parse_node);
        nodes.extend(node.map_err(|error| anyhow!("line {number} {error}"))?);
    }
    Ok(nodes)
}

fn parse_node(line: &str) -> Result<Option<String>, String> {
    match line {
        "" => Ok(None),
        _ if line.contains('\t') => Err("has more than one column".to_owned()),
        _ => read_id(line).map(|id| Some(id.into_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(text: &str) -> Result<Vec<String>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read_nodes(file.path())
    }

    #[test]
    fn nodes_are_read_as_exports_write_them() {
        let read = nodes("\u{feff}node\r\nCORP\\tom\r\n\"a\\tb\"\n\nlast").unwrap();
        assert_eq!(read, ["CORP\\tom", "a\tb", "last"]);
    }

    #[test]
    fn a_bad_line_is_reported_by_its_number() {
        let error = |text: &str| nodes(text).unwrap_err().to_string();
        assert!(error("node\na\nb\0\n").contains("line 3 has an id that has a NUL"));
        assert!(error("node\na\tb\n").contains("line 2 has more than one column"));
        assert!(error(&format!("node\n{}\n", "x".repeat(2_049))).contains("more than 2048 bytes"));
        assert!(error("").contains("empty"));
        assert!(error("\u{feff}\u{feff}node\n").contains("\\u{feff}node"));
        assert!(error("node\ra\rb").contains("end with \\r alone"));
    }

    #[test]
    fn peeking_at_a_line_does_not_consume_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "a\r\nb\n").unwrap();
        let mut lines = TextLines::open(file.path()).unwrap();
        for (number, text) in [(1, Ok("a")), (2, Ok("b"))] {
            let expected = Some(NumberedLine { number, text });
            assert_eq!(lines.peek().unwrap(), expected);
            assert_eq!(lines.peek().unwrap(), expected);
            assert_eq!(lines.next().unwrap(), expected);
        }
        assert_eq!(lines.peek().unwrap(), None);
        assert_eq!(lines.next().unwrap(), None);
    }
}
