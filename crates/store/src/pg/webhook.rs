//! Webhooks, what was found for them, and what was sent.
//!
//! A delivery is a row that says when its next attempt is due (`due_ms`), and when a message for it is to be sent
//! (`wake_ms`), for the first time or again. Queues delay a message for a quarter of an hour at most and may lose it
//! between a commit and its sending: who wakes deliveries sends what is there to be sent ([`due`]). An attempt is
//! begun once, whatever messages there are ([`attempt`]).

use model::time::Timestamp;
use model::webhook::{DisabledWhy, OVERLAP_SECONDS, WEBHOOKS_MAX};
use model::{ChangeFilter, ChangePosition, PayerId, Webhook, WebhookName, WebhookUrl};

use super::Pg;
use super::connection::retry;
use super::params::params;
use super::row::{TableRow, WEBHOOK};
use super::transaction::PgTransaction;
use super::value::{from_ms, position, stored_ms, stored_position};
use crate::StoreError;

pub mod attempt;
pub mod delivery;
pub mod due;

/// Webhooks of one payer are made one after the other, so that they can be counted.
const LOCK: &str = "select pg_advisory_xact_lock(hashtextextended('webhook', $1))";
const COUNT: &str = "select count(*) as webhooks from webhook where payer_id = $1 and name <> $2";

/// The columns of a webhook that are shown.
macro_rules! webhook_columns {
    () => {
        "name, url, filter::text as filter, position, old_until_ms, created_ms, updated_ms, failing_ms,
            disabled_ms, disabled_why"
    };
}

/// One that is there stays where it is, keeps its secret, and is enabled. Another address has not failed yet.
const PUT: &str = concat!(
    "insert into webhook as w
        (payer_id, name, url, filter, position, announced_position, secret, created_ms, updated_ms, looked_ms)
    values ($1, $2, $3, $4::text::jsonb, $5, $5, $6, $7, $7, 0)
    on conflict (payer_id, name) do update set url = excluded.url, filter = excluded.filter, updated_ms = $7,
        failing_ms = case when w.disabled_ms is null and w.url = excluded.url then w.failing_ms end,
        disabled_ms = null, disabled_why = null, untold_ms = null
    returning ",
    webhook_columns!(),
    ", w.secret = $6 as is_new"
);
const GET: &str =
    concat!("select ", webhook_columns!(), " from webhook where payer_id = $1 and name = $2");
const OF_PAYER: &str = concat!(
    "select ",
    webhook_columns!(),
    " from webhook where payer_id = $1 order by name limit $2"
);
const DISABLED: &str = "select name, disabled_why from webhook
    where payer_id = $1 and disabled_ms is not null order by name limit $2";
const DELETE: &str = "delete from webhook where payer_id = $1 and name = $2";
/// The same secret again changes nothing: the call may be repeated. A caller who did not get the answer calls with
/// another one: while two sign, the older one stays, since the one between may be known to no one.
const ROTATE: &str = concat!(
    "update webhook set
        old_secret = case when secret = $3 or old_until_ms > $4 then old_secret else secret end,
        old_until_ms = case when secret = $3 or old_until_ms > $4 then old_until_ms else $5 end,
        secret = $3, updated_ms = $4
    where payer_id = $1 and name = $2 returning ",
    webhook_columns!()
);

/// Which webhook.
#[derive(Debug, Clone, Copy)]
pub struct WebhookKey<'a> {
    /// Whose it is.
    pub payer: PayerId,
    /// Its name.
    pub name: &'a WebhookName,
}

/// A webhook that is to be.
#[derive(Debug, Clone, Copy)]
pub struct NewWebhook<'a> {
    /// Where deliveries are sent.
    pub url: &'a WebhookUrl,
    /// Which events it wants.
    pub filter: &'a ChangeFilter,
    /// Where it begins, if it is new.
    pub position: ChangePosition,
    /// Its sealed secret, if it is new.
    pub secret: &'a [u8],
}

/// A webhook that was put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutWebhook {
    /// How it is now.
    pub webhook: Webhook,
    /// Whether it was made, with the secret that was given.
    pub is_new: bool,
}

