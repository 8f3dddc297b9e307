//! Rows of answers, read by the names of their columns.
//!
//! What cannot be read is an error that names table, column and row.

use std::fmt::Display;
use std::str::FromStr;

use model::{PersonId, ProfileId};
use serde::de::DeserializeOwned;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::failure::cause;
use super::value::{corrupt, profile_id};
use crate::StoreError;

/// A table, and the column that identifies its rows in errors.
#[derive(Debug, Clone, Copy)]
pub(super) struct SqlTable {
    name: &'static str,
    key: &'static str,
}

pub(super) const ACCOUNT_KEY: SqlTable = SqlTable::new("ident", "profile_id");
pub(super) const ADDED_PLATFORM: SqlTable = SqlTable::new("added_platform", "slug");
pub(super) const ADJACENCY: SqlTable = SqlTable::new("adjacency", "profile_id");
pub(super) const ANSWER_COUNT: SqlTable = SqlTable::new("answer_count", "key_id");
pub(super) const API_KEY: SqlTable = SqlTable::new("api_key", "key_id");
pub(super) const AUDIT_LOG: SqlTable = SqlTable::new("audit_log", "audit_id");
pub(super) const CHANGE_LOG: SqlTable = SqlTable::new("change_log", "seq");
pub(super) const CHANGE_PAGE: SqlTable = SqlTable::new("change_page", "payer_id");
pub(super) const CHANGE_SEQUENCE: SqlTable = SqlTable::new("change_sequence", "last_position");
pub(super) const CHARGE: SqlTable = SqlTable::new("charge", "payer_id");
pub(super) const CLASS_USE: SqlTable = SqlTable::new("class_use", "payer_id");
pub(super) const COMMUNITY: SqlTable = SqlTable::new("community", "community_id");
pub(super) const COMMUNITY_EVENT: SqlTable = SqlTable::new("community_event", "community_id");
pub(super) const CONSUMER: SqlTable = SqlTable::new("consumer", "name");
pub(super) const CRAWL_PART: SqlTable = SqlTable::new("crawl_part", "profile_id");
pub(super) const CRAWL_PROGRESS: SqlTable = SqlTable::new("crawl_progress", "profile_id");
pub(super) const CREDIT_GRANT: SqlTable = SqlTable::new("credit_grant", "grant_number");
pub(super) const CREDIT_LEASE: SqlTable = SqlTable::new("credit_lease", "payer_id");
pub(super) const DAILY_BUDGET: SqlTable = SqlTable::new("daily_budget", "payer_id");
pub(super) const ERASURE: SqlTable = SqlTable::new("erasure", "profile_id");
pub(super) const EVIDENCE_BLOCK: SqlTable = SqlTable::new("evidence_block", "community_id");
pub(super) const EVIDENCE_SOURCE: SqlTable = SqlTable::new("evidence_giver", "community_id");
pub(super) const EXPORT: SqlTable = SqlTable::new("export", "export_id");
pub(super) const EXPORT_PART: SqlTable = SqlTable::new("export_part", "part");
pub(super) const FRONTIER: SqlTable = SqlTable::new("frontier", "profile_id");
pub(super) const HOST: SqlTable = SqlTable::new("host", "host_id");
pub(super) const HOST_WAKE: SqlTable = SqlTable::new("host_wake", "host_id");
pub(super) const IDENTITY_CLAIM: SqlTable = SqlTable::new("identity_claim", "profile_id");
pub(super) const LEDGER_PAYER: SqlTable = SqlTable::new("ledger_payer", "payer_id");
pub(super) const MAP_PERSON: SqlTable = SqlTable::new("map_person", "block");
pub(super) const MAP_REGION: SqlTable = SqlTable::new("map_region", "community_id");
pub(super) const MAP_TILE: SqlTable = SqlTable::new("map_tile", "x");
pub(super) const MEMBERSHIP: SqlTable = SqlTable::new("standing", "community_id");
pub(super) const METER_PLACE: SqlTable = SqlTable::new("meter_place", "work");
pub(super) const PERSON_MEMBER: SqlTable = SqlTable::new("person_member", "profile_id");
pub(super) const PERSON_PLACES: SqlTable = SqlTable::new("person_standing", "block");
pub(super) const PRIVACY_REQUEST: SqlTable = SqlTable::new("privacy_request", "request_id");
pub(super) const PROFILE: SqlTable = SqlTable::new("profile", "profile_id");
pub(super) const PUBLISHED_EPOCH: SqlTable = SqlTable::new("published_epoch", "epoch");
pub(super) const QUEUE_MESSAGE: SqlTable = SqlTable::new("queue_message", "message_id");
pub(super) const QUOTE: SqlTable = SqlTable::new("quote", "quote_id");
pub(super) const RANK_REASON: SqlTable = SqlTable::new("rank_reason", "run_id");
pub(super) const RANK_STEP: SqlTable = SqlTable::new("rank_step", "run_id");
pub(super) const RECONCILIATION: SqlTable = SqlTable::new("reconciliation", "reconciliation_id");
pub(super) const RUN: SqlTable = SqlTable::new("run", "run_id");
pub(super) const RUN_NUMBER: SqlTable = SqlTable::new("run_number", "first");
pub(super) const RUN_PERSON: SqlTable = SqlTable::new("run_person", "block");
pub(super) const SPEND_ALERT: SqlTable = SqlTable::new("spend_alert", "alert_id");
pub(super) const STATEMENT: SqlTable = SqlTable::new("statement", "payer_id");
pub(super) const TERM: SqlTable = SqlTable::new("term", "term");
pub(super) const TRANSFER: SqlTable = SqlTable::new("transfer", "payer_id");
pub(super) const USAGE_DAY: SqlTable = SqlTable::new("usage_day", "day");
pub(super) const WALLET: SqlTable = SqlTable::new("wallet", "payer_id");
pub(super) const WALLET_ADJUSTMENT: SqlTable = SqlTable::new("wallet_adjustment", "payer_id");
pub(super) const WEBHOOK: SqlTable = SqlTable::new("webhook", "name");
pub(super) const WEBHOOK_ATTEMPT: SqlTable = SqlTable::new("webhook_attempt", "delivery_id");
pub(super) const WEBHOOK_DELIVERY: SqlTable = SqlTable::new("webhook_delivery", "delivery_id");
pub(super) const WITHDRAWAL: SqlTable = SqlTable::new("withdrawal", "profile_id");

