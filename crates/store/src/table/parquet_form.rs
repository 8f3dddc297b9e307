//! The Parquet form: rows are gathered into groups, and a group is written when it is full. Groups can
//! be made apart from the table, many at once.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, LogicalType, Repetition, Type as Physical, ZstdLevel};
use parquet::column::writer::{
    ColumnCloseResult, ColumnWriter, get_column_writer, get_typed_column_writer_mut,
};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::{SerializedFileWriter, SerializedPageWriter, TrackedWrite};
use parquet::schema::types::{ColumnDescPtr, ColumnPath, SchemaDescPtr, Type};

use super::{Cell, Column, Kind, TableError, check};

/// Rows in a full group: what is held in memory.
pub const GROUP_ROWS: usize = 1 << 17;

/// A table that is written group by group.
pub struct ParquetTable<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    columns: &'static [Column],
    rows: u64,
}

/// Rows that are gathered for a table. They are encoded apart from it, and from other groups.
pub struct Group {
    columns: &'static [Column],
    gathered: Vec<Gathered>,
    schema: SchemaDescPtr,
    properties: WriterPropertiesPtr,
    rows: usize,
}

/// A group as it is written.
pub struct Encoded {
    columns: Vec<(Bytes, ColumnCloseResult)>,
    rows: usize,
}

/// One column of a group that is being gathered; absent cells have level 0 and no value.
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

impl<W: Write + Send> ParquetTable<W> {
    /// Begins a table without rows.
    pub fn new(columns: &'static [Column], out: W) -> Result<Self, TableError> {
        let fields = columns.iter().map(field).collect::<Result<Vec<_>, _>>()?;
        let schema = Type::group_type_builder("table").with_fields(fields).build()?;
        let properties = Arc::new(properties(columns)?);
        let writer = SerializedFileWriter::new(out, Arc::new(schema), properties)?;
        Ok(ParquetTable { writer, columns, rows: 0 })
    }

    /// A group for this table, without rows.
    pub fn group(&self) -> Group {
        Group {
            columns: self.columns,
            gathered: self.columns.iter().map(|column| Gathered::new(column.kind)).collect(),
            schema: Arc::new(self.writer.schema_descr().clone()),
            properties: self.writer.properties().clone(),
            rows: 0,
        }
    }

    /// Writes a group after those before; one without rows is left out.
    pub fn append(&mut self, encoded: Encoded) -> Result<(), TableError> {
        if encoded.rows == 0 {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        for (pages, close) in encoded.columns {
            group.append_column(&pages, close)?;
        }
        group.close()?;
        self.rows += encoded.rows as u64;
        Ok(())
    }

    /// Ends the table and flushes it; returns the sink and how many rows it got.
    pub fn finish(self) -> Result<(W, u64), TableError> {
        Ok((self.writer.into_inner()?, self.rows))
    }
}

impl Group {
    /// Adds one row: a cell for each column.
    pub fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), TableError> {
        check(self.columns, cells)?;
        for (column, cell) in self.gathered.iter_mut().zip(cells) {
            column.push(*cell);
        }
        self.rows += 1;
        Ok(())
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Encodes it for [`ParquetTable::append`].
    pub fn encode(self) -> Result<Encoded, TableError> {
        let columns = self.gathered.into_iter().zip(self.schema.columns());
        let encoded = columns.map(|(column, field)| column.encode(field, &self.properties));
        Ok(Encoded { columns: encoded.collect::<Result<_, _>>()?, rows: self.rows })
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

    /// The pages of the column's part of a group.
    fn encode(
        self,
        field: &ColumnDescPtr,
        properties: &WriterPropertiesPtr,
    ) -> Result<(Bytes, ColumnCloseResult), ParquetError> {
        let mut pages = TrackedWrite::new(Vec::new());
        let out = Box::new(SerializedPageWriter::new(&mut pages));
        let mut column = get_column_writer(field.clone(), properties.clone(), out);
        let levels = &self.levels;
        match &self.values {
            Values::Text(values) => put::<ByteArrayType>(&mut column, values, levels)?,
            Values::Whole(values) => put::<Int64Type>(&mut column, values, levels)?,
            Values::Real(values) => put::<DoubleType>(&mut column, values, levels)?,
            Values::Single(values) => put::<FloatType>(&mut column, values, levels)?,
            Values::Flag(values) => put::<BoolType>(&mut column, values, levels)?,
        }
        let close = column.close()?;
        Ok((Bytes::from(pages.into_inner()?), close))
    }
}

fn put<T: DataType>(
    column: &mut ColumnWriter<'_>,
    values: &[T::T],
    levels: &[i16],
) -> Result<(), ParquetError> {
    get_typed_column_writer_mut::<T>(column).write_batch(values, Some(levels), None)?;
    Ok(())
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
