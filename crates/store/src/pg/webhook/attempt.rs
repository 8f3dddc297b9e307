//! Attempts: begun once each, and ended with what follows.

use model::message::DeliverJob;
use model::time::Timestamp;
use model::webhook::{
    ATTEMPT_SECONDS, ATTEMPTS_MAX, AttemptEnd, DeliveryState, DisabledWhy, FAILING_SECONDS_MAX,
};
use model::{PayerId, WebhookName, WebhookUrl};

use crate::StoreError;
use crate::pg::Pg;
use crate::pg::connection::retry;
use crate::pg::params::params;
use crate::pg::row::{TableRow, WEBHOOK_DELIVERY};
use crate::pg::transaction::PgTransaction;
use crate::pg::value::{clean, from_ms, stored_count, stored_ms};

/// The most characters that are kept of why an attempt failed.
const ERROR_CHARS_MAX: usize = 200;

/// Begins an attempt whose turn it is, and notes it. If it does not end, another one is due soon, but not of a ping.
const BEGIN: &str = "with begun as (
        update webhook_delivery d set attempts = $2, tries = d.tries + 1, due_ms = $3 + $4, wake_ms = $3 + $4
        from webhook w
        where d.delivery_id = $1 and d.attempts = $2 - 1 and d.attempts < $5 and d.state = 1 and d.due_ms <= $3
            and (d.to_position is not null or d.is_notice or d.tries = 0)
            and w.webhook_id = d.webhook_id and w.disabled_ms is null
        returning d.delivery_id, d.attempts, d.tries, d.body, d.to_position is null and not d.is_notice as is_ping,
            w.payer_id, w.name, w.url, w.secret, w.failing_ms, case when w.old_until_ms > $3 then w.old_secret end as old_secret
    ), noted as (
        insert into webhook_attempt (delivery_id, number, began_ms) select delivery_id, $2, $3 from begun)
    select * from begun";
const DUE: &str = "select delivery_id, due_ms from webhook_delivery
    where delivery_id = $1 and attempts = $2 - 1 and state = 1 and due_ms > $3";
const END: &str = "update webhook_attempt set took_ms = $3, status = $4, error = $5
    where delivery_id = $1 and number = $2 and took_ms is null";
/// What follows is done by one attempt of a webhook after the other, and sees what was made before: a statement sees
/// what was there when it began, so the lock is one of its own.
const LOCK: &str = "select webhook_id from webhook
    where webhook_id = (select webhook_id from webhook_delivery where delivery_id = $1) for no key update";
/// A success counts whatever was begun since; a failure only if nothing was, and if the delivery is still to be sent.
const CLOSE: &str = "update webhook_delivery set state = $3, due_ms = $4, wake_ms = $4,
        delivered_ms = case when $3 = 2 then coalesce(delivered_ms, $5) else delivered_ms end
    where delivery_id = $1 and case when $3 = 2 then state <> 2 else attempts = $2 and state = 1 end";
const SUCCEEDED: &str = "update webhook set failing_ms = null
    where webhook_id = (select webhook_id from webhook_delivery where delivery_id = $1) and failing_ms is not null";
/// The receiver is back: what waits for its next attempt, and has none under way, is due now.
const HURRY: &str = "with waiting as (
        select d.delivery_id, d.attempts from webhook_delivery d
        where d.webhook_id = (select webhook_id from webhook_delivery where delivery_id = $1)
            and d.state = 1 and d.due_ms > $2
            and not exists (select from webhook_attempt a where a.delivery_id = d.delivery_id
                and a.number = d.attempts and a.took_ms is null and a.began_ms > $2 - $3))
    update webhook_delivery d set due_ms = $2, wake_ms = $2 from waiting w
    where d.delivery_id = w.delivery_id and d.attempts = w.attempts and d.state = 1";
/// What another address answers says nothing of this one.
const FAILED: &str = "update webhook set failing_ms = $2
    where webhook_id = (select webhook_id from webhook_delivery where delivery_id = $1)
        and failing_ms is null and url = $3";
/// The next range covers one that failed for good. A ping or a notice has none, which `least` leaves out.
const GIVE_BACK: &str = "update webhook w
    set announced_position = least(w.announced_position, d.from_position)
    from webhook_delivery d
    where d.delivery_id = $1 and d.delivered_ms is null and w.webhook_id = d.webhook_id";