/// One row of a table.
#[derive(Clone, Copy)]
pub(super) struct TableRow<'a> {
    table: SqlTable,
    row: &'a Row,
}

impl SqlTable {
    const fn new(name: &'static str, key: &'static str) -> SqlTable {
        SqlTable { name, key }
    }

    /// A row of an answer, as one of this table.
    pub(super) fn row(self, row: &Row) -> TableRow<'_> {
        TableRow { table: self, row }
    }

    /// The rows of an answer, as those of this table.
    pub(super) fn rows(self, rows: &[Row]) -> impl Iterator<Item = TableRow<'_>> {
        rows.iter().map(move |row| self.row(row))
    }
}

impl<'a> TableRow<'a> {
    /// The value of a column.
    pub(super) fn get<T: FromSql<'a>>(&self, column: &'static str) -> Result<T, StoreError> {
        self.row.try_get(column).map_err(|why| self.corrupt(column, cause(&why)))
    }

    /// The id of a profile.
    pub(super) fn profile_id(&self, column: &'static str) -> Result<ProfileId, StoreError> {
        self.get(column).map(profile_id)
    }

    /// The id of a person.
    pub(super) fn person_id(&self, column: &'static str) -> Result<PersonId, StoreError> {
        self.unsigned(column).map(PersonId::new)
    }

    /// A `bigint` that holds an unsigned number: an id, or a transaction.
    pub(super) fn unsigned(&self, column: &'static str) -> Result<u64, StoreError> {
        self.get::<i64>(column).map(|number| number as u64)
    }

    /// An `int` that counts something.
    pub(super) fn count(&self, column: &'static str) -> Result<u32, StoreError> {
        let count: i32 = self.get(column)?;
        u32::try_from(count).map_err(|_| self.corrupt(column, format!("{count} counts nothing")))
    }

    /// Like [`TableRow::count`], where there may be none.
    pub(super) fn optional_count(&self, column: &'static str) -> Result<Option<u32>, StoreError> {
        let count: Option<i32> = self.get(column)?;
        count.map(|_| self.count(column)).transpose()
    }

    /// The place of an answer's row in the array that was sent, from `with ordinality`, from 0 on.
    pub(super) fn ordinal(&self, column: &'static str) -> Result<usize, StoreError> {
        let ordinal: i64 = self.get(column)?;
        usize::try_from(ordinal - 1).map_err(|_| self.corrupt(column, "no ordinal"))
    }

    /// A `bytea` of a fixed length.
    pub(super) fn bytes<const N: usize>(
        &self,
        column: &'static str,
    ) -> Result<[u8; N], StoreError> {
        let bytes: &[u8] = self.get(column)?;
        let wrong = |_| self.corrupt(column, format!("{} bytes, not {N}", bytes.len()));
        bytes.try_into().map_err(wrong)
    }

    /// A text that is a value.
    pub(super) fn parsed<T: FromStr<Err: Display>>(
        &self,
        column: &'static str,
    ) -> Result<T, StoreError> {
        let text: &str = self.get(column)?;
        text.parse().map_err(|why| self.corrupt(column, why))
    }

    /// A text that is the JSON of a value.
    pub(super) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        let text: &str = self.get(column)?;
        serde_json::from_str(text).map_err(|why| self.corrupt(column, why))
    }

    /// A `smallint` that stands for a value of an enum.
    pub(super) fn number<T>(
        &self,
        column: &'static str,
        from_number: impl FnOnce(u8) -> Option<T>,
    ) -> Result<T, StoreError> {
        let number: i16 = self.get(column)?;
        let value = u8::try_from(number).ok().and_then(from_number);
        value.ok_or_else(|| self.corrupt(column, format!("unknown number {number}")))
    }

    /// The error of a value that cannot have been written by us.
    pub(super) fn corrupt(&self, column: &'static str, why: impl ToString) -> StoreError {
        corrupt((self.table.name, column), self.key(), why)
    }

    fn key(&self) -> String {
        let key = self.table.key;
        let big = self.row.try_get::<_, i64>(key).map(|key| key.to_string());
        let small = || self.row.try_get::<_, i32>(key).map(|key| key.to_string());
        let text = || self.row.try_get::<_, String>(key);
        let found = big.or_else(|_| small()).or_else(|_| text());
        found.unwrap_or_else(|_| "a row without its key".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use testkit::database;

    use super::*;

    #[tokio::test]
    async fn what_cannot_be_read_is_reported_with_table_column_and_row() {
        let db = database().await;
        let sql = "select 5::bigint profile_id, -1 n, 9::smallint layer, null::text body";
        let row = db.client().await.query_one(sql, &[]).await.unwrap();
        let row = ADJACENCY.row(&row);
        let reported = |error: StoreError| error.to_string();
        assert!(reported(row.count("n").unwrap_err()).starts_with("read adjacency.n of 5: -1"));
        let unknown = row.number("layer", |_| None::<()>).unwrap_err();
        assert!(reported(unknown).starts_with("read adjacency.layer of 5: unknown number 9"));
        for column in ["body", "missing"] {
            let error = reported(row.get::<String>(column).unwrap_err());
            assert!(error.starts_with(&format!("read adjacency.{column} of 5: ")), "{error}");
        }
    }
}
