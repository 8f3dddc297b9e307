//! Rows to files: tab-separated values, newline-delimited JSON, or Parquet.
//!
//! One [`TableWriter`] writes one table of named, typed columns; what does not fit memory streams
//! through it. [`field`] has the form of a text in TSV. Numbers are written in their shortest
//! form: a single-precision 0.001 is `0.001`.

pub mod field;
mod parquet_form;
mod reading;
mod text_forms;

use std::io::Write;
use std::path::Path;

pub use parquet_form::{Encoded, GROUP_ROWS, Group, ParquetTable};
pub use reading::{CellValue, json_row, parquet_rows};
use text_forms::TextForm;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8 text.
    Text,
    /// A whole number of 64 bits.
    Whole,
    /// A double-precision number.
    Real,
    /// A single-precision number.
    Single,
    /// True or false.
    Flag,
}

/// One column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name, in the header.
    pub name: &'static str,
    /// What it holds; every column may also hold nothing.
    pub kind: Kind,
}

impl Column {
    /// A column by name and kind.
    pub const fn new(name: &'static str, kind: Kind) -> Column {
        Column { name, kind }
    }
}

/// One cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// For a column of text.
    Text(&'a str),
    /// For a column of whole numbers.
    Whole(i64),
    /// For a column of real numbers; must be finite.
    Real(f64),
    /// For a column of single-precision numbers; must be finite.
    Single(f32),
    /// For a column of flags.
    Flag(bool),
    /// Nothing, in any column.
    Null,
}

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Tab-separated values with a header.
    Tsv,
    /// One JSON object a line.
    Ndjson,
    /// Apache Parquet, zstd-compressed.
    Parquet,
}

/// Why a table cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The file's name has no known ending.
    #[error("`{0}` has no known ending: take .tsv, .ndjson or .parquet")]
    UnknownForm(String),
    /// The row has another number of cells, or a cell of another kind, than the columns.
    #[error("a row does not fit column {0}")]
    BadRow(usize),
    /// What is read is no such table.
    #[error("these bytes are no table of ours")]
    Unreadable,
    /// Writing failed.
    #[error("write the table: {0}")]
    Io(#[from] std::io::Error),
    /// The Parquet encoder failed.
    #[error("write the table as Parquet: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
}

impl Form {
    /// The form that a file's name ends in, in letters of either case.
    pub fn of(path: &Path) -> Result<Form, TableError> {
        let end = path.extension().unwrap_or_default().to_ascii_lowercase();
        match end.to_str() {
            Some("tsv") => Ok(Form::Tsv),
            Some("ndjson" | "jsonl") => Ok(Form::Ndjson),
            Some("parquet") => Ok(Form::Parquet),
            _ => Err(TableError::UnknownForm(path.display().to_string())),
        }
    }
}

/// Writes the rows of one table.
pub struct TableWriter<W: Write + Send> {
    columns: &'static [Column],
    form: Writing<W>,
}

enum Writing<W: Write + Send> {
    /// A form of text, and how many rows it has.
    Text(TextForm<W>, u64),
    /// A table, and the group that is not full yet.
    Parquet(Box<(ParquetTable<W>, Group)>),
}

impl<W: Write + Send> TableWriter<W> {
    /// Begins a table; the header is written at once.
    ///
    /// ```
    /// use store::table::{Cell, Column, Form, Kind, TableWriter};
    ///
    /// const COLUMNS: &[Column] = &[Column::new("node", Kind::Text), Column::new("rank", Kind::Whole)];
    /// let mut table = TableWriter::new(Form::Tsv, COLUMNS, Vec::new())?;
    /// table.row(&[Cell::Text("ada"), Cell::Whole(1)])?;
    /// table.row(&[Cell::Text("bob"), Cell::Null])?;
    /// let (bytes, rows) = table.finish()?;
    /// assert_eq!((bytes.as_slice(), rows), (b"node\trank\nada\t1\nbob\t\n".as_slice(), 2));
    /// # Ok::<(), store::table::TableError>(())
    /// ```
    pub fn new(form: Form, columns: &'static [Column], out: W) -> Result<Self, TableError> {
        let writing = match form {
            Form::Tsv => Writing::Text(TextForm::tsv(out, columns)?, 0),
            Form::Ndjson => Writing::Text(TextForm::ndjson(out), 0),
            Form::Parquet => {
                let table = ParquetTable::new(columns, out)?;
                let group = table.group();
                Writing::Parquet(Box::new((table, group)))
            }
        };
        Ok(TableWriter { columns, form: writing })
    }

    /// Writes one row: a cell for each column.
    pub fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), TableError> {
        match &mut self.form {
            Writing::Text(text, rows) => {
                check(self.columns, cells)?;
                *rows += 1;
                Ok(text.row(self.columns, cells)?)
            }
            Writing::Parquet(parquet) => {
                let (table, group) = &mut **parquet;
                group.row(cells)?;
                if group.rows() < GROUP_ROWS {
                    return Ok(());
                }
                table.append(std::mem::replace(group, table.group()).encode()?)
            }
        }
    }

    /// Ends the table and flushes it; returns the sink and how many rows it got.
    pub fn finish(self) -> Result<(W, u64), TableError> {
        match self.form {
            Writing::Text(text, rows) => Ok((text.finish()?, rows)),
            Writing::Parquet(parquet) => {
                let (mut table, group) = *parquet;
                table.append(group.encode()?)?;
                table.finish()
            }
        }
    }
}

