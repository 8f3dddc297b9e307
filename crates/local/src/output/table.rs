//! Reports as tables.

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};

use super::field::ReportField;
use super::units::{label, text};

/// A report as people read it: one row a field, then a table for each field that consists of
/// objects. What is `null` is left out.
pub(super) fn of_report(report: &ReportField, shares: &[&str]) -> String {
    let Some(fields) = report.fields() else { return text("", report, shares) };
    let mut rows = plain_table();
    let mut nested = String::new();
    for (name, value) in fields {
        match NestedRows::of(value) {
            Some(table) if table.rows.is_empty() => {}
            Some(table) => nested += &format!("\n{}:\n{}\n", label(name), table.print(shares)),
            None if *value == ReportField::Null => {}
            None => drop(rows.add_row([label(name), text(name, value, shares)])),
        }
    }
    format!("{rows}\n{nested}").trim_matches('\n').to_owned()
}

fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table
}

/// The objects that a field consists of, a row each.
struct NestedRows<'a> {
    /// The names of the objects, if they have any.
    names: Vec<&'a str>,
    rows: Vec<&'a [(String, ReportField)]>,
}

impl<'a> NestedRows<'a> {
    /// The rows of a list of objects or of an object of objects; else `None`.
    fn of(value: &'a ReportField) -> Option<NestedRows<'a>> {
        let rows = match value {
            ReportField::List(items) => {
                let there = items.iter().filter(|&item| *item != ReportField::Null);
                there.map(ReportField::fields).collect()
            }
            ReportField::Object(fields) => fields.iter().map(|(_, value)| value.fields()).collect(),
            _ => None,
        };
        let names = value.fields().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        rows.map(|rows| NestedRows { names, rows })
    }

    fn print(&self, shares: &[&str]) -> Table {
        let columns = self.rows.iter().max_by_key(|row| row.len()).copied().unwrap_or_default();
        let name = (!self.names.is_empty()).then(String::new);
        let mut table = plain_table();
        table.set_header(name.into_iter().chain(columns.iter().map(|(column, _)| label(column))));
        for (at, row) in self.rows.iter().enumerate() {
            let name = self.names.get(at).map(|name| Cell::new(label(name)));
            let value = |column: &str| row.iter().find(|(name, _)| name == column);
            let cells = columns.iter().map(|(column, _)| match value(column) {
                Some((_, value)) => cell(text(column, value, shares), value),
                None => Cell::new(""),
            });
            table.add_row(name.into_iter().chain(cells));
        }
        table
    }
}

/// A cell; numbers are aligned at the right.
fn cell(text: String, value: &ReportField) -> Cell {
    match value {
        ReportField::Whole(_) | ReportField::Real(_) => {
            Cell::new(text).set_alignment(CellAlignment::Right)
        }
        _ => Cell::new(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(json: &str) -> Vec<String> {
        let report = of_report(&serde_json::from_str(json).unwrap(), &["full"]);
        report.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn fields_are_rows_in_their_order() {
        let report = r#"{"run": "run_1", "arcs": 4231, "full": 0.5, "seconds": 1, "next": null}"#;
        assert_eq!(lines(report), ["run run_1", "arcs 4,231", "full 50.0 %", "time 1.00 s"]);
        assert_eq!(lines(r#"{"leaf": {"ami": 1, "nmi": 1}}"#), ["leaf ami 1, nmi 1"]);
    }

    #[test]
    fn objects_within_are_a_table() {
        let stages = r#"{"run": 1, "stages": {"rank": {"seconds": 2}, "people": {"seconds": 3}}}"#;
        assert_eq!(lines(stages), ["run 1", "", "stages:", "time", "rank 2.00 s", "people 3.00 s"]);
        let levels = r#"{"levels": [{"level": 0, "ami": 0.5}, null, {"level": 1}], "keys": []}"#;
        assert_eq!(lines(levels), ["levels:", "level ami", "0 0.5000", "1"]);
    }
}
