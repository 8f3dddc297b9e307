//! Loading rows by binary COPY: for imports and for the tables of runs.

use std::pin::pin;

use bytes::Bytes;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};

use super::failure::{failed, failed_copy};
use super::transaction::PgTransaction;
use crate::StoreError;

/// The table that rows are copied into, and those of its columns that they have.
#[derive(Debug, Clone)]
pub(super) struct CopyTarget {
    pub(super) table: String,
    pub(super) columns: Vec<(&'static str, Type)>,
}

/// A row that can be copied: its values, in the order of the target's columns.
pub(super) trait CopyRow {
    fn values(&self) -> Vec<&(dyn ToSql + Sync)>;
}

impl CopyTarget {
    /// The names of the columns, joined by commas.
    pub(super) fn names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        names.join(", ")
    }
}

impl PgTransaction<'_> {
    /// Adds rows. One that is there already is an error that passes: a second try finds it.
    pub(super) async fn copy<'a, R: CopyRow + 'a>(
        &self,
        target: &CopyTarget,
        rows: impl IntoIterator<Item = &'a R>,
    ) -> Result<u64, StoreError> {
        let sql = format!("copy {} ({}) from stdin binary", target.table, target.names());
        let what = self.what();
        let sink =
            self.inner().copy_in::<_, Bytes>(sql.as_str()).await.map_err(|e| failed(what, e))?;
        let types: Vec<Type> = target.columns.iter().map(|(_, kind)| kind.clone()).collect();
        let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
        for row in rows {
            writer.as_mut().write(&row.values()).await.map_err(|e| failed(what, e))?;
        }
        writer.finish().await.map_err(|e| failed_copy(what, e))
    }
}
