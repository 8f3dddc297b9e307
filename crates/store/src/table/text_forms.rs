//! The two forms that are text: TSV and NDJSON.

use std::io::{self, Write};

use super::{Cell, Column, field};

pub(super) struct TextForm<W> {
    out: W,
    json: bool,
    line: Vec<u8>,
}

impl<W: Write> TextForm<W> {
    pub(super) fn tsv(mut out: W, columns: &[Column]) -> io::Result<Self> {
        let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
        writeln!(out, "{}", names.join("\t"))?;
        Ok(TextForm { out, json: false, line: Vec::new() })
    }

    pub(super) fn ndjson(out: W) -> Self {
        TextForm { out, json: true, line: Vec::new() }
    }

    pub(super) fn row(&mut self, columns: &[Column], cells: &[Cell<'_>]) -> io::Result<()> {
        self.line.clear();
        if self.json {
            put_object(&mut self.line, columns, cells)?;
        } else {
            put_fields(&mut self.line, cells)?;
        }
        self.line.push(b'\n');
        self.out.write_all(&self.line)
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

fn put_fields(line: &mut Vec<u8>, cells: &[Cell<'_>]) -> io::Result<()> {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            line.push(b'\t');
        }
        match cell {
            Cell::Text(text) => line.extend(field::write(text).as_bytes()),
            Cell::Whole(number) => write!(line, "{number}")?,
            Cell::Real(number) => write!(line, "{number}")?,
            Cell::Single(number) => write!(line, "{number}")?,
            Cell::Flag(flag) => write!(line, "{flag}")?,
            Cell::Null => {}
        }
    }
    Ok(())
}

fn put_object(line: &mut Vec<u8>, columns: &[Column], cells: &[Cell<'_>]) -> io::Result<()> {
    line.push(b'{');
    for (index, (column, cell)) in columns.iter().zip(cells).enumerate() {
        if index > 0 {
            line.push(b',');
        }
        serde_json::to_writer(&mut *line, column.name)?;
        line.push(b':');
        match cell {
            Cell::Text(text) => serde_json::to_writer(&mut *line, text)?,
            Cell::Whole(number) => serde_json::to_writer(&mut *line, number)?,
            Cell::Real(number) => serde_json::to_writer(&mut *line, number)?,
            Cell::Single(number) => serde_json::to_writer(&mut *line, number)?,
            Cell::Flag(flag) => serde_json::to_writer(&mut *line, flag)?,
            Cell::Null => line.extend(b"null"),
        }
    }
    line.push(b'}');
    Ok(())
}