fn check(columns: &[Column], cells: &[Cell<'_>]) -> Result<(), TableError> {
    if columns.len() != cells.len() {
        return Err(TableError::BadRow(columns.len().min(cells.len())));
    }
    let bad = columns.iter().zip(cells).position(|(column, cell)| !fits(column.kind, *cell));
    bad.map_or(Ok(()), |index| Err(TableError::BadRow(index)))
}

fn fits(kind: Kind, cell: Cell<'_>) -> bool {
    match cell {
        Cell::Text(_) => kind == Kind::Text,
        Cell::Whole(_) => kind == Kind::Whole,
        Cell::Real(number) => kind == Kind::Real && number.is_finite(),
        Cell::Single(number) => kind == Kind::Single && number.is_finite(),
        Cell::Flag(_) => kind == Kind::Flag,
        Cell::Null => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[
        Column::new("node", Kind::Text),
        Column::new("level", Kind::Whole),
        Column::new("share", Kind::Real),
        Column::new("trust", Kind::Single),
        Column::new("member", Kind::Flag),
    ];

    fn written(form: Form) -> Vec<u8> {
        let mut table = TableWriter::new(form, COLUMNS, Vec::new()).unwrap();
        let ada = Cell::Text("a\td\\a");
        let (level, share) = (Cell::Whole(2), Cell::Real(0.5));
        table.row(&[ada, level, share, Cell::Single(0.2), Cell::Flag(true)]).unwrap();
        table.row(&[Cell::Text("bob"), Cell::Null, Cell::Null, Cell::Null, Cell::Null]).unwrap();
        let (bytes, rows) = table.finish().unwrap();
        assert_eq!(rows, 2);
        bytes
    }

    #[test]
    fn tsv_has_a_header_and_a_line_a_row() {
        let text = String::from_utf8(written(Form::Tsv)).unwrap();
        assert_eq!(
            text,
            "node\tlevel\tshare\ttrust\tmember\n\"a\\td\\\\a\"\t2\t0.5\t0.2\ttrue\nbob\t\t\t\t\n"
        );
    }

    #[test]
    fn ndjson_is_an_object_a_line() {
        let text = String::from_utf8(written(Form::Ndjson)).unwrap();
        let rows: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(rows[0]["node"], "a\td\\a");
        assert_eq!((&rows[0]["share"], &rows[0]["trust"]), (&0.5.into(), &0.2.into()));
        assert!(rows[1]["level"].is_null());
    }

    #[test]
    fn parquet_reads_back() {
        use parquet::file::reader::{FileReader, SerializedFileReader};
        let bytes = bytes::Bytes::from(written(Form::Parquet));
        let reader = SerializedFileReader::new(bytes).unwrap();
        let rows: Vec<String> =
            reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect();
        assert_eq!(rows[0], "{node: \"a\td\\a\", level: 2, share: 0.5, trust: 0.2, member: true}");
        assert_eq!(rows[1], "{node: \"bob\", level: null, share: null, trust: null, member: null}");
    }

    #[test]
    fn groups_are_made_apart_and_empty_ones_left_out() {
        use parquet::file::reader::{FileReader, SerializedFileReader};
        let mut table = ParquetTable::new(COLUMNS, Vec::new()).unwrap();
        let (mut first, empty, mut last) = (table.group(), table.group(), table.group());
        let rest = [Cell::Null; 4];
        let row = |level| [[Cell::Text("ada"), Cell::Whole(level)].as_slice(), &rest[1..]].concat();
        (1..=3).for_each(|level| last.row(&row(level)).unwrap());
        first.row(&row(0)).unwrap();
        assert!(matches!(first.row(&rest), Err(TableError::BadRow(4))));
        for group in [first, empty, last] {
            table.append(group.encode().unwrap()).unwrap();
        }
        let (bytes, rows) = table.finish().unwrap();
        let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
        assert_eq!((rows, reader.num_row_groups()), (4, 2));
        let levels = reader.get_row_iter(None).unwrap();
        let levels: Vec<String> = levels.map(|row| row.unwrap().to_string()).collect();
        assert!((0..4).all(|at| levels[at].contains(&format!("level: {at}"))), "{levels:?}");
    }

    #[test]
    fn a_row_that_does_not_fit_is_refused() {
        let mut table = TableWriter::new(Form::Tsv, COLUMNS, Vec::new()).unwrap();
        assert!(matches!(table.row(&[Cell::Null]), Err(TableError::BadRow(1))));
        let wrong = [Cell::Text("a"), Cell::Real(1.0), Cell::Null, Cell::Null, Cell::Null];
        assert!(matches!(table.row(&wrong), Err(TableError::BadRow(1))));
        let infinite =
            [Cell::Text("a"), Cell::Null, Cell::Null, Cell::Single(f32::NAN), Cell::Null];
        assert!(matches!(table.row(&infinite), Err(TableError::BadRow(3))));
    }

    #[test]
    fn the_name_says_the_form() {
        assert_eq!(Form::of(Path::new("a/b.tsv")).unwrap(), Form::Tsv);
        assert_eq!(Form::of(Path::new("b.TSV")).unwrap(), Form::Tsv);
        assert_eq!(Form::of(Path::new("b.parquet")).unwrap(), Form::Parquet);
        assert!(Form::of(Path::new("b.csv")).unwrap_err().to_string().contains(".ndjson"));
    }
}
