//! What people and programs see: tables or one JSON object on standard output, progress on
//! standard error.

mod field;
mod table;
mod units;

use std::fmt::Display;
use std::io::Write as _;
use std::time::Duration;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::Value;

/// What a command reports. With `--json` it is printed as it is serialized. People see a table of
/// its fields; the unit of a field is the end of its name, as in `peak_bytes`.
pub(crate) trait CommandReport: Serialize {
    /// Fields that are shares of one: people see percentages.
    const SHARES: &'static [&'static str] = &[];
}

impl CommandReport for Value {}

/// How a command prints.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CommandOutput {
    /// One JSON object instead of tables.
    pub(crate) json: bool,
}

impl CommandOutput {
    /// Prints a report on standard output.
    pub(crate) fn report<R: CommandReport>(self, report: &R) -> Result<()> {
        let json = serde_json::to_string(report)?;
        if self.json {
            print_line(json);
        } else {
            print_line(table::of_report(&serde_json::from_str(&json)?, R::SHARES));
        }
        Ok(())
    }

    /// A bar for `total` steps, on standard error; invisible where that is no terminal.
    pub(crate) fn progress(self, what: &str, total: u64) -> ProgressBar {
        let bar = ProgressBar::new(total);
        bar.set_style(style("{msg:>16} {bar:32} {human_pos}/{human_len} {eta}"));
        bar.set_message(what.to_owned());
        bar
    }

    /// A spinner for work whose end is not known.
    pub(crate) fn spinner(self, what: &str) -> ProgressBar {
        let bar = ProgressBar::new_spinner();
        bar.set_style(style("{msg:>16} {spinner} {elapsed}"));
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        bar
    }
}

/// Prints a line on standard output. A closed pipe is no reason to stop.
pub(crate) fn print_line(line: impl Display) {
    drop(writeln!(std::io::stdout().lock(), "{line}"));
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
