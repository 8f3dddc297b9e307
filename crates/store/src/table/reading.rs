//! Tables read back, as far as we wrote them: NDJSON and Parquet.

use bytes::Bytes;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;
use serde_json::Value;

use super::{Cell, Column, Kind, TableError};

/// A cell that is its own.
#[derive(Debug, Clone, PartialEq)]
pub enum CellValue {
    /// Of a column of text.
    Text(String),
    /// Of a column of whole numbers.
    Whole(i64),
    /// Of a column of real numbers.
    Real(f64),
    /// Of a column of single-precision numbers.
    Single(f32),
    /// Of a column of flags.
    Flag(bool),
    /// Nothing.
    Null,
}

impl CellValue {
    /// The cell as it is written.
    pub fn cell(&self) -> Cell<'_> {
        match self {
            CellValue::Text(text) => Cell::Text(text),
            CellValue::Whole(number) => Cell::Whole(*number),
            CellValue::Real(number) => Cell::Real(*number),
            CellValue::Single(number) => Cell::Single(*number),
            CellValue::Flag(flag) => Cell::Flag(*flag),
            CellValue::Null => Cell::Null,
        }
    }
}

/// Reads a row of NDJSON.
///
/// # Errors
/// [`TableError::Unreadable`] if it is not a row of these columns.
pub fn json_row(columns: &[Column], line: &str) -> Result<Vec<CellValue>, TableError> {
    let row: Value = serde_json::from_str(line).map_err(|_| TableError::Unreadable)?;
    columns.iter().map(|column| json_cell(column.kind, &row[column.name])).collect()
}

fn json_cell(kind: Kind, value: &Value) -> Result<CellValue, TableError> {
    if value.is_null() {
        return Ok(CellValue::Null);
    }
    let cell = match kind {
        Kind::Text => value.as_str().map(|text| CellValue::Text(text.to_owned())),
        Kind::Whole => value.as_i64().map(CellValue::Whole),
        Kind::Real => value.as_f64().map(CellValue::Real),
        Kind::Single => value.as_f64().map(|number| CellValue::Single(number as f32)),
        Kind::Flag => value.as_bool().map(CellValue::Flag),
    };
    cell.ok_or(TableError::Unreadable)
}

/// Reads the rows of a Parquet table in their order, for each of which the function is called.
///
/// # Errors
/// [`TableError::Unreadable`] if a cell is of no kind that we write; those of the decoder and of the function.
pub fn parquet_rows(
    table: Bytes,
    mut each: impl FnMut(Vec<CellValue>) -> Result<(), TableError>,
) -> Result<(), TableError> {
    let reader = SerializedFileReader::new(table)?;
    for row in reader.get_row_iter(None)? {
        let row = row?;
        let cells = row.get_column_iter().map(|(_, field)| parquet_cell(field));
        each(cells.collect::<Result<_, _>>()?)?;
    }
    Ok(())
}

fn parquet_cell(field: &Field) -> Result<CellValue, TableError> {
    Ok(match field {
        Field::Null => CellValue::Null,
        Field::Bool(flag) => CellValue::Flag(*flag),
        Field::Long(number) => CellValue::Whole(*number),
        Field::Float(number) => CellValue::Single(*number),
        Field::Double(number) => CellValue::Real(*number),
        Field::Str(text) => CellValue::Text(text.clone()),
        _ => return Err(TableError::Unreadable),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Form, TableWriter};
    use super::*;

    const COLUMNS: &[Column] = &[
        Column::new("person", Kind::Text),
        Column::new("rank", Kind::Whole),
        Column::new("share", Kind::Real),
        Column::new("trust", Kind::Single),
        Column::new("member", Kind::Flag),
    ];

    fn rows() -> Vec<Vec<CellValue>> {
        use CellValue::{Flag, Null, Real, Single, Text, Whole};
        vec![
            vec![Text("per_1".to_owned()), Whole(i64::MAX), Real(0.1), Single(0.1), Flag(false)],
            vec![Text("per_2".to_owned()), Null, Null, Null, Null],
        ]
    }

    fn written(form: Form) -> Vec<u8> {
        let mut table = TableWriter::new(form, COLUMNS, Vec::new()).unwrap();
        for row in rows() {
            table.row(&row.iter().map(CellValue::cell).collect::<Vec<_>>()).unwrap();
        }
        table.finish().unwrap().0
    }

    #[test]
    fn what_was_written_reads_back() {
        let mut found = Vec::new();
        parquet_rows(written(Form::Parquet).into(), |row| {
            found.push(row);
            Ok(())
        })
        .unwrap();
        assert_eq!(found, rows());
        let text = String::from_utf8(written(Form::Ndjson)).unwrap();
        let found: Vec<_> = text.lines().map(|line| json_row(COLUMNS, line).unwrap()).collect();
        assert_eq!(found, rows());
    }

    #[test]
    fn other_bytes_are_refused() {
        assert!(matches!(json_row(COLUMNS, "{"), Err(TableError::Unreadable)));
        assert!(matches!(json_row(COLUMNS, r#"{"person":1}"#), Err(TableError::Unreadable)));
        assert!(parquet_rows(b"no table".to_vec().into(), |_| Ok(())).is_err());
    }
}
