//! Indexes of large tables, built before their migration while others write.
//!
//! `create index` keeps writers out until it is done; `create index concurrently` runs in no transaction
//! and not on a partitioned table. So an index of a partitioned table is first built on each partition,
//! concurrently. The migration then finds these, and only attaches them. Each step may be repeated: what
//! an interrupted one left is dropped, and built again.

use refinery::Migration;
use tokio_postgres::Client;

use crate::StoreError;
use crate::pg::failure::failed;

/// The partitions of a table, each with the state of an index: null if it has none of this name.
const PARTITIONS: &str = "select c.relname partition, i.indisvalid is_valid
    from pg_partition_tree(to_regclass($1)) t join pg_class c on c.oid = t.relid
    left join pg_index i on i.indexrelid = to_regclass(c.relname || $2)
    where t.isleaf order by c.oid";
/// A build reads the whole table and waits for every transaction that is older. No one waits for it
/// meanwhile, so it may take its time.
const WAIT: &str = "set lock_timeout = 0; set statement_timeout = 0";
const WAIT_NO_MORE: &str = "reset lock_timeout; reset statement_timeout";

/// An index that a migration creates, and nothing else: `create index NAME on TABLE DEFINITION;`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NewIndex<'a> {
    name: &'a str,
    table: &'a str,
    definition: &'a str,
}

impl NewIndex<'_> {
    /// The index of a migration; `None` if it does anything else.
    pub(super) fn of(migration: &Migration) -> Option<NewIndex<'_>> {
        let mut statement = migration.sql()?.trim();
        while statement.starts_with("--") {
            statement = statement.split_once('\n')?.1.trim_start();
        }
        let (name, rest) = statement.strip_prefix("create index ")?.split_once(" on ")?;
        let (table, definition) = rest.strip_suffix(';')?.split_once(char::is_whitespace)?;
        let is_one = !definition.contains(';') && !name.contains(' ');
        is_one.then_some(NewIndex { name, table, definition })
    }

    /// Builds it on every partition that has none. Of a table without partitions the migration itself
    /// builds it.
    pub(super) async fn build(&self, client: &Client) -> Result<(), StoreError> {
        let error = |e| failed("migrate", e);
        let suffix = self.suffix();
        let partitions = client.query(PARTITIONS, &[&self.table, &suffix]).await.map_err(error)?;
        client.batch_execute(WAIT).await.map_err(error)?;
        for row in &partitions {
            let is_valid: Option<bool> = row.get("is_valid");
            if is_valid != Some(true) {
                let is_interrupted = is_valid.is_some();
                self.build_on(client, row.get("partition"), is_interrupted).await.map_err(error)?;
            }
        }
        client.batch_execute(WAIT_NO_MORE).await.map_err(error)
    }

    async fn build_on(
        &self,
        client: &Client,
        partition: &str,
        is_interrupted: bool,
    ) -> Result<(), tokio_postgres::Error> {
        let (suffix, definition) = (self.suffix(), self.definition);
        if is_interrupted {
            let drop = format!("drop index concurrently {partition}{suffix}");
            client.batch_execute(&drop).await?;
        }
        tracing::info!(partition, index = self.name, "building an index");
        let create =
            format!("create index concurrently {partition}{suffix} on {partition} {definition}");
        client.batch_execute(&create).await
    }

    /// What the name of a partition's index has after the partition's.
    fn suffix(&self) -> String {
        format!("_{}", self.name.strip_prefix(self.table).unwrap_or(self.name).trim_matches('_'))
    }
}

#[cfg(test)]
mod tests;
