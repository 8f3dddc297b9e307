//! Spend alerts: what payers want to hear of their money.

use model::alert::ALERTS_MAX;
use model::time::Timestamp;
use model::{AlertId, AlertKind, MicroCredits, PayerId, SpendAlert};

use super::Pg;
use super::connection::retry;
use super::params::params;
use super::row::{SPEND_ALERT, TableRow};
use super::transaction::PgTransaction;
use super::value::{from_ms, stored_ms};
use crate::StoreError;

/// The most alerts of a [`page`].
pub const PAGE_MAX: u32 = 1_000;

/// Alerts of one payer are made one after the other, so that they can be counted.
const LOCK: &str = "select pg_advisory_xact_lock(hashtextextended('spend_alert', $1))";
const KNOWN: &str = "select alert_id from spend_alert
    where payer_id = $1 and kind = $2 and threshold = $3";
const ADD: &str = "insert into spend_alert (payer_id, kind, threshold, created_ms)
    select $1, $2, $3, $4 where (select count(*) from spend_alert where payer_id = $1) < $5
    returning alert_id";

/// The columns of an alert.
macro_rules! alert_columns {
    () => {
        "alert_id, payer_id, kind, threshold, created_ms, fired_ms"
    };
}

const OF_PAYER: &str = concat!(
    "select ",
    alert_columns!(),
    " from spend_alert where payer_id = $1 order by alert_id limit $2"
);
const PAGE: &str = concat!(
    "select ",
    alert_columns!(),
    " from spend_alert where (payer_id, alert_id) > ($1, $2)
    order by payer_id, alert_id limit $3"
);
const DELETE: &str = "delete from spend_alert where payer_id = $1 and alert_id = $2";
const FIRE: &str = "update spend_alert set fired_ms = $2 where alert_id = $1";

/// Makes an alert. The same again is the one that there is.
///
/// # Errors
/// [`StoreError::Conflict`] if the payer has [`ALERTS_MAX`] others.
pub async fn create(
    pg: &Pg,
    payer: PayerId,
    kind: AlertKind,
    threshold: MicroCredits,
    now: Timestamp,
) -> Result<AlertId, StoreError> {
    let (owner, kind, micros) = (payer.number() as i64, kind as i16, threshold.micros());
    let wanted = params![owner => INT8, kind => INT2, micros => INT8];
    let new = params![
        owner => INT8,
        kind => INT2,
        micros => INT8,
        stored_ms(now) => INT8,
        i64::from(ALERTS_MAX) => INT8,
    ];
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = PgTransaction::begin(&mut client, "alert::create").await?;
        tx.query(LOCK, params![owner => INT8]).await?;
        let mut rows = tx.query(KNOWN, wanted).await?;
        if rows.is_empty() {
            rows = tx.query(ADD, new).await?;
        }
        let id = SPEND_ALERT.rows(&rows).next().map(|row| row.unsigned("alert_id"));
        let id = id.unwrap_or_else(|| Err(too_many(payer)))?;
        tx.commit().await?;
        Ok(AlertId::new(id))
    })
    .await
}

fn too_many(payer: PayerId) -> StoreError {
    StoreError::Conflict(format!("{payer} has {ALERTS_MAX} alerts: delete one first"))
}

/// A payer's alerts, the oldest first.
pub async fn of_payer(pg: &Pg, payer: PayerId) -> Result<Vec<SpendAlert>, StoreError> {
    let params = params![payer.number() as i64 => INT8, i64::from(ALERTS_MAX) => INT8];
    let rows = pg.query("alert::of_payer", OF_PAYER, params).await?;
    SPEND_ALERT.rows(&rows).map(from_row).collect()
}

/// Deletes a payer's alert; whether there was one.
pub async fn delete(pg: &Pg, payer: PayerId, id: AlertId) -> Result<bool, StoreError> {
    let params = params![payer.number() as i64 => INT8, id.number() as i64 => INT8];
    Ok(pg.execute("alert::delete", DELETE, params).await? > 0)
}

/// Where an alert is among those of all payers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AlertPlace {
    /// Whose it is.
    pub payer: PayerId,
    /// Which.
    pub alert: AlertId,
}

impl AlertPlace {
    /// The place of an alert.
    pub const fn of(alert: &SpendAlert) -> AlertPlace {
        AlertPlace { payer: alert.payer, alert: alert.id }
    }
}

/// All payers' alerts after a place, payer by payer: at most `limit`, and [`PAGE_MAX`].
pub async fn page(
    pg: &Pg,
    after: Option<AlertPlace>,
    limit: u32,
) -> Result<Vec<SpendAlert>, StoreError> {
    let (payer, alert) = after.map_or((i64::MIN, i64::MIN), |place| {
        (place.payer.number() as i64, place.alert.number() as i64)
    });
    let limit = i64::from(limit.min(PAGE_MAX));
    let params = params![payer => INT8, alert => INT8, limit => INT8];
    let rows = pg.query("alert::page", PAGE, params).await?;
    SPEND_ALERT.rows(&rows).map(from_row).collect()
}

/// Notes when an alert fired; `None`: it is armed again. Of one that was deleted meanwhile nothing is noted.
pub async fn fire(pg: &Pg, id: AlertId, at: Option<Timestamp>) -> Result<(), StoreError> {
    let params = params![id.number() as i64 => INT8, at.map(stored_ms) => INT8];
    pg.execute("alert::fire", FIRE, params).await.map(|_| ())
}

fn from_row(row: TableRow<'_>) -> Result<SpendAlert, StoreError> {
    Ok(SpendAlert {
        id: AlertId::new(row.unsigned("alert_id")?),
        payer: PayerId::new(row.unsigned("payer_id")?),
        kind: row.number("kind", AlertKind::from_number)?,
        threshold: MicroCredits::new(row.get("threshold")?),
        created_at: from_ms(row.get("created_ms")?),
        fired_at: row.get::<Option<i64>>("fired_ms")?.map(from_ms),
    })
}
