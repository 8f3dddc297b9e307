//! The lines of a text file, each with its number, and the fields in them.

use std::borrow::Cow;
use std::io::{BufRead, Read};
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use model::platform::check_native_id;
use store::table::field;

use super::text;

/// The longest line that is taken, in bytes.
const LINE_BYTES_MAX: u64 = 1 << 20;

/// How many bad lines are quoted; the others are only counted.
const QUOTED_MAX: usize = 20;

/// How much of a header that is none is shown, in characters.
const SHOWN_CHARS: usize = 60;

/// A file's lines, one at a time.
pub(crate) struct Lines {
    reader: Box<dyn BufRead>,
    shown: String,
    number: u64,
    buffer: Vec<u8>,
    /// Whether the line in the buffer was looked at, and is still to be given.
    is_ahead: bool,
}

/// A line's number from 1, and its text or why it has none.
pub(crate) type Line<'a> = (u64, Result<&'a str, &'static str>);

impl Lines {
    /// Opens a text file, packed or not; see [`text::open`].
    pub(crate) fn open(path: &Path) -> Result<Lines> {
        let shown = path.display().to_string();
        Ok(Lines {
            reader: text::open(path)?,
            shown,
            number: 0,
            buffer: Vec::new(),
            is_ahead: false,
        })
    }

    /// The next line without its end; `None` at the end of the file. A line that is not UTF-8 is an
    /// `Err` inside, which the caller may skip.
    pub(crate) fn next(&mut self) -> Result<Option<Line<'_>>> {
        let is_there = std::mem::take(&mut self.is_ahead) || self.read()?;
        Ok(is_there.then(|| self.line()))
    }

    /// The line that [`Lines::next`] will give.
    pub(crate) fn peek(&mut self) -> Result<Option<Line<'_>>> {
        self.is_ahead = self.is_ahead || self.read()?;
        Ok(self.is_ahead.then(|| self.line()))
    }

    fn line(&self) -> Line<'_> {
        let line = self.buffer.strip_suffix(b"\n").unwrap_or(&self.buffer);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        (self.number, str::from_utf8(line).map_err(|_| "is not UTF-8"))
    }

    /// The header, which must be there.
    pub(crate) fn header(&mut self, wanted: &str) -> Result<&str> {
        let shown = self.shown.clone();
        match self.next()? {
            Some((_, Ok(header))) => Ok(header),
            Some((_, Err(why))) => bail!("{shown}: the first line {why}: it should be {wanted}"),
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

/// What a header that is none looks like, with whatever is not to be seen in it, and the usual reason.
pub(crate) fn shown_header(header: &str) -> String {
    let shown: String = header.chars().take(SHOWN_CHARS).collect();
    let shown = format!("`{}`", shown.escape_debug());
    if header.contains('\r') {
        format!("{shown} (its lines end with \\r alone: have them end with \\n)")
    } else {
        shown
    }
}

/// A field that names a profile, as exports write it and others do.
pub(crate) fn read_id(field: &str) -> Result<Cow<'_, str>, String> {
    let id = field::read(field);
    check_native_id(&id).map_err(|why| format!("has an id that {why}"))?;
    Ok(id)
}

/// The lines that could not be read.
#[derive(Debug, Default)]
pub(crate) struct BadLines {
    /// How many.
    pub(crate) count: u64,
    quoted: Vec<String>,
}

impl BadLines {
    /// Notes one.
    pub(crate) fn add(&mut self, number: u64, why: &str) {
        self.count += 1;
        if self.quoted.len() < QUOTED_MAX {
            self.quoted.push(format!("line {number} {why}"));
        }
    }

    /// An error that names them, unless there are none or they may be skipped.
    pub(crate) fn refuse_unless(&self, skip: bool) -> Result<()> {
        if skip || self.count == 0 {
            return Ok(());
        }
        let more = self.count.saturating_sub(self.quoted.len() as u64);
        let rest = if more > 0 { format!("; and {more} more") } else { String::new() };
        bail!(
            "{} bad lines, nothing was imported: {}{rest}. Mend them, or skip them with --skip-bad",
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
    let mut lines = Lines::open(path)?;
    let header = lines.header("node")?;
    if header != "node" {
        bail!("the first line is {}, not the header node", shown_header(header));
    }
    let mut nodes = Vec::new();
    while let Some((number, line)) = lines.next()? {
        let node = line.map_err(str::to_owned).and_then(parse_node);
        nodes.extend(node.map_err(|why| anyhow!("line {number} {why}"))?);
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
    fn a_line_that_names_nobody_is_told_by_its_number() {
        let said = |text: &str| nodes(text).unwrap_err().to_string();
        assert!(said("node\na\nb\0\n").contains("line 3 has an id that has a NUL"));
        assert!(said("node\na\tb\n").contains("line 2 has more than one column"));
        assert!(said(&format!("node\n{}\n", "x".repeat(2_049))).contains("more than 2048 bytes"));
        assert!(said("").contains("empty"));
        assert!(said("\u{feff}\u{feff}node\n").contains("\\u{feff}node"));
        assert!(said("node\ra\rb").contains("end with \\r alone"));
    }

    #[test]
    fn looking_at_a_line_does_not_take_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "a\r\nb\n").unwrap();
        let mut lines = Lines::open(file.path()).unwrap();
        for (number, wanted) in [(1, "a"), (2, "b")] {
            assert_eq!(lines.peek().unwrap(), Some((number, Ok(wanted))));
            assert_eq!(lines.peek().unwrap(), Some((number, Ok(wanted))));
            assert_eq!(lines.next().unwrap(), Some((number, Ok(wanted))));
        }
        assert_eq!(lines.peek().unwrap(), None);
        assert_eq!(lines.next().unwrap(), None);
    }
}
