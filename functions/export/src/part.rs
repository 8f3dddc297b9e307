//! A part: rows to bytes, and back.

use std::io::Read as _;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use model::export::{HeldIds, PartFile, PartReading};
use model::{ExportFormat, ExportSubject};
use sha2::{Digest as _, Sha256};
use store::table::{CellValue, Column, Form, TableError, TableWriter, json_row, parquet_rows};

use crate::consent::NamingProfiles;
use crate::schema::{RowNames, columns};

/// What the bytes of a part unpack to at most: twice what 100,000 rows have.
const UNPACKED_MAX: u64 = 100 << 20;

/// What the rows of a part are, and in which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartForm {
    /// What the rows are.
    pub what: ExportSubject,
    /// The form of the file.
    pub format: ExportFormat,
}

/// A part that is being written.
pub(crate) struct PartWriter {
    columns: &'static [Column],
    table: PartTable,
    names: NamingProfiles,
    rows: u64,
}

enum PartTable {
    Ndjson(Box<TableWriter<GzEncoder<Vec<u8>>>>),
    Parquet(Box<TableWriter<Vec<u8>>>),
}

/// A part as it is sealed.
pub(crate) struct SealedPart {
    pub(crate) file: PartFile,
    pub(crate) bytes: Vec<u8>,
}

impl PartWriter {
    /// A part without rows.
    pub(crate) fn new(form: PartForm) -> Result<Self, TableError> {
        let columns = columns(form.what);
        let table = match form.format {
            ExportFormat::Ndjson => {
                // Without a time or a name, so that the same rows are the same bytes.
                let out = GzEncoder::new(Vec::new(), Compression::default());
                PartTable::Ndjson(Box::new(TableWriter::new(Form::Ndjson, columns, out)?))
            }
            ExportFormat::Parquet => {
                let out = Vec::new();
                PartTable::Parquet(Box::new(TableWriter::new(Form::Parquet, columns, out)?))
            }
        };
        Ok(PartWriter { columns, table, names: NamingProfiles::default(), rows: 0 })
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, row: &[CellValue]) -> Result<(), TableError> {
        let cells: Vec<_> = row.iter().map(CellValue::cell).collect();
        match &mut self.table {
            PartTable::Ndjson(table) => table.row(&cells)?,
            PartTable::Parquet(table) => table.row(&cells)?,
        }
        self.names.listed.extend(RowNames::of(self.columns, row).numbers());
        self.rows += 1;
        Ok(())
    }

    /// Notes by which profiles its rows name people.
    pub(crate) fn named_by(&mut self, profiles: NamingProfiles) {
        self.names.extend(profiles);
    }

    /// How many rows it has.
    pub(crate) const fn rows(&self) -> u64 {
        self.rows
    }

    /// Ends it. `reading` is when its rows began to be read.
    pub(crate) fn seal(self, reading: PartReading) -> Result<SealedPart, TableError> {
        let bytes = match self.table {
            PartTable::Ndjson(table) => table.finish()?.0.finish()?,
            PartTable::Parquet(table) => table.finish()?.0,
        };
        let file = PartFile {
            rows: self.rows,
            bytes: bytes.len() as u64,
            sha256: Sha256::digest(&bytes).into(),
            held: HeldIds::from_iter(self.names.listed),
            by_bio: HeldIds::from_iter(self.names.by_bio),
            reading,
        };
        Ok(SealedPart { file, bytes })
    }
}

/// Reads the rows of a part, for each of which the function is called.
///
/// # Errors
/// The bytes are no such part; those of the function.
pub fn read_part(
    form: PartForm,
    bytes: Vec<u8>,
    mut each: impl FnMut(Vec<CellValue>) -> Result<(), TableError>,
) -> Result<(), TableError> {
    if form.format == ExportFormat::Parquet {
        return parquet_rows(bytes.into(), each);
    }
    let mut text = String::new();
    GzDecoder::new(bytes.as_slice()).take(UNPACKED_MAX).read_to_string(&mut text)?;
    text.lines().try_for_each(|line| each(json_row(columns(form.what), line)?))
}

#[cfg(test)]
mod tests {
    use model::{PersonId, ProfileId, Timestamp};

    use super::*;

    fn reading() -> PartReading {
        PartReading { at: Timestamp::UNIX_EPOCH, seen: "1:1:".parse().unwrap() }
    }

    fn profile(number: u64, person: u64) -> Vec<CellValue> {
        let text = |text: String| CellValue::Text(text);
        let ids = [
            text(ProfileId::new(number).to_string()),
            text(PersonId::new(person).to_string()),
            text("bluesky".to_owned()),
            text("unknown".to_owned()),
        ];
        ids.into_iter().chain([CellValue::Whole(7), CellValue::Null, CellValue::Null]).collect()
    }

    fn rows(form: PartForm, bytes: Vec<u8>) -> Vec<Vec<CellValue>> {
        let mut rows = Vec::new();
        read_part(form, bytes, |row| {
            rows.push(row);
            Ok(())
        })
        .unwrap();
        rows
    }

    #[test]
    fn a_part_reads_back() {
        for format in ExportFormat::ALL.iter().copied() {
            let form = PartForm { what: ExportSubject::Profiles, format };
            let written = |rows: &[Vec<CellValue>]| {
                let mut part = PartWriter::new(form).unwrap();
                rows.iter().for_each(|row| part.row(row).unwrap());
                part.named_by(NamingProfiles { listed: vec![2, 5], by_bio: vec![5] });
                part.seal(reading()).unwrap()
            };
            let all = [profile(1, 1), profile(2, 2), profile(3, 2)];
            let part = written(&all);
            assert_eq!((part.file.rows, part.file.bytes), (3, part.bytes.len() as u64));
            assert_eq!(part.file.held, HeldIds::from_iter([1, 2, 3, 5]));
            assert_eq!(part.file.by_bio, HeldIds::from_iter([5]));
            assert_eq!(rows(form, part.bytes.clone()), all);
            assert_eq!(part.file.sha256, written(&all).file.sha256, "the same rows");
            let none = written(&[]);
            assert_eq!((none.file.rows, rows(form, none.bytes).len()), (0, 0));
        }
    }
}
