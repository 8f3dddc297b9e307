//! Deliveries: the log of a webhook, pings, and what is to be sent again.

use std::collections::BTreeMap;

use model::DeliveryId;
use model::change::ChangeRange;
use model::message::DeliverJob;
use model::time::Timestamp;
use model::webhook::{
    ATTEMPT_SECONDS, ATTEMPTS_MAX, AttemptEnd, Delivery, DeliveryAttempt, DeliveryContent,
    DeliveryState,
};

use super::WebhookKey;
use crate::StoreError;
use crate::pg::Pg;
use crate::pg::params::params;
use crate::pg::row::{TableRow, WEBHOOK_ATTEMPT, WEBHOOK_DELIVERY};
use crate::pg::value::{from_ms, position, stored_count, stored_ms};

/// How long a payer asks for no further attempt, in seconds: it is no way to send many requests anywhere, nor to keep
/// those who send from others.
pub const ASKED_SECONDS: u32 = 5;

/// How long after its time a pending delivery is kept, in seconds: longer than it may be tried.
const PENDING_KEPT_SECONDS: i64 = 4 * 86_400;

/// The columns of a delivery that are shown.
macro_rules! delivery_columns {
    () => {
        "d.delivery_id, d.from_position, d.to_position, d.events, d.is_notice, d.created_ms, d.state, d.due_ms"
    };
}

const PAGE: &str = concat!(
    "select ",
    delivery_columns!(),
    " from webhook_delivery d join webhook w using (webhook_id)
    where w.payer_id = $1 and w.name = $2 and d.delivery_id < $3 order by d.delivery_id desc limit $4"
);
const ATTEMPTS: &str =
    "select delivery_id, number, began_ms, took_ms, status, error from webhook_attempt
    where delivery_id = any($1) order by delivery_id, number";
/// The webhook that something is asked of, if it is enabled. Who disables it is waited for, or waits.
macro_rules! asked_webhook {
    () => {
        "with hook as (
            select w.webhook_id from webhook w where w.payer_id = $1 and w.name = $2 and w.disabled_ms is null
            for no key update)"
    };
}
/// Notes that a payer asks for an attempt, for each row of `wanted`, if it asked for none lately.
macro_rules! asked {
    () => {
        "asked as (
            insert into webhook_asking as a (payer_id, asked_ms) select $1, $3 from wanted
            on conflict (payer_id) do update set asked_ms = $3 where a.asked_ms <= $3 - $4
            returning a.payer_id)"
    };
}

/// One ping of a webhook is under way at a time.
const PING: &str = concat!(
    asked_webhook!(),
    ", wanted as (
        select h.webhook_id from hook h where not exists (select from webhook_delivery d
            where d.webhook_id = h.webhook_id and d.state = 1 and d.to_position is null and not d.is_notice)
    ), ",
    asked!(),
    " insert into webhook_delivery (webhook_id, body, created_ms, due_ms, wake_ms)
    select v.webhook_id, $5, $3, $3, $3 from wanted v, asked returning delivery_id, attempts"
);
const PENDING_PING: &str =
    "select d.delivery_id from webhook_delivery d join webhook w using (webhook_id)
    where w.payer_id = $1 and w.name = $2 and d.state = 1 and d.to_position is null and not d.is_notice limit 1";
/// Unless an attempt is under way, or begins meanwhile.
const REDELIVER: &str = concat!(
    asked_webhook!(),
    ", wanted as (
        select d.delivery_id, d.attempts from webhook_delivery d, hook h
        where d.delivery_id = $5 and d.webhook_id = h.webhook_id and d.attempts < $6
            and not exists (select from webhook_attempt t
                where t.delivery_id = d.delivery_id and t.took_ms is null and t.began_ms > $3 - $7)
    ), ",
    asked!(),
    " update webhook_delivery d set state = 1, tries = 0, due_ms = $3, wake_ms = $3 from wanted v, asked
    where d.delivery_id = v.delivery_id and d.attempts = v.attempts
    returning d.delivery_id, d.attempts"
);
/// What is pending may be tried for longer than the log is kept.
const FORGET: &str = "delete from webhook_delivery where delivery_id = any (array(
        select delivery_id from webhook_delivery
        where created_ms < $1 and (state <> 1 or created_ms < $1 - $3) order by created_ms limit $2))";

/// Which part of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryPage {
    /// Those before this one; from the newest on, unless given.
    pub before: Option<DeliveryId>,
    /// The most deliveries.
    pub limit: u32,
}

/// A webhook's deliveries, the newest first, with their attempts.
pub async fn page(
    pg: &Pg,
    key: WebhookKey<'_>,
    page: DeliveryPage,
) -> Result<Vec<Delivery>, StoreError> {
    let before = page.before.map_or(i64::MAX, |before| before.number() as i64);
    let params = params![
        key.payer.number() as i64 => INT8,
        key.name.as_str() => TEXT,
        before => INT8,
        i64::from(page.limit) => INT8,
    ];
    let rows = pg.read("webhook::deliveries", PAGE, params).await?;
    let mut found: Vec<Delivery> =
        WEBHOOK_DELIVERY.rows(&rows).map(from_row).collect::<Result<_, _>>()?;
    let mut attempts = attempts(pg, &found).await?;
    for delivery in &mut found {
        delivery.attempts = attempts.remove(&delivery.id).unwrap_or_default();
    }
    Ok(found)
}