/// Only if it is still so: another attempt may have succeeded, and the address may be another one. Its place goes
/// back to what no delivery brought.
const DISABLE: &str = "with wanted as (
        select webhook_id from webhook
        where webhook_id = (select webhook_id from webhook_delivery where delivery_id = $1)
            and disabled_ms is null and url = $4 and ($3 = 1 or failing_ms <= $2 - $5)
    ), closed as (
        update webhook_delivery d set state = 3, due_ms = null, wake_ms = null from wanted v
        where d.webhook_id = v.webhook_id and d.state = 1
        returning d.from_position, d.delivered_ms
    ), undelivered as (
        select min(from_position) filter (where delivered_ms is null) as place from closed)
    update webhook w set disabled_ms = $2, disabled_why = $3, untold_ms = $2, position = least(w.position, u.place),
        announced_position = least(w.announced_position, u.place)
    from wanted v, undelivered u where w.webhook_id = v.webhook_id";

/// An attempt that began, with all that it needs.
#[derive(Debug, Clone)]
pub struct BegunAttempt {
    /// Whose webhook it is.
    pub payer: PayerId,
    /// Its name.
    pub name: WebhookName,
    /// Where to send.
    pub url: WebhookUrl,
    /// What to send.
    pub body: String,
    /// The sealed secrets to sign with: the present one, and the one before while it holds.
    pub secrets: Vec<Vec<u8>>,
    /// Whether it is a ping, which is tried once each time that it is asked for.
    pub is_ping: bool,
    /// Which attempt of its delivery it is, from 1 on.
    pub number: u32,
    /// Which of them since the delivery was made or asked for again, from 1 on.
    pub tries: u32,
    /// Since when no attempt of the webhook succeeded.
    pub failing_since: Option<Timestamp>,
}

/// What came of wanting to begin an attempt.
#[derive(Debug, Clone)]
pub enum AttemptStart {
    /// It began: it is the caller's alone.
    Begun(Box<BegunAttempt>),
    /// It is not due before this time.
    NotYet(Timestamp),
    /// It began before, or is not wanted any more.
    Over,
}

/// What follows from how an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptVerdict {
    /// The delivery is done.
    Delivered,
    /// It is tried again at this time.
    Again(Timestamp),
    /// It failed for good.
    GivenUp,
    /// The webhook is disabled, with all that was to be sent, if it is still at this address. Else, and if another
    /// attempt has succeeded since, the delivery is tried again as one whose worker died.
    Disabled(DisabledWhy),
}

/// An attempt that ended.
#[derive(Debug, Clone, Copy)]
pub struct EndedAttempt<'a> {
    /// Which.
    pub job: DeliverJob,
    /// Where it was sent.
    pub url: &'a WebhookUrl,
    /// How it ended.
    pub end: &'a AttemptEnd,
    /// What follows.
    pub verdict: AttemptVerdict,
}

/// Begins the attempt of a job, if it is due.
pub async fn begin(pg: &Pg, job: DeliverJob, now: Timestamp) -> Result<AttemptStart, StoreError> {
    let (delivery, number) = (job.delivery.number() as i64, stored_count(job.attempt));
    let params = params![
        delivery => INT8,
        number => INT4,
        stored_ms(now) => INT8,
        ATTEMPT_SECONDS * 1_000 => INT8,
        stored_count(ATTEMPTS_MAX) => INT4,
    ];
    if let Some(row) = pg.query_opt("webhook::begin", BEGIN, params).await? {
        let begun = begun(WEBHOOK_DELIVERY.row(&row))?;
        return Ok(AttemptStart::Begun(Box::new(begun)));
    }
    let params = params![delivery => INT8, number => INT4, stored_ms(now) => INT8];
    let row = pg.query_opt("webhook::due", DUE, params).await?;
    let due_ms = row.as_ref().map(|row| WEBHOOK_DELIVERY.row(row).get("due_ms")).transpose()?;
    Ok(due_ms.map_or(AttemptStart::Over, |ms| AttemptStart::NotYet(from_ms(ms))))
}

