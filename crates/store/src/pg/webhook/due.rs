//! What is due: webhooks that are to be looked at, what was found for them, and deliveries that wait for a message.

use model::change::ChangeRange;
use model::message::DeliverJob;
use model::time::Timestamp;
use model::webhook::{ATTEMPTS_MAX, DisabledWhy};
use model::{ChangeFilter, ChangePosition, DeliveryId, WebhookName};

use super::delivery::next_job;
use crate::StoreError;
use crate::pg::Pg;
use crate::pg::params::params;
use crate::pg::row::{TableRow, WEBHOOK, WEBHOOK_DELIVERY};
use crate::pg::value::{from_ms, position, stored_count, stored_ms, stored_position};

/// The most webhooks that are taken at once. Those for which there is no time then are looked at by the next tick.
pub const TAKEN_MAX: u32 = 20;

/// The most deliveries that are woken at once.
pub const WOKEN_MAX: u32 = 1_000;

/// How long after its time a delivery whose message was sent is woken again, in seconds: the message may be lost, and
/// a second one does nothing.
const WOKEN_AGAIN_SECONDS: i64 = 900;

/// Those that were looked at longest ago, and behind which there is something. Who takes one has looked at it.
const TAKE: &str = "with taken as (
        select w.webhook_id from webhook w
        where w.disabled_ms is null and w.looked_ms < $1 and w.position < $2
        order by w.looked_ms limit $3 for update skip locked)
    update webhook w set looked_ms = $1 from taken t, account a
    where w.webhook_id = t.webhook_id and a.account_id = w.payer_id
    returning w.webhook_id, w.name, a.name as account, w.filter::text as filter, w.position, w.announced_position,
        (select count(*)::int from webhook_delivery d
            where d.webhook_id = w.webhook_id and d.state = 1 and d.to_position is not null) as pending";
const SKIP: &str = "update webhook set position = $3
    where webhook_id = $1 and position = $2 and disabled_ms is null";
/// Only if no one was faster.
const ANNOUNCE: &str = "with moved as (
        update webhook set position = $4, announced_position = $4
        where webhook_id = $1 and position = $2 and disabled_ms is null returning webhook_id)
    insert into webhook_delivery
        (webhook_id, from_position, to_position, events, body, created_ms, due_ms, wake_ms)
    select webhook_id, $3, $4, $5, $6, $7, $7, $7 from moved returning delivery_id";
const WAKING: &str = "select delivery_id, attempts from webhook_delivery where wake_ms <= $1
    order by wake_ms limit $2";
/// What was tried meanwhile has another time, which stays.
const WOKEN: &str = "update webhook_delivery d set wake_ms = greatest(d.due_ms, $3) + $4
    from unnest($1::bigint[], $2::int[]) j (delivery_id, attempt)
    where d.delivery_id = j.delivery_id and d.attempts = j.attempt - 1 and d.wake_ms <= greatest(d.due_ms, $3)";
/// What waits for an attempt that cannot begin: there were as many as there may be, or a ping's worker died. The next
/// range covers what none of them brought.
const GIVE_UP: &str = "with spent as (
        select delivery_id, attempts from webhook_delivery
        where wake_ms <= $1 and due_ms <= $1 and state = 1
            and (attempts >= $2 or (to_position is null and not is_notice and tries > 0))
        order by wake_ms limit $3
    ), closed as (
        update webhook_delivery d set state = 3, due_ms = null, wake_ms = null from spent s
        where d.delivery_id = s.delivery_id and d.attempts = s.attempts and d.state = 1 and d.due_ms <= $1
        returning d.webhook_id, d.from_position, d.delivered_ms
    ), undelivered as (
        select webhook_id, min(from_position) as place from closed where delivered_ms is null group by webhook_id)
    update webhook w set announced_position = least(w.announced_position, u.place)
    from undelivered u where w.webhook_id = u.webhook_id";

/// Those that were disabled first.
const UNTOLD: &str = "select webhook_id, name, disabled_ms, disabled_why from webhook
    where untold_ms is not null and disabled_ms is not null order by untold_ms limit $1";
/// Once, to those that are enabled.
const TELL: &str = "with cleared as (
        update webhook set untold_ms = null
        where webhook_id = $1 and untold_ms is not null and disabled_ms is not null returning payer_id)
    insert into webhook_delivery (webhook_id, body, created_ms, due_ms, wake_ms, is_notice)
    select w.webhook_id, $2, $3, $3, $3, true from cleared t join webhook w using (payer_id)
    where w.disabled_ms is null";

/// A webhook that was disabled, of which the others of its payer are to hear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UntoldWebhook {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: WebhookName,
    /// When it was disabled.
    pub disabled_at: Timestamp,
    /// Why.
    pub why: DisabledWhy,
}

/// A webhook that is to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenWebhook {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: WebhookName,
    /// The name of its payer's account.
    pub account: String,
    /// Which events it wants.
    pub filter: ChangeFilter,
    /// Up to where it was looked for events.
    pub position: ChangePosition,
    /// Where the range of its last delivery ended.
    pub announced: ChangePosition,
    /// How many deliveries of changes are not done.
    pub pending: u32,
}

/// What was found for a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundChanges<'a> {
    /// The range that is announced. It ends where it was looked to.
    pub range: ChangeRange,
    /// How many events of it are wanted.
    pub events: u32,
    /// What is sent.
    pub body: &'a str,
}

