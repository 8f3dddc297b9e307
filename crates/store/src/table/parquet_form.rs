//! The Parquet form: columns are gathered into row groups and written when a group is full.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, Encoding, LogicalType, Repetition, Type as Physical, ZstdLevel};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{ColumnPath, Type};

use super::{Cell, Column, Kind, TableError};

/// Rows in a group: what is held in memory.
const GROUP_ROWS: usize = 1 << 17;

pub(super) struct ParquetForm<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    columns: Vec<Gathered>,
    rows: usize,
}

/// One column of the group that is being gathered; absent cells have level 0 and no value.
struct Gathered {
    levels: Vec<i16>,
    values: Values,
}

enum Values {
    Text(Vec<ByteArray>),
    Whole(Vec<i64>),
    Real(Vec<f64>),
    Single(Vec<f32>),
    Flag(Vec<bool>),
}

impl<W: Write + Send> ParquetForm<W> {
    pub(super) fn new(out: W, columns: &[Column]) -> Result<Self, ParquetError> {
        let fields = columns.iter().map(field).collect::<Result<Vec<_>, _>>()?;
        let schema = Type::group_type_builder("table").with_fields(fields).build()?;
        let properties = Arc::new(properties(columns)?);
        let writer = SerializedFileWriter::new(out, Arc::new(schema), properties)?;
        let columns = columns.iter().map(|column| Gathered::new(column.kind)).collect();
        Ok(ParquetForm { writer, columns, rows: 0 })
    }

    pub(super) fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), TableError> {
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            column.push(*cell);
        }
        self.rows += 1;
        if self.rows >= GROUP_ROWS { Ok(self.write_group()?) } else { Ok(()) }
    }

    pub(super) fn finish(mut self) -> Result<W, TableError> {
        if self.rows > 0 {
            self.write_group()?;
        }
        Ok(self.writer.into_inner()?)
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        let mut group = self.writer.next_row_group()?;
        for column in &mut self.columns {
            column.write(&mut group)?;
        }
        self.rows = 0;
        group.close().map(|_| ())
    }
}

impl Gathered {
    fn new(kind: Kind) -> Gathered {
        let values = match kind {
            Kind::Text => Values::Text(Vec::new()),
            Kind::Whole => Values::Whole(Vec::new()),
            Kind::Real => Values::Real(Vec::new()),
            Kind::Single => Values::Single(Vec::new()),
            Kind::Flag => Values::Flag(Vec::new()),
        };
        Gathered { levels: Vec::new(), values }
    }

    fn push(&mut self, cell: Cell<'_>) {
        let present = match (&mut self.values, cell) {
            (Values::Text(values), Cell::Text(text)) => {
                values.push(ByteArray::from(text.as_bytes().to_vec()));
                1
            }
            (Values::Whole(values), Cell::Whole(number)) => {
                values.push(number);
                1
            }
            (Values::Real(values), Cell::Real(number)) => {
                values.push(number);
                1
            }
            (Values::Single(values), Cell::Single(number)) => {
                values.push(number);
                1
            }
            (Values::Flag(values), Cell::Flag(flag)) => {
                values.push(flag);
                1
            }
            _ => 0,
        };
        self.levels.push(present);
    }

    fn write<W: Write + Send>(
        &mut self,
        group: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Result<(), ParquetError> {
        match &mut self.values {
            Values::Text(values) => put::<ByteArrayType, W>(group, values, &self.levels)?,
            Values::Whole(values) => put::<Int64Type, W>(group, values, &self.levels)?,
            Values::Real(values) => put::<DoubleType, W>(group, values, &self.levels)?,
            Values::Single(values) => put::<FloatType, W>(group, values, &self.levels)?,
            Values::Flag(values) => put::<BoolType, W>(group, values, &self.levels)?,
        }
        self.levels.clear();
        Ok(())
    }
}

fn put<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &mut Vec<T::T>,
    levels: &[i16],
) -> Result<(), ParquetError> {
    let column = group.next_column()?;
    let mut column = column.ok_or_else(|| ParquetError::General("too few columns".to_owned()))?;
    column.typed::<T>().write_batch(values, Some(levels), None)?;
    values.clear();
    column.close()
}

/// Text has a dictionary; numbers, of which most differ, have none, and whole ones lie as differences.
fn properties(columns: &[Column]) -> Result<WriterProperties, ParquetError> {
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_statistics_enabled(EnabledStatistics::Chunk);
    for column in columns.iter().filter(|column| column.kind != Kind::Text) {
        let path = ColumnPath::from(column.name);
        builder = builder.set_column_dictionary_enabled(path.clone(), false);
        if column.kind == Kind::Whole {
            builder = builder.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        }
    }
    Ok(builder.build())
}

fn field(column: &Column) -> Result<Arc<Type>, ParquetError> {
    let physical = match column.kind {
        Kind::Text => Physical::BYTE_ARRAY,
        Kind::Whole => Physical::INT64,
        Kind::Real => Physical::DOUBLE,
        Kind::Single => Physical::FLOAT,
        Kind::Flag => Physical::BOOLEAN,
    };
    let logical = (column.kind == Kind::Text).then_some(LogicalType::String);
    let builder = Type::primitive_type_builder(column.name, physical);
    let built = builder.with_repetition(Repetition::OPTIONAL).with_logical_type(logical).build()?;
    Ok(Arc::new(built))
}