async fn attempts(
    pg: &Pg,
    of: &[Delivery],
) -> Result<BTreeMap<DeliveryId, Vec<DeliveryAttempt>>, StoreError> {
    let ids: Vec<i64> = of.iter().map(|delivery| delivery.id.number() as i64).collect();
    let rows = pg.read("webhook::attempts", ATTEMPTS, params![ids => INT8_ARRAY]).await?;
    let mut found: BTreeMap<DeliveryId, Vec<DeliveryAttempt>> = BTreeMap::new();
    for row in WEBHOOK_ATTEMPT.rows(&rows) {
        let delivery = DeliveryId::new(row.unsigned("delivery_id")?);
        found.entry(delivery).or_default().push(attempt_from(row)?);
    }
    Ok(found)
}

/// Makes a delivery that says nothing, due now; its job. `None` if there is no such webhook, if it is disabled, if
/// another ping is pending, or if the payer asked for an attempt of any webhook within [`ASKED_SECONDS`].
pub async fn ping(
    pg: &Pg,
    key: WebhookKey<'_>,
    body: &str,
    now: Timestamp,
) -> Result<Option<DeliverJob>, StoreError> {
    let params = params![
        key.payer.number() as i64 => INT8,
        key.name.as_str() => TEXT,
        stored_ms(now) => INT8,
        i64::from(ASKED_SECONDS) * 1_000 => INT8,
        body => TEXT,
    ];
    let row = pg.query_opt("webhook::ping", PING, params).await?;
    row.as_ref().map(|row| next_job(WEBHOOK_DELIVERY.row(row))).transpose()
}

/// Whether a ping of a webhook is pending.
pub async fn has_pending_ping(pg: &Pg, key: WebhookKey<'_>) -> Result<bool, StoreError> {
    let params = params![key.payer.number() as i64 => INT8, key.name.as_str() => TEXT];
    let row = pg.read_opt("webhook::pending_ping", PENDING_PING, params).await?;
    Ok(row.is_some())
}

/// Makes a delivery due again at once, however it ended; the job of its next attempt. `None` if there is no such
/// delivery, if it had [`ATTEMPTS_MAX`] attempts or one is under way, if its webhook is disabled, or if the payer
/// asked for an attempt of any webhook within [`ASKED_SECONDS`].
pub async fn redeliver(
    pg: &Pg,
    key: WebhookKey<'_>,
    id: DeliveryId,
    now: Timestamp,
) -> Result<Option<DeliverJob>, StoreError> {
    let params = params![
        key.payer.number() as i64 => INT8,
        key.name.as_str() => TEXT,
        stored_ms(now) => INT8,
        i64::from(ASKED_SECONDS) * 1_000 => INT8,
        id.number() as i64 => INT8,
        stored_count(ATTEMPTS_MAX) => INT4,
        ATTEMPT_SECONDS * 1_000 => INT8,
    ];
    let row = pg.query_opt("webhook::redeliver", REDELIVER, params).await?;
    row.as_ref().map(|row| next_job(WEBHOOK_DELIVERY.row(row))).transpose()
}

/// The job of a delivery's next attempt.
pub(super) fn next_job(row: TableRow<'_>) -> Result<DeliverJob, StoreError> {
    let delivery = DeliveryId::new(row.unsigned("delivery_id")?);
    Ok(DeliverJob { delivery, attempt: row.count("attempts")? + 1 })
}

/// The delivery of a webhook with this id, if there is one, with its attempts.
pub async fn get(
    pg: &Pg,
    key: WebhookKey<'_>,
    id: DeliveryId,
) -> Result<Option<Delivery>, StoreError> {
    let after = DeliveryId::new(id.number().saturating_add(1).min(i64::MAX as u64));
    let found = page(pg, key, DeliveryPage { before: Some(after), limit: 1 }).await?;
    Ok(found.into_iter().next().filter(|delivery| delivery.id == id))
}

/// Deletes the oldest deliveries that were made before a time, at most `most`; how many. What is pending is kept for
/// four days more.
pub async fn forget(pg: &Pg, before: Timestamp, most: u32) -> Result<u64, StoreError> {
    let params = params![
        stored_ms(before) => INT8,
        i64::from(most) => INT8,
        PENDING_KEPT_SECONDS * 1_000 => INT8,
    ];
    pg.execute("webhook::forget", FORGET, params).await
}

fn from_row(row: TableRow<'_>) -> Result<Delivery, StoreError> {
    let place = |column| row.get::<Option<i64>>(column).map(|place| place.map(position));
    let content = match (place("from_position")?, place("to_position")?) {
        (Some(from), Some(to)) => DeliveryContent::Changes {
            range: ChangeRange { from, to },
            events: row.count("events")?,
        },
        _ if row.get("is_notice")? => DeliveryContent::WebhookDisabled,
        _ => DeliveryContent::Ping,
    };
    Ok(Delivery {
        id: DeliveryId::new(row.unsigned("delivery_id")?),
        content,
        state: row.number("state", DeliveryState::from_number)?,
        created_at: from_ms(row.get("created_ms")?),
        due_at: row.get::<Option<i64>>("due_ms")?.map(from_ms),
        attempts: Vec::new(),
    })
}

fn attempt_from(row: TableRow<'_>) -> Result<DeliveryAttempt, StoreError> {
    let status = row.get::<Option<i16>>("status")?.map(|status| status.unsigned_abs());
    let error: Option<String> = row.get("error")?;
    let took_ms = row.optional_count("took_ms")?;
    Ok(DeliveryAttempt {
        number: row.count("number")?,
        began_at: from_ms(row.get("began_ms")?),
        end: took_ms.map(|took_ms| AttemptEnd { took_ms, status, error }),
    })
}