fn begun(row: TableRow<'_>) -> Result<BegunAttempt, StoreError> {
    let old_secret: Option<Vec<u8>> = row.get("old_secret")?;
    Ok(BegunAttempt {
        payer: PayerId::new(row.unsigned("payer_id")?),
        name: row.parsed("name")?,
        url: WebhookUrl::stored(row.get("url")?),
        body: row.get("body")?,
        secrets: std::iter::once(row.get("secret")?).chain(old_secret).collect(),
        is_ping: row.get("is_ping")?,
        number: row.count("attempts")?,
        tries: row.count("tries")?,
        failing_since: row.get::<Option<i64>>("failing_ms")?.map(from_ms),
    })
}

/// Notes how an attempt ended, and does what follows. One that was ended before changes nothing.
pub async fn end(pg: &Pg, ended: EndedAttempt<'_>, now: Timestamp) -> Result<(), StoreError> {
    let EndedAttempt { job, end, .. } = ended;
    let error = end.error.as_deref().map(|error| clean(error, ERROR_CHARS_MAX));
    let noted = params![
        job.delivery.number() as i64 => INT8,
        stored_count(job.attempt) => INT4,
        stored_count(end.took_ms) => INT4,
        end.status.map(|status| i16::try_from(status).unwrap_or(i16::MAX)) => INT2,
        error.as_deref() => TEXT,
    ];
    retry(|| async {
        let mut client = pg.client().await?;
        let tx = PgTransaction::begin(&mut client, "webhook::end").await?;
        if tx.execute(END, noted).await? == 1 {
            follow(&tx, ended, now).await?;
        }
        tx.commit().await
    })
    .await
}

/// Does what follows from the end of an attempt.
async fn follow(
    tx: &PgTransaction<'_>,
    ended: EndedAttempt<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (delivery, now_ms) = (ended.job.delivery.number() as i64, stored_ms(now));
    tx.query(LOCK, params![delivery => INT8]).await?;
    match ended.verdict {
        AttemptVerdict::Delivered => {
            close(tx, ended, DeliveryState::Delivered, None, now).await?;
            succeed(tx, delivery, now_ms).await
        }
        AttemptVerdict::Again(at) => {
            let failed = params![delivery => INT8, now_ms => INT8, ended.url.as_str() => TEXT];
            match close(tx, ended, DeliveryState::Pending, Some(at), now).await? {
                true => tx.execute(FAILED, failed).await.map(|_| ()),
                false => Ok(()),
            }
        }
        AttemptVerdict::GivenUp => {
            match close(tx, ended, DeliveryState::Failed, None, now).await? {
                true => tx.execute(GIVE_BACK, params![delivery => INT8]).await.map(|_| ()),
                false => Ok(()),
            }
        }
        AttemptVerdict::Disabled(why) => disable(tx, ended, why, now_ms).await,
    }
}

/// Gives the delivery of an attempt another state; whether that was still to be done.
async fn close(
    tx: &PgTransaction<'_>,
    ended: EndedAttempt<'_>,
    state: DeliveryState,
    due_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let params = params![
        ended.job.delivery.number() as i64 => INT8,
        stored_count(ended.job.attempt) => INT4,
        i16::from(state as u8) => INT2,
        due_at.map(stored_ms) => INT8,
        stored_ms(now) => INT8,
    ];
    Ok(tx.execute(CLOSE, params).await? == 1)
}

/// Notes that the receiver is well. If it was not, what waits is due.
async fn succeed(tx: &PgTransaction<'_>, delivery: i64, now_ms: i64) -> Result<(), StoreError> {
    if tx.execute(SUCCEEDED, params![delivery => INT8]).await? == 0 {
        return Ok(());
    }
    let params = params![
        delivery => INT8,
        now_ms => INT8,
        ATTEMPT_SECONDS * 1_000 => INT8,
    ];
    tx.execute(HURRY, params).await.map(|_| ())
}

async fn disable(
    tx: &PgTransaction<'_>,
    ended: EndedAttempt<'_>,
    why: DisabledWhy,
    now_ms: i64,
) -> Result<(), StoreError> {
    let params = params![
        ended.job.delivery.number() as i64 => INT8,
        now_ms => INT8,
        i16::from(why as u8) => INT2,
        ended.url.as_str() => TEXT,
        FAILING_SECONDS_MAX * 1_000 => INT8,
    ];
    tx.execute(DISABLE, params).await.map(|_| ())
}
