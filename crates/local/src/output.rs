//! What people and programs see: tables or one JSON object on standard output, progress on
//! standard error.

use std::fmt::Display;
use std::io::Write as _;
use std::time::Duration;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

/// How a command answers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// One JSON object instead of tables.
    pub(crate) json: bool,
}

impl Output {
    /// Prints an answer: an object's fields as a table of two columns, or as JSON. `null` has been
    /// answered already.
    pub(crate) fn answer(self, answer: &Value) {
        if answer.is_null() {
            return;
        }
        if self.json {
            say(answer);
        } else if let Value::Object(fields) = answer {
            let mut table = plain_table();
            for (name, value) in fields {
                for row in rows(name, value) {
                    table.add_row(row);
                }
            }
            say(table);
        } else {
            say(shown(answer));
        }
    }

    /// Prints rows under a header; nothing with `--json`.
    pub(crate) fn table(self, header: &[&str], rows: &[Vec<String>]) {
        if self.json {
            return;
        }
        let mut table = plain_table();
        table.set_header(header.iter().map(|name| name.replace('_', " ")));
        for row in rows {
            table.add_row(row);
        }
        for index in 1..header.len() {
            if let Some(column) = table.column_mut(index) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        say(table);
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

/// Prints a line on standard output. Whoever reads it may have left: that is no reason to stop.
pub(crate) fn say(line: impl Display) {
    drop(writeln!(std::io::stdout().lock(), "{line}"));
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table
}

/// A field as rows of two columns: one, or one for each of the objects in it.
fn rows(name: &str, value: &Value) -> Vec<[String; 2]> {
    match value {
        Value::Null => Vec::new(),
        Value::Object(fields) if fields.values().all(Value::is_object) => fields
            .iter()
            .flat_map(|(field, value)| rows(&format!("{name} {field}"), value))
            .collect(),
        _ => vec![[name.replace('_', " "), shown(value)]],
    }
}

/// A value as people read it: thousands apart, at most four decimals.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_u64() {
            Some(whole) => thousands(whole),
            None => format!("{:.4}", number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| {
                format!("{} {}", name.replace('_', " "), shown(value))
            };
            fields.iter().map(field).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_readable() {
        assert_eq!(shown(&json!(1_234_567)), "1,234,567");
        assert_eq!(shown(&json!(12)), "12");
        assert_eq!(shown(&json!(0.123_456)), "0.1235");
        assert_eq!(shown(&json!(["a", "b"])), "a, b");
    }

    #[test]
    fn objects_within_are_rows_of_their_own() {
        let stages = json!({"rank": {"cpu_seconds": 0.5}, "people": {"cpu_seconds": 2}});
        let wanted = [["stages people", "cpu seconds 2"], ["stages rank", "cpu seconds 0.5000"]];
        assert_eq!(rows("stages", &stages), wanted);
        assert_eq!(rows("leaf", &json!({"ami": 1, "nmi": 1})), [["leaf", "ami 1, nmi 1"]]);
        assert!(rows("run", &Value::Null).is_empty());
    }
}