/// Takes some webhooks that were not looked at since `now` and are behind the head of the stream. One that cannot be
/// read is left out, and keeps no other from being taken.
pub async fn take(
    pg: &Pg,
    head: ChangePosition,
    now: Timestamp,
) -> Result<Vec<TakenWebhook>, StoreError> {
    let params = params![
        stored_ms(now) => INT8,
        stored_position(head) => INT8,
        i64::from(TAKEN_MAX) => INT8,
    ];
    loop {
        let rows = pg.query("webhook::take", TAKE, params).await?;
        let webhooks: Vec<TakenWebhook> = WEBHOOK.rows(&rows).filter_map(readable).collect();
        // What was taken is not taken again with the same time.
        if rows.is_empty() || !webhooks.is_empty() {
            return Ok(webhooks);
        }
    }
}

/// The webhook of a row, unless it cannot be read.
fn readable(row: TableRow<'_>) -> Option<TakenWebhook> {
    let id = row.get::<i64>("webhook_id").ok();
    taken(row).inspect_err(|error| tracing::error!(id, %error, "a webhook is left out")).ok()
}

fn taken(row: TableRow<'_>) -> Result<TakenWebhook, StoreError> {
    Ok(TakenWebhook {
        id: row.get("webhook_id")?,
        name: row.parsed("name")?,
        account: row.get("account")?,
        filter: row.json("filter")?,
        position: position(row.get("position")?),
        announced: position(row.get("announced_position")?),
        pending: row.count("pending")?,
    })
}

/// Notes that up to a position there is nothing for a webhook, unless it moved meanwhile.
pub async fn skip(pg: &Pg, webhook: &TakenWebhook, to: ChangePosition) -> Result<(), StoreError> {
    let params = params![
        webhook.id => INT8,
        stored_position(webhook.position) => INT8,
        stored_position(to) => INT8,
    ];
    pg.execute("webhook::skip", SKIP, params).await.map(|_| ())
}

/// Makes a delivery of what was found, due now, and moves the webhook on. `None` if it moved meanwhile, or was
/// disabled.
pub async fn announce(
    pg: &Pg,
    webhook: &TakenWebhook,
    found: &FoundChanges<'_>,
    now: Timestamp,
) -> Result<Option<DeliveryId>, StoreError> {
    let params = params![
        webhook.id => INT8,
        stored_position(webhook.position) => INT8,
        stored_position(found.range.from) => INT8,
        stored_position(found.range.to) => INT8,
        stored_count(found.events) => INT4,
        found.body => TEXT,
        stored_ms(now) => INT8,
    ];
    let row = pg.query_opt("webhook::announce", ANNOUNCE, params).await?;
    let id = row.as_ref().map(|row| WEBHOOK_DELIVERY.row(row).unsigned("delivery_id"));
    Ok(id.transpose()?.map(DeliveryId::new))
}

/// Webhooks that were disabled, of which the others of their payers are to hear: at most [`TAKEN_MAX`].
pub async fn untold(pg: &Pg) -> Result<Vec<UntoldWebhook>, StoreError> {
    let rows = pg.query("webhook::untold", UNTOLD, params![i64::from(TAKEN_MAX) => INT8]).await?;
    let untold = |row: TableRow<'_>| {
        Ok(UntoldWebhook {
            id: row.get("webhook_id")?,
            name: row.parsed("name")?,
            disabled_at: from_ms(row.get("disabled_ms")?),
            why: row.number("disabled_why", DisabledWhy::from_number)?,
        })
    };
    WEBHOOK.rows(&rows).map(untold).collect()
}

/// Makes a delivery with this text, due now, for each enabled webhook of the payer of one that is disabled; how many.
/// None if that was done, or if it is enabled again.
pub async fn tell(
    pg: &Pg,
    webhook: &UntoldWebhook,
    body: &str,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let params = params![webhook.id => INT8, body => TEXT, stored_ms(now) => INT8];
    pg.execute("webhook::tell", TELL, params).await
}

/// Gives up deliveries, at most [`WOKEN_MAX`], that wait for an attempt that cannot begin.
pub async fn give_up(pg: &Pg, now: Timestamp) -> Result<(), StoreError> {
    let params = params![
        stored_ms(now) => INT8,
        stored_count(ATTEMPTS_MAX) => INT4,
        i64::from(WOKEN_MAX) => INT8,
    ];
    pg.execute("webhook::give_up", GIVE_UP, params).await.map(|_| ())
}

/// The jobs of deliveries for which a message is to be sent now, those that wait longest first.
pub async fn waking(pg: &Pg, now: Timestamp) -> Result<Vec<DeliverJob>, StoreError> {
    let params = params![stored_ms(now) => INT8, i64::from(WOKEN_MAX) => INT8];
    let rows = pg.query("webhook::waking", WAKING, params).await?;
    WEBHOOK_DELIVERY.rows(&rows).map(next_job).collect()
}

/// Notes that messages for these attempts were sent, unless they began meanwhile.
pub async fn woken(pg: &Pg, jobs: &[DeliverJob], now: Timestamp) -> Result<(), StoreError> {
    let ids: Vec<i64> = jobs.iter().map(|job| job.delivery.number() as i64).collect();
    let attempts: Vec<i32> = jobs.iter().map(|job| stored_count(job.attempt)).collect();
    let params = params![
        ids => INT8_ARRAY,
        attempts => INT4_ARRAY,
        stored_ms(now) => INT8,
        WOKEN_AGAIN_SECONDS * 1_000 => INT8,
    ];
    pg.execute("webhook::woken", WOKEN, params).await.map(|_| ())
}
