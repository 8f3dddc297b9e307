//! Keys by what is known of them but their secrets.

use model::{KeyId, PayerId};

use super::{ApiKey, COLUMNS, from_row};
use crate::StoreError;
use crate::pg::Pg;
use crate::pg::params::params;
use crate::pg::row::API_KEY;

/// The most keys of a [`page`].
pub const KEYS_MAX: u32 = 1_000;

const COUNT_ACTIVE: &str = "select count(*) active from api_key
    where account_id = $1 and revoked_ms is null";

/// The keys of an account, the newest first.
pub async fn of_account(pg: &Pg, account: &str) -> Result<Vec<ApiKey>, StoreError> {
    let sql = format!("{COLUMNS} where a.name = $1 order by k.key_id desc");
    let rows = pg.query("key::of_account", &sql, params![account => TEXT]).await?;
    rows.iter().map(from_row).collect()
}

/// The key that was ordered as this, revoked or not.
pub async fn ordered(pg: &Pg, order: &str) -> Result<Option<ApiKey>, StoreError> {
    let sql = format!("{COLUMNS} where k.order_id = $1");
    let row = pg.query_opt("key::ordered", &sql, params![order => TEXT]).await?;
    row.as_ref().map(from_row).transpose()
}

/// This key of a payer, revoked or not.
pub async fn of_payer(pg: &Pg, payer: PayerId, id: KeyId) -> Result<Option<ApiKey>, StoreError> {
    let sql = format!("{COLUMNS} where k.account_id = $1 and k.key_id = $2");
    let params = params![payer.number() as i64 => INT8, id.number() as i64 => INT8];
    let row = pg.query_opt("key::of_payer", &sql, params).await?;
    row.as_ref().map(from_row).transpose()
}

/// How many of a payer's keys are not revoked.
pub async fn count_active(pg: &Pg, payer: PayerId) -> Result<u64, StoreError> {
    let params = params![payer.number() as i64 => INT8];
    let row = pg.query_opt("key::count_active", COUNT_ACTIVE, params).await?;
    row.as_ref().map_or(Ok(0), |row| API_KEY.row(row).unsigned("active"))
}

/// Which keys of a payer are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyPage {
    /// Those that are revoked, those that are not, or both if `None`.
    pub is_revoked: Option<bool>,
    /// Those that are older than this one.
    pub before: Option<KeyId>,
    /// At most this many, and [`KEYS_MAX`].
    pub limit: u32,
}

/// A page of a payer's keys, the newest first.
pub async fn page(pg: &Pg, payer: PayerId, page: KeyPage) -> Result<Vec<ApiKey>, StoreError> {
    let sql = format!(
        "{COLUMNS} where k.account_id = $1 and k.key_id < $2
            and ($3::boolean is null or (k.revoked_ms is not null) = $3)
        order by k.key_id desc limit $4"
    );
    let params = params![
        payer.number() as i64 => INT8,
        page.before.map_or(i64::MAX, |id| id.number() as i64) => INT8,
        page.is_revoked => BOOL,
        i64::from(page.limit.min(KEYS_MAX)) => INT8,
    ];
    let rows = pg.query("key::page", &sql, params).await?;
    rows.iter().map(from_row).collect()
}

/// The newest keys, at most `limit`, the newest first.
pub async fn newest(pg: &Pg, limit: u32) -> Result<Vec<ApiKey>, StoreError> {
    let sql = format!("{COLUMNS} order by k.key_id desc limit $1");
    let rows = pg.query("key::newest", &sql, params![i64::from(limit) => INT8]).await?;
    rows.iter().map(from_row).collect()
}
