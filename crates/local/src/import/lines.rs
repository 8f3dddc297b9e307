//! The lines of a bulk file, unpacked by its name's ending, each with its number.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result, bail};
use flate2::read::MultiGzDecoder;

/// The longest line that is taken, in bytes.
const LINE_BYTES_MAX: u64 = 1 << 20;

/// How many bad lines are quoted; the others are only counted.
const QUOTED_MAX: usize = 20;

/// A file's lines, one at a time.
pub(crate) struct Lines {
    reader: Box<dyn BufRead>,
    number: u64,
    buffer: Vec<u8>,
}

impl Lines {
    /// Opens a file; `.gz` and `.zst` are unpacked.
    pub(crate) fn open(path: &Path) -> Result<Lines> {
        let file = File::open(path).with_context(|| format!("open {}", path.display()))?;
        let unpacked: Box<dyn Read> = match path.extension().and_then(|end| end.to_str()) {
            Some("gz") => Box::new(MultiGzDecoder::new(file)),
            Some("zst") => Box::new(zstd::Decoder::new(file)?),
            _ => Box::new(file),
        };
        let reader = Box::new(BufReader::with_capacity(1 << 18, unpacked));
        Ok(Lines { reader, number: 0, buffer: Vec::new() })
    }

    /// The next line without its end, and its number from 1; `None` at the end of the file.
    /// A line that is not UTF-8 is an `Err` inside, which the caller may skip.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, Result<&str, &'static str>)>> {
        self.buffer.clear();
        let read = self
            .reader
            .by_ref()
            .take(LINE_BYTES_MAX + 1)
            .read_until(b'\n', &mut self.buffer)
            .with_context(|| format!("read after line {}", self.number))?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        if read as u64 > LINE_BYTES_MAX {
            bail!("line {} is longer than {LINE_BYTES_MAX} bytes", self.number);
        }
        let line = self.buffer.strip_suffix(b"\n").unwrap_or(&self.buffer);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        Ok(Some((self.number, str::from_utf8(line).map_err(|_| "is not UTF-8"))))
    }
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

/// The one column of a tab-separated file that has this header.
pub(crate) fn read_column(path: &Path, header: &str) -> Result<Vec<String>> {
    let mut lines = Lines::open(path)?;
    match lines.next()? {
        Some((_, Ok(first))) if first == header => {}
        _ => bail!("the first line is not the header {header}"),
    }
    let mut values = Vec::new();
    while let Some((number, line)) = lines.next()? {
        let line = line.map_err(|why| anyhow::anyhow!("line {number} {why}"))?;
        if !line.is_empty() {
            values.push(line.to_owned());
        }
    }
    Ok(values)
}