/// Makes a webhook, or gives the one that is there another address and filter, and enables it.
///
/// # Errors
/// [`StoreError::Conflict`] if the payer has [`WEBHOOKS_MAX`] others.
pub async fn put(
    pg: &Pg,
    key: WebhookKey<'_>,
    new: &NewWebhook<'_>,
    now: Timestamp,
) -> Result<PutWebhook, StoreError> {
    let (payer, filter) = (key.payer.number() as i64, new.filter.canonical());
    let filter = String::from_utf8_lossy(&filter);
    let put = params![
        payer => INT8,
        key.name.as_str() => TEXT,
        new.url.as_str() => TEXT,
        &*filter => TEXT,
        stored_position(new.position) => INT8,
        new.secret => BYTEA,
        stored_ms(now) => INT8,
    ];
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = PgTransaction::begin(&mut client, "webhook::put").await?;
        tx.query(LOCK, params![payer => INT8]).await?;
        let others = tx.query(COUNT, params![payer => INT8, key.name.as_str() => TEXT]).await?;
        let others = others.first().map_or(0, |row| row.get::<_, i64>("webhooks"));
        if others >= i64::from(WEBHOOKS_MAX) {
            let why = format!("{} has {WEBHOOKS_MAX} webhooks: delete one first", key.payer);
            return Err(StoreError::Conflict(why));
        }
        let rows = tx.query(PUT, put).await?;
        let row = WEBHOOK.rows(&rows).next();
        let row = row.ok_or_else(|| StoreError::Conflict("no webhook was made".to_owned()))?;
        let made = PutWebhook { webhook: from_row(row)?, is_new: row.get("is_new")? };
        tx.commit().await?;
        Ok(made)
    })
    .await
}

/// A payer's webhook of this name.
pub async fn get(pg: &Pg, key: WebhookKey<'_>) -> Result<Option<Webhook>, StoreError> {
    let params = params![key.payer.number() as i64 => INT8, key.name.as_str() => TEXT];
    let row = pg.read_opt("webhook::get", GET, params).await?;
    row.as_ref().map(|row| from_row(WEBHOOK.row(row))).transpose()
}

/// A payer's webhooks, by name.
pub async fn of_payer(pg: &Pg, payer: PayerId) -> Result<Vec<Webhook>, StoreError> {
    let params = params![payer.number() as i64 => INT8, i64::from(WEBHOOKS_MAX) => INT8];
    let rows = pg.read("webhook::of_payer", OF_PAYER, params).await?;
    WEBHOOK.rows(&rows).map(from_row).collect()
}

/// A webhook to which nothing is sent any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisabledWebhook {
    /// Its name.
    pub name: WebhookName,
    /// Why.
    pub why: DisabledWhy,
}

/// A payer's webhooks that are disabled, by name.
pub async fn disabled(pg: &Pg, payer: PayerId) -> Result<Vec<DisabledWebhook>, StoreError> {
    let params = params![payer.number() as i64 => INT8, i64::from(WEBHOOKS_MAX) => INT8];
    let rows = pg.read("webhook::disabled", DISABLED, params).await?;
    let disabled = |row: TableRow<'_>| {
        let why = row.number("disabled_why", DisabledWhy::from_number)?;
        Ok(DisabledWebhook { name: row.parsed("name")?, why })
    };
    WEBHOOK.rows(&rows).map(disabled).collect()
}

/// Deletes a payer's webhook with its log; whether there was one.
pub async fn delete(pg: &Pg, key: WebhookKey<'_>) -> Result<bool, StoreError> {
    let params = params![key.payer.number() as i64 => INT8, key.name.as_str() => TEXT];
    Ok(pg.execute("webhook::delete", DELETE, params).await? > 0)
}

/// Gives a webhook another secret; the one before signs beside it for [`OVERLAP_SECONDS`]. If two sign already, the
/// older one goes on until then, and the newer one signs no more. `None` if there is no such webhook.
pub async fn rotate(
    pg: &Pg,
    key: WebhookKey<'_>,
    secret: &[u8],
    now: Timestamp,
) -> Result<Option<Webhook>, StoreError> {
    let params = params![
        key.payer.number() as i64 => INT8,
        key.name.as_str() => TEXT,
        secret => BYTEA,
        stored_ms(now) => INT8,
        stored_ms(now) + OVERLAP_SECONDS * 1_000 => INT8,
    ];
    let row = pg.query_opt("webhook::rotate", ROTATE, params).await?;
    row.as_ref().map(|row| from_row(WEBHOOK.row(row))).transpose()
}

fn from_row(row: TableRow<'_>) -> Result<Webhook, StoreError> {
    let time = |column| row.get::<Option<i64>>(column).map(|ms| ms.map(from_ms));
    let disabled = match time("disabled_ms")? {
        Some(at) => Some((at, row.number("disabled_why", DisabledWhy::from_number)?)),
        None => None,
    };
    Ok(Webhook {
        name: row.parsed("name")?,
        url: WebhookUrl::stored(row.get("url")?),
        filter: row.json("filter")?,
        position: position(row.get("position")?),
        old_secret_until: time("old_until_ms")?,
        created_at: from_ms(row.get("created_ms")?),
        updated_at: from_ms(row.get("updated_ms")?),
        failing_since: time("failing_ms")?,
        disabled,
    })
}
