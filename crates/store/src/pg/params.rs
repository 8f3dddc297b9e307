//! The values of a statement, with their types.

use tokio_postgres::types::{ToSql, Type};

/// The values of a statement with their types, so that no round trip has to fetch them.
pub(crate) type Params<'a> = [(&'a (dyn ToSql + Sync), Type)];

/// `params![a => INT8, b => TEXT_ARRAY]`: values with their types.
macro_rules! params {
    ($($value:expr => $kind:ident),* $(,)?) => {
        &[$((
            &$value as &(dyn tokio_postgres::types::ToSql + Sync),
            tokio_postgres::types::Type::$kind,
        )),*]
    };
}
pub(crate) use params;

/// One column of many rows, as an array for `unnest`.
pub(super) fn column<'a, R, V>(rows: &'a [R], value: impl Fn(&'a R) -> V) -> Vec<V> {
    rows.iter().map(value).collect()
}
