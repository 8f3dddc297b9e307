//! The statements that a request really sends, with their values, as the server logs them.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;

use anyhow::{Context, Result};

/// A connection with this setting logs each of its statements.
pub(super) const LOGGED: &str = "-c log_statement=all";

/// A statement with the values of `$1`, `$2`, …; `None` for null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SentStatement {
    pub(super) sql: String,
    pub(super) values: Vec<Option<String>>,
}

/// Reads a server's log from where it ended before.
pub(super) struct LogReader {
    path: PathBuf,
    end: u64,
}

impl LogReader {
    /// Skips what is in the log now.
    pub(super) fn at_end(path: PathBuf) -> Result<LogReader> {
        let end = std::fs::metadata(&path).context("read the server's log")?.len();
        Ok(LogReader { path, end })
    }

    /// The statements that were logged since.
    pub(super) fn take(&mut self) -> Result<Vec<SentStatement>> {
        let mut log = File::open(&self.path).context("open the server's log")?;
        log.seek(SeekFrom::Start(self.end))?;
        let mut text = String::new();
        log.read_to_string(&mut text)?;
        self.end += text.len() as u64;
        Ok(parse(&text))
    }
}

/// Reads entries `… LOG:  execute NAME: SQL` and the `… DETAIL:  parameters: …` that may follow.
/// Further lines of an entry begin with a tab.
fn parse(log: &str) -> Vec<SentStatement> {
    let entries = log.replace("\n\t", "\n \t");
    let mut found: Vec<SentStatement> = Vec::new();
    for entry in entries.split('\n').fold(Vec::<String>::new(), join_lines) {
        if let Some((_, statement)) = entry.split_once("LOG:  execute ") {
            let sql = statement.split_once(": ").map_or("", |(_, sql)| sql).to_owned();
            found.push(SentStatement { sql, values: Vec::new() });
        } else if let Some((_, values)) = entry.split_once("DETAIL:  parameters: ")
            && let Some(last) = found.last_mut()
        {
            last.values = parse_values(values);
        }
    }
    found
}

fn join_lines(mut entries: Vec<String>, line: &str) -> Vec<String> {
    match (line.strip_prefix(" \t"), entries.last_mut()) {
        (Some(more), Some(last)) => {
            last.push('\n');
            last.push_str(more);
        }
        _ => entries.push(line.to_owned()),
    }
    entries
}

/// Reads `$1 = 'it''s', $2 = NULL`.
fn parse_values(mut text: &str) -> Vec<Option<String>> {
    let mut values = Vec::new();
    while let Some((_, value)) = text.split_once(" = ") {
        let Some(quoted) = value.strip_prefix('\'') else {
            values.push(None);
            text = value;
            continue;
        };
        let mut value = String::new();
        let mut rest = quoted;
        while let Some((part, after)) = rest.split_once('\'') {
            value += part;
            rest = after;
            match rest.strip_prefix('\'') {
                Some(more) => {
                    value.push('\'');
                    rest = more;
                }
                None => break,
            }
        }
        values.push(Some(value));
        text = rest;
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_and_values_are_read_from_a_log() {
        let log = "2026-11-30 03:00:00 UTC [1] LOG:  execute s0: show a\n\t of b = $1\n\
            2026-11-30 03:00:00 UTC [1] DETAIL:  parameters: $1 = 'it''s = {1,2}', $2 = NULL\n\
            2026-11-30 03:00:00 UTC [1] LOG:  checkpoint starting\n\
            2026-11-30 03:00:01 UTC [1] LOG:  execute <unnamed>: show all\n";
        let found = parse(log);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].sql, "show a\n of b = $1");
        assert_eq!(found[0].values, [Some("it's = {1,2}".to_owned()), None]);
        assert_eq!(found[1], SentStatement { sql: "show all".into(), values: vec![] });
    }
}
